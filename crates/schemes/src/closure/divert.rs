//! Demand on a network with closures: routes that cannot be driven any more are sent another way,
//! and who can go no way at all is refused by name.

use std::sync::Arc;

use roads::route::{Costs, LaneRouter, Shortest, TurnPenalties, fewest_lane_changes};
use roads::{Demand, LinkId, Network};
use serde::Serialize;

/// What a lane change costs in a search for another way, milliseconds.
const LANE_CHANGE: u64 = 2_000;

/// Demand that cannot go any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The flow's name, or its number where it has none.
    pub flow: String,
    /// Vehicles until the horizon.
    pub vehicles: usize,
    /// Why.
    pub reason: String,
}

/// What became of a demand.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Diversion {
    /// Vehicles whose route is as it was.
    pub unchanged: usize,
    /// Vehicles that go another way.
    pub diverted: usize,
    /// By how much the ways of these are longer, metres, on the whole.
    pub detour: f64,
    /// Vehicles that cannot go.
    pub refused: usize,
    /// Who they are.
    pub refusals: Vec<Refusal>,
}

/// What became of a route.
enum Way {
    Same,
    Other(Vec<LinkId>, f64),
    None(String),
}

/// The demand of `network` on `left`, the network without the lanes that are shut
/// ([`rebuilt`](super::rebuilt)), until `horizon`, seconds. `lane_changes` says whether vehicles
/// change lanes where their route demands it (street rules).
///
/// A route is diverted when it could be driven before and cannot now: the fastest way over lanes
/// from its first link to its last. Demand that cannot go at all is left out and listed.
pub fn diverted(
    network: &Network,
    left: &Network,
    demand: &Arc<Demand>,
    horizon: f64,
    lane_changes: bool,
) -> (Arc<Demand>, Diversion) {
    let mut before = Shortest::new(network);
    let mut after = Shortest::new(left);
    let costs = Costs::free_flow(left, &TurnPenalties::default());
    let mut router = LaneRouter::new(left, costs, LANE_CHANGE);
    let drivable = |network: &Network, links: &[LinkId]| match fewest_lane_changes(network, links) {
        Some(changes) => lane_changes || changes == 0 || links.len() < 2,
        None => false,
    };
    let ways: Vec<Way> = demand
        .routes
        .iter()
        .map(|anchors| {
            let Some(old) = before.fill(anchors) else {
                return Way::Same; // no worse than it was
            };
            let new = after.fill(anchors);
            if new.as_ref() == Some(&old) && (drivable(left, &old) || !drivable(network, &old)) {
                return Way::Same;
            }
            let (Some(&first), Some(&last)) = (old.first(), old.last()) else {
                return Way::Same;
            };
            if let Some(new) = new.filter(|new| *new != old && drivable(left, new)) {
                let longer = metres(left, &new) - metres(network, &old);
                return Way::Other(new, longer);
            }
            match router.path(first, last) {
                Some(route) if drivable(left, &route.links) => {
                    let longer = metres(left, &route.links) - metres(network, &old);
                    Way::Other(route.links, longer)
                }
                _ => Way::None(format!(
                    "no way is left from {:?} to {:?}",
                    network.links[first.index()].id,
                    network.links[last.index()].id
                )),
            }
        })
        .collect();
    settle(demand, &ways, horizon)
}

fn metres(network: &Network, links: &[LinkId]) -> f64 {
    let of = |link: &LinkId| network.links[link.index()].length;
    links.iter().map(of).sum()
}

fn settle(demand: &Arc<Demand>, ways: &[Way], horizon: f64) -> (Arc<Demand>, Diversion) {
    let mut result = Diversion::default();
    let mut flows = Vec::with_capacity(demand.flows.len());
    for (index, flow) in demand.flows.iter().enumerate() {
        let vehicles = flow.vehicles_before(horizon);
        match ways.get(flow.route as usize) {
            None | Some(Way::Same) => result.unchanged += vehicles,
            Some(Way::Other(_, longer)) => {
                result.diverted += vehicles;
                result.detour += longer * vehicles as f64;
            }
            Some(Way::None(reason)) => {
                result.refused += vehicles;
                result.refusals.push(Refusal {
                    flow: flow.id.clone().unwrap_or_else(|| index.to_string()),
                    vehicles,
                    reason: reason.clone(),
                });
                continue;
            }
        }
        flows.push(flow.clone());
    }
    if result.diverted == 0 && result.refused == 0 {
        return (Arc::clone(demand), result);
    }
    let routes = demand
        .routes
        .iter()
        .zip(ways)
        .map(|(anchors, way)| match way {
            Way::Other(links, _) => links.clone(),
            _ => anchors.clone(),
        })
        .collect();
    let demand = Demand {
        types: demand.types.clone(),
        routes,
        flows,
    };
    (Arc::new(demand), result)
}
