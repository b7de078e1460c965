//! The approach to a stop line where it is longer than its last lane.
//!
//! SUMO's networks cut roads into edges wherever anything changes; many a stop line has a last
//! lane of a metre or less. A detector or camera does not care: it sees so many metres back from
//! the stop line. So a lane that a signal controls is also given the vehicles behind it, as far as
//! they can only come to it through places without a signal. Where a lane behind leads to several,
//! its vehicles are dealt out in turn, for nobody at the kerb knows where they will go.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use roads::{LaneId, Network};

/// How many lanes in a row are followed upstream.
const STEPS_MAX: u32 = 16;
/// How many ways from a lane to the same stop line are told apart; lanes behind it are found over
/// the shortest of them only.
const WAYS_MAX: u32 = 8;

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
    let held = network.lanes_at_signals();
    let mut found = Vec::new();
    for stop in (0..network.lanes.len()).filter(|&lane| held[lane]) {
        let approach = Approach {
            network,
            held: &held,
            reach,
            steps: Vec::new(),
        };
        approach.follow(LaneId::from(stop), &mut found);
    }
    found
}

/// A lane on the way back from a stop line.
#[derive(Clone, Copy)]
struct Step {
    lane: LaneId,
    /// From the end of the lane to the stop line, metres.
    offset: f64,
    branch: usize,
    of: usize,
    /// The step from which it was found.
    after: Option<usize>,
    /// Lanes from the stop line on.
    depth: u32,
}

/// The lanes behind one stop line.
struct Approach<'a> {
    network: &'a Network,
    held: &'a [bool],
    reach: f64,
    steps: Vec<Step>,
}

impl Approach<'_> {
    /// Nearest first, each lane a few times at most: work is bounded by the lanes within reach,
    /// however they lead into one another.
    fn follow(mut self, stop: LaneId, found: &mut Vec<Feeder>) {
        let mut followed: HashMap<LaneId, u32> = HashMap::new();
        // Distances are not negative, so their bits are in their order.
        let mut next = BinaryHeap::from([Reverse((0_u64, 0_usize))]);
        self.steps.push(Step {
            lane: stop,
            offset: 0.0,
            branch: 0,
            of: 1,
            after: None,
            depth: 1,
        });
        while let Some(Reverse((_, at))) = next.pop() {
            let step = self.steps[at];
            let times = followed.entry(step.lane).or_insert(0);
            *times += 1;
            if *times > WAYS_MAX {
                continue;
            }
            if at > 0 {
                found.push(Feeder {
                    lane: stop,
                    behind: step.lane,
                    offset: step.offset,
                    branch: step.branch,
                    of: step.of,
                });
            }
            let first = self.steps.len();
            self.behind(at);
            let more = self.steps.iter().enumerate().skip(first);
            next.extend(more.map(|(index, step)| Reverse((step.offset.to_bits(), index))));
        }
    }

    /// Adds the lanes that lead to one without passing a stop line.
    fn behind(&mut self, at: usize) {
        let step = self.steps[at];
        let offset = step.offset + self.network.lanes[step.lane.index()].length;
        if offset >= self.reach || step.depth > STEPS_MAX {
            return;
        }
        for &movement in &self.network.lanes[step.lane.index()].incoming {
            let behind = self.network.movements[movement.index()].from;
            let ways = &self.network.lanes[behind.index()].outgoing;
            if self.held[behind.index()] || self.is_on_the_way(at, behind) {
                continue;
            }
            let Some(place) = ways.iter().position(|&way| way == movement) else {
                continue;
            };
            self.steps.push(Step {
                lane: behind,
                offset: offset + self.network.movements[movement.index()].length,
                // By the way that they take first, and of those in turn by the next.
                branch: place.saturating_add(ways.len().saturating_mul(step.branch)),
                of: ways.len().saturating_mul(step.of),
                after: Some(at),
                depth: step.depth + 1,
            });
        }
    }

    fn is_on_the_way(&self, at: usize, lane: LaneId) -> bool {
        let mut way = std::iter::successors(Some(at), |&at| self.steps[at].after);
        way.any(|at| self.steps[at].lane == lane)
    }
}

#[cfg(test)]
mod tests;
