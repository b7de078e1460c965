//! Whose turn it is at a signal, for how long, and what is owed to others afterwards.
//!
//! Several vehicles may want one signal. One *holder* has it; the others wait. A holder loses it
//! when it has passed, has withdrawn, is outranked by one whose turn has come, or has had green for
//! [`Settings::longest_hold`] without getting through; then it stands back for
//! [`Settings::stand_back`]. Nobody keeps a signal while waiting for another longer than that, so
//! no circle of vehicles that wait for one another lasts: the order at each signal goes round.

use std::collections::BTreeMap;

use super::desk::Claim;
use super::settings::Settings;
use super::wave::Need;
use crate::phases::PhaseIndex;

/// A holder this near to the stop line is let through before one of higher rank, seconds.
const NEARLY_THROUGH: f64 = 4.0;

/// What a vehicle has of a signal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) vehicle: u64,
    pub(super) phase: PhaseIndex,
    /// When it was granted, seconds.
    pub(super) since: f64,
    /// When it was first shown in full.
    pub(super) green_since: Option<f64>,
    /// It is a tram's or a bus's.
    pub(super) weak: bool,
}

/// The turns at one signal.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    pub(super) hold: Option<Hold>,
    /// Until when vehicles stand back.
    standing_back: BTreeMap<u64, f64>,
    /// Seconds of green that phases have lost, by phase.
    owed: BTreeMap<PhaseIndex, f64>,
    /// Phase that is paid back, and when that ends at the latest.
    payback: Option<(PhaseIndex, f64)>,
    /// When a tram or bus was last favoured.
    favoured: Option<f64>,
}

/// The rank of a claim: missions by severity, all before trams and buses.
fn rank(claim: Claim) -> i16 {
    match claim {
        Claim::Mission { severity } => i16::from(severity),
        Claim::Transit { .. } => -1,
    }
}

impl Turns {
    /// Chooses among those who need the signal now; `None` if nobody may have it.
    pub(super) fn choose<'n, 'a>(
        &mut self,
        needs: &'n [Need<'a>],
        now: f64,
        settings: &Settings,
    ) -> Option<&'n Need<'a>> {
        self.standing_back.retain(|_, until| *until > now);
        if let Some(hold) = self.hold {
            let used_up = hold
                .green_since
                .is_some_and(|since| now - since > settings.longest_hold);
            if used_up && !hold.weak {
                self.standing_back
                    .insert(hold.vehicle, now + settings.stand_back);
            }
            if !needs.iter().any(|need| need.vehicle == hold.vehicle) {
                self.end_hold(now);
            }
        }
        let holder = self.hold.map(|hold| hold.vehicle);
        let best = needs.iter().min_by(|one, other| {
            let key = |need: &Need<'_>| {
                let holds = holder == Some(need.vehicle);
                let through = holds && need.arrives < NEARLY_THROUGH;
                (
                    self.standing_back.contains_key(&need.vehicle),
                    !through,
                    -rank(need.claim),
                    !holds,
                )
            };
            key(one)
                .cmp(&key(other))
                .then(one.arrives.total_cmp(&other.arrives))
                .then(one.vehicle.cmp(&other.vehicle))
        })?;
        // With nobody else, one that stands back blocks the cross streets for nothing.
        (!self.standing_back.contains_key(&best.vehicle)).then_some(best)
    }

    /// Gives the signal to a vehicle, or lets it keep it.
    pub(super) fn grant(&mut self, vehicle: u64, phase: PhaseIndex, weak: bool, now: f64) {
        self.payback = None;
        match &mut self.hold {
            Some(hold) if hold.vehicle == vehicle && hold.phase == phase => {}
            _ => {
                self.end_hold(now);
                self.hold = Some(Hold {
                    vehicle,
                    phase,
                    since: now,
                    green_since: None,
                    weak,
                });
            }
        }
    }

    /// Notes what passes while the signal is held: `shown` in full or not, and the phase that the
    /// controller behind would have shown.
    pub(super) fn pass(&mut self, shown: Option<PhaseIndex>, instead: PhaseIndex, now: f64, dt: f64) {
        let Some(hold) = &mut self.hold else { return };
        if shown == Some(hold.phase) && hold.green_since.is_none() {
            hold.green_since = Some(now);
        }
        if instead != hold.phase {
            *self.owed.entry(instead).or_insert(0.0) += dt;
        }
    }

    pub(super) fn end_hold(&mut self, now: f64) {
        if self.hold.take().is_some_and(|hold| hold.weak) {
            self.favoured = Some(now);
        }
    }

    /// Whether a tram or bus may be favoured.
    pub(super) fn may_favour(&self, vehicle: u64, now: f64, settings: &Settings) -> bool {
        match self.hold {
            Some(hold) if hold.vehicle == vehicle => {
                now - hold.since <= settings.extension + settings.early
            }
            Some(_) => false,
            None => self
                .favoured
                .is_none_or(|last| now - last >= settings.between_favours),
        }
    }

    /// The phase to pay back now, while nobody holds the signal: the one that has lost most, for as
    /// long as it has lost, as long as somebody `waits` for it. `green` is whether it is shown in
    /// full.
    pub(super) fn pay_back(
        &mut self,
        now: f64,
        settings: &Settings,
        change: f64,
        waits: impl Fn(PhaseIndex) -> bool,
    ) -> Option<PhaseIndex> {
        if self.payback.is_none() {
            let owed = self.owed.iter().filter(|(_, seconds)| **seconds > 0.0);
            let most = owed.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
            let (&phase, &seconds) = most?;
            self.owed.clear();
            let seconds = seconds.min(settings.longest_payback) + change;
            self.payback = Some((phase, now + seconds));
        }
        let (phase, until) = self.payback?;
        if now < until && waits(phase) {
            return Some(phase);
        }
        self.payback = None;
        None
    }
}
