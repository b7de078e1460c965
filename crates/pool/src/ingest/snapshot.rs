//! A whole table as one file: what is new, what has changed and what is gone. And records that may
//! only be new.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Error;
use super::batch::{Batch, Duplicates, look};
use super::cells::{Cells, key_hashes, row_hashes};
use super::fault::Code;
use super::limits::{BATCH_BLOCKS, SNAPSHOT_RECORDS_MAX};
use super::load::LoadOptions;
use super::validate::Validator;
use super::write::{Writer, Written};
use crate::pool::{Pool, WRITE_ROWS_MAX};
use crate::sources::file::{Input, Source};
use crate::table::Table;
use crate::value::Value;

/// A record that is there: a hash of what it says, and whether the snapshot has its key.
#[derive(Clone, Copy, Debug)]
struct There {
    content: u64,
    seen: bool,
}

/// What was there when a snapshot began.
#[derive(Debug)]
pub(super) struct Snapshot {
    table: Arc<Table>,
    there: FxHashMap<u128, There>,
    /// Records of the snapshot whose keys cannot be read.
    unknown_keys: u64,
}

/// Reads what is there, and how much of it the file has no more, before anything is changed.
pub(super) fn begin(
    pool: &Pool,
    validator: &Validator,
    open: impl Fn() -> Result<Input, Error>,
    source: &Source,
    options: &LoadOptions,
) -> Result<Snapshot, Error> {
    let table = validator.table();
    let mut snapshot = Snapshot::of(pool, table, &source.name)?;
    if snapshot.there.is_empty() {
        return Ok(snapshot);
    }
    let mut input = open()?;
    loop {
        let blocks: Vec<_> = std::iter::from_fn(|| input.next_block().transpose())
            .take(BATCH_BLOCKS)
            .collect::<Result<_, _>>()?;
        if blocks.is_empty() {
            break;
        }
        snapshot.see(&look(validator, &blocks, Duplicates::Quarantine)?);
    }
    if !options.allow_deletes {
        snapshot.may_delete(&source.name, options.deletes_percent_max)?;
    }
    Ok(snapshot)
}

impl Snapshot {
    fn of(pool: &Pool, table: &Arc<Table>, source: &str) -> Result<Self, Error> {
        let count = pool.count(table)?;
        if count > SNAPSHOT_RECORDS_MAX {
            return Err(Error::Limit {
                source_name: source.to_owned(),
                what: format!(
                    "the number of records of {} that it is compared with",
                    table.name()
                ),
                limit: SNAPSHOT_RECORDS_MAX,
                remedy: "send inserts, updates and deletes instead".to_owned(),
            });
        }
        let mut there = FxHashMap::default();
        there.reserve(count as usize);
        for batch in pool.scan(table)? {
            let (keys, contents) = hashes(table, &batch?);
            let found = keys.into_iter().zip(contents);
            there.extend(found.map(|(key, content)| {
                (
                    key,
                    There {
                        content,
                        seen: false,
                    },
                )
            }));
        }
        Ok(Self {
            table: Arc::clone(table),
            there,
            unknown_keys: 0,
        })
    }

    fn see(&mut self, batch: &Batch) {
        self.unknown_keys += batch.bad.iter().filter(|bad| bad.key.is_none()).count() as u64;
        // A record that is wrong now was there before: it is not gone, it stays as it was.
        let bad = batch.bad.iter().filter_map(|bad| bad.key);
        for key in batch.keys.iter().copied().chain(bad) {
            if let Some(there) = self.there.get_mut(&key) {
                there.seen = true;
            }
        }
    }

    fn may_delete(&self, source: &str, percent_max: f64) -> Result<(), Error> {
        let missing = self.there.values().filter(|there| !there.seen).count() as u64;
        if missing > 0 && self.unknown_keys > 0 {
            return Err(Error::UnknownKeys {
                source_name: source.to_owned(),
                dataset: self.table.name(),
                unknown: self.unknown_keys,
            });
        }
        let there = self.there.len() as u64;
        let percent = missing as f64 * 100.0 / there as f64;
        if percent > percent_max {
            return Err(Error::Deletes {
                source_name: source.to_owned(),
                dataset: self.table.name(),
                there,
                missing,
                percent,
                most: percent_max,
            });
        }
        Ok(())
    }

    /// The records of a batch that are new or say something else than those that are there.
    pub(super) fn changed(&mut self, batch: Batch) -> Result<Batch, Error> {
        self.see(&batch);
        let (_, contents) = hashes(&self.table, &batch.good);
        let changed = |(key, content): (&u128, u64)| {
            self.there
                .get(key)
                .is_none_or(|there| there.content != content)
        };
        let keep: Vec<bool> = batch.keys.iter().zip(contents).map(changed).collect();
        batch.keep(&keep)
    }

    /// Deletes the records that were there when the snapshot began and that it does not have.
    pub(super) fn delete_the_rest(self, writer: &Writer<'_>) -> Result<Written, Error> {
        let mut all = Written::default();
        if self.there.values().all(|there| there.seen) {
            return Ok(all);
        }
        let gone = |key: &u128| Some(self.there.get(key).is_some_and(|there| !there.seen));
        let mut waiting: Vec<RecordBatch> = Vec::new();
        let mut delete = |waiting: &mut Vec<RecordBatch>| -> Result<(), Error> {
            let rows = concat_batches(&self.table.columns, waiting.iter())?;
            waiting.clear();
            let written = writer.delete(&rows, "gone")?;
            all.seq = all.seq.max(written.seq);
            all.deleted += written.deleted;
            Ok(())
        };
        // Read to the end before the first is deleted: what is being read does not change then.
        for batch in writer.pool.scan(&self.table)? {
            let batch = own_columns(&self.table, &batch?)?;
            let (keys, _) = hashes(&self.table, &batch);
            let gone = keys.iter().map(gone).collect();
            let rows = filter_record_batch(&batch, &gone)?;
            if rows.num_rows() > 0 {
                waiting.push(rows);
            }
        }
        while !waiting.is_empty() {
            let mut rows = 0;
            let some = waiting.iter().take_while(|batch| {
                rows += batch.num_rows();
                rows <= WRITE_ROWS_MAX
            });
            let count = some.count().max(1);
            let rest = waiting.split_off(count);
            delete(&mut waiting)?;
            waiting = rest;
        }
        Ok(all)
    }
}

/// The table's own columns of a scan, which has others behind them.
fn own_columns(table: &Table, batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let columns = batch
        .columns()
        .iter()
        .take(table.columns.fields().len())
        .cloned()
        .collect();
    Ok(RecordBatch::try_new(Arc::clone(&table.columns), columns)?)
}

/// Hashes of key and content of each row; columns behind the table's own do not count.
fn hashes(table: &Table, batch: &RecordBatch) -> (Vec<u128>, Vec<u64>) {
    let columns = batch
        .columns()
        .get(..table.columns.fields().len())
        .unwrap_or_default();
    let key: Vec<ArrayRef> = table
        .key
        .iter()
        .filter_map(|at| columns.get(*at).cloned())
        .collect();
    let rows = batch.num_rows();
    (
        key_hashes(&Cells::all(&key), rows),
        row_hashes(&Cells::all(columns), rows),
    )
}

/// Leaves the records of a batch that the pool does not have. Those that it has just so are passed
/// over (a load that goes on meets its own); those that it has otherwise are quarantined.
pub(super) fn new_ones(writer: &Writer<'_>, batch: Batch) -> Result<Batch, Error> {
    let (pool, table) = (writer.pool, writer.table);
    if pool.count(table)? == 0 {
        return Ok(batch);
    }
    let columns = batch.good.columns().to_vec();
    let cells = Cells::all(&columns);
    let there = |row: usize| -> Result<Option<bool>, Error> {
        let value = |at: &usize| cells.get(*at).map_or(Value::Null, |cells| cells.value(row));
        let key: Vec<Value> = table.key.iter().map(value).collect();
        let found = pool.get(table, &key)?;
        Ok(found.map(|record| cells.iter().map(|cells| cells.value(row)).eq(record.values)))
    };
    let found: Vec<Option<bool>> = (0..batch.good.num_rows())
        .into_par_iter()
        .map(there)
        .collect::<Result<_, _>>()?;
    let other = |(row, found): (usize, &Option<bool>)| {
        let message = "a record with this key is there already, and says something else";
        (*found == Some(false)).then(|| (row, message.to_owned()))
    };
    let others: Vec<(usize, String)> = found.iter().enumerate().filter_map(other).collect();
    let rest: Vec<bool> = found
        .iter()
        .filter(|found| **found != Some(false))
        .map(Option::is_none)
        .collect();
    batch.without(table, &others, Code::KeyExists)?.keep(&rest)
}
