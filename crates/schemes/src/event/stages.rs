//! Signal timings for an event by the clock: one set while visitors come, one while they leave, and
//! the usual one else.

use signals::controllers::{Timings, Webster};
use signals::{Controller, Detail, Observation, Wishes};

use super::cars::Event;

/// Seconds after the last visitor is to leave for which the timings for leaving go on: those last
/// ones have to get away.
const AWAY: f64 = 900.0;

/// Timings that change by the clock. From one to the next signals change as the envelope lets them.
#[derive(Clone, Debug)]
pub struct Staged {
    /// From when each is shown, seconds, in the order of time.
    stages: Vec<(f64, Webster)>,
}

impl Staged {
    /// The usual timings, those while visitors come, and those while they leave.
    pub fn new(event: &Event, usual: &[Timings], coming: &[Timings], leaving: &[Timings]) -> Self {
        let shown = |timings: &[Timings]| Webster::with_timings(timings.to_vec());
        let set_out = event.arrivals.first();
        let set_out = set_out.map_or(event.stages[0].first, |arrival| arrival.set_out);
        let there = event.stages[0].last.min(event.end);
        let away = event.stages[1].last + AWAY;
        Self {
            stages: vec![
                (f64::NEG_INFINITY, shown(usual)),
                (set_out, shown(coming)),
                (there, shown(usual)),
                (event.end, shown(leaving)),
                (away, shown(usual)),
            ],
        }
    }
}

impl Controller for Staged {
    fn name(&self) -> &'static str {
        "webster"
    }

    fn detail(&self) -> Detail {
        Detail::None
    }

    fn interval(&self) -> Option<f64> {
        Some(1.0)
    }

    fn fork(&self) -> Option<Box<dyn Controller>> {
        Some(Box::new(self.clone()))
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        let after = self.stages.partition_point(|stage| stage.0 <= seen.time);
        if let Some((_, timings)) = self.stages.get_mut(after.saturating_sub(1)) {
            timings.decide(seen, wishes);
        }
    }
}
