//! What goes into the pool and comes out of it.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use city::ContentHash;
use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::table::Table;
use crate::value::Value;

/// Changes of one table, validated.
#[derive(Clone, Debug)]
pub struct Write {
    /// The table.
    pub table: Arc<Table>,
    /// Exactly the table's columns. The last of several rows with the same key wins.
    pub batch: RecordBatch,
    /// Which rows are deletes: of those, only key and subject matter. None, if left out.
    pub deletes: Option<BooleanArray>,
    /// Where the changes come from, for people: a file's name, a client's id.
    pub source: String,
    /// A name for this write that its sender repeats when it tries again.
    pub idempotency_key: Option<String>,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The entry of the outbox.
    pub seq: u64,
    /// Rows taken, without those that a later row of the same batch replaced.
    pub rows: u64,
    /// Records that were there before and were replaced or deleted.
    pub replaced: u64,
    /// Rows that a later row with the same key in the same batch made void.
    pub doubled: u64,
    /// Whether this is the receipt of an earlier write with the same idempotency key.
    pub repeated: bool,
}

/// A record in force.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its table, as it is now.
    pub table: Arc<Table>,
    /// One value for each of the table's columns.
    pub values: Vec<Value>,
    /// Since when it has been so.
    pub from: Moment,
    /// The version of the definition under which it was written.
    pub version: ContentHash,
}

/// A write, as it stands in the outbox.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number: 1, 2, 3 … without gaps, in the order in which writes were committed.
    pub seq: u64,
    /// The table.
    pub table: Arc<Table>,
    /// When it was committed; never before that of an earlier entry of the same table.
    pub at: Moment,
    /// Where it came from.
    pub source: String,
    /// What was written.
    pub payload: Payload,
    /// Rows of a batch whose record had another subject before, and that subject. Only in tables
    /// whose key does not begin with the subject. Of files the rows are counted over all of them.
    pub moved: Vec<(u32, String)>,
    /// How many records were there before. Known for bulk loads once they are applied.
    pub replaced: Option<u64>,
}

/// What was written.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Rows.
    Batch {
        /// The table's columns as they were at the time, brought to its columns of now.
        batch: RecordBatch,
        /// Which rows are deletes.
        deletes: BooleanArray,
    },
    /// Files in the table's folder of history, with records that are in force.
    Files(Vec<DataFile>),
}

/// A Parquet file of history: the table's columns, then `_from` and `_to`, sorted by subject and key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// From the table's folder: `_current=true/_bucket=3/part-….parquet`.
    pub path: String,
    /// Its bucket.
    pub bucket: u32,
    /// In how many buckets its load was divided; 0 if that was not noted.
    #[serde(default)]
    pub buckets: u32,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The least subject in it.
    pub subject_min: String,
    /// The greatest subject in it.
    pub subject_max: String,
}
