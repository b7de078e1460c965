//! The one place where the server reads the time. The live run is given a clock, so that tests
//! and replays can hand in their own.

use std::time::{Duration, Instant};

/// A clock that never goes backwards.
pub trait Clock: Send + Sync {
    /// Real time since the clock was made.
    fn elapsed(&self) -> Duration;
}

/// The machine's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
