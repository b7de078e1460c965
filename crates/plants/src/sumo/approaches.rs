//! The approach to a stop line where it is longer than its last lane.
//!
//! SUMO's networks cut roads into edges wherever anything changes; many a stop line has a last
//! lane of a metre or less. A detector or camera does not care: it sees so many metres back from
//! the stop line. So a lane that a signal controls is also given the vehicles behind it, as far as
//! they can only come to it through places without a signal. Where a lane behind leads to several,
//! its vehicles are dealt out in turn, for nobody at the kerb knows where they will go.

use roads::{LaneId, Network};

/// How many lanes in a row are followed upstream.
const STEPS_MAX: usize = 16;

/// A lane whose vehicles also count on another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Feeder {
    /// The lane with the stop line.
    pub(super) lane: LaneId,
    /// The lane behind it.
    pub(super) behind: LaneId,
    /// From the end of the lane behind to the stop line, metres.
    pub(super) offset: f64,
    /// Of its vehicles, front to back, each `of`-th counts, from number `branch` on.
    pub(super) branch: usize,
    pub(super) of: usize,
}

/// The lanes behind all lanes with a stop line, up to `reach` metres from it.
pub(super) fn feeders(network: &Network, reach: f64) -> Vec<Feeder> {
    let held = held(network);
    let mut found = Vec::new();
    for index in (0..network.lanes.len()).filter(|&lane| held[lane]) {
        let start = Step {
            lane: LaneId::from(index),
            offset: 0.0,
            branch: 0,
            of: 1,
        };
        let mut path = vec![start.lane];
        follow(network, &held, reach, start, &mut path, &mut found);
    }
    found
}

/// Per lane: whether a signal stands at its end.
pub(super) fn held(network: &Network) -> Vec<bool> {
    let mut held = vec![false; network.lanes.len()];
    for movement in network.signals.iter().flat_map(|signal| &signal.movements) {
        held[network.movements[movement.index()].from.index()] = true;
    }
    held
}

#[derive(Clone, Copy)]
struct Step {
    lane: LaneId,
    /// From the end of the lane to the stop line, metres.
    offset: f64,
    branch: usize,
    of: usize,
}

fn follow(
    network: &Network,
    held: &[bool],
    reach: f64,
    step: Step,
    path: &mut Vec<LaneId>,
    found: &mut Vec<Feeder>,
) {
    let offset = step.offset + network.lanes[step.lane.index()].length;
    if offset >= reach || path.len() > STEPS_MAX {
        return;
    }
    for &movement in &network.lanes[step.lane.index()].incoming {
        let behind = network.movements[movement.index()].from;
        let ways = &network.lanes[behind.index()].outgoing;
        if path.contains(&behind) || held[behind.index()] {
            continue;
        }
        let Some(place) = ways.iter().position(|&way| way == movement) else {
            continue;
        };
        let next = Step {
            lane: behind,
            offset: offset + network.movements[movement.index()].length,
            branch: step.branch + step.of * place,
            of: step.of * ways.len(),
        };
        found.push(Feeder {
            lane: path[0],
            behind,
            offset: next.offset,
            branch: next.branch,
            of: next.of,
        });
        path.push(behind);
        follow(network, held, reach, next, path, found);
        path.pop();
    }
}
