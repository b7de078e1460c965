//! The safety envelope: one guard for each signal between whatever decides and whatever shows.
//!
//! It is built before any controller runs and cannot be switched off: a plant takes only a
//! [`Command`], and only the envelope makes one.
//!
//! What conflicts comes from geometry: movements from different lanes whose paths cross or merge.
//! Two such movements are green together only if some phase of the signal's plan declares them so,
//! each at least as strongly as shown: the city's engineer has decided that they may, and who gives
//! way. Two straight movements that cross, both protected, are taken for a mistake in the plan: in
//! that phase both stay red ([`SignalPhases::faults`]).

use roads::{Aspect, Network, SignalId};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::guard::Guard;
use crate::limits::LimitsTable;
use crate::observation::{Observation, Wishes};
use crate::phases::{PhaseIndex, SignalPhases};

/// How often the envelope did other than it was told, or later, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// A wish had to wait for a minimum green (pedestrians' included). A delay, not an override.
    pub minimum_green: u64,
    /// A phase was ended that the controller would have kept.
    pub maximum_green: u64,
    /// A group was served that had waited too long.
    pub starvation: u64,
    /// The wish named a phase that does not exist or serves nobody.
    pub refused: u64,
    /// The wish was too old, from the future, or its time was no number.
    pub stale: u64,
    /// Times that a signal fell back to its own plan.
    pub fallbacks: u64,
    /// Times that a controller took a signal over again.
    pub recoveries: u64,
}

impl Overrides {
    /// All overrides: wishes that were not followed. Delays, fallbacks and recoveries do not count.
    pub const fn total(&self) -> u64 {
        self.maximum_green + self.starvation + self.refused + self.stale
    }
}

/// What the envelope has had to do so far, for a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Safety {
    /// Overrides in all.
    pub overrides: u64,
    /// Wishes that had to wait for a minimum green.
    pub delays: u64,
    /// Fallbacks in all.
    pub fallbacks: u64,
    /// Signals that follow their own plan now.
    pub in_fallback: u64,
    /// By reason.
    pub reasons: Overrides,
}

/// What one signal is to show. Only the envelope makes one.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    signal: SignalId,
    phase: Option<usize>,
    target: PhaseIndex,
    aspects: &'a [Aspect],
}

impl Command<'_> {
    /// The signal.
    pub const fn signal(&self) -> SignalId {
        self.signal
    }

    /// The phase of its plan, if what is to be shown is exactly that.
    pub const fn phase(&self) -> Option<usize> {
        self.phase
    }

    /// The phase that it is on the way to, or shows: for plants that time their changes themselves.
    pub const fn target(&self) -> PhaseIndex {
        self.target
    }

    /// What each movement is shown, in the order of the signal's movements.
    pub const fn aspects(&self) -> &[Aspect] {
        self.aspects
    }
}

/// The guards of all signals of a network.
#[derive(Clone, Debug)]
pub struct Envelope {
    guards: Vec<Option<Guard>>,
    /// Signals whose showing has changed since the plant was last told.
    changed: Vec<SignalId>,
    aspects: Vec<Aspect>,
    counts: Overrides,
}

impl Envelope {
    /// Guards for all signals, each showing its first green phase at time `now`, seconds.
    /// `tick` is the longest time between two calls of [`Envelope::tick`], seconds.
    ///
    /// # Errors
    /// When limits are out of range or name a signal that does not exist.
    pub fn new(
        network: &Network,
        limits: &LimitsTable,
        now: f64,
        tick: f64,
    ) -> Result<Self, Error> {
        limits.default.check("*")?;
        for (name, limits) in &limits.signals {
            limits.check(name)?;
            if network.signal_named(name).is_none() {
                return Err(Error::Limits {
                    signal: name.clone(),
                    message: "there is no such signal in the network".to_owned(),
                });
            }
        }
        if !(now.is_finite() && tick.is_finite() && tick > 0.0) {
            return Err(Error::Protocol(format!(
                "the plant's clock says {now} s and ticks every {tick} s"
            )));
        }
        let guards: Vec<Option<Guard>> = SignalPhases::of_network(network)
            .into_iter()
            .enumerate()
            .map(|(index, phases)| {
                let limits = limits.of(&network.signals[index].id);
                Guard::new(network, SignalId::from(index), phases, limits, now, tick)
            })
            .collect();
        let changed = (0..guards.len())
            .filter(|&index| guards[index].is_some())
            .map(SignalId::from)
            .collect();
        Ok(Self {
            guards,
            changed,
            aspects: Vec::new(),
            counts: Overrides::default(),
        })
    }

    /// Takes a controller's wishes at time `now`, seconds.
    pub fn hear(&mut self, wishes: &Wishes, now: f64) {
        let age = now - wishes.answers;
        for (index, guard) in self.guards.iter_mut().enumerate() {
            if let Some(guard) = guard {
                let wish = wishes.get(SignalId::from(index));
                guard.hear(wish, age, now, &mut self.counts);
            }
        }
    }

    /// Takes a signal from its controller at once: it follows its own plan until a wish is heard
    /// for it again. For a watchdog that knows of a failure before the silence is long enough.
    pub fn fall_back(&mut self, signal: SignalId) {
        if let Some(Some(guard)) = self.guards.get_mut(signal.index()) {
            guard.fall_back(&mut self.counts);
        }
    }

    /// Takes what a plant says a signal shows, an aspect for each of its movements, for what is
    /// shown at `now`, and goes on from there with every minimum and clearance before it: for a
    /// plant that has shown something of its own.
    pub fn adopt(&mut self, signal: SignalId, shown: &[Aspect], now: f64) {
        if let Some(Some(guard)) = self.guards.get_mut(signal.index()) {
            guard.adopt(shown, now);
            self.changed.push(signal);
        }
    }

    /// Two positions in the signal's movements that cannot be `shown` green together; `None` if
    /// there are none.
    pub fn conflict(&self, signal: SignalId, shown: &[Aspect]) -> Option<(usize, usize)> {
        self.guards.get(signal.index())?.as_ref()?.conflict(shown)
    }

    /// What a signal is to show, an aspect for each of its movements; none without phases.
    pub fn shown(&self, signal: SignalId) -> impl Iterator<Item = Aspect> + '_ {
        let guard = self.guards.get(signal.index()).and_then(Option::as_ref);
        guard.into_iter().flat_map(Guard::aspects)
    }

    /// For how many seconds each movement of a signal has been red at `now`, in the order of its
    /// movements; none without phases.
    pub fn red_for(&self, signal: SignalId, now: f64) -> impl Iterator<Item = f64> + '_ {
        let guard = self.guards.get(signal.index()).and_then(Option::as_ref);
        guard.into_iter().flat_map(move |guard| guard.red_for(now))
    }

    /// The phase that a signal shows or changes to.
    pub fn phase(&self, signal: SignalId) -> Option<PhaseIndex> {
        Some(self.guards.get(signal.index())?.as_ref()?.target())
    }

    /// Lets time pass to `now`, seconds. To be called at least once every tick.
    pub fn tick(&mut self, now: f64) {
        for (index, guard) in self.guards.iter_mut().enumerate() {
            if let Some(guard) = guard
                && guard.tick(now, &mut self.counts)
            {
                self.changed.push(SignalId::from(index));
            }
        }
    }

    /// Hands over what has changed since the last call, signal by signal.
    ///
    /// # Errors
    /// The first of `show`; what was not handed over then stays to be.
    pub fn commands(
        &mut self,
        mut show: impl FnMut(Command<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.changed.sort_unstable();
        self.changed.dedup();
        while let Some(&signal) = self.changed.last() {
            if let Some(guard) = &self.guards[signal.index()] {
                self.aspects.clear();
                self.aspects.extend(guard.aspects());
                show(Command {
                    signal,
                    phase: guard.shown_phase().map(|phase| phase as usize),
                    target: guard.target(),
                    aspects: &self.aspects,
                })?;
            }
            self.changed.pop();
        }
        Ok(())
    }

    /// Writes what the signals show into an observation made at its time.
    pub fn describe(&self, seen: &mut Observation) {
        seen.phase.resize(self.guards.len(), None);
        seen.elapsed.resize(self.guards.len(), 0.0);
        seen.clearing.resize(self.guards.len(), false);
        for (index, guard) in self.guards.iter().enumerate() {
            if let Some(guard) = guard {
                seen.phase[index] = Some(guard.target());
                seen.elapsed[index] = guard.elapsed(seen.time);
                seen.clearing[index] = guard.is_clearing();
            }
        }
    }

    /// What it has had to do so far.
    pub fn safety(&self) -> Safety {
        let in_fallback = self
            .guards
            .iter()
            .flatten()
            .filter(|guard| guard.in_fallback());
        Safety {
            overrides: self.counts.total(),
            delays: self.counts.minimum_green,
            fallbacks: self.counts.fallbacks,
            in_fallback: in_fallback.count() as u64,
            reasons: self.counts,
        }
    }

    /// Whether a signal follows its own plan because nobody speaks for it.
    pub fn in_fallback(&self, signal: SignalId) -> bool {
        self.guards
            .get(signal.index())
            .and_then(Option::as_ref)
            .is_some_and(Guard::in_fallback)
    }

    /// The longest red, in seconds, that it allows any group of the signal that a phase serves.
    pub fn starvation_bound(&self, signal: SignalId) -> Option<f64> {
        self.guards
            .get(signal.index())
            .and_then(Option::as_ref)
            .and_then(Guard::bound)
    }
}
