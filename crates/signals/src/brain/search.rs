//! The search for one signal's best sequence of phases: slot by slot, the best so many sequences
//! go on with each phase; each lane's part of the cost comes from its tree of patterns.

use super::lane::{Crossing, LaneQueue, Show, Slot};
use super::layout::SignalLayout;

/// How a signal stands when the plan starts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stand {
    /// Place among its phases of the phase it shows or changes to; `None` if that is none of them.
    pub(super) phase: Option<usize>,
    /// Since when that phase has been shown, or from when it will be, seconds from now.
    pub(super) since: f64,
}

/// What a search is bound by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Decisions looked ahead.
    pub(super) slots: usize,
    /// Seconds between them.
    pub(super) interval: f64,
    /// Sequences kept.
    pub(super) beam: usize,
    /// Cost of a change, vehicle seconds.
    pub(super) change: f64,
}

impl Reach {
    fn slot(&self, index: usize) -> Slot {
        Slot {
            start: index as f64 * self.interval,
            end: (index + 1) as f64 * self.interval,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Step {
    parent: u32,
    /// Place among the signal's phases; [`NO_PHASE`] at the root if it shows none of them.
    phase: u8,
    /// When this phase was or will be shown in full.
    since: f64,
    changes: u32,
    score: f64,
}

const NO_PHASE: u8 = u8::MAX;

/// One signal's search. Its memory is used again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    /// The signal's lanes, to be started before each run.
    pub(super) queues: Vec<LaneQueue>,
    /// The tree of sequences, slot by slot, and for each step its lanes' nodes.
    steps: Vec<Step>,
    nodes: Vec<u32>,
    order: Vec<u32>,
    /// What it came to: phases, slot by slot.
    pub(super) plan: Vec<u8>,
    /// Work that the last run did.
    pub(super) work: u64,
}

impl Search {
    /// Finds the best sequence of phases from how the signal stands.
    pub(super) fn run(&mut self, signal: &SignalLayout, stand: Stand, reach: &Reach) {
        let lanes = signal.lanes.len();
        self.steps.clear();
        self.nodes.clear();
        self.work = 0;
        self.steps.push(Step {
            parent: u32::MAX,
            phase: stand.phase.map_or(NO_PHASE, |phase| phase as u8),
            since: stand.since,
            changes: 0,
            score: 0.0,
        });
        self.nodes.extend(std::iter::repeat_n(0, lanes));
        let mut layer = (0, 1);
        for slot in 0..reach.slots {
            let start = self.steps.len();
            for parent in layer.0..layer.1 {
                self.expand(signal, parent, reach.slot(slot), reach.change);
            }
            if self.steps.len() - start > reach.beam {
                self.prune(start, lanes, reach.beam);
            }
            layer = (start, self.steps.len());
        }
        self.plan.clear();
        let mut at = self.best(layer);
        while self.steps[at].parent != u32::MAX {
            self.plan.push(self.steps[at].phase);
            at = self.steps[at].parent as usize;
        }
        self.plan.reverse();
    }

    /// The best of a layer, the first among equals; the root if it is empty.
    fn best(&self, layer: (usize, usize)) -> usize {
        let score = |step: usize| self.steps[step].score;
        (layer.0..layer.1)
            .reduce(|best, step| {
                if score(step) < score(best) {
                    step
                } else {
                    best
                }
            })
            .unwrap_or(0)
    }

    fn expand(&mut self, signal: &SignalLayout, parent: usize, slot: Slot, change: f64) {
        let lanes = signal.lanes.len();
        let before = self.steps[parent];
        let from = (before.phase != NO_PHASE).then_some(before.phase as usize);
        let must_stay =
            from.is_some_and(|from| slot.start < before.since + signal.minimum[from] - 1e-6);
        for to in 0..signal.phases.len() {
            let keeps = from == Some(to);
            if must_stay && !keeps {
                continue;
            }
            let since = since(signal, from, to, before.since, slot);
            let changes = before.changes + u32::from(!keeps);
            let mut score = change * f64::from(changes);
            for lane in 0..lanes {
                let node = self.nodes[parent * lanes + lane];
                let show = show(signal, lane, from, to, since);
                let child = self.queues[lane].child(node, show, slot, &mut self.work);
                score += self.queues[lane].node(child).score;
                self.nodes.push(child);
            }
            self.steps.push(Step {
                parent: parent as u32,
                phase: to as u8,
                since,
                changes,
                score,
            });
        }
    }

    /// Keeps the best so many of the steps from `start` on, in their order.
    fn prune(&mut self, start: usize, lanes: usize, beam: usize) {
        let steps = &self.steps;
        let order = &mut self.order;
        order.clear();
        order.extend(start as u32..steps.len() as u32);
        order.select_nth_unstable_by(beam - 1, |&a, &b| {
            let (left, right) = (steps[a as usize].score, steps[b as usize].score);
            left.total_cmp(&right).then(a.cmp(&b))
        });
        order.truncate(beam);
        order.sort_unstable();
        for (place, &step) in self.order.iter().enumerate() {
            let (from, to) = (step as usize, start + place);
            self.steps[to] = self.steps[from];
            self.nodes
                .copy_within(from * lanes..(from + 1) * lanes, to * lanes);
        }
        self.steps.truncate(start + beam);
        self.nodes.truncate((start + beam) * lanes);
    }

    /// Runs the plan once more and tells of each that crosses, and on which of the lanes.
    pub(super) fn replay(
        &self,
        signal: &SignalLayout,
        stand: Stand,
        reach: &Reach,
        mut crosses: impl FnMut(usize, Crossing),
    ) {
        for (lane, queue) in self.queues.iter().enumerate() {
            let mut node = *queue.node(0);
            let (mut from, mut shown) = (stand.phase, stand.since);
            for (index, &to) in self.plan.iter().enumerate() {
                let slot = reach.slot(index);
                shown = since(signal, from, to as usize, shown, slot);
                let show = show(signal, lane, from, to as usize, shown);
                queue.pass(&mut node, show, slot, &mut |crossing| {
                    crosses(lane, crossing);
                });
                from = Some(to as usize);
            }
        }
    }
}

/// When the phase `to` is shown in full if it is wished for in this slot, after `from` which was
/// since `before`.
fn since(signal: &SignalLayout, from: Option<usize>, to: usize, before: f64, slot: Slot) -> f64 {
    if from == Some(to) {
        before
    } else {
        slot.start.max(before) + signal.change(from, to)
    }
}

/// What a lane is shown when the signal goes from `from` to `to`, shown in full since `since`.
fn show(signal: &SignalLayout, lane: usize, from: Option<usize>, to: usize, since: f64) -> Show {
    let level = signal.service[to][lane];
    if level == 0 {
        return Show::Red;
    }
    let goes_on = from
        .is_some_and(|from| from == to || (!signal.clears_all && signal.service[from][lane] > 0));
    if goes_on {
        Show::Still(level)
    } else {
        Show::Fresh(level, since)
    }
}
