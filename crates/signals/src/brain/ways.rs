//! What is learnt of lanes that serve several ways: how many vehicles pass in a green for some of
//! them before one is first who wants another.

use super::layout::SignalLayout;
use super::levels::{ALL_WAYS, LEVELS};
use super::search::Stand;

/// Seconds of green after which whoever stands first at the stop line wants another way.
const SHOULD_HAVE_GONE: f64 = 4.0;
/// Vehicles for which the share guessed from traffic beyond counts.
const PRIOR: f64 = 4.0;

/// One lane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct LaneWays {
    /// The level that was shown when it was looked at last; 0 for red.
    level: u8,
    /// The level in which somebody was first who wants another way, and still is; 0 for none.
    pub(super) stuck: u8,
    /// Whether who was first when the green began had been waiting for it.
    forced: bool,
    /// Per level: vehicles that passed in it of whom nothing was known, older ones counting less,
    passed: [f64; LEVELS],
    /// and how often one was first who wanted another way.
    blocked: [f64; LEVELS],
}

impl LaneWays {
    /// Takes in how a lane stands: how many have `left` since the look before, the share `keep` of
    /// what was seen before counts still.
    pub(super) fn see(&mut self, signal: &SignalLayout, lane: usize, stand: Stand, look: Look) {
        let before = self.level;
        if let Some(partly) = partly(signal, lane, before) {
            let known = f64::from(u8::from(std::mem::take(&mut self.forced)));
            self.passed[partly] = self.passed[partly] * look.keep + (look.left - known).max(0.0);
            self.blocked[partly] *= look.keep;
        }
        let level = stand.phase.map_or(0, |phase| signal.service[phase][lane]);
        let late = -stand.since >= SHOULD_HAVE_GONE;
        self.level = level;
        if level == 0 {
            return;
        }
        let Some(partly) = partly(signal, lane, level) else {
            self.stuck = 0;
            return;
        };
        if look.stands && late {
            if self.stuck != level {
                self.blocked[partly] += 1.0;
            }
            self.stuck = level;
        } else if level != self.stuck {
            if level != before {
                self.forced = self.stuck != 0;
            }
            if late {
                self.stuck = 0;
            }
        }
    }

    /// Share of the vehicles that may pass in a level, if it is `guess` by the traffic beyond.
    pub(super) fn share(&self, level: usize, guess: f64) -> f64 {
        let (passed, blocked) = (self.passed[level], self.blocked[level]);
        (passed + PRIOR * guess) / (passed + blocked + PRIOR)
    }
}

/// What is seen of a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// Vehicles that have left it since the look before.
    pub(super) left: f64,
    /// Somebody stands at its stop line and has room beyond.
    pub(super) stands: bool,
    /// Share of what was seen before that counts still.
    pub(super) keep: f64,
}

/// The index of a level that opens some ways only.
fn partly(signal: &SignalLayout, lane: usize, level: u8) -> Option<usize> {
    let index = usize::from(level.checked_sub(1)?);
    (signal.levels[lane][index].ways != ALL_WAYS).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::super::levels::Level;
    use super::*;

    /// One lane of two ways; each of two phases opens one, a third none.
    fn signal() -> SignalLayout {
        let level = |ways: u64, flows: [f64; 2]| Level {
            flows: flows.to_vec(),
            ways,
        };
        SignalLayout {
            levels: vec![vec![level(1, [1.0, 0.0]), level(2, [0.0, 1.0])]],
            service: vec![vec![1], vec![2], vec![0]],
            ..SignalLayout::default()
        }
    }

    fn look(ways: &mut LaneWays, phase: usize, green: f64, left: f64, stands: bool) {
        let stand = Stand {
            phase: Some(phase),
            since: -green,
        };
        let look = Look {
            left,
            stands,
            keep: 1.0,
        };
        ways.see(&signal(), 0, stand, look);
    }

    #[test]
    fn who_stands_in_green_wants_the_other_way_until_it_opens() {
        let mut ways = LaneWays::default();
        look(&mut ways, 0, 1.0, 0.0, true);
        assert_eq!(ways.stuck, 0, "he has hardly had time to go");
        look(&mut ways, 0, 6.0, 2.0, true);
        assert_eq!(ways.stuck, 1);
        look(&mut ways, 2, 1.0, 0.0, true);
        assert_eq!(ways.stuck, 1, "he stands there through the red, too");
        look(&mut ways, 1, 6.0, 0.0, false);
        assert_eq!(ways.stuck, 0, "he has gone");
    }

    #[test]
    fn shares_are_learnt_from_those_who_pass_before_one_is_stuck() {
        let mut ways = LaneWays::default();
        assert!((ways.share(0, 0.5) - 0.5).abs() < 1e-9);
        for _ in 0..200 {
            look(&mut ways, 0, 1.0, 0.0, false);
            look(&mut ways, 0, 6.0, 9.0, true);
            look(&mut ways, 1, 1.0, 0.0, true);
            look(&mut ways, 1, 6.0, 1.0, false);
            look(&mut ways, 2, 1.0, 0.0, false);
        }
        assert!((ways.share(0, 0.5) - 0.9).abs() < 0.01, "{ways:?}");
    }
}
