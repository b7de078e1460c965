//! Whose turn it is at a signal, for how long, and what is owed to others afterwards.
//!
//! Several vehicles may want one signal. One *holder* has it; the others wait. A holder loses it
//! when it has passed, has withdrawn, is outranked by one whose turn has come, or has had green for
//! [`Settings::longest_hold`] without getting through; then it stands back for
//! [`Settings::stand_back`], and goes after all who have had fewer turns, whatever their rank.
//!
//! Nobody can be in a circle of vehicles that wait for one another for ever. A signal is held for a
//! bounded time whatever happens elsewhere; of n vehicles that need it, each has had a turn after n
//! turns at most, for whoever has had one goes behind. So if the first of a circle is blocked by
//! what a second signal holds up, that signal is let go, and its turn comes.

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
    /// How many turns vehicles have had without getting through.
    used_up: BTreeMap<u64, u32>,
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
                *self.used_up.entry(hold.vehicle).or_insert(0) += 1;
                self.end_hold(now);
            }
            if !needs.iter().any(|need| need.vehicle == hold.vehicle) {
                self.end_hold(now);
            }
        }
        self.used_up
            .retain(|vehicle, _| needs.iter().any(|need| need.vehicle == *vehicle));
        let holder = self.hold.map(|hold| hold.vehicle);
        let best = needs.iter().min_by(|one, other| {
            let key = |need: &Need<'_>| {
                let holds = holder == Some(need.vehicle);
                let through = holds && need.arrives < NEARLY_THROUGH;
                (
                    self.standing_back.contains_key(&need.vehicle),
                    self.used_up.get(&need.vehicle).copied().unwrap_or(0),
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
    pub(super) fn pass(
        &mut self,
        shown: Option<PhaseIndex>,
        instead: PhaseIndex,
        now: f64,
        dt: f64,
    ) {
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

    /// Whether nobody holds the signal, and others have got back what they lost.
    pub(super) fn owe_nothing(&self) -> bool {
        let lost = self.owed.values().any(|&seconds| seconds > 0.0);
        self.hold.is_none() && self.payback.is_none() && !lost
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

#[cfg(test)]
mod tests {
    use roads::SignalId;

    use super::super::approach::Approach;
    use super::*;

    fn approach() -> Approach {
        Approach {
            signal: SignalId(0),
            to: roads::LinkId(1),
            lanes: Vec::new(),
            phases: vec![1],
        }
    }

    fn need(approach: &Approach, vehicle: u64, severity: u8, arrives: f64) -> Need<'_> {
        Need {
            vehicle,
            claim: Claim::Mission { severity },
            approach,
            arrives,
            clears: 0.0,
        }
    }

    /// Lets a signal be chosen and granted each second, its green shown at once.
    fn second(turns: &mut Turns, needs: &[Need<'_>], now: f64) -> Option<u64> {
        let chosen = turns.choose(needs, now, &Settings::default())?.vehicle;
        turns.grant(chosen, 1, false, now);
        turns.pass(Some(1), 1, now, 1.0);
        Some(chosen)
    }

    #[test]
    fn the_more_severe_goes_first_unless_another_is_nearly_through() {
        let way = approach();
        let mut turns = Turns::default();
        let one = || need(&way, 7, 1, 20.0);
        assert_eq!(second(&mut turns, &[one()], 0.0), Some(7));
        let severe = || need(&way, 8, 3, 30.0);
        assert_eq!(second(&mut turns, &[one(), severe()], 1.0), Some(8));
        let mut turns = Turns::default();
        assert_eq!(second(&mut turns, &[one()], 0.0), Some(7));
        let near = [need(&way, 7, 1, 3.0), severe()];
        assert_eq!(second(&mut turns, &near, 1.0), Some(7));
    }

    #[test]
    fn equals_go_in_the_order_of_arrival_and_the_holder_keeps_its_turn() {
        let way = approach();
        let mut turns = Turns::default();
        let pair = [need(&way, 1, 2, 25.0), need(&way, 2, 2, 20.0)];
        assert_eq!(second(&mut turns, &pair, 0.0), Some(2));
        let later = [need(&way, 1, 2, 10.0), need(&way, 2, 2, 18.0)];
        assert_eq!(second(&mut turns, &later, 1.0), Some(2));
    }

    #[test]
    fn who_does_not_get_through_lets_others_go_so_every_turn_comes() {
        let way = approach();
        let mut turns = Turns::default();
        let mut had = [false; 3];
        for now in 0..600 {
            // None of them ever passes.
            let all: Vec<_> = (0..3).map(|v| need(&way, v, v as u8, 10.0)).collect();
            if let Some(vehicle) = second(&mut turns, &all, f64::from(now)) {
                had[vehicle as usize] = true;
            }
        }
        assert_eq!(had, [true; 3]);
    }

    #[test]
    fn the_phase_that_lost_most_is_paid_back_once_and_within_bounds() {
        let settings = Settings::default();
        let mut turns = Turns::default();
        for second in 0..80 {
            let now = f64::from(second);
            turns.grant(1, 1, false, now);
            let instead = if second < 10 { 2 } else { 3 };
            turns.pass(Some(1), instead, now, 1.0);
        }
        turns.end_hold(80.0);
        let paid: Vec<_> = (80..200)
            .map(|now| turns.pay_back(f64::from(now), &settings, 5.0, |_| true))
            .collect();
        let seconds = paid.iter().filter(|phase| **phase == Some(3)).count();
        assert_eq!(seconds, 35, "30 s at most, and the change");
        assert!(paid[seconds..].iter().all(Option::is_none));
    }

    #[test]
    fn nobody_waits_for_what_is_paid_back_so_it_ends() {
        let mut turns = Turns::default();
        turns.grant(1, 1, false, 0.0);
        turns.pass(Some(1), 3, 0.0, 20.0);
        turns.end_hold(1.0);
        let paid = turns.pay_back(1.0, &Settings::default(), 5.0, |_| false);
        assert_eq!(paid, None);
    }

    #[test]
    fn trams_are_favoured_once_in_a_while() {
        let settings = Settings::default();
        let mut turns = Turns::default();
        assert!(turns.may_favour(1, 0.0, &settings));
        turns.grant(1, 1, true, 0.0);
        assert!(turns.may_favour(1, 10.0, &settings));
        assert!(
            !turns.may_favour(1, 30.0, &settings),
            "no longer than allowed"
        );
        turns.end_hold(10.0);
        assert!(!turns.may_favour(2, 40.0, &settings));
        assert!(turns.may_favour(2, 71.0, &settings));
    }
}
