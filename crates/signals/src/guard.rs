//! The guard of one signal: the state machine that turns wishes into what is shown, and never
//! shows anything unsafe, whatever is wished and whenever.
//!
//! Every signal group has an aspect and knows since when. A change from phase A to phase B runs
//! group by group: those green in both stay green (with the weaker of the two aspects until the
//! change is over), those that lose green get yellow and then red, and each that gains green waits
//! until every group it meets has been red for its clearance time. Where the limits say so, the
//! plan's own clearance phase is shown for a fixed time instead.

use roads::{Aspect, Network, SignalId};

use crate::envelope::Overrides;
use crate::limits::{Limits, Promise, Timing};
use crate::observation::Wish;
use crate::phases::{PhaseIndex, SignalPhases};

/// Tolerance for comparing times, seconds.
const EPSILON: f64 = 1e-6;
/// Shortest red between a yellow and the next green of the same group, seconds.
const SHORTEST_RED: f64 = 1.0;

#[derive(Clone, Copy, Debug)]
struct Head {
    aspect: Aspect,
    /// When it became green, yellow or red (not: which green).
    since: f64,
    /// The last green aspect it showed.
    last_green: Aspect,
}

/// What a signal shows as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    /// A phase, in full.
    Phase(PhaseIndex),
    /// On the way to the target phase, group by group.
    Change,
}

/// The guard of one signal.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    phases: SignalPhases,
    timing: Timing,
    maximum_green: Option<f64>,
    timeout: f64,
    /// Longest red of a group that is served.
    bound: Option<f64>,
    /// The longest that a change can take, seconds.
    change: f64,
    /// The longest that a change and the minimum green after it can take, whatever the phase.
    longest_slot: f64,
    /// Phases that together serve every group, each with the longest that a change to it and its
    /// minimum green can take.
    cover: Vec<(PhaseIndex, f64)>,
    /// Per group: which of them serves it when it has waited too long.
    service: Vec<Option<u32>>,
    /// Scratch: how long some group has waited, and the place in `cover` of the phase that serves
    /// it; longest first.
    waits: Vec<(f64, u32)>,
    /// Per pair of groups: which pairs of green aspects may be shown together, as bits.
    together: Vec<u8>,

    heads: Vec<Head>,
    show: Show,
    target: PhaseIndex,
    /// When the target was shown in full, or the change to it began.
    since: f64,
    wish: Option<PhaseIndex>,
    heard: f64,
    fallback: bool,
    /// A wish whose delay has been counted.
    delayed: Option<PhaseIndex>,
    /// Until then no limit ends the present phase, if its controller keeps it.
    quiet_until: f64,
    now: f64,
}

/// The bit for a pair of green aspects.
const fn bit(a: Aspect, b: Aspect) -> u8 {
    1 << (matches!(a, Aspect::Protected) as u8 * 2 + matches!(b, Aspect::Protected) as u8)
}

/// All pairs that are no stronger than this one.
const fn weaker(a: Aspect, b: Aspect) -> u8 {
    use Aspect::{Permissive, Protected};
    let mut bits = bit(Permissive, Permissive) | bit(a, b);
    if matches!(a, Protected) {
        bits |= bit(Protected, Permissive);
    }
    if matches!(b, Protected) {
        bits |= bit(Permissive, Protected);
    }
    bits
}

/// How much an aspect lets traffic do.
const fn strength(aspect: Aspect) -> u8 {
    match aspect {
        Aspect::Red => 0,
        Aspect::Yellow => 1,
        Aspect::Permissive => 2,
        Aspect::Protected => 3,
    }
}

/// Why a phase is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Wish,
    Plan,
    Starvation,
    MaximumGreen,
}

impl Guard {
    /// A guard that shows the signal's first green phase at `now`; `None` if the signal has none.
    /// `tick` is the longest time between two calls of [`Guard::tick`].
    pub(crate) fn new(
        network: &Network,
        signal: SignalId,
        phases: SignalPhases,
        limits: &Limits,
        now: f64,
        tick: f64,
    ) -> Option<Self> {
        let &first = phases.green().first()?;
        let timing = Timing::new(network, signal, &phases, limits);
        let Promise {
            bound,
            change,
            longest_slot,
            cover,
        } = timing.promise(&phases, limits.starvation, tick);
        let service = (0..phases.groups)
            .map(|group| {
                let serves = |&(phase, _): &(PhaseIndex, f64)| phases.is_green(phase, group);
                let place = cover.iter().position(serves);
                place.map(|i| i as u32).filter(|_| !phases.free[group])
            })
            .collect();
        let heads = (0..phases.groups)
            .map(|group| Head {
                aspect: phases.aspects[first as usize][group],
                since: now,
                last_green: Aspect::Permissive,
            })
            .collect();
        let mut guard = Self {
            together: together(&phases),
            maximum_green: limits.maximum_green,
            timeout: limits.timeout,
            bound,
            change,
            longest_slot,
            waits: Vec::with_capacity(cover.len()),
            cover,
            service,
            heads,
            show: Show::Phase(first),
            target: first,
            since: now,
            wish: None,
            heard: now,
            fallback: false,
            delayed: None,
            quiet_until: now,
            now,
            phases,
            timing,
        };
        guard.remember_greens();
        Some(guard)
    }

    /// The phase shown or changed to.
    pub(crate) fn target(&self) -> PhaseIndex {
        self.target
    }

    /// Whether it is changing.
    pub(crate) fn is_clearing(&self) -> bool {
        self.show != Show::Phase(self.target)
    }

    /// Seconds for which the phase has been shown in full at `time`.
    pub(crate) fn elapsed(&self, time: f64) -> f64 {
        if self.is_clearing() {
            0.0
        } else {
            (time - self.since).max(0.0)
        }
    }

    /// Whether it follows its own plan.
    pub(crate) fn in_fallback(&self) -> bool {
        self.fallback
    }

    /// The longest red it allows.
    pub(crate) fn bound(&self) -> Option<f64> {
        self.bound
    }

    /// The phase, if what is shown is exactly a phase of the plan.
    pub(crate) fn shown_phase(&self) -> Option<PhaseIndex> {
        match self.show {
            Show::Phase(phase) if self.phases.verbatim[phase as usize] => Some(phase),
            _ => None,
        }
    }

    /// What each movement is shown, in the order of the signal's movements.
    pub(crate) fn aspects(&self) -> impl Iterator<Item = Aspect> + '_ {
        self.phases
            .group_of
            .iter()
            .map(|&group| self.heads[group as usize].aspect)
    }

    /// Per movement: seconds for which it has had no green at `time`.
    pub(crate) fn red_for(&self, time: f64) -> impl Iterator<Item = f64> + '_ {
        self.phases.group_of.iter().map(move |&group| {
            let head = &self.heads[group as usize];
            if head.aspect.is_green() {
                0.0
            } else {
                (time - head.since).max(0.0)
            }
        })
    }

    /// Takes what the controller says; `age` is how old its view is, seconds.
    pub(crate) fn hear(&mut self, wish: Wish, age: f64, now: f64, counts: &mut Overrides) {
        if wish == Wish::Silent {
            return;
        }
        // NaN fails both comparisons.
        if !(age >= -EPSILON && age <= self.timeout && now >= self.now - EPSILON) {
            counts.stale += 1;
            return;
        }
        match wish {
            Wish::Phase(phase) if self.phases.green().contains(&phase) => self.wish = Some(phase),
            Wish::Phase(_) => {
                counts.refused += 1;
                return;
            }
            Wish::Keep | Wish::Silent => {
                if self.fallback || self.wish.is_none() {
                    self.wish = Some(self.target);
                }
            }
        }
        self.heard = now - age.max(0.0);
        if self.fallback {
            self.fallback = false;
            counts.recoveries += 1;
        }
    }

    /// Takes the signal from its controller at once, until that speaks again.
    pub(crate) fn fall_back(&mut self, counts: &mut Overrides) {
        if !self.fallback {
            self.fallback = true;
            counts.fallbacks += 1;
        }
        self.wish = None;
    }

    /// Takes what the plant says it shows, movement by movement, for what is shown, and goes on
    /// from there: every time counts from now, and what is green beyond the next phase gets yellow.
    pub(crate) fn adopt(&mut self, shown: &[Aspect], now: f64) {
        for head in &mut self.heads {
            head.aspect = Aspect::Red;
        }
        for (&group, &aspect) in self.phases.group_of.iter().zip(shown) {
            let head = &mut self.heads[group as usize];
            if strength(aspect) > strength(head.aspect) {
                head.aspect = aspect;
            }
        }
        for head in &mut self.heads {
            head.since = now;
        }
        self.remember_greens();
        let is_shown = |&phase: &PhaseIndex| {
            let aspects = self.phases.aspects[phase as usize].iter();
            aspects
                .zip(&self.heads)
                .all(|(aspect, head)| *aspect == head.aspect)
        };
        let whole = self.phases.green().iter().copied().find(is_shown);
        self.now = now;
        self.since = now;
        self.quiet_until = now;
        self.delayed = None;
        if let Some(phase) = whole {
            self.target = phase;
            self.show = Show::Phase(phase);
        } else {
            let planned = self.phases.planned(now);
            self.begin(planned.unwrap_or(self.target));
        }
    }

    /// Two groups that are shown green together though no phase of the plan says that they may.
    pub(crate) fn conflict(&self, shown: &[Aspect]) -> Option<(usize, usize)> {
        let groups = self.heads.len();
        let conflicts = |a: usize, b: usize| {
            let (row, column) = (
                self.phases.group_of[a] as usize,
                self.phases.group_of[b] as usize,
            );
            shown[a].is_green()
                && shown[b].is_green()
                && self.together[row * groups + column] & bit(shown[a], shown[b]) == 0
        };
        self.phases
            .meetings
            .iter()
            .map(|meeting| (meeting.a, meeting.b))
            .find(|&(a, b)| a.max(b) < shown.len() && conflicts(a, b))
    }

    /// Lets time pass to `now`; true if what is shown has changed.
    pub(crate) fn tick(&mut self, now: f64, counts: &mut Overrides) -> bool {
        if !(now.is_finite() && now >= self.now) {
            return false; // a clock that runs backwards or is no number: nothing happens
        }
        self.now = now;
        if !self.fallback && now - self.heard > self.timeout + EPSILON {
            self.fallback = true;
            counts.fallbacks += 1;
        }
        let keeps = !self.fallback && self.wish.is_none_or(|wish| wish == self.target);
        if keeps && now < self.quiet_until && !self.is_clearing() {
            return false;
        }
        let mut changed = self.is_clearing() && self.progress();
        if !self.is_clearing() {
            let (next, reason) = self.choose();
            if next != self.target {
                if self.may_leave_for(next) {
                    match reason {
                        Reason::Starvation => counts.starvation += 1,
                        Reason::MaximumGreen => counts.maximum_green += 1,
                        Reason::Wish | Reason::Plan => {}
                    }
                    self.delayed = None;
                    self.begin(next);
                    changed = true;
                } else if reason == Reason::Wish && self.delayed != Some(next) {
                    self.delayed = Some(next);
                    counts.minimum_green += 1;
                }
            }
        }
        changed
    }

    /// The phase to show next, which may be the present one, and why.
    fn choose(&mut self) -> (PhaseIndex, Reason) {
        let (wish, reason) = if self.fallback {
            (self.phases.planned(self.now), Reason::Plan)
        } else {
            (self.wish, Reason::Wish)
        };
        let wish = wish.unwrap_or(self.target);
        self.measure_waits();
        let Some(&(_, place)) = self.waits.first() else {
            self.quiet_until = f64::INFINITY;
            return (wish, reason);
        };
        let (longest_waiting, _) = self.cover[place as usize];
        let must_serve = self.must_serve();
        if must_serve && longest_waiting != wish {
            return (longest_waiting, Reason::Starvation);
        }
        let ends = self
            .maximum_green
            .map_or(f64::INFINITY, |most| self.since + most);
        if wish == self.target && self.now >= ends - EPSILON {
            return (longest_waiting, Reason::MaximumGreen);
        }
        self.quiet_until = self.quiet_until.min(ends - EPSILON);
        (wish, reason)
    }

    /// For each covering phase that some red group waits for, how long that has been red; longest
    /// first.
    fn measure_waits(&mut self) {
        self.waits.clear();
        for place in 0..self.cover.len() as u32 {
            let longest = self
                .heads
                .iter()
                .zip(&self.service)
                .filter(|(head, service)| **service == Some(place) && !head.aspect.is_green())
                .map(|(head, _)| self.now - head.since)
                .fold(None, |most: Option<f64>, waited| {
                    Some(most.map_or(waited, |most| most.max(waited)))
                });
            if let Some(waited) = longest {
                self.waits.push((waited, place));
            }
        }
        self.waits
            .sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    }

    /// Whether the bound on red leaves the controller no choice: if any phase were shown once more,
    /// and then those who wait were served in turn, longest first, one of them would wait longer
    /// than the bound. If not, notes when it will be so.
    fn must_serve(&mut self) -> bool {
        self.quiet_until = f64::INFINITY;
        let Some(bound) = self.bound else {
            return false;
        };
        let mut before = self.longest_slot;
        let mut spare = f64::INFINITY;
        for &(waited, place) in &self.waits {
            spare = spare.min(bound - waited - before - self.change);
            before += self.cover[place as usize].1;
        }
        self.quiet_until = self.now + spare - EPSILON;
        spare <= EPSILON
    }

    /// Whether every group that would lose green has had its minimum.
    fn may_leave_for(&self, next: PhaseIndex) -> bool {
        (0..self.heads.len()).all(|group| {
            let head = self.heads[group];
            let loses = head.aspect.is_green()
                && (self.timing.clearance_phase.is_some() || !self.phases.is_green(next, group));
            !loses
                || self.phases.free[group]
                || self.now - head.since >= self.timing.minimum_green[group] - EPSILON
        })
    }

    fn begin(&mut self, next: PhaseIndex) {
        let now = self.now;
        self.target = next;
        self.since = now;
        self.quiet_until = now;
        if let Some((phase, _)) = self.timing.clearance_phase {
            self.show = Show::Phase(phase);
            self.set_all(phase);
            return;
        }
        self.show = Show::Change;
        for group in 0..self.heads.len() {
            let goal = self.phases.aspects[next as usize][group];
            let head = &mut self.heads[group];
            if !head.aspect.is_green() {
                continue;
            }
            if goal.is_green() {
                if goal == Aspect::Permissive {
                    head.aspect = goal;
                    head.last_green = goal;
                }
            } else {
                head.aspect = Aspect::Yellow;
                head.since = now;
            }
        }
        // Green to stay in both phases, but stronger in the next: it waits in `progress`.
        self.progress();
    }

    /// Carries a change on; true if anything shown has changed.
    fn progress(&mut self) -> bool {
        let (now, target) = (self.now, self.target);
        if let Some((_, seconds)) = self.timing.clearance_phase {
            if now - self.since < seconds - EPSILON {
                return false;
            }
            self.set_all(target);
            self.show = Show::Phase(target);
            self.since = now;
            return true;
        }
        let mut changed = false;
        for group in 0..self.heads.len() {
            let head = &mut self.heads[group];
            if head.aspect == Aspect::Yellow
                && now - head.since >= self.timing.yellow[group] - EPSILON
            {
                head.aspect = Aspect::Red;
                head.since = now;
                changed = true;
            }
        }
        let mut complete = true;
        for group in 0..self.heads.len() {
            let goal = self.phases.aspects[target as usize][group];
            let head = self.heads[group];
            if head.aspect == goal {
                continue;
            }
            let rested = match head.aspect {
                Aspect::Yellow => false,
                Aspect::Red => now - head.since >= SHORTEST_RED - EPSILON,
                Aspect::Permissive | Aspect::Protected => true,
            };
            if goal.is_green() && rested && self.may_show(group, goal) {
                let head = &mut self.heads[group];
                if !head.aspect.is_green() {
                    head.since = now;
                }
                head.aspect = goal;
                head.last_green = goal;
                changed = true;
            } else {
                complete = false;
            }
        }
        if complete {
            self.show = Show::Phase(target);
            self.since = now;
            changed = true;
        }
        changed
    }

    /// Whether a group may show this green now: every group it meets is green in a way that goes
    /// with it, or has been red for the clearance time.
    fn may_show(&self, group: usize, goal: Aspect) -> bool {
        let groups = self.heads.len();
        (0..groups).all(|other| {
            let Some(clearance) = self.timing.clearance[other * groups + group] else {
                return true;
            };
            let head = self.heads[other];
            let goes_with = self.together[group * groups + other] & bit(goal, head.last_green) != 0;
            match head.aspect {
                Aspect::Permissive | Aspect::Protected | Aspect::Yellow => goes_with,
                Aspect::Red => goes_with || self.now - head.since >= clearance - EPSILON,
            }
        })
    }

    fn set_all(&mut self, phase: PhaseIndex) {
        for (head, &aspect) in self
            .heads
            .iter_mut()
            .zip(&self.phases.aspects[phase as usize])
        {
            if head.aspect.is_green() != aspect.is_green() {
                head.since = self.now;
            }
            head.aspect = aspect;
        }
        self.remember_greens();
    }

    fn remember_greens(&mut self) {
        for head in &mut self.heads {
            if head.aspect.is_green() {
                head.last_green = head.aspect;
            }
        }
    }
}

/// Which green aspects of two groups may be shown together: any if they do not meet, else those
/// that some phase of the plan declares, and weaker ones.
fn together(phases: &SignalPhases) -> Vec<u8> {
    let groups = phases.groups;
    let mut table = vec![0b1111; groups * groups];
    for meeting in &phases.meetings {
        let (a, b) = (
            phases.group_of[meeting.a] as usize,
            phases.group_of[meeting.b] as usize,
        );
        for (a, b) in [(a, b), (b, a)] {
            table[a * groups + b] = phases
                .aspects
                .iter()
                .filter(|shown| shown[a].is_green() && shown[b].is_green())
                .fold(0, |bits, shown| bits | weaker(shown[a], shown[b]));
        }
    }
    table
}
