//! How long each movement has been red, and when the safety envelope will therefore end whatever is
//! shown: a green that is held for a vehicle is no use if it ends before the vehicle is there.
//!
//! The reckoning follows the envelope's own promise ([`crate::Limits::starvation`],
//! [`crate::Limits::maximum_green`]) from what signals show; where it errs, the envelope decides.

use roads::{Network, SignalId};

use crate::envelope::Envelope;
use crate::limits::{Limits, Promise, Timing};
use crate::observation::Observation;
use crate::phases::{PhaseIndex, SignalPhases};

/// One signal.
#[derive(Clone, Debug)]
pub(super) struct Reds {
    /// Per phase: which positions of the signal's movements it serves.
    serves: Vec<Vec<u32>>,
    promise: Promise,
    maximum_green: Option<f64>,
    /// Per position: when it was last green, seconds.
    last: Vec<f64>,
}

impl Reds {
    pub(super) fn new(
        network: &Network,
        signal: SignalId,
        phases: &SignalPhases,
        limits: &Limits,
        timing: &Timing,
        tick: f64,
    ) -> Self {
        let movements = network.signals[signal.index()].movements.len();
        let count = network.signals[signal.index()].phases.len() as PhaseIndex;
        let served = |phase: PhaseIndex| {
            let positions = 0..movements;
            let served = positions.filter(|&position| phases.serves(phase, position));
            served.map(|position| position as u32).collect()
        };
        Self {
            serves: (0..count).map(served).collect(),
            promise: timing.promise(phases, limits.starvation, tick),
            maximum_green: limits.maximum_green,
            last: vec![f64::NEG_INFINITY; movements],
        }
    }

    /// Takes over how long movements have been red so far.
    pub(super) fn adopt(&mut self, envelope: &Envelope, signal: SignalId, now: f64) {
        for (last, red) in self.last.iter_mut().zip(envelope.red_for(signal, now)) {
            *last = now - red;
        }
    }

    /// Notes what the signal shows.
    pub(super) fn see(&mut self, signal: usize, seen: &Observation) {
        for last in &mut self.last {
            if *last == f64::NEG_INFINITY {
                *last = seen.time; // nothing is known of before
            }
        }
        let phase = seen.phase.get(signal).copied().flatten();
        let clearing = seen.clearing.get(signal).copied().unwrap_or(false);
        if let Some(phase) = phase.filter(|_| !clearing) {
            for &position in self.serves.get(phase as usize).into_iter().flatten() {
                self.last[position as usize] = seen.time;
            }
        }
    }

    /// In how many seconds the envelope will end the present phase, at the latest, and the phase
    /// that has to be served first then; `None` if nobody waits or nothing bounds it.
    pub(super) fn ends(&self, signal: usize, seen: &Observation) -> Option<(f64, PhaseIndex)> {
        let present = seen.phase.get(signal).copied().flatten()?;
        let green = self.serves.get(present as usize)?;
        let waited = |phase: PhaseIndex| {
            let red = self.serves[phase as usize].iter();
            let red = red.filter(|position| !green.contains(position));
            red.map(|&position| seen.time - self.last[position as usize])
                .reduce(f64::max)
        };
        let promise = &self.promise;
        let mut waits: Vec<(f64, PhaseIndex, f64)> = promise
            .cover
            .iter()
            .filter_map(|&(phase, slot)| Some((waited(phase)?, phase, slot)))
            .collect();
        waits.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let &(_, first, _) = waits.first()?;
        let elapsed = seen.elapsed.get(signal).copied().unwrap_or(0.0);
        let mut soonest = self
            .maximum_green
            .map_or(f64::INFINITY, |most| most - elapsed);
        if let Some(bound) = promise.bound {
            let mut before = promise.longest_slot;
            for (waited, _, slot) in waits {
                soonest = soonest.min(bound - waited - before - promise.change);
                before += slot;
            }
        }
        soonest.is_finite().then_some((soonest.max(0.0), first))
    }
}
