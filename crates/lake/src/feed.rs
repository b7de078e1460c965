//! What history needs of the pool, so that tests can hand in a pool of a few lines.

use std::sync::Arc;

use pool::{Entry, Pool, Tables};
use tokio::sync::watch;

use crate::error::Error;

/// The consumer under which history's cursor stands in the pool.
pub(crate) const CONSUMER: &str = "history";

/// Where changes come from. All calls may block.
pub trait Feed: Send + Sync {
    /// The tables in force.
    fn tables(&self) -> Arc<Tables>;
    /// Entries after `seq`, oldest first.
    fn entries_after(&self, seq: u64, limit: usize) -> Result<Vec<Entry>, Error>;
    /// The newest entry's number, as it grows.
    fn newest(&self) -> watch::Receiver<u64>;
    /// Up to which entry all is in history and durable.
    fn consumed(&self, seq: u64) -> Result<(), Error>;
    /// What [`Feed::consumed`] was last told.
    fn cursor(&self) -> Result<u64, Error>;
    /// Now.
    fn now(&self) -> pool::Moment;
}

impl Feed for Pool {
    fn tables(&self) -> Arc<Tables> {
        Self::tables(self)
    }

    fn entries_after(&self, seq: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        Ok(Self::entries_after(self, seq, limit)?)
    }

    fn newest(&self) -> watch::Receiver<u64> {
        Self::newest(self)
    }

    fn consumed(&self, seq: u64) -> Result<(), Error> {
        Ok(Self::consumed(self, CONSUMER, seq)?)
    }

    fn cursor(&self) -> Result<u64, Error> {
        Ok(Self::cursor(self, CONSUMER)?)
    }

    fn now(&self) -> pool::Moment {
        self.clock().now()
    }
}
