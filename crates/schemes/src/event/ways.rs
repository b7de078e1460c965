//! Ways of visitors between the gates of a network and the car parks, and whose turn it is to take
//! which.

use std::collections::HashMap;

use roads::route::{Costs, LaneRouter, LinkGraph, Tree, TurnPenalties, fewest_lane_changes};
use roads::{LinkId, Network};

use super::cars::Park;
use crate::error::Error;

/// What a lane change costs in a search for a way, milliseconds.
const LANE_CHANGE: u64 = 2_000;
/// Most ways that are looked for to all car parks, and most from them: each is some hundred bytes.
const WAYS_MAX: usize = 1_000_000;

/// Deals out turns by shares: the next goes to whoever is furthest behind.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    shares: Vec<f64>,
    had: Vec<f64>,
    dealt: f64,
}

impl Turns {
    pub(super) fn new(shares: Vec<f64>) -> Self {
        let sum: f64 = shares.iter().sum();
        Self {
            had: vec![0.0; shares.len()],
            shares: shares.iter().map(|share| share / sum.max(1e-9)).collect(),
            dealt: 0.0,
        }
    }

    pub(super) fn next(&mut self) -> usize {
        self.dealt += 1.0;
        let behind = |place: &usize| self.shares[*place] * self.dealt - self.had[*place];
        // The first of those that are equally far behind.
        let next = (0..self.shares.len())
            .rev()
            .max_by(|one, other| behind(one).total_cmp(&behind(other)))
            .unwrap_or(0);
        if let Some(had) = self.had.get_mut(next) {
            *had += 1.0;
        }
        next
    }
}

/// A way between a gate and a car park.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Its number among the ways found.
    pub(super) route: u32,
    /// Seconds on the empty road.
    pub(super) seconds: f64,
}

/// The ways to (or from) each car park, with the shares of the gates that have one.
pub(super) struct Fan {
    of_park: Vec<(Vec<Way>, Vec<f64>)>,
}

impl Fan {
    /// The ways of cars that park there in this order.
    pub(super) fn turns<'a>(&'a self, order: &'a [u32]) -> impl Iterator<Item = Way> + 'a {
        let shares = self.of_park.iter().map(|(_, shares)| shares.clone());
        let mut turns: Vec<Turns> = shares.map(Turns::new).collect();
        order.iter().map(move |&park| {
            let (ways, _) = &self.of_park[park as usize];
            ways[turns[park as usize].next()]
        })
    }
}

/// Finds ways: the fastest on the empty road that can be driven lane by lane.
pub(super) struct Ways<'a> {
    network: &'a Network,
    graph: LinkGraph,
    costs: Costs,
    tree: Tree,
    lanes: LaneRouter<'a>,
    lane_changes: bool,
    /// All ways found.
    pub(super) routes: Vec<Vec<LinkId>>,
    known: HashMap<Vec<LinkId>, u32>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(network: &'a Network, lane_changes: bool) -> Self {
        let costs = Costs::free_flow(network, &TurnPenalties::default());
        Self {
            graph: LinkGraph::new(network),
            tree: Tree::new(),
            lanes: LaneRouter::new(network, costs.clone(), LANE_CHANGE),
            costs,
            network,
            lane_changes,
            routes: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// Whether somebody can come to a car park from these gates, or leave it for them.
    pub(super) fn reaches(&mut self, park: &Park, gates: &[(LinkId, f64)], coming: bool) -> bool {
        let root = self.grow(park, coming);
        let mut gates = gates.iter().filter(|gate| gate.0 != root);
        gates.any(|gate| self.tree.cost(gate.0).is_some())
    }

    /// Searches the ways to a car park, or from it; its link.
    fn grow(&mut self, park: &Park, coming: bool) -> LinkId {
        if coming {
            self.tree.grow_to(&self.graph, &self.costs, park.link);
            park.link
        } else {
            self.tree.grow_from(&self.graph, &self.costs, park.exit);
            park.exit
        }
    }

    /// The ways to (or from) each car park that has cars.
    ///
    /// # Errors
    /// When no way leads there, or there are too many to look for.
    pub(super) fn between(
        &mut self,
        parks: &[Park],
        gates: &[(LinkId, f64)],
        coming: bool,
        before: &str,
    ) -> Result<Fan, Error> {
        let (there, named) = if coming {
            ("to", "origins")
        } else {
            ("from", "exits")
        };
        let field = format!("{before}{named}");
        let used = parks.iter().filter(|park| park.cars > 0).count();
        if used.saturating_mul(gates.len()) > WAYS_MAX {
            let message = format!(
                "{} {named} and {used} car parks have more than {WAYS_MAX} ways between them; name \
                 fewer",
                gates.len()
            );
            return Err(Error::value(field, message));
        }
        let mut of_park = Vec::with_capacity(parks.len());
        for park in parks {
            let (mut ways, mut shares) = (Vec::new(), Vec::new());
            if park.cars > 0 {
                let root = self.grow(park, coming);
                for &(gate, share) in gates.iter().filter(|gate| gate.0 != root) {
                    let (from, to) = if coming { (gate, root) } else { (root, gate) };
                    if let Some(way) = self.way(gate, from, to) {
                        ways.push(way);
                        shares.push(share);
                    }
                }
                if ways.is_empty() {
                    let link = &self.network.links[root.index()].id;
                    let message = format!(
                        "no way leads {there} link {link:?}; name {named} or another place"
                    );
                    return Err(Error::value(field, message));
                }
            }
            of_park.push((ways, shares));
        }
        Ok(Fan { of_park })
    }

    fn way(&mut self, gate: LinkId, from: LinkId, to: LinkId) -> Option<Way> {
        let drivable = |links: &[LinkId]| {
            let changes = fewest_lane_changes(self.network, links);
            links.len() > 1 && changes.is_some_and(|changes| self.lane_changes || changes == 0)
        };
        let fastest = self.tree.path(gate).zip(self.tree.cost(gate));
        let (links, cost) = match fastest.filter(|(links, _)| drivable(links)) {
            Some(found) => found,
            None => {
                let route = self
                    .lanes
                    .path(from, to)
                    .filter(|way| drivable(&way.links))?;
                (route.links, route.cost)
            }
        };
        let routes = &mut self.routes;
        let route = *self.known.entry(links).or_insert_with_key(|links| {
            routes.push(links.clone());
            routes.len() as u32 - 1
        });
        Some(Way {
            route,
            seconds: (cost + self.costs.links[from.index()]) as f64 / 1e3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_dealt_by_shares_and_evenly() {
        let mut turns = Turns::new(vec![3.0, 1.0, 0.0]);
        let dealt: Vec<usize> = (0..8).map(|_| turns.next()).collect();
        assert_eq!(dealt.iter().filter(|place| **place == 0).count(), 6);
        assert_eq!(dealt.iter().filter(|place| **place == 1).count(), 2);
        assert!(dealt[..4].contains(&1) && dealt[4..].contains(&1));
    }
}
