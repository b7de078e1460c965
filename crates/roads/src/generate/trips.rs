//! What the demand generators share: a demand that is written trip by trip, links to start and
//! end on, moments drawn from a profile.

use rustc_hash::FxHashMap;

use super::random::Random;
use crate::demand::{Demand, Flow, VehicleType};
use crate::model::{LinkId, Network, RoadClass};

/// A demand under construction: each trip is a flow of one vehicle, equal routes are shared.
pub(crate) struct Trips {
    demand: Demand,
    known: FxHashMap<Vec<LinkId>, u32>,
}

impl Trips {
    pub(crate) fn new(types: Vec<VehicleType>) -> Self {
        Self {
            demand: Demand {
                types,
                ..Demand::default()
            },
            known: FxHashMap::default(),
        }
    }

    /// Adds a vehicle that appears at `start` seconds.
    pub(crate) fn add(&mut self, vehicle_type: u32, route: Vec<LinkId>, start: f64) {
        let routes = &mut self.demand.routes;
        let route = *self.known.entry(route).or_insert_with_key(|route| {
            routes.push(route.clone());
            routes.len() as u32 - 1
        });
        self.demand.flows.push(Flow {
            id: None,
            vehicle_type,
            route,
            interval: 1.0,
            start,
            end: Some(start),
        });
    }

    /// The demand, in the order of departure.
    pub(crate) fn finish(mut self) -> Demand {
        self.demand
            .flows
            .sort_by(|a, b| a.start.total_cmp(&b.start));
        self.demand
    }
}

/// Links with weights, to draw from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    links: Vec<LinkId>,
    /// Sum of the weights up to and including each link.
    upto: Vec<f64>,
}

impl Pool {
    pub(crate) fn push(&mut self, link: LinkId, weight: f64) {
        if weight > 0.0 {
            self.links.push(link);
            self.upto.push(self.total() + weight);
        }
    }

    pub(crate) fn total(&self) -> f64 {
        self.upto.last().copied().unwrap_or(0.0)
    }

    pub(crate) fn links(&self) -> &[LinkId] {
        &self.links
    }

    /// One of the links, in proportion to the weights; `None` when there is none.
    pub(crate) fn draw(&self, random: &mut Random) -> Option<LinkId> {
        let at = random.unit() * self.total();
        let place = self.upto.partition_point(|&upto| upto <= at);
        self.links
            .get(place.min(self.links.len().saturating_sub(1)))
            .copied()
    }
}

/// How much a metre of a link counts as a place where trips start and end: people live and work
/// on small streets, and nobody parks on an expressway.
pub(crate) const fn frontage(class: RoadClass) -> f64 {
    match class {
        RoadClass::Motorway | RoadClass::MotorwayLink | RoadClass::Trunk | RoadClass::TrunkLink => {
            0.0
        }
        RoadClass::Primary | RoadClass::PrimaryLink => 0.4,
        RoadClass::Secondary | RoadClass::SecondaryLink => 0.8,
        RoadClass::Service => 0.3,
        _ => 1.0,
    }
}

/// How much traffic a road of this class brings over the city's edge, per lane.
pub(crate) const fn gate_weight(class: RoadClass) -> f64 {
    match class {
        RoadClass::Motorway => 6.0,
        RoadClass::Trunk => 4.0,
        RoadClass::Primary => 2.5,
        RoadClass::Secondary => 1.5,
        RoadClass::Tertiary => 0.7,
        RoadClass::MotorwayLink
        | RoadClass::TrunkLink
        | RoadClass::PrimaryLink
        | RoadClass::SecondaryLink
        | RoadClass::TertiaryLink => 0.5,
        _ => 0.15,
    }
}

/// Whether a link comes in over the edge, and whether it goes out over it.
pub(crate) fn at_edge(network: &Network, link: LinkId) -> (bool, bool) {
    let link = &network.links[link.index()];
    (
        network.junctions[link.from.index()].boundary,
        network.junctions[link.to.index()].boundary,
    )
}

/// Weight of a link as a gate.
pub(crate) fn gate(network: &Network, link: LinkId) -> f64 {
    let link = &network.links[link.index()];
    gate_weight(link.class) * link.lanes.len() as f64
}

/// A rate that changes over time, piecewise linear between its points, constant outside them.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// Seconds and rate, in the order of time.
    points: Vec<(f64, f64)>,
}

impl Profile {
    /// `points` must be in the order of time; none means a constant rate of one.
    pub(crate) fn new(points: Vec<(f64, f64)>) -> Self {
        let points = if points.is_empty() {
            vec![(0.0, 1.0)]
        } else {
            points
        };
        Self { points }
    }

    pub(crate) fn at(&self, time: f64) -> f64 {
        let after = self.points.partition_point(|(at, _)| *at <= time);
        match (
            after.checked_sub(1).map(|i| self.points[i]),
            self.points.get(after),
        ) {
            (None, Some(&(_, rate))) | (Some((_, rate)), None) => rate,
            (Some((t0, r0)), Some(&(t1, r1))) => r0 + (r1 - r0) * (time - t0) / (t1 - t0),
            (None, None) => 1.0,
        }
    }

    /// Mean rate between 0 and `horizon`, by the second.
    pub(crate) fn mean(&self, horizon: f64) -> f64 {
        let steps = horizon.ceil().max(1.0) as u32;
        let sum: f64 = (0..steps).map(|step| self.at(f64::from(step) + 0.5)).sum();
        sum / f64::from(steps)
    }

    /// A moment before `horizon`, drawn in proportion to the rate.
    pub(crate) fn draw(&self, horizon: f64, random: &mut Random) -> f64 {
        let most = self
            .points
            .iter()
            .map(|(_, rate)| *rate)
            .fold(0.0, f64::max);
        if most <= 0.0 {
            return random.unit() * horizon;
        }
        loop {
            let time = random.unit() * horizon;
            // The rate at an end of the horizon may lie under every point's; the loop still ends
            // since some moment has a rate, or else the first draw of weight zero is as good.
            if random.unit() * most <= self.at(time) {
                return time;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_runs_between_its_points() {
        let profile = Profile::new(vec![(0.0, 0.0), (100.0, 2.0)]);
        assert!((profile.at(50.0) - 1.0).abs() < 1e-12);
        assert!((profile.at(500.0) - 2.0).abs() < 1e-12);
        assert!((profile.mean(100.0) - 1.0).abs() < 1e-9);
        let mut random = Random::new(1, 0);
        let late = (0..10_000)
            .filter(|_| profile.draw(100.0, &mut random) > 50.0)
            .count();
        assert!((7_300..7_700).contains(&late), "{late}");
    }

    #[test]
    fn a_pool_is_drawn_by_weight() {
        let mut pool = Pool::default();
        pool.push(LinkId(1), 1.0);
        pool.push(LinkId(2), 0.0);
        pool.push(LinkId(3), 3.0);
        let mut random = Random::new(1, 0);
        let ones = (0..10_000)
            .filter(|_| pool.draw(&mut random) == Some(LinkId(1)))
            .count();
        assert!((2_300..2_700).contains(&ones), "{ones}");
        assert_eq!(Pool::default().draw(&mut random), None);
    }
}
