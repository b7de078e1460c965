//! How phases serve a lane: which of its ways they open, and how freely those flow.

use roads::{Aspect, LaneId, MovementId, Network};

use super::layout::Onward;
use crate::phases::{PhaseIndex, SignalPhases};

/// How much of a protected green's flow a permissive one lets pass.
const PERMISSIVE: f64 = 0.5;
/// Distinct ways in which phases serve a lane that are told apart.
pub(super) const LEVELS: usize = 4;
/// All ways out of a lane.
pub(super) const ALL_WAYS: u64 = u64::MAX;

/// How a phase serves a lane.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Level {
    /// Per way out of the lane, in the order of [`LaneLayout::onward`]: share of a full flow at which
    /// those pass who take it, in `0.0..=1.0`; 0 where it is shut.
    pub(super) flows: Vec<f64>,
    /// The ways that are open, a bit for each; [`ALL_WAYS`] when all are that are held at times.
    pub(super) ways: u64,
}

impl Level {
    /// Share of a full flow at which those pass who may, if of the lane's vehicles these shares take
    /// each way: the harmonic mean, since each holds up those behind it for its own headway.
    pub(super) fn flow(&self, shares: &[f64]) -> f64 {
        let mut open = self.flows.iter().copied().filter(|&flow| flow > 0.0);
        let first = open.next().unwrap_or(1.0);
        if open.all(|flow| same(flow, first)) {
            return first;
        }
        let (mut sum, mut headways) = (0.0, 0.0);
        for (&flow, &share) in self.flows.iter().zip(shares) {
            if flow > 0.0 {
                sum += share;
                headways += share / flow;
            }
        }
        if headways > 0.0 {
            sum / headways
        } else {
            first
        }
    }
}

/// Whether two shares of a full flow are the same.
pub(super) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// The bit of a way out of a lane, by its place among them; those far beyond share the last.
pub(super) fn bit(place: usize) -> u64 {
    1 << place.min(63)
}

/// How a phase serves a lane of these ways `onward`; `None` if it does not. On a lane that serves
/// several ways, those that are always open say nothing about the others: who waits for another
/// stands in their way, too.
pub(super) fn lane_level(
    network: &Network,
    movements: &[MovementId],
    phases: &SignalPhases,
    phase: PhaseIndex,
    lane: LaneId,
    onward: &[Onward],
) -> Option<Level> {
    let link = |movement: MovementId| {
        let to = network.movements[movement.index()].to;
        network.lanes[to.index()].link
    };
    let own = |position: &usize| network.movements[movements[*position].index()].from == lane;
    let group = |position: usize| phases.group_of[position] as usize;
    let all: Vec<usize> = (0..movements.len()).filter(own).collect();
    let held = all.iter().copied().filter(|&at| !phases.free[group(at)]);
    let mut held: Vec<usize> = held.collect();
    if held.is_empty() {
        held.clone_from(&all);
    }
    let flow_of = |position: usize| match phases.aspects[phase as usize][group(position)] {
        Aspect::Protected => 1.0,
        Aspect::Permissive if phases.free[group(position)] => 1.0,
        Aspect::Permissive => PERMISSIVE,
        Aspect::Red | Aspect::Yellow => 0.0,
    };
    if held.iter().all(|&at| flow_of(at) <= 0.0) {
        return None;
    }
    let mut flows = vec![0.0_f64; onward.len()];
    for &at in &all {
        let to = link(movements[at]);
        if let Some(place) = onward.iter().position(|way| way.link == to) {
            flows[place] = flows[place].max(flow_of(at));
        }
    }
    let ways = if held.iter().all(|&at| flow_of(at) > 0.0) {
        ALL_WAYS
    } else {
        let open = flows.iter().enumerate().filter(|&(_, &flow)| flow > 0.0);
        open.fold(0, |all, (place, _)| all | bit(place))
    };
    Some(Level { flows, ways })
}

/// The number of this level, counted from 1. That of the nearest known one when there are too many.
pub(super) fn number(known: &mut Vec<Level>, level: Level) -> u8 {
    let gap = |other: &Level| {
        let ways = if other.ways == level.ways { 0.0 } else { 1.0 };
        let pairs = other.flows.iter().zip(&level.flows);
        ways + pairs.map(|(a, b)| (a - b).abs()).sum::<f64>()
    };
    let nearest = (0..known.len()).min_by(|&a, &b| gap(&known[a]).total_cmp(&gap(&known[b])));
    match nearest {
        Some(index) if gap(&known[index]) < 0.01 || known.len() == LEVELS => index as u8 + 1,
        _ => {
            known.push(level);
            known.len() as u8
        }
    }
}
