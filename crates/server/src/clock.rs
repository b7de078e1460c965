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

/// The machine's calendar clock, for the pool: what is recorded stands at a moment of the world.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl pool::Clock for WallClock {
    fn now(&self) -> pool::Moment {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock that is handed in"
        )]
        let now = std::time::SystemTime::now();
        let since = now
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        pool::Moment(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
