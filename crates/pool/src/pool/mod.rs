//! The pool's front door: writes that are durable before they are acknowledged, and look-ups.

mod options;
mod types;

use std::sync::Arc;

use arrow::array::RecordBatch;
use city::City;
use tokio::sync::watch;

pub use options::*;
pub use types::{DataFile, Entry, Payload, Receipt, Record, Write};

use crate::clock::Clock;
use crate::error::Error;
use crate::sql::Sql;
use crate::table::{Table, Tables};
use crate::value::Value;

/// The data pool. All calls block; look-ups take microseconds.
#[derive(Debug)]
pub struct Pool {}

impl Pool {
    /// Opens the pool, or makes it: migrates the database, applies what the outbox holds and
    /// keyed state does not have yet, and begins to take writes.
    pub fn open(options: Options, city: &City, clock: Arc<dyn Clock>) -> Result<Arc<Self>, Error> {
        todo!()
    }

    /// The tables, as the definitions in force have them.
    pub fn tables(&self) -> Arc<Tables> {
        todo!()
    }

    /// The table of a dataset, by its id or `department/id`.
    pub fn table(&self, name: &str) -> Result<Arc<Table>, Error> {
        todo!()
    }

    /// Takes other definitions into force.
    pub fn use_city(&self, city: &City) -> Result<(), Error> {
        todo!()
    }

    /// Writes changes of one table. When it returns they are durable and visible to look-ups.
    pub fn write(&self, write: Write) -> Result<Receipt, Error> {
        todo!()
    }

    /// Writes many records at once (tens of thousands and more; no deletes): straight into
    /// history's files, then into keyed state in sorted order. Other writes of the same table wait.
    pub fn load(&self, write: Write) -> Result<Receipt, Error> {
        todo!()
    }

    /// The record with this key: one value for each of the key's fields, in order.
    pub fn get(&self, table: &Arc<Table>, key: &[Value]) -> Result<Option<Record>, Error> {
        todo!()
    }

    /// The records of a subject, in the order of their keys, `limit` at most.
    pub fn of_subject(&self, table: &Arc<Table>, subject: &str, limit: usize) -> Result<Vec<Record>, Error> {
        todo!()
    }

    /// How many records are in force. Counted as they are written, so it costs nothing.
    pub fn count(&self, table: &Table) -> Result<u64, Error> {
        todo!()
    }

    /// All records in force, in batches: the table's columns and `_from`, ordered by subject and
    /// key within each shard. It sees writes made before it began; later ones may or may not show.
    pub fn scan(&self, table: &Arc<Table>) -> Result<Box<dyn Iterator<Item = Result<RecordBatch, Error>> + Send + '_>, Error> {
        todo!()
    }

    /// Entries of the outbox after `seq`, oldest first: `limit` at most, and at least one if there is one.
    ///
    /// # Errors
    /// [`Error::Trimmed`] when some of them are gone.
    pub fn entries_after(&self, seq: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        todo!()
    }

    /// The number of the last write that is applied, as it grows.
    pub fn newest(&self) -> watch::Receiver<u64> {
        todo!()
    }

    /// Notes that `consumer` has durably taken all entries up to `seq`; entries that all consumers
    /// have taken are trimmed in time. The consumer `history` is always waited for.
    pub fn consumed(&self, consumer: &str, seq: u64) -> Result<(), Error> {
        todo!()
    }

    /// Up to which entry `consumer` has taken them; 0 if it is new.
    pub fn cursor(&self, consumer: &str) -> Result<u64, Error> {
        todo!()
    }

    /// The meta database, for small things of other modules.
    pub fn meta(&self) -> &Sql {
        todo!()
    }

    /// Where history is.
    pub fn history(&self) -> &HistoryUrl {
        todo!()
    }

    /// What tells the time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        todo!()
    }

    /// Makes keyed state durable in its own files, and trims the outbox. Called now and then by
    /// itself as well.
    pub fn settle(&self) -> Result<(), Error> {
        todo!()
    }

    /// Looks for damage in keyed state and outbox.
    pub fn check(&self) -> Result<(), Error> {
        todo!()
    }
}
