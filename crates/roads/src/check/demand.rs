//! Flows: types, times, and routes that cannot be driven.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::demand::Demand;
use crate::model::{LinkId, Network};

use super::{Faults, Graph};

/// Floods of the network that are kept to answer "does a way lead from here to there".
const FLOODS_KEPT: usize = 256;

pub(super) fn check(
    network: &Network,
    graph: &Graph,
    demand: &Demand,
    horizon: Option<f64>,
    faults: &mut Faults,
) {
    for kind in &demand.types {
        if let Err(message) = kind.check() {
            faults.error("type", &kind.id, message, "correct the figure");
        }
    }
    let used = flows(network, demand, horizon, faults);
    let mut routes = Routes {
        network,
        graph,
        turn_of: network
            .turns
            .iter()
            .enumerate()
            .map(|(index, turn)| ((turn.from, turn.to), index))
            .collect(),
        floods: FxHashMap::default(),
        told: FxHashSet::default(),
    };
    for (index, route) in demand.routes.iter().enumerate() {
        if let Some(flow) = used.get(&(index as u32)) {
            routes.check(flow, route, faults);
        }
    }
}

/// Checks the flows and returns, for each route in use, the name of the first flow that takes it.
fn flows(
    network: &Network,
    demand: &Demand,
    horizon: Option<f64>,
    faults: &mut Faults,
) -> FxHashMap<u32, String> {
    let mut used = FxHashMap::default();
    let mut late: Option<(String, usize)> = None;
    for (index, flow) in demand.flows.iter().enumerate() {
        let name = || flow.id.clone().unwrap_or_else(|| index.to_string());
        if flow.vehicle_type as usize >= demand.types.len() {
            let message = "has a vehicle type that does not exist";
            faults.error("flow", name(), message, "name one that does");
        }
        match demand.routes.get(flow.route as usize) {
            None => {
                let message = "has a route that does not exist";
                faults.error("flow", name(), message, "name one that does");
            }
            Some(route) if route.iter().any(|link| link.index() >= network.links.len()) => {
                let message = "has a route over a link that does not exist";
                faults.error("flow", name(), message, "read it against this network");
            }
            Some(_) => {
                used.entry(flow.route).or_insert_with(name);
            }
        }
        if !(flow.interval.is_finite() && flow.interval > 0.0) {
            let message = format!("has an interval of {} s", flow.interval);
            faults.error("flow", name(), message, "give seconds above zero");
        }
        if !(flow.start.is_finite() && flow.start >= 0.0) {
            let message = format!("starts at {} s", flow.start);
            faults.error("flow", name(), message, "give seconds from 0 up");
        }
        if flow.end.is_some_and(|end| end < flow.start) {
            let message = "ends before it starts, so nobody drives";
            faults.warning("flow", name(), message, "give an end after its start");
        }
        if horizon.is_some_and(|horizon| flow.start >= horizon) {
            late.get_or_insert_with(|| (name(), 0)).1 += 1;
        }
    }
    if let (Some((name, count)), Some(horizon)) = (late, horizon) {
        let message = format!(
            "is the first of {count} of {} flows that start after the horizon of {horizon} s",
            demand.flows.len()
        );
        let remedy = "run longer, or shift the demand to begin at 0";
        faults.warning("flow", name, message, remedy);
    }
    used
}

struct Routes<'n> {
    network: &'n Network,
    graph: &'n Graph,
    turn_of: FxHashMap<(LinkId, LinkId), usize>,
    /// By link: what can be reached from it.
    floods: FxHashMap<LinkId, Vec<bool>>,
    /// Links in a row that have been found wanting.
    told: FxHashSet<(LinkId, LinkId, Option<LinkId>)>,
}

impl Routes<'_> {
    fn check(&mut self, flow: &str, route: &[LinkId], faults: &mut Faults) {
        let name = |link: LinkId| &self.network.links[link.index()].id;
        if route.is_empty() {
            let message = "has a route without links";
            faults.error("flow", flow, message, "name the links to pass");
        } else if let &[only] = route {
            let message = format!("has a route of the one link {:?}", name(only));
            let remedy = "name two links at least: the benchmark rules drive no such route";
            faults.warning("flow", flow, message, remedy);
        }
        for pair in route.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            if from != to && !self.leads(from, to) && self.told.insert((from, to, None)) {
                let message = format!(
                    "cannot be driven: no way leads from link {:?} to link {:?}",
                    self.network.links[from.index()].id,
                    self.network.links[to.index()].id
                );
                faults.error("flow", flow, message, "take another route");
            }
        }
        for three in route.windows(3) {
            let (before, link, after) = (three[0], three[1], three[2]);
            if self.lanes_meet(before, link, after) == Some(false)
                && self.told.insert((before, link, Some(after)))
            {
                let name = |link: LinkId| &self.network.links[link.index()].id;
                let message = format!(
                    "needs a change of lanes on link {:?}: no lane entered from {:?} leads to {:?}",
                    name(link),
                    name(before),
                    name(after)
                );
                let remedy = "drive with lane changes, or add a movement";
                faults.warning("flow", flow, message, remedy);
            }
        }
    }

    fn leads(&mut self, from: LinkId, to: LinkId) -> bool {
        let component = &self.graph.component;
        if component[from.index()] == component[to.index()]
            || self.graph.next[from.index()].contains(&to)
        {
            return true;
        }
        if self.floods.len() >= FLOODS_KEPT && !self.floods.contains_key(&from) {
            self.floods.clear();
        }
        self.floods
            .entry(from)
            .or_insert_with(|| self.graph.reached_from(std::iter::once(from)))[to.index()]
    }

    /// Whether a lane that is entered from the link before leads to the link after; `None` where
    /// the links are not joined directly.
    fn lanes_meet(&self, before: LinkId, link: LinkId, after: LinkId) -> Option<bool> {
        let network = self.network;
        let into = &network.turns[*self.turn_of.get(&(before, link))?];
        let out = &network.turns[*self.turn_of.get(&(link, after))?];
        let out = &network.movements[out.movements.range()];
        Some(
            network.movements[into.movements.range()]
                .iter()
                .any(|one| out.iter().any(|two| one.to == two.from)),
        )
    }
}
