//! One lane's queue under every pattern of green and red that the search asks for.
//!
//! A lane is a list of vehicles with the times at which each would reach the stop line undisturbed.
//! In green the first that waits crosses after a short reaction, the second after a longer one, the
//! others at saturation headway; who arrives in a green without a queue crosses at once. What a
//! junction's lanes do depends only on their own greens, so each pattern is worked out once for
//! each lane and shared by all phase sequences that have it.
//!
//! On a lane that serves several ways, a green for only some of them lasts until somebody is first
//! who wants another. Who that is nobody knows; where a share `q` of the vehicles may pass,
//! `q / (1 - q)` do on the whole before (the mean of a geometric distribution), and once somebody
//! is known to wait for another way, the next green for that one lets him go first. Sources: the
//! shared-lane models of the Highway Capacity Manual 7 (chapter 31, "first-term saturation flow of
//! shared lanes": vehicles before the first that blocks) take the same mean.

use super::levels::{ALL_WAYS, LEVELS};
use super::settings::Discharge;

/// A vehicle, or a share of one, that comes to the stop line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Arrival {
    /// When it would get there undisturbed, seconds from now.
    pub(super) time: f64,
    /// How much of a vehicle it is.
    pub(super) weight: f64,
}

/// Somebody crosses the stop line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Crossing {
    pub(super) time: f64,
    pub(super) weight: f64,
    /// Seconds since its green began.
    pub(super) after: f64,
    /// The ways that are open to it.
    pub(super) ways: u64,
}

/// How a level serves a lane just now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Serve {
    /// Share of a full flow at which those pass who may.
    pub(super) flow: f64,
    /// The ways that are open, see [`super::levels::Level`].
    pub(super) ways: u64,
    /// Per level of the lane: share of those who may not pass in that one who may in this.
    pub(super) freed: [f64; LEVELS],
    /// Share of its vehicles that may pass.
    pub(super) share: f64,
}

impl Serve {
    /// Everybody may pass.
    pub(super) const fn all(flow: f64) -> Self {
        Self {
            flow,
            ways: ALL_WAYS,
            freed: [1.0; LEVELS],
            share: 1.0,
        }
    }

    /// Vehicles that pass before one is first who may not, if the first may pass with this
    /// probability and of the others nothing is known.
    fn before_block(&self, first: f64) -> f64 {
        if self.ways == ALL_WAYS {
            f64::INFINITY
        } else {
            first / (1.0 - self.share).max(LEAST_BLOCKING)
        }
    }
}

/// Least share of vehicles that block a lane of several ways, however few have been seen.
const LEAST_BLOCKING: f64 = 0.02;

/// What a lane is shown in a slot of the plan. Levels count from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Show {
    Red,
    /// Green of this level from this time on.
    Fresh(u8, f64),
    /// The green that it has goes on, at this level.
    Still(u8),
}

/// A stretch of the plan between two decisions, seconds from now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slot {
    pub(super) start: f64,
    pub(super) end: f64,
}

/// A lane at the start of the plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// The level of its green and since when, if it has green.
    pub(super) green: Option<(u8, f64)>,
    /// The level of a green, or the last, that has ended because who is first wants another way; 0
    /// if nothing is known of who is first.
    pub(super) stuck: u8,
    /// What a second of delay counts.
    pub(super) value: f64,
    /// How many vehicles there will be room for beyond.
    pub(super) room: f64,
    pub(super) discharge: Discharge,
    /// Seconds that a vehicle left in red at the end has to wait still.
    pub(super) red_at_end: f64,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            green: None,
            stuck: 0,
            value: 1.0,
            room: f64::INFINITY,
            discharge: Discharge::default(),
            red_at_end: 0.0,
        }
    }
}

const NONE: u32 = u32::MAX;

/// A lane after some pattern of slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The first vehicle that has not crossed.
    next: u32,
    /// From when it may cross.
    free_at: f64,
    /// When the present green began; infinite in red.
    green_since: f64,
    /// Share of a full flow that passes in the present green.
    flow: f64,
    /// The level of the present or last green.
    level: u8,
    /// Vehicles that may still cross before one is first who wants another way.
    way: f64,
    /// The level in which somebody was first who wants another way, and still is; 0 for none.
    stuck: u8,
    /// Vehicles that may still cross before there is no room beyond.
    room: f64,
    /// Delay of those who have crossed, vehicle seconds.
    delay: f64,
    /// What sequences are compared by: delay so far, of those who wait, too, and what is to come
    /// of them.
    pub(super) score: f64,
    children: [u32; 2 * LEVELS + 1],
}

/// One lane.
#[derive(Clone, Debug, Default)]
pub(super) struct LaneQueue {
    arrivals: Vec<Arrival>,
    /// Sums of weights, and of weights by times, of the first so many arrivals.
    sums: Vec<(f64, f64)>,
    levels: Vec<Serve>,
    start: Start,
    nodes: Vec<Node>,
}

impl LaneQueue {
    /// Takes the lane's arrivals, in the order in which they come, and how it stands.
    pub(super) fn start(&mut self, arrivals: &[Arrival], levels: &[Serve], start: Start) {
        self.arrivals.clear();
        self.arrivals.extend_from_slice(arrivals);
        self.levels.clear();
        self.levels.extend_from_slice(levels);
        self.start = start;
        self.sums.clear();
        let mut sum = (0.0, 0.0);
        self.sums.push(sum);
        for arrival in arrivals {
            sum.0 += arrival.weight;
            sum.1 += arrival.weight * arrival.time;
            self.sums.push(sum);
        }
        self.nodes.clear();
        let mut node = Node {
            next: 0,
            free_at: f64::NEG_INFINITY,
            green_since: start.green.map_or(f64::INFINITY, |(_, since)| since),
            flow: 1.0,
            level: 0,
            way: f64::INFINITY,
            stuck: start.stuck,
            room: start.room,
            delay: 0.0,
            score: 0.0,
            children: [NONE; 2 * LEVELS + 1],
        };
        if let Some((level, _)) = start.green {
            self.open(&mut node, level);
        }
        self.nodes.push(node);
    }

    /// Green of this level begins, or goes on after another.
    fn open(&self, node: &mut Node, level: u8) {
        let serve = &self.levels[level as usize - 1];
        node.flow = serve.flow;
        node.level = level;
        let first = match node.stuck {
            0 => serve.share,
            stuck => serve.freed[stuck as usize - 1],
        };
        node.way = serve.before_block(first);
        if node.way >= 0.5 {
            node.stuck = 0;
        }
    }

    pub(super) fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// The lane after one more slot. `work` counts what had to be done.
    pub(super) fn child(&mut self, node: u32, show: Show, slot: Slot, work: &mut u64) -> u32 {
        let key = match show {
            Show::Red => 0,
            Show::Fresh(level, _) => 2 * level as usize - 1,
            Show::Still(level) => 2 * level as usize,
        };
        *work += 1;
        let known = self.nodes[node as usize].children[key];
        if known != NONE {
            return known;
        }
        let mut after = self.nodes[node as usize];
        after.children = [NONE; 2 * LEVELS + 1];
        self.pass(&mut after, show, slot, &mut |_| *work += 1);
        after.score = self.start.value * self.score(&after, slot.end);
        let id = self.nodes.len() as u32;
        self.nodes.push(after);
        self.nodes[node as usize].children[key] = id;
        id
    }

    /// Lets a slot pass, telling of each that crosses.
    pub(super) fn pass(
        &self,
        node: &mut Node,
        show: Show,
        slot: Slot,
        crosses: &mut impl FnMut(Crossing),
    ) {
        if !matches!(show, Show::Still(_)) {
            if node.green_since < slot.start {
                let until = slot.start + self.start.discharge.run_out;
                self.discharge(node, until, crosses);
            }
            node.green_since = f64::INFINITY;
        }
        match show {
            Show::Red => return,
            Show::Fresh(level, since) => {
                node.green_since = since;
                self.open(node, level);
            }
            Show::Still(level) => {
                if level != node.level {
                    if node.stuck != 0 {
                        let starts = slot.start + self.start.discharge.reaction;
                        node.free_at = node.free_at.max(starts);
                    }
                    self.open(node, level);
                }
            }
        }
        if node.green_since < slot.end {
            self.discharge(node, slot.end, crosses);
        }
    }

    fn discharge(&self, node: &mut Node, until: f64, crosses: &mut impl FnMut(Crossing)) {
        let pace = &self.start.discharge;
        let ready = node.green_since + pace.reaction;
        while let Some(arrival) = self.arrivals.get(node.next as usize) {
            let starts = arrival.time < ready && node.free_at < ready;
            let time = if starts {
                ready
            } else {
                arrival.time.max(node.free_at)
            };
            if time >= until || node.room < arrival.weight {
                break;
            }
            if node.way < arrival.weight / 2.0 {
                node.stuck = node.level;
                break;
            }
            node.way -= arrival.weight;
            node.delay += arrival.weight * (time - arrival.time);
            node.room -= arrival.weight;
            crosses(Crossing {
                time,
                weight: arrival.weight,
                after: time - node.green_since,
                ways: self.levels[node.level as usize - 1].ways,
            });
            let gap = pace.headway + if starts { pace.second } else { 0.0 };
            node.free_at = time + gap * arrival.weight / node.flow;
            node.next += 1;
        }
    }

    fn score(&self, node: &Node, end: f64) -> f64 {
        let next = node.next as usize;
        let come = self.arrivals[next..]
            .iter()
            .take_while(|arrival| arrival.time < end)
            .count();
        let (before, now) = (self.sums[next], self.sums[next + come]);
        let waiting = now.0 - before.0;
        let waited = waiting * end - (now.1 - before.1);
        let in_red = node.green_since >= end;
        let rest = if in_red { self.start.red_at_end } else { 0.0 };
        node.delay + waited + waiting * rest
    }
}

#[cfg(test)]
mod tests;
