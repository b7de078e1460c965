//! The pool's front door: writes that are durable before they are acknowledged, and look-ups.

mod catalogue;
mod inner;
mod open;
mod options;
mod reads;
mod repair;
mod types;
mod writes;

use std::collections::HashMap;
use std::fs::File;
use std::sync::mpsc::{Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use city::City;
use tokio::sync::watch;

pub(crate) use catalogue::Catalogue;
pub(crate) use inner::Inner;
pub use options::*;
pub use repair::{Repair, Repaired};
pub use types::{DataFile, Entry, Payload, Receipt, Record, Write};

use crate::clock::Clock;
use crate::codec::TableCodec;
use crate::error::Error;
use crate::outbox::{self, Message};
use crate::sql::Sql;
use crate::table::{Table, TableId, Tables};
use crate::values;

/// The data pool. All calls block; look-ups take microseconds.
#[derive(Debug)]
pub struct Pool {
    inner: Arc<Inner>,
    committer: SyncSender<Message>,
    newest: watch::Receiver<u64>,
    /// One for each table: a load excludes other writes of its table.
    loads: Mutex<HashMap<TableId, Arc<RwLock<()>>>>,
    stop_settling: Sender<()>,
    threads: Vec<JoinHandle<()>>,
    _in_use: File,
}

impl Pool {
    /// The tables, as the definitions in force have them.
    pub fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.inner.catalogue().tables)
    }

    /// The table of a dataset, by its id or `department/id`.
    ///
    /// # Errors
    /// [`Error::NoTable`]
    pub fn table(&self, name: &str) -> Result<Arc<Table>, Error> {
        let tables = self.tables();
        tables
            .get(name)
            .map(Arc::clone)
            .ok_or_else(|| Error::NoTable(name.to_owned()))
    }

    /// Takes other definitions into force.
    pub fn use_city(&self, city: &City) -> Result<(), Error> {
        let count = |tab| self.inner.state.count(tab);
        let catalogue = Catalogue::of(city, &self.inner.meta, &count)?;
        *self
            .inner
            .catalogue
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(catalogue);
        Ok(())
    }

    /// The number of the last write that is applied, as it grows.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.clone()
    }

    /// Notes that `consumer` has durably taken all entries up to `seq`; entries that all consumers
    /// have taken are trimmed in time. The consumer `history` is always waited for.
    pub fn consumed(&self, consumer: &str, seq: u64) -> Result<(), Error> {
        outbox::note_consumed(&self.inner.meta, consumer, seq, self.inner.clock.now())
    }

    /// Up to which entry `consumer` has taken them; 0 if it is new.
    pub fn cursor(&self, consumer: &str) -> Result<u64, Error> {
        outbox::cursor(&self.inner.meta, consumer)
    }

    /// Whether a write with this idempotency key has been taken.
    pub fn knows(&self, idempotency_key: &str) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM idempotency WHERE key = $1";
        let found = self.inner.meta.query(sql, &values![idempotency_key])?;
        Ok(!found.is_empty())
    }

    /// The meta database, for small things of other modules.
    pub fn meta(&self) -> &Sql {
        &self.inner.meta
    }

    /// Where history is.
    pub fn history(&self) -> &HistoryUrl {
        &self.inner.options.history
    }

    /// How the pool was opened.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// What tells the time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Makes keyed state durable in its own files, and trims the outbox. Happens now and then by
    /// itself as well.
    pub fn settle(&self) -> Result<(), Error> {
        outbox::settle(&self.inner, &self.committer, 0).map(drop)
    }

    /// Looks for damage in keyed state: reads all of it.
    pub fn check(&self) -> Result<(), Error> {
        self.inner.state.check()
    }

    fn codec(&self, table: &Table) -> Result<Arc<TableCodec>, Error> {
        self.inner
            .catalogue()
            .codec(table.id)
            .ok_or_else(|| Error::NoTable(table.name()))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = self.stop_settling.send(()); // it may have ended by itself
        drop(self.committer.send(Message::Stop));
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the pool panicked");
            }
        }
    }
}
