//! Which moments are of now: the clock that senders share, against single ones that are wrong.

/// A position so much newer than all others is a fault of its clock, seconds …
const AHEAD: f64 = 3600.0;
/// … and so is one so much older …
const BEHIND: f64 = 86_400.0;
/// … unless so many in a row are as strange …
const STRANGE: u32 = 100;
/// … and so many vehicles sent them, or all there are, so that one clock alone moves nothing.
const WITNESSES: usize = 3;

/// The newest moment, and what speaks against it.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    newest: f64,
    strange: u32,
    witnesses: Vec<u64>,
}

/// What a moment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Of now.
    Now,
    /// Too far from all others.
    Strange,
    /// So many are as old that the clock went back, or that it was wrong from the beginning: what
    /// was seen before is of no use.
    Anew,
}

impl Clock {
    /// One that has seen nothing.
    pub(super) const fn new() -> Self {
        Self {
            newest: f64::NEG_INFINITY,
            strange: 0,
            witnesses: Vec::new(),
        }
    }

    /// The newest moment, seconds; minus infinity before the first.
    pub(super) const fn newest(&self) -> f64 {
        self.newest
    }

    /// Takes a moment that is beyond doubt.
    pub(super) const fn reach(&mut self, time: f64) {
        self.newest = self.newest.max(time);
    }

    /// Judges a vehicle's moment; `vehicles` are known so far.
    pub(super) fn judge(&mut self, time: f64, vehicle: u64, vehicles: usize) -> Judged {
        let ahead = time > self.newest + AHEAD;
        let behind = time < self.newest - BEHIND;
        if self.newest.is_finite() && (ahead || behind) {
            self.strange += 1;
            if self.witnesses.len() < WITNESSES && !self.witnesses.contains(&vehicle) {
                self.witnesses.push(vehicle);
            }
            let enough = WITNESSES.min(vehicles.max(1));
            if self.strange < STRANGE || self.witnesses.len() < enough {
                return Judged::Strange;
            }
        }
        self.strange = 0;
        self.witnesses.clear();
        if behind {
            self.newest = time;
            return Judged::Anew;
        }
        self.reach(time);
        Judged::Now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges so many moments, vehicles one after the other from `first` on.
    fn judged(clock: &mut Clock, time: f64, vehicles: &[u64], count: usize) -> Vec<Judged> {
        let mut all = Vec::new();
        for number in 0..count {
            all.push(clock.judge(time, vehicles[number % vehicles.len()], 50));
        }
        all
    }

    #[test]
    fn one_clock_that_is_wrong_moves_nothing_however_often_it_speaks() {
        let mut clock = Clock::new();
        clock.reach(30_000.0);
        for time in [1e9, 1e6, 34_000.0] {
            let all = judged(&mut clock, time, &[7], 1000);
            assert!(all.iter().all(|one| *one == Judged::Strange), "{time}");
        }
        assert!((clock.newest() - 30_000.0).abs() < 1e-9);
        assert_eq!(clock.judge(33_000.0, 1, 50), Judged::Now);
    }

    #[test]
    fn many_vehicles_in_a_row_are_believed_after_a_pause() {
        let mut clock = Clock::new();
        clock.reach(30_000.0);
        let all = judged(&mut clock, 60_000.0, &[1, 2, 3], 100);
        assert_eq!(all.iter().position(|one| *one == Judged::Now), Some(99));
        // A fleet of one is all there is.
        let alone = (0..100)
            .map(|_| clock.judge(90_000.0, 1, 1))
            .collect::<Vec<_>>();
        assert_eq!(alone.iter().position(|one| *one == Judged::Now), Some(99));
    }

    #[test]
    fn a_first_position_from_a_wrong_clock_is_got_over() {
        let mut clock = Clock::new();
        assert_eq!(clock.judge(1.7e9, 9, 0), Judged::Now);
        let all = judged(&mut clock, 30_000.0, &[1, 2, 3], 100);
        assert_eq!(all.iter().position(|one| *one == Judged::Anew), Some(99));
        assert_eq!(clock.judge(30_001.0, 1, 3), Judged::Now);
    }

    #[test]
    fn late_positions_of_the_last_day_are_taken() {
        let mut clock = Clock::new();
        clock.reach(100_000.0);
        assert_eq!(clock.judge(20_000.0, 1, 50), Judged::Now);
        assert_eq!(clock.judge(10_000.0, 1, 50), Judged::Strange);
    }
}
