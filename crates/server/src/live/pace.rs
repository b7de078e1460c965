//! What is wanted of a run, when what of it is due, and how fast its time passes.

use std::time::Duration;

/// What is wanted, and when what is due.
pub(super) struct Pace {
    pub(super) controller: String,
    pub(super) demand: f64,
    pub(super) speed: f64,
    pub(super) paused: bool,
    pub(super) last: Duration,
    pub(super) next_status: Duration,
    pub(super) next_changes: Duration,
    pub(super) changes_shown: f64,
    pub(super) measured: Duration,
    pub(super) measured_shown: f64,
    pub(super) real_time_factor: f64,
    pub(super) fault_reported: bool,
}

impl Pace {
    /// What is wanted at first, at real time `now` and simulated second `shown`.
    pub(super) fn starting(
        controller: &str,
        demand: f64,
        speed: f64,
        now: Duration,
        shown: f64,
    ) -> Self {
        Self {
            controller: controller.to_owned(),
            demand,
            speed,
            paused: false,
            last: now,
            next_status: now,
            next_changes: now,
            changes_shown: f64::NEG_INFINITY,
            measured: now,
            measured_shown: shown,
            real_time_factor: 0.0,
            fault_reported: false,
        }
    }

    /// Measures how fast simulated time passes; at least half a second of real time counts.
    pub(super) fn measure(&mut self, now: Duration, shown: f64) {
        let seconds = now.saturating_sub(self.measured).as_secs_f64();
        if seconds >= 0.5 {
            self.real_time_factor = (shown - self.measured_shown).max(0.0) / seconds;
            self.measured = now;
            self.measured_shown = shown;
        }
    }
}
