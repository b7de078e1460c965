//! Detectors that nobody passes any more where somebody always does: a lane that is shut or blocked
//! further up, or a detector that is dead. Others take that traffic over without slowing down, so
//! nothing else tells.

use super::{Reading, State, Usual};
use crate::error::Error;

/// Silence of one detector (one lane's: those of several lanes are never silent together). How likely
/// silence is in an interval is what it was on other days, with half a day more of either (Jeffreys'
/// prior); the product over intervals in a row is how likely it is by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    chance: f64,
    by_chance: f64,
}

impl Silence {
    /// A detector that alarms when silence has less than this chance.
    ///
    /// # Errors
    /// When `chance` is not between 0 and 1.
    pub fn new(chance: f64) -> Result<Self, Error> {
        if !(chance > 0.0 && chance < 1.0) {
            let wanted = "it must be more than 0 and less than 1, for example 0.001";
            return Err(Error::argument("the chance of a silence", chance, wanted));
        }
        Ok(Self {
            chance,
            by_chance: 1.0,
        })
    }

    /// Takes the next interval's reading, beside what is usual then.
    pub fn take(&mut self, reading: &Reading, usual: &Usual) -> State {
        if reading.speed.is_some() || reading.is_stood_on() {
            self.by_chance = 1.0;
            return State::Free;
        }
        self.by_chance *= usual.silent();
        if self.by_chance < self.chance {
            State::Confirmed
        } else if self.by_chance < 1.0 {
            State::Tentative
        } else {
            State::Free
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_an_alarm_where_somebody_always_passes() {
        let passed = Reading {
            occupancy: 0.1,
            speed: Some(9.0),
        };
        let silent = Reading {
            occupancy: 0.0,
            speed: None,
        };
        let (mut busy, mut quiet) = (Usual::default(), Usual::default());
        for day in 0..10 {
            busy.learn(&passed);
            quiet.learn(if day % 2 == 0 { &passed } else { &silent });
        }
        let alarm_after = |usual: &Usual| {
            let mut detector = Silence::new(1e-3).unwrap();
            (1..=12).find(|_| detector.take(&silent, usual) == State::Confirmed)
        };
        // 0.5 of 11 days: 0.045, thrice in a row less than one in a thousand.
        assert_eq!(alarm_after(&busy), Some(3));
        assert_eq!(alarm_after(&quiet), Some(10));
        assert_eq!(alarm_after(&Usual::default()), Some(10));
        let mut detector = Silence::new(1e-3).unwrap();
        detector.take(&silent, &busy);
        detector.take(&silent, &busy);
        assert_eq!(detector.take(&passed, &busy), State::Free);
        assert_eq!(detector.take(&silent, &busy), State::Tentative);
        let standing = Reading {
            occupancy: 1.0,
            speed: None,
        };
        assert_eq!(detector.take(&standing, &busy), State::Free);
        assert!(Silence::new(0.0).is_err());
    }
}
