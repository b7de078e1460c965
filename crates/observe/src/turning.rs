//! Which way vehicles turn, from matched probe routes, and the routes themselves.

use std::collections::BTreeMap;

use roads::generate::Random;
use roads::route::LinkGraph;
use roads::{LinkId, Network, TurnId};
use serde::{Deserialize, Serialize};

use crate::table::Traversal;

/// A vehicle that is silent for longer has begun another trip, seconds.
const TRIP_GAP: f64 = 300.0;
/// A trip seen so shortly before the end of observation was under way then, seconds.
const UNDER_WAY: f64 = 30.0;
/// Observations that the prior counts for: with fewer, shares lean on how many movements a turn
/// has (Laplace's rule with a Dirichlet prior).
const PRIOR_WEIGHT: f64 = 2.0;

/// A trip as it was matched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// Which vehicle.
    pub vehicle: u64,
    /// Links in the order of travel; neighbours are joined by a turn.
    pub links: Vec<LinkId>,
    /// When it came onto each, seconds after the first.
    pub offsets: Vec<f64>,
    /// When it came onto the first of them, seconds since midnight.
    pub start: f64,
    /// When it left the last.
    pub end: f64,
}

/// Joins traversals to trips: by vehicle and time, cut where links are not joined by a turn or the
/// vehicle was silent. Ordered by start and vehicle.
pub fn trips(seen: &[Traversal], network: &Network) -> Vec<Trip> {
    let graph = LinkGraph::new(network);
    let mut ordered: Vec<&Traversal> = seen
        .iter()
        .filter(|traversal| graph.contains(traversal.link))
        .collect();
    ordered.sort_by(|a, b| {
        let by_time = a.entered.total_cmp(&b.entered);
        a.vehicle.cmp(&b.vehicle).then(by_time)
    });
    let mut trips: Vec<Trip> = Vec::new();
    for traversal in ordered {
        let joined = trips.last_mut().filter(|trip| {
            trip.vehicle == traversal.vehicle && traversal.entered - trip.end <= TRIP_GAP
        });
        if let Some(trip) = joined {
            let last = trip.links.last().copied();
            if last == Some(traversal.link) {
                trip.end = traversal.left; // a stretch of the same link
                continue;
            }
            if last.is_some_and(|last| graph.turn(last, traversal.link).is_some()) {
                trip.links.push(traversal.link);
                trip.offsets.push(traversal.entered - trip.start);
                trip.end = traversal.left;
                continue;
            }
        }
        trips.push(Trip {
            vehicle: traversal.vehicle,
            links: vec![traversal.link],
            offsets: vec![0.0],
            start: traversal.entered,
            end: traversal.left,
        });
    }
    trips.sort_by(|a, b| {
        let by_time = a.start.total_cmp(&b.start);
        by_time.then(a.vehicle.cmp(&b.vehicle))
    });
    trips
}

/// Goes on with trips that were under way when observation ended at `end`, seconds: each takes the
/// rest of the way of a trip, drawn among those that had ended by then, which passed its last link
/// and took at least as long over it: who stands long is likelier to make the turn that queues. It
/// stands as long as that one did.
/// Otherwise whoever stood in a queue at the end would seem to have arrived there, and an estimated
/// demand would be without its queues. A trip whose last link nobody passed stays as it is.
pub fn complete(trips: &[Trip], end: f64, seed: u64) -> Vec<Trip> {
    let under_way = |trip: &Trip| trip.end > end - UNDER_WAY;
    // By link: seconds on it, trip and place of the link in it; slowest first.
    let mut passed: BTreeMap<LinkId, Vec<(f64, usize, usize)>> = BTreeMap::new();
    for (number, trip) in trips
        .iter()
        .enumerate()
        .filter(|(_, trip)| !under_way(trip))
    {
        for (place, &link) in trip.links.iter().enumerate() {
            if place + 1 < trip.links.len() {
                let time = trip.offsets[place + 1] - trip.offsets[place];
                passed.entry(link).or_default().push((time, number, place));
            }
        }
    }
    for donors in passed.values_mut() {
        donors.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    }
    let mut random = Random::new(seed, 0x7265_7374);
    let whole = |trip: &Trip| {
        let mut trip = trip.clone();
        let last = trip.links.last().copied().filter(|_| under_way(&trip));
        if let Some(donors) = last.and_then(|link| passed.get(&link)) {
            let onto = trip.offsets.last().copied().unwrap_or(0.0);
            let stood = trip.end - trip.start - onto;
            let as_slow = donors.partition_point(|donor| donor.0 >= stood).max(1);
            let (time, number, place) = donors[random.below(as_slow)];
            let donor = &trips[number];
            // It goes on when observation ended, at the earliest.
            let left = onto + time.max(stood);
            for next in place + 1..donor.links.len() {
                trip.links.push(donor.links[next]);
                let after = donor.offsets[next] - donor.offsets[place + 1];
                trip.offsets.push(left + after);
            }
        }
        trip
    };
    trips.iter().map(whole).collect()
}

/// How many of those who leave a link make a turn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnShare {
    /// The turn.
    pub turn: TurnId,
    /// Its share of the link's vehicles, 0 to 1; the shares of a link's turns sum to 1.
    pub share: f64,
    /// Standard error of the share.
    pub se: f64,
    /// Trips seen to make it.
    pub seen: u32,
}

/// Shares of all turns, in the order of the turns.
pub fn shares(trips: &[Trip], network: &Network) -> Vec<TurnShare> {
    let graph = LinkGraph::new(network);
    let mut seen = vec![0_u32; network.turns.len()];
    for trip in trips {
        for pair in trip.links.windows(2) {
            if let Some(turn) = graph.turn(pair[0], pair[1]) {
                seen[turn.index()] += 1;
            }
        }
    }
    let mut links: BTreeMap<LinkId, (f64, f64)> = BTreeMap::new();
    for (turn, &count) in network.turns.iter().zip(&seen) {
        let (all, movements) = links.entry(turn.from).or_default();
        *all += f64::from(count);
        *movements += turn.movements.len().max(1) as f64;
    }
    let share = |(index, turn): (usize, &roads::model::Turn)| {
        let (all, movements) = links.get(&turn.from).copied().unwrap_or((0.0, 1.0));
        let prior = turn.movements.len().max(1) as f64 / movements;
        let total = all + PRIOR_WEIGHT;
        let share = (f64::from(seen[index]) + PRIOR_WEIGHT * prior) / total;
        TurnShare {
            turn: TurnId::from(index),
            share,
            se: (share * (1.0 - share) / (total + 1.0)).sqrt(),
            seen: seen[index],
        }
    };
    network.turns.iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use roads::generate::{GridSpec, grid};

    fn drive(vehicle: u64, link: LinkId, entered: f64) -> Traversal {
        Traversal {
            vehicle,
            link,
            entered,
            left: entered + 60.0,
            from_m: 0.0,
            to_m: 100.0,
        }
    }

    #[test]
    fn traversals_join_to_trips_and_break_where_nothing_joins_them() {
        let network = grid(&GridSpec::default()).unwrap();
        let turn = &network.turns[0];
        let other = LinkId::from(network.links.len() - 1);
        let seen = [
            drive(1, turn.to, 60.0),
            drive(1, turn.from, 0.0),
            drive(2, turn.from, 0.0),
            drive(2, other, 60.0),
            drive(3, turn.from, 0.0),
            drive(3, turn.to, 5000.0),
        ];
        let trips = trips(&seen, &network);
        let of = |vehicle: u64| -> Vec<usize> {
            let own = trips.iter().filter(|trip| trip.vehicle == vehicle);
            own.map(|trip| trip.links.len()).collect()
        };
        assert_eq!((of(1), of(2), of(3)), (vec![2], vec![1, 1], vec![1, 1]));
    }

    #[test]
    fn a_trip_in_a_queue_at_the_end_goes_on_as_another_did() {
        let link = |index: u32| LinkId(index);
        let trip = |vehicle: u64, links: Vec<LinkId>, end: f64| Trip {
            vehicle,
            offsets: (0..links.len()).map(|n| n as f64 * 60.0).collect(),
            links,
            start: 0.0,
            end,
        };
        let seen = [
            trip(1, vec![link(7), link(1), link(2), link(3)], 240.0),
            trip(2, vec![link(5), link(1)], 990.0),
            trip(3, vec![link(5), link(1)], 500.0),
            trip(4, vec![link(9)], 995.0),
        ];
        let whole = complete(&seen, 1000.0, 1);
        assert_eq!(whole[1].links, [link(5), link(1), link(2), link(3)]);
        assert_eq!(whole[1].offsets, [0.0, 60.0, 990.0, 1050.0]);
        assert_eq!(
            (&whole[0], &whole[2], &whole[3]),
            (&seen[0], &seen[2], &seen[3])
        );
    }

    #[test]
    fn shares_of_a_link_sum_to_one_and_follow_what_is_seen() {
        let network = grid(&GridSpec::default()).unwrap();
        let turn = &network.turns[0];
        let trip = |links: Vec<LinkId>| Trip {
            vehicle: 0,
            offsets: vec![0.0; links.len()],
            links,
            start: 0.0,
            end: 1.0,
        };
        let trips = vec![trip(vec![turn.from, turn.to]); 98];
        let shares = shares(&trips, &network);
        let mut sums: BTreeMap<LinkId, f64> = BTreeMap::new();
        for share in &shares {
            *sums
                .entry(network.turns[share.turn.index()].from)
                .or_default() += share.share;
        }
        assert!(sums.values().all(|sum| (sum - 1.0).abs() < 1e-9));
        assert!(shares[0].share > 0.97 && shares[0].seen == 98);
    }
}
