//! Keyed state: every record in force, by subject and key.
//!
//! It is a pure function of the outbox: each part remembers which entries it has, in the same
//! transaction, and applying an entry again changes nothing. So the outbox alone has to be durable
//! at once. Batches are applied in order; loads may be applied beside them, since no other write of
//! their table is taken meanwhile.

mod change;
mod postgres;
mod rebuild;
mod rows;
mod shard;
mod sqlite;
mod statements;

use std::fmt::Debug;

pub(crate) use change::{Change, checked, key_fits, last_of_each};
pub(crate) use postgres::PostgresState;
pub use rebuild::Damage;
pub(crate) use rebuild::{Rebuild, inspect};
pub(crate) use rows::part_of;
pub(crate) use sqlite::SqliteState;

use crate::error::Error;
use crate::sql::{Sql, Transaction};
use crate::table::TableId;

/// Takes a record as it lies: key, since when, body.
pub(crate) type Each<'a> = dyn FnMut(&str, &[u8], i64, &[u8]) -> Result<(), Error> + 'a;

/// Where the records in force are.
pub(crate) trait State: Send + Sync + Debug {
    /// Commits `outbox` (which inserts entries) and applies their changes; says for each how many
    /// records it found. An error of kind [`Failure::Outbox`] means that nothing was done.
    fn commit(
        &self,
        meta: &Sql,
        outbox: &mut dyn FnMut(&mut Transaction<'_>) -> Result<(), Error>,
        changes: &[Change],
    ) -> Result<Vec<u64>, Failure>;

    /// Applies changes of entries that are in the outbox, where they have not been applied yet.
    fn replay(&self, changes: &[Change]) -> Result<Vec<u64>, Error>;

    /// The entries up to this one have been applied everywhere, and durably so; of later ones each
    /// part knows by itself.
    fn settled(&self) -> Result<u64, Error>;

    /// The newest entry that a part has.
    fn newest(&self) -> Result<u64, Error>;

    /// Whether loads are applied after the commit, by whoever loads. Else `commit` applies them.
    fn loads_apart(&self) -> bool;

    /// How many records a load found, if every part has applied it.
    fn loaded(&self, seq: u64) -> Result<Option<u64>, Error>;

    /// The record with this subject and key. Whether there is one.
    fn get(
        &self,
        tab: TableId,
        subject: &str,
        key: &[u8],
        each: &mut Each<'_>,
    ) -> Result<bool, Error>;

    /// The subject of the record with this key, in a table whose keys do not begin with it.
    fn locate(&self, tab: TableId, key: &[u8]) -> Result<Option<String>, Error>;

    /// Which rows of a change have a record under another subject, and that subject; for tables
    /// whose keys do not begin with the subject.
    fn moved(&self, change: &Change) -> Result<Vec<(u32, String)>, Error>;

    /// A subject's records.
    fn of_subject(
        &self,
        tab: TableId,
        subject: &str,
        limit: usize,
        each: &mut Each<'_>,
    ) -> Result<(), Error>;

    /// How many records a table has.
    fn count(&self, tab: TableId) -> Result<u64, Error>;

    /// In how many parts records lie.
    fn parts(&self) -> usize;

    /// Records of one part after a subject and key, in their order.
    fn page(
        &self,
        tab: TableId,
        part: usize,
        after: Option<(&str, &[u8])>,
        limit: usize,
        each: &mut Each<'_>,
    ) -> Result<(), Error>;

    /// Notes in every part that entries up to `seq` have been applied.
    fn note(&self, seq: u64) -> Result<(), Error>;

    /// Makes what has been noted durable without the outbox.
    fn make_durable(&self) -> Result<(), Error>;

    /// Looks for damage.
    fn check(&self) -> Result<(), Error>;
}

/// Why a commit failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing was done.
    Outbox(Error),
    /// The entries are in the outbox, and keyed state does not have all of them.
    State(Error),
}
