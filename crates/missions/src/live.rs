//! Travel times under live traffic, from what a city can see: how many vehicles wait on each lane.

use std::sync::Arc;

use roads::route::{Costs, LinkGraph, Milliseconds, TurnPenalties};
use roads::{LaneId, LinkId, Network};
use signals::brain::Discharge;
use sim::World;

/// Share of the wait at a signal that its plan would cost a vehicle, which counts on a way: cleared
/// ways wait less.
const SIGNAL_SHARE: f64 = 0.5;
/// What a turn costs whose lanes are all closed, milliseconds: more than any way around.
const SHUT: Milliseconds = 3_600_000;

/// Times on links and turns, kept up to date. Copies share what does not change.
#[derive(Clone, Debug)]
pub struct LiveTimes {
    graph: Arc<LinkGraph>,
    free: Arc<Costs>,
    /// The same without any wait at signals.
    drive: Arc<Costs>,
    now: Costs,
    /// Some turn was shut at the last look.
    shut: bool,
}

impl LiveTimes {
    /// Times on empty roads.
    pub fn new(network: &Network) -> Self {
        let penalties = TurnPenalties {
            signal: SIGNAL_SHARE,
            ..TurnPenalties::default()
        };
        let free = Costs::free_flow(network, &penalties);
        let nobody_waits = TurnPenalties {
            signal: 0.0,
            ..penalties
        };
        Self {
            graph: Arc::new(LinkGraph::new(network)),
            drive: Arc::new(Costs::free_flow(network, &nobody_waits)),
            now: free.clone(),
            free: Arc::new(free),
            shut: false,
        }
    }

    /// Takes over what the streets look like now: the longest queue of a link's lanes has to go
    /// first, and turns between closed lanes are shut.
    pub fn look(&mut self, world: &World) {
        // Seconds in which one more vehicle crosses a stop line.
        let headway = Discharge::default().headway;
        for (index, link) in world.network().links.iter().enumerate() {
            let waiting = link
                .lanes
                .range()
                .map(|lane| world.lane_waiting(LaneId::from(lane)))
                .max()
                .unwrap_or(0);
            let queue = (f64::from(waiting) * headway * 1000.0) as Milliseconds;
            self.now.links[index] = self.free.links[index] + queue;
        }
        self.look_for_closures(world);
    }

    fn look_for_closures(&mut self, world: &World) {
        let network = world.network();
        let closed = |lane: LaneId| world.is_closed(lane);
        let any = (0..network.lanes.len()).map(LaneId::from).any(closed);
        if !any && !self.shut {
            return;
        }
        self.shut = any;
        for (index, turn) in network.turns.iter().enumerate() {
            let shut = network.is_turn_shut(turn, closed);
            self.now.turns[index] = self.free.turns[index] + if shut { SHUT } else { 0 };
        }
    }

    /// Whether no turn of a route was shut at the last look.
    pub fn is_open(&self, route: &[LinkId]) -> bool {
        route.windows(2).all(|pair| {
            let turn = self.graph.turn(pair[0], pair[1]);
            turn.is_some_and(|turn| self.now.turns[turn.index()] < SHUT)
        })
    }

    /// The links that can be driven in turn.
    pub fn graph(&self) -> &LinkGraph {
        &self.graph
    }

    /// Times now.
    pub const fn costs(&self) -> &Costs {
        &self.now
    }

    /// Times on empty roads.
    pub fn free(&self) -> &Costs {
        &self.free
    }

    /// Times on empty roads without any wait at signals.
    pub fn drive(&self) -> &Costs {
        &self.drive
    }

    /// What the longest queue on a link took to go at the last look.
    pub fn queue(&self, link: LinkId) -> Milliseconds {
        let (now, free) = (&self.now.links, &self.free.links);
        now[link.index()].saturating_sub(free[link.index()])
    }

    /// Time in a turn, and the mean wait that the plan of its signal costs there; `None` where there
    /// is no such turn.
    pub fn turn(&self, from: LinkId, to: LinkId) -> Option<(Milliseconds, Milliseconds)> {
        let turn = self.graph.turn(from, to)?.index();
        let drive = self.drive.turns[turn];
        let counted = self.free.turns[turn].saturating_sub(drive);
        Some((drive, (counted as f64 / SIGNAL_SHARE) as Milliseconds))
    }

    /// Time now from the end of a route's first link to the end of its last; `None` when its links
    /// do not follow one another.
    pub fn of_route(&self, route: &[LinkId]) -> Option<Milliseconds> {
        self.along(&self.now, route)
    }

    /// The same on empty roads.
    pub fn free_of_route(&self, route: &[LinkId]) -> Option<Milliseconds> {
        self.along(&self.free, route)
    }

    fn along(&self, costs: &Costs, route: &[LinkId]) -> Option<Milliseconds> {
        let mut sum = 0;
        for pair in route.windows(2) {
            let turn = self.graph.turn(pair[0], pair[1])?;
            sum += costs.turns[turn.index()] + costs.links[pair[1].index()];
        }
        Some(sum)
    }
}
