//! Where this crate reads the wall clock: how long others take to answer. What is shown and when
//! goes by the plant's clock, never by this one.

use std::time::{Duration, Instant};

/// A time by which something must have happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    start: Instant,
    after: Duration,
}

impl Deadline {
    /// So long from now.
    pub(crate) fn after(after: Duration) -> Self {
        Self {
            start: Instant::now(),
            after,
        }
    }

    /// How long it is still to go; `None` when it has passed.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.after
            .checked_sub(self.start.elapsed())
            .filter(|left| !left.is_zero())
    }

    /// How long it has been since it was set.
    pub(crate) fn waited(&self) -> Duration {
        self.start.elapsed()
    }
}
