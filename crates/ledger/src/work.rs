//! The threads that publish: each does its round when the bell rings or its time has come.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
struct Rung {
    times: u64,
    closed: bool,
}

/// Wakes the threads that publish.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<Rung>,
    heard: Condvar,
}

impl Bell {
    fn rung(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody.
    pub(crate) fn ring(&self) {
        self.rung().times += 1;
        self.heard.notify_all();
    }

    /// Wakes everybody for the last time.
    pub(crate) fn close(&self) {
        self.rung().closed = true;
        self.heard.notify_all();
    }

    /// Does `round` again and again until the bell is closed: when `every` has passed, and when
    /// the bell rings. While `round` says that there is more it goes on at once.
    pub(crate) fn work(&self, every: Duration, mut round: impl FnMut() -> bool) {
        let mut known = 0;
        loop {
            let mut rung = self.rung();
            if !rung.closed && rung.times == known {
                let waited = self
                    .heard
                    .wait_timeout_while(rung, every, |rung| !rung.closed && rung.times == known);
                rung = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if rung.closed {
                return;
            }
            known = rung.times;
            drop(rung);
            while round() && !self.rung().closed {}
        }
    }
}
