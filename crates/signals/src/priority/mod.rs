//! Priority for emergency vehicles, and in a weaker form for trams and buses, over whatever
//! controller there is.
//!
//! [`Priority`] stands before another controller and changes its wishes at signals that a vehicle
//! on a [`Desk`] will need: the vehicle's own report says where it is and where it goes, the
//! observation who stands before it. Every second, for each signal ahead (`wave`):
//!
//! * when the vehicle comes to the stop line, driving freely;
//! * how long the queue before it needs to clear, by the discharge that [`crate::brain`] reckons
//!   with, and how long the signal needs before it can show the phase: minimum green, yellow,
//!   clearance;
//! * green is asked for when what is left is no more than that and a margin, and kept until the
//!   vehicle has passed: a wave of greens, each no earlier than its queue asks for.
//!
//! Where several need one signal they take turns (`turns`). When a vehicle has passed, the phase
//! that lost most green gets it back, up to a bound, and then the controller behind goes on.
//!
//! It only wishes: the safety envelope keeps every minimum, clearance and bound on red as ever. It
//! asks for nothing while nobody is on the desk: then the controller behind decides as it would
//! alone, to the bit.

mod approach;
mod desk;
mod reds;
mod settings;
mod turns;
mod wave;

use roads::{Network, SignalId};

pub use desk::{Claim, Desk, Report, Service};
pub use settings::Settings;

use approach::Plan;
use reds::Reds;
use turns::Turns;
use wave::{Need, needs, until_shown};

use crate::controller::{Controller, Detail};
use crate::envelope::Envelope;
use crate::limits::LimitsTable;
use crate::observation::{Observation, Wish, Wishes};
use crate::phases::PhaseIndex;
use crate::runner::next_decision;

/// Tolerance for comparing times, seconds.
const EPSILON: f64 = 1e-6;

/// What is shown has to last this much longer than until a vehicle is at the stop line, seconds.
const PASSING: f64 = 4.0;

/// When the controller behind is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Seconds between two of its decisions.
    pub interval: f64,
    /// When its next one is due, seconds.
    pub next: f64,
    /// Seconds between two decisions of priority: the plant's tick.
    pub tick: f64,
}

/// Clears the way over another controller.
pub struct Priority {
    behind: Box<dyn Controller>,
    pace: Pace,
    desk: Desk,
    settings: Settings,
    plan: Plan,
    turns: Vec<Turns>,
    reds: Vec<Reds>,
    /// What the controller behind wished last.
    wished: Wishes,
    /// Per signal: whether its wishes were changed at the last decision.
    changed: Vec<bool>,
    last: Option<f64>,
}

impl Priority {
    /// Over a controller of a network whose signals keep these limits.
    pub fn new(
        network: &Network,
        limits: &LimitsTable,
        behind: Box<dyn Controller>,
        pace: Pace,
        desk: Desk,
        settings: Settings,
    ) -> Self {
        let mut plan = Plan::new(network, limits, pace.tick);
        let reds = std::mem::take(&mut plan.reds);
        let signals = plan.posts.len();
        Self {
            behind,
            pace,
            desk,
            settings,
            plan,
            turns: vec![Turns::default(); signals],
            reds,
            wished: Wishes::new(signals),
            changed: vec![false; signals],
            last: None,
        }
    }

    /// Takes over from an envelope how long movements have been red.
    pub(crate) fn adopt(&mut self, envelope: &Envelope, now: f64) {
        for (signal, reds) in self.reds.iter_mut().enumerate() {
            reds.adopt(envelope, SignalId::from(signal), now);
        }
    }

    /// Per signal, who needs it now, by whose turn it is.
    fn needs_now(&self, turns: &[Turns], seen: &Observation) -> Vec<Vec<Need<'_>>> {
        let mut all: Vec<Vec<Need<'_>>> = turns.iter().map(|_| Vec::new()).collect();
        self.desk.each(|vehicle, report| {
            needs(&self.plan, &self.settings, seen, vehicle, report, |need| {
                let signal = need.approach.signal.index();
                let due = self.is_due(&need, &turns[signal], seen);
                if due && !all[signal].iter().any(|n| n.vehicle == vehicle) {
                    all[signal].push(need);
                }
            });
        });
        all
    }

    /// Whether a vehicle needs the signal now: to have its green, to keep it, or to keep the
    /// controller behind from beginning what could not be ended in time.
    fn is_due(&self, need: &Need<'_>, turns: &Turns, seen: &Observation) -> bool {
        let signal = need.approach.signal.index();
        let settings = &self.settings;
        let served = self.is_served(need, seen);
        if let Claim::Transit { late } = need.claim {
            let near = if served {
                settings.extension
            } else {
                settings.early
            };
            let lead = need.clears
                + if served {
                    0.0
                } else {
                    self.plan.posts[signal].change
                };
            return late >= settings.late_enough
                && need.arrives <= near.max(lead)
                && turns.may_favour(need.vehicle, seen.time, settings);
        }
        let holds = turns.hold.is_some_and(|hold| hold.vehicle == need.vehicle);
        let lead = self
            .lead(need, seen)
            .max(self.lead_after_behind(need, seen));
        holds
            || need.arrives <= lead.min(settings.longest_lead)
            || self.to_serve_first(need, seen).is_some()
    }

    /// A phase that the envelope would otherwise serve just when the vehicle needs its green, if
    /// there is time to serve it before.
    fn to_serve_first(&self, need: &Need<'_>, seen: &Observation) -> Option<PhaseIndex> {
        let signal = need.approach.signal.index();
        if seen.clearing.get(signal).copied().unwrap_or(false) {
            return None;
        }
        let (ends, first) = self.reds[signal].ends(signal, seen)?;
        let post = &self.plan.posts[signal];
        let minimum = post.minimum.get(first as usize).copied().unwrap_or(0.0);
        let present = seen.phase.get(signal).copied().flatten()?;
        let own = post.minimum.get(present as usize).copied().unwrap_or(0.0);
        let elapsed = seen.elapsed.get(signal).copied().unwrap_or(0.0);
        let needed = (own - elapsed).max(0.0)
            + minimum
            + 2.0 * post.change
            + need.clears
            + self.settings.margin;
        let in_time = (needed..needed + self.settings.longest_lead).contains(&need.arrives);
        let foreign = !need.approach.phases.contains(&first);
        (foreign && in_time && ends < need.arrives + PASSING).then_some(first)
    }

    fn is_served(&self, need: &Need<'_>, seen: &Observation) -> bool {
        let signal = need.approach.signal.index();
        let present = seen.phase.get(signal).copied().flatten();
        present.is_some_and(|phase| need.approach.phases.contains(&phase))
    }

    /// How long before it comes a vehicle's green has to be asked for, as the signal stands.
    fn lead(&self, need: &Need<'_>, seen: &Observation) -> f64 {
        let signal = need.approach.signal.index();
        let phases = need.approach.phases.iter();
        let soonest = phases
            .map(|&phase| until_shown(&self.plan, signal, seen, phase))
            .fold(f64::INFINITY, f64::min);
        need.clears + soonest + self.settings.margin
    }

    /// The same if the controller behind had its way now.
    fn lead_after_behind(&self, need: &Need<'_>, seen: &Observation) -> f64 {
        let signal = need.approach.signal.index();
        let next = self.instead(signal, seen);
        let present = seen.phase.get(signal).copied().flatten();
        if present == Some(next) || need.approach.phases.contains(&next) {
            return 0.0;
        }
        let post = &self.plan.posts[signal];
        let minimum = post.minimum.get(next as usize).copied().unwrap_or(0.0);
        need.clears + 2.0 * post.change + minimum + self.settings.keep
    }

    /// The phase for a vehicle: the present one if it serves, else the one that most others who
    /// need the signal share, and most vehicles wait for; `held` is the one held until now.
    fn phase_for(
        &self,
        need: &Need<'_>,
        all: &[Need<'_>],
        held: Option<PhaseIndex>,
        seen: &Observation,
    ) -> PhaseIndex {
        let signal = need.approach.signal.index();
        let present = seen.phase.get(signal).copied().flatten();
        if matches!(need.claim, Claim::Mission { .. })
            && let Some(first) = self.to_serve_first(need, seen)
        {
            return first;
        }
        // Not yet: what is shown stays until its green is due.
        let early = !self.is_served(need, seen)
            && matches!(need.claim, Claim::Mission { .. })
            && need.arrives > self.lead(need, seen).min(self.settings.longest_lead);
        if let (true, Some(present)) = (early, present) {
            return present;
        }
        let value = |phase: PhaseIndex| {
            let shared = all
                .iter()
                .filter(|other| other.approach.phases.contains(&phase))
                .count();
            let waiting: u32 = self.plan.posts[signal].serves[phase as usize]
                .iter()
                .filter_map(|lane| seen.waiting.get(lane.index()))
                .sum();
            (
                shared,
                present == Some(phase),
                held == Some(phase),
                waiting,
                std::cmp::Reverse(phase),
            )
        };
        let best = need
            .approach
            .phases
            .iter()
            .copied()
            .max_by_key(|&p| value(p));
        best.unwrap_or_default()
    }

    /// What the controller behind would show at a signal.
    fn instead(&self, signal: usize, seen: &Observation) -> PhaseIndex {
        match self.wished.get(SignalId::from(signal)) {
            Wish::Phase(phase) => phase,
            Wish::Keep | Wish::Silent => seen.phase[signal].unwrap_or_default(),
        }
    }

    fn decide_signal(
        &mut self,
        signal: usize,
        chosen: Option<(u64, PhaseIndex, bool)>,
        seen: &Observation,
        passed: f64,
    ) -> Option<PhaseIndex> {
        let shown = seen.phase[signal].filter(|_| !seen.clearing[signal]);
        let instead = self.instead(signal, seen);
        let now = seen.time;
        let turns = &mut self.turns[signal];
        if let Some((vehicle, phase, weak)) = chosen {
            turns.grant(vehicle, phase, weak, now);
            turns.pass(shown, instead, now, passed);
            return Some(phase);
        }
        turns.end_hold(now);
        let post = &self.plan.posts[signal];
        let waits = |phase: PhaseIndex| {
            post.serves.get(phase as usize).is_some_and(|lanes| {
                let waiting = |lane: &roads::LaneId| seen.waiting.get(lane.index());
                lanes.iter().filter_map(waiting).any(|&count| count > 0)
            })
        };
        turns.pay_back(now, &self.settings, post.change, waits)
    }
}

/// What is behind once the controller has gone.
struct Gone;

impl Controller for Gone {
    fn name(&self) -> &'static str {
        "gone"
    }

    fn decide(&mut self, _seen: &Observation, _wishes: &mut Wishes) {}
}

impl std::fmt::Debug for Priority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Priority")
            .field("behind", &self.behind.name())
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

impl Controller for Priority {
    fn name(&self) -> &'static str {
        self.behind.name()
    }

    fn detail(&self) -> Detail {
        match self.behind.detail() {
            Detail::None => Detail::Lanes,
            more => more,
        }
    }

    fn interval(&self) -> Option<f64> {
        Some(self.pace.tick)
    }

    fn stand_aside(&mut self) -> Option<(Box<dyn Controller>, Pace)> {
        // What the controller behind wished last is what the signals have heard last.
        let idle = self.desk.is_empty()
            && !self.changed.contains(&true)
            && self.turns.iter().all(Turns::owe_nothing);
        idle.then(|| {
            (
                std::mem::replace(&mut self.behind, Box::new(Gone)),
                self.pace,
            )
        })
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        let now = seen.time;
        let fresh = now >= self.pace.next - EPSILON;
        if fresh {
            self.wished.clear(now);
            self.behind.decide(seen, &mut self.wished);
            self.pace.next = next_decision(self.pace.next, self.pace.interval, now);
        }
        let passed = self.last.map_or(0.0, |last| (now - last).clamp(0.0, 60.0));
        self.last = Some(now);
        for (signal, reds) in self.reds.iter_mut().enumerate() {
            reds.see(signal, seen);
        }
        let mut chosen: Vec<Option<(u64, PhaseIndex, bool)>> = vec![None; self.turns.len()];
        if !self.desk.is_empty() {
            let mut turns = std::mem::take(&mut self.turns);
            let all = self.needs_now(&turns, seen);
            for (signal, needs) in all.iter().enumerate() {
                let held = turns[signal].hold.map(|hold| hold.phase);
                if let Some(need) = turns[signal].choose(needs, now, &self.settings) {
                    let weak = matches!(need.claim, Claim::Transit { .. });
                    let phase = self.phase_for(need, needs, held, seen);
                    chosen[signal] = Some((need.vehicle, phase, weak));
                }
            }
            drop(all);
            self.turns = turns;
        }
        let mut service = Service::default();
        for (signal, &chosen) in chosen.iter().enumerate() {
            if seen.phase.get(signal).copied().flatten().is_none() {
                continue;
            }
            let id = SignalId::from(signal);
            let own = self.decide_signal(signal, chosen, seen, passed);
            let behind = self.wished.get(id);
            let wish = match own {
                Some(phase) => Wish::Phase(phase),
                None if fresh || self.changed[signal] => behind,
                None => Wish::Silent,
            };
            self.changed[signal] = own.is_some();
            match (chosen, own) {
                (Some((vehicle, _, _)), _) => service.held.push((id, vehicle)),
                (None, Some(_)) => service.paying_back.push(id),
                (None, None) => {}
            }
            wishes.set(id, wish);
        }
        self.desk.serve(service);
    }
}
