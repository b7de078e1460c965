//! Faults on purpose, for tests: the process dies or the disk is full at a named point.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// What happens at the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The process dies at once, as by `kill -9`.
    Die,
    /// The disk is full.
    NoSpace,
}

/// Where something goes wrong on purpose. By default nothing does.
#[derive(Clone, Debug, Default)]
pub struct Faults(Option<Arc<Fault>>);

#[derive(Debug)]
struct Fault {
    point: String,
    left: AtomicU32,
    then: Then,
}

impl Faults {
    /// The points that there are, in the order in which a load passes them.
    pub const POINTS: &'static [&'static str] = &[
        "history-middle",
        "history-before-sync",
        "history-written",
        "outbox-before-commit",
        "outbox-committed",
        "shard-middle",
        "shard-committed",
        "shards-committed",
        "settle-before-sync",
        "settle-before-trim",
    ];

    /// The `nth` time (from 1) that `point` is passed.
    pub fn at(point: &str, nth: u32, then: Then) -> Self {
        Self(Some(Arc::new(Fault {
            point: point.to_owned(),
            left: AtomicU32::new(nth),
            then,
        })))
    }

    /// Passes `point`.
    pub(crate) fn pass(&self, point: &str) -> io::Result<()> {
        let Some(fault) = self.0.as_deref().filter(|fault| fault.point == point) else {
            return Ok(());
        };
        let count_down = |left: u32| left.checked_sub(1);
        let left = fault
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, count_down);
        match (left, fault.then) {
            (Ok(1), Then::Die) => std::process::abort(),
            (Ok(1), Then::NoSpace) => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}
