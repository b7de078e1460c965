//! What is known of links before anyone drives: length, class, limit, place.

use std::collections::HashMap;

use roads::geometry::{self, Point};
use roads::model::RoadClass;
use roads::route::{Costs, TurnPenalties};
use roads::{LinkId, Network};
use serde::{Deserialize, Serialize};

/// A link's facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkFacts {
    /// Its name in the network.
    pub id: String,
    /// Length of its reference line, from junction to junction, metres: what a vehicle drives
    /// until it is on the next link.
    pub length_m: f64,
    /// Kind of road.
    pub class: RoadClass,
    /// Lanes.
    pub lanes: u32,
    /// Speed limit, mean of its lanes, m/s.
    pub limit: f64,
    /// Speed by what does not change (TomTom's "static factors"): the limit and the mean wait at
    /// the signal's own plan for vehicles that come evenly over the cycle, m/s.
    pub static_speed: f64,
    /// The street's name, if known: links of one name are a corridor.
    pub street: Option<String>,
    /// The middle of its line, metres in the network's plane.
    pub middle: Point,
}

/// All links of a network, numbered as in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roads {
    /// By [`LinkId`].
    pub links: Vec<LinkFacts>,
    by_name: HashMap<String, u32>,
}

impl Roads {
    /// From facts, in the order of their numbers; of equal names the first counts.
    pub fn new(links: Vec<LinkFacts>) -> Self {
        let mut by_name = HashMap::with_capacity(links.len());
        for (index, link) in links.iter().enumerate() {
            by_name.entry(link.id.clone()).or_insert(index as u32);
        }
        Self { links, by_name }
    }

    /// From a network.
    pub fn of(network: &Network) -> Self {
        let waits = signal_waits(network);
        let facts = |(index, link): (usize, &roads::model::Link)| {
            let lanes = &network.lanes[link.lanes.range()];
            let limits: f64 = lanes.iter().map(|lane| lane.speed_limit).sum();
            let limit = (limits / lanes.len().max(1) as f64).max(f64::MIN_POSITIVE);
            let line_m = geometry::length(&link.shape);
            let length_m = line_m.max(f64::MIN_POSITIVE);
            LinkFacts {
                id: link.id.clone(),
                length_m,
                class: link.class,
                lanes: lanes.len() as u32,
                limit,
                static_speed: length_m / (length_m / limit + waits[index]),
                street: link.name.clone(),
                middle: geometry::point_at(&link.shape, line_m / 2.0),
            }
        };
        Self::new(network.links.iter().enumerate().map(facts).collect())
    }

    /// The link with this name.
    pub fn named(&self, id: &str) -> Option<LinkId> {
        self.by_name.get(id).map(|&index| LinkId(index))
    }

    /// A link's facts.
    pub fn get(&self, link: LinkId) -> Option<&LinkFacts> {
        self.links.get(link.index())
    }
}

/// By link: the mean over its turns of the expected wait at the signal, seconds.
fn signal_waits(network: &Network) -> Vec<f64> {
    let only_signals = TurnPenalties {
        signal: 1.0,
        ..TurnPenalties::NONE
    };
    let with = Costs::free_flow(network, &only_signals);
    let without = Costs::free_flow(network, &TurnPenalties::NONE);
    let mut waits = vec![(0.0, 0_u32); network.links.len()];
    for (index, turn) in network.turns.iter().enumerate() {
        let wait = with.turns[index].saturating_sub(without.turns[index]) as f64 / 1000.0;
        let (sum, count) = &mut waits[turn.from.index()];
        *sum += wait;
        *count += 1;
    }
    let mean = |(sum, count): (f64, u32)| sum / f64::from(count.max(1));
    waits.into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use roads::generate::{GridSpec, grid};

    #[test]
    fn a_network_gives_length_limit_wait_and_place() {
        let network = grid(&GridSpec::default()).unwrap();
        let roads = Roads::of(&network);
        assert_eq!(roads.links.len(), network.links.len());
        let link = roads.named("road_1_1_0").unwrap();
        let facts = roads.get(link).unwrap();
        assert!((facts.limit - 11.111).abs() < 1e-9);
        let wait = facts.length_m / facts.static_speed - facts.length_m / facts.limit;
        assert!((10.0..120.0).contains(&wait), "{wait}");
        let shape = &network.links[link.index()].shape;
        assert!((facts.middle.x - f64::midpoint(shape[0].x, shape[shape.len() - 1].x)).abs() < 1.0);
        assert_eq!(roads.named("nowhere"), None);
    }
}
