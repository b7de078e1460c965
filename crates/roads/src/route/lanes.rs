//! Ways that can be driven lane by lane: among fastest ways, those that need few lane changes.

use super::cost::{Costs, Milliseconds};
use super::workspace::Workspace;
use crate::model::{LaneId, LinkId, MovementId, Network};

/// A way with the movements to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneRoute {
    /// Links in the order of travel, both ends included.
    pub links: Vec<LinkId>,
    /// The movement from each link to the next.
    pub movements: Vec<MovementId>,
    /// Lanes to change in all, on the links between.
    pub lane_changes: u32,
    /// Time from the end of the first link to the end of the last, lane changes counted.
    pub cost: Milliseconds,
}

/// Finds fastest ways over lanes, where changing a lane costs time.
///
/// With a price of zero it finds the ways of [`Router`](super::Router); the higher the price, the
/// further it goes round to stay on lanes that lead on.
#[derive(Clone, Debug)]
pub struct LaneRouter<'a> {
    network: &'a Network,
    costs: Costs,
    change: Milliseconds,
    workspace: Workspace,
}

impl<'a> LaneRouter<'a> {
    /// Prepares; each lane changed costs `change`.
    ///
    /// # Panics
    /// When `costs` are those of another network.
    pub fn new(network: &'a Network, costs: Costs, change: Milliseconds) -> Self {
        assert_eq!(
            network.links.len(),
            costs.links.len(),
            "costs of this network"
        );
        Self {
            network,
            costs,
            change,
            workspace: Workspace::default(),
        }
    }

    /// The way between two links; `None` when there is none or no such link.
    pub fn path(&mut self, from: LinkId, to: LinkId) -> Option<LaneRoute> {
        let network = self.network;
        let start = network.links.get(from.index())?.lanes;
        let goal = network.links.get(to.index())?.lanes;
        let workspace = &mut self.workspace;
        workspace.begin(network.lanes.len());
        // A label is the lane on which one enters a link.
        for lane in start.start..start.end {
            workspace.offer(lane, 0, 0, None);
        }
        while let Some((cost, here)) = workspace.next() {
            if workspace.cost(here) != Some(cost) {
                continue;
            }
            if goal.contains(here) {
                return Some(self.trace(here, cost));
            }
            let link = network.lanes[here as usize].link;
            for lane in network.links[link.index()].lanes.range() {
                // On the first link one starts on any lane, so nothing needs changing.
                let changes = if start.contains(here) {
                    0
                } else {
                    Milliseconds::from((lane as u32).abs_diff(here))
                };
                if start.contains(here) && lane != here as usize {
                    continue;
                }
                for &movement in &network.lanes[lane].outgoing {
                    let movement = &network.movements[movement.index()];
                    let next = network.lanes[movement.to.index()].link;
                    let cost = cost
                        + changes * self.change
                        + self.costs.turns[movement.turn.index()]
                        + self.costs.links[next.index()];
                    workspace.offer(movement.to.0, cost, cost, Some(here));
                }
            }
        }
        None
    }

    fn trace(&self, lane: u32, cost: Milliseconds) -> LaneRoute {
        let network = self.network;
        let mut lanes: Vec<LaneId> = Vec::new();
        self.workspace.trace(lane, &mut lanes, LaneId);
        // The start is not in the trace; whatever movement leads to the first lane in it comes
        // from the start.
        let mut route = LaneRoute {
            links: Vec::with_capacity(lanes.len() + 1),
            movements: Vec::with_capacity(lanes.len()),
            lane_changes: 0,
            cost,
        };
        let mut before: Option<LaneId> = None;
        for &lane in &lanes {
            let here = before.map(|lane| network.lanes[lane.index()].link);
            let movement = network.lanes[lane.index()]
                .incoming
                .iter()
                .copied()
                .filter(|movement| {
                    let from = network.movements[movement.index()].from;
                    let link = network.lanes[from.index()].link;
                    here.map_or_else(
                        || self.workspace.cost(from.0) == Some(0),
                        |here| link == here,
                    )
                })
                .min_by_key(|movement| {
                    let movement = &network.movements[movement.index()];
                    let changes = before.map_or(0, |lane| movement.from.0.abs_diff(lane.0));
                    let turn = self.costs.turns[movement.turn.index()];
                    Milliseconds::from(changes) * self.change + turn
                });
            if let Some(id) = movement {
                let movement = &network.movements[id.index()];
                let from = network.lanes[movement.from.index()].link;
                route.lane_changes += before.map_or(0, |lane| movement.from.0.abs_diff(lane.0));
                route.links.push(from);
                route.movements.push(id);
            }
            before = Some(lane);
        }
        let end = network.lanes[lane as usize].link;
        route.links.push(end);
        route
    }
}

/// The fewest lane changes with which a route can be driven, by whoever may choose the lane to
/// start on; `None` when some link is not joined to the next.
pub fn fewest_lane_changes(network: &Network, route: &[LinkId]) -> Option<u32> {
    let lanes_of = |link: LinkId| network.links.get(link.index()).map(|link| link.lanes);
    let first = lanes_of(*route.first()?)?;
    // By lane of the current link: changes needed to enter it there.
    let mut entered: Vec<(u32, u32)> = (first.start..first.end).map(|lane| (lane, 0)).collect();
    for (leg, pair) in route.windows(2).enumerate() {
        let (here, next) = (lanes_of(pair[0])?, lanes_of(pair[1])?);
        let mut reached: Vec<(u32, u32)> = Vec::new();
        for lane in here.start..here.end {
            let before = entered
                .iter()
                .map(|&(at, changes)| {
                    let more = if leg == 0 && at != lane {
                        u32::MAX
                    } else {
                        lane.abs_diff(at)
                    };
                    changes.saturating_add(more)
                })
                .min()?;
            for &movement in &network.lanes[lane as usize].outgoing {
                let to = network.movements[movement.index()].to.0;
                if !next.contains(to) {
                    continue;
                }
                match reached.iter_mut().find(|(at, _)| *at == to) {
                    Some((_, least)) => *least = before.min(*least),
                    None => reached.push((to, before)),
                }
            }
        }
        if reached.is_empty() {
            return None;
        }
        entered = reached;
    }
    entered.into_iter().map(|(_, changes)| changes).min()
}
