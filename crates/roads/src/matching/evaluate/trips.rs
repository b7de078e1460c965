//! Trips made up: the fastest way between two random links, driven at a share of the limit, seen
//! every few seconds with normal noise.

use crate::error::Error;
use crate::generate::Random;
use crate::geometry::{self, Point};
use crate::matching::map::Map;
use crate::matching::passage::Traversal;
use crate::matching::track::Fix;
use crate::model::{LinkId, Network};
use crate::route::{Costs, LinkGraph, Tree, TurnPenalties};

/// Pairs of links that are tried for each trip before the network is found too small.
const TRIES: usize = 200;
/// Streams of random numbers: of trips, of noise.
const STREAMS: (u64, u64) = (0x7219, 0x0009_015e);

/// Which trips to make up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TripSpec {
    /// How many.
    pub count: usize,
    /// Their ways are at least so long, metres.
    pub least_m: f64,
    /// Speed as a share of the limit.
    pub share_of_limit: f64,
    /// The same seed gives the same trips.
    pub seed: u64,
}

impl Default for TripSpec {
    fn default() -> Self {
        Self {
            count: 40,
            least_m: 3_000.0,
            share_of_limit: 0.7,
            seed: 1,
        }
    }
}

/// A trip as it truly was.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// When it was on which link.
    pub traversals: Vec<Traversal>,
    /// Its path.
    pub path: Vec<Point>,
    /// When it was at each point of the path, seconds.
    times: Vec<f64>,
}

/// Makes trips up.
///
/// # Errors
/// When the network has no ways that are long enough.
pub fn trips(network: &Network, map: &Map, spec: &TripSpec) -> Result<Vec<Trip>, Error> {
    let graph = LinkGraph::new(network);
    let costs = Costs::free_flow(network, &TurnPenalties::default());
    let mut random = Random::new(spec.seed, STREAMS.0);
    let mut tree = Tree::new();
    let mut trips = Vec::with_capacity(spec.count);
    let mut tries = 0;
    while trips.len() < spec.count {
        tries += 1;
        if tries > TRIES * spec.count {
            let message = format!(
                "has {} of {} fastest ways of {} m and more among {tries} pairs of links; ask for \
                 shorter ones",
                trips.len(),
                spec.count,
                spec.least_m
            );
            return Err(Error::element("network", &network.name, message));
        }
        let links = graph.link_count();
        let from = LinkId::from(random.below(links));
        tree.grow_from(&graph, &costs, from);
        // Several ends for one search, the first that is far enough.
        let ends: Vec<LinkId> = (0..4).map(|_| LinkId::from(random.below(links))).collect();
        let far = ends.into_iter().find_map(|to| {
            let route = tree.path(to)?;
            let length: f64 = route.iter().map(|&link| map.length(link)).sum();
            (length >= spec.least_m).then_some(route)
        });
        if let Some(route) = far {
            trips.push(Trip::drive(map, &route, spec.share_of_limit));
        }
    }
    Ok(trips)
}

impl Trip {
    /// Drives a route from the start of its first link to the end of its last.
    pub fn drive(map: &Map, route: &[LinkId], share_of_limit: f64) -> Self {
        let mut trip = Self {
            traversals: Vec::with_capacity(route.len()),
            path: Vec::new(),
            times: Vec::new(),
        };
        let mut now = 0.0;
        for &link in route {
            let speed = f64::from(map.ways[link.index()].speed) * share_of_limit;
            let mut entered = now;
            for (index, &point) in map.line(link).iter().enumerate() {
                if let Some(last) = trip.path.last() {
                    now += last.distance(point) / speed;
                }
                if index == 0 {
                    entered = now;
                }
                trip.path.push(point);
                trip.times.push(now);
            }
            trip.traversals.push(Traversal {
                link,
                entered,
                left: now,
                whole: true,
            });
        }
        trip
    }

    /// How long it took, seconds.
    pub fn seconds(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }

    /// Where it was at a time.
    pub fn at(&self, time: f64) -> Point {
        let after = self.times.partition_point(|&at| at <= time);
        let last = self.path.len().saturating_sub(1);
        let (a, b) = (after.saturating_sub(1).min(last), after.min(last));
        let span = self.times[b] - self.times[a];
        let share = if span > 0.0 {
            (time - self.times[a]) / span
        } else {
            0.0
        };
        self.path[a].lerp(self.path[b], share.clamp(0.0, 1.0))
    }

    /// Length of the path, metres.
    pub fn length(&self) -> f64 {
        geometry::length(&self.path)
    }
}

/// The positions of trips, one every `interval_s` seconds, each coordinate with normal noise of
/// standard deviation `sigma_m`.
pub fn observed(trips: &[Trip], interval_s: f64, sigma_m: f64, seed: u64) -> Vec<Vec<Fix>> {
    let mut random = Random::new(seed, STREAMS.1);
    trips
        .iter()
        .map(|trip| {
            let count = (trip.seconds() / interval_s).floor() as usize + 1;
            (0..count)
                .map(|index| {
                    let time = index as f64 * interval_s;
                    let (x, y) = random.normal_pair();
                    let noise = Point::new(x, y) * sigma_m;
                    Fix {
                        time,
                        point: trip.at(time) + noise,
                    }
                })
                .collect()
        })
        .collect()
}
