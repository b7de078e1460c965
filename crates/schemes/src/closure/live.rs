//! Closes and opens lanes of a running world by time, and sends those another way whose route
//! leads over a turn that cannot be made meanwhile.
//!
//! A running world keeps its network, so markings are not laid out anew: a turn that only a shut
//! lane serves cannot be made. Vehicles that would make one further on get the fastest way around;
//! who has none keeps his way and waits until the lane opens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roads::route::{Costs, LinkGraph, TimedRouter, TravelTimes, TurnPenalties};
use roads::{LaneId, LinkId, Network, TurnId};
use serde::Serialize;
use sim::VehicleId;

use super::works::Works;
use crate::error::Error;
use crate::roadway::Roadway;

/// A day: what a turn costs that cannot be made, milliseconds.
const NEVER: u64 = 86_400_000;
/// Seconds between two looks at who has to go another way.
const LOOK: f64 = 10.0;

/// What has been done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LiveCounts {
    /// Lanes shut now.
    pub closed: usize,
    /// Times that a vehicle was sent another way.
    pub diverted: usize,
    /// Vehicles of the last look whose way leads over a turn that cannot be made, and who have no
    /// other.
    pub stranded: usize,
}

/// Closures by time.
pub struct LiveWorks {
    works: Works,
    network: Arc<Network>,
    graph: Arc<LinkGraph>,
    closed: BTreeSet<LaneId>,
    limited: BTreeMap<LinkId, f64>,
    blocked: Vec<bool>,
    router: Option<TimedRouter>,
    next_look: f64,
    counts: LiveCounts,
}

impl std::fmt::Debug for LiveWorks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveWorks")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl LiveWorks {
    /// Prepares for a network.
    pub fn new(network: &Arc<Network>, works: Works) -> Self {
        Self {
            works,
            graph: Arc::new(LinkGraph::new(network)),
            closed: BTreeSet::new(),
            limited: BTreeMap::new(),
            blocked: vec![false; network.turns.len()],
            router: None,
            next_look: 0.0,
            network: Arc::clone(network),
            counts: LiveCounts::default(),
        }
    }

    /// What has been done so far.
    pub const fn counts(&self) -> LiveCounts {
        self.counts
    }

    /// Does what is due at the world's time; to be called before every step.
    ///
    /// # Errors
    /// When the world refuses.
    pub fn act(&mut self, road: &mut impl Roadway) -> Result<(), Error> {
        let now = road.world().time();
        let changed = self.shut_and_open(road, now)?;
        if changed {
            self.find_ways_around();
        }
        if self.router.is_some() && (changed || now >= self.next_look) {
            self.divert(road)?;
            self.next_look = now + LOOK;
        }
        Ok(())
    }

    fn shut_and_open(&mut self, road: &mut impl Roadway, now: f64) -> Result<bool, Error> {
        let (mut lanes, mut limits) = (BTreeSet::new(), BTreeMap::new());
        for work in self.works.works.iter().filter(|work| work.holds_at(now)) {
            lanes.extend(work.lanes.iter().copied());
            if let Some(limit) = work.speed_limit {
                limits.entry(work.link).or_insert(limit);
            }
        }
        for (&link, &limit) in &limits {
            if self.limited.insert(link, limit) != Some(limit) {
                road.set_speed_limit(link, Some(limit))?;
            }
        }
        let over: Vec<LinkId> = self
            .limited
            .keys()
            .copied()
            .filter(|link| !limits.contains_key(link))
            .collect();
        for link in over {
            self.limited.remove(&link);
            road.set_speed_limit(link, None)?;
        }
        if lanes == self.closed {
            return Ok(false);
        }
        for &lane in lanes.difference(&self.closed) {
            road.close_lane(lane)?;
        }
        for &lane in self.closed.difference(&lanes) {
            road.open_lane(lane)?;
        }
        self.counts.closed = lanes.len();
        self.closed = lanes;
        Ok(true)
    }

    /// Which turns cannot be made now, and a router that goes round them.
    fn find_ways_around(&mut self) {
        let network = &self.network;
        for (index, turn) in network.turns.iter().enumerate() {
            let closed = |lane: LaneId| self.closed.contains(&lane);
            self.blocked[index] = network.is_turn_shut(turn, closed);
        }
        if !self.blocked.contains(&true) {
            self.router = None;
            self.counts.stranded = 0;
            return;
        }
        let mut costs = Costs::free_flow(network, &TurnPenalties::default());
        for (cost, blocked) in costs.turns.iter_mut().zip(&self.blocked) {
            if *blocked {
                *cost = NEVER;
            }
        }
        let times = TravelTimes::constant(costs);
        self.router = Some(TimedRouter::new(Arc::clone(&self.graph), times));
    }

    fn is_blocked(&self, from: LinkId, to: LinkId) -> bool {
        let turn = self.graph.turn(from, to);
        turn.is_some_and(|turn: TurnId| self.blocked[turn.index()])
    }

    fn divert(&mut self, road: &mut impl Roadway) -> Result<(), Error> {
        let mut stranded = 0;
        let waiting = road.world().waiting_vehicles().map(|(_, vehicle)| vehicle);
        let running = road.world().vehicles().filter(|vehicle| !vehicle.shadow);
        let mut all: Vec<VehicleId> = waiting.chain(running.map(|vehicle| vehicle.id)).collect();
        all.sort_unstable();
        for vehicle in all {
            let Some(ahead) = road.world().route_ahead(vehicle) else {
                continue;
            };
            if !ahead.windows(2).any(|two| self.is_blocked(two[0], two[1])) {
                continue;
            }
            let around = self.around(&ahead);
            match around.map(|links| road.set_route(vehicle, &links[1..])) {
                Some(Ok(())) => self.counts.diverted += 1,
                // From its lane it cannot go there: it may from the next.
                Some(Err(_)) | None => stranded += 1,
            }
        }
        self.counts.stranded = stranded;
        Ok(())
    }

    /// The fastest way to the last of these links without a blocked turn.
    fn around(&mut self, ahead: &[LinkId]) -> Option<Vec<LinkId>> {
        let (&here, &goal) = (ahead.first()?, ahead.last()?);
        let route = self.router.as_mut()?.path(here, goal, 0)?;
        let open = !route
            .links
            .windows(2)
            .any(|two| self.is_blocked(two[0], two[1]));
        (open && route.links.len() > 1).then_some(route.links)
    }
}
