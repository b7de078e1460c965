//! Blocks of a source looked at in parallel and put together as one batch of a table.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::cells::Cells;
use super::fault::Code;
use super::raw::Raw;
use super::validate::{Bad, Checked, Counts, Validator};
use super::{Error, explain};
use crate::sources::file::Block;
use crate::table::Table;

/// What becomes of records with the same key in one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// The first is taken, the others are quarantined: files say each thing once.
    Quarantine,
    /// The last is taken: a stream of changes says what is true now.
    LastWins,
}

/// Records of a source that are to be written together.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Those that are right.
    pub(crate) good: RecordBatch,
    /// A hash of each key.
    pub(crate) keys: Vec<u128>,
    /// The line or row of each.
    pub(crate) places: Vec<u64>,
    /// Those that are not.
    pub(crate) bad: Vec<Bad>,
    pub(crate) counts: Counts,
}

/// Looks at blocks, in parallel.
pub(crate) fn look(
    validator: &Validator,
    blocks: &[Block],
    duplicates: Duplicates,
) -> Result<Batch, Error> {
    let checked: Result<Vec<Checked>, Error> = blocks
        .par_iter()
        .map(|block| validator.check(&block.raw(validator.table())))
        .collect();
    together(validator.table(), checked?, duplicates)
}

/// Looks at records that a reader has made.
pub(crate) fn look_at_raw(
    validator: &Validator,
    raw: &Raw,
    duplicates: Duplicates,
) -> Result<Batch, Error> {
    together(validator.table(), vec![validator.check(raw)?], duplicates)
}

fn together(
    table: &Arc<Table>,
    parts: Vec<Checked>,
    duplicates: Duplicates,
) -> Result<Batch, Error> {
    let mut counts = Counts::default();
    let (mut goods, mut keys, mut places, mut bad) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        counts.add(&part.counts);
        goods.push(part.good);
        keys.extend(part.keys);
        places.extend(part.places);
        bad.extend(part.bad);
    }
    let good = match goods.as_slice() {
        [one] => one.clone(),
        several => concat_batches(&table.columns, several)?,
    };
    let batch = Batch {
        good,
        keys,
        places,
        bad,
        counts,
    };
    if duplicates == Duplicates::LastWins {
        return Ok(batch); // the pool itself takes the last
    }
    batch.without_duplicates(table)
}

impl Batch {
    /// Takes out records whose key another record has that comes before.
    fn without_duplicates(self, table: &Arc<Table>) -> Result<Self, Error> {
        let mut first: FxHashMap<u128, u32> = FxHashMap::default();
        first.reserve(self.keys.len());
        let mut doubled = Vec::new();
        for (row, key) in self.keys.iter().enumerate() {
            match first.entry(*key) {
                std::collections::hash_map::Entry::Occupied(before) => {
                    doubled.push((row, *before.get()));
                }
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(row as u32);
                }
            }
        }
        if doubled.is_empty() {
            return Ok(self);
        }
        let place = |row: u32| self.places.get(row as usize).copied().unwrap_or_default();
        let said: Vec<(usize, String)> = doubled
            .into_iter()
            .map(|(row, before)| {
                (
                    row,
                    format!("the key has come before, in record {}", place(before)),
                )
            })
            .collect();
        self.without(table, &said, Code::DuplicateKey)
    }

    /// Moves rows to those that are not right, each with what is to be said of it.
    pub(crate) fn without(
        mut self,
        table: &Arc<Table>,
        rows: &[(usize, String)],
        code: Code,
    ) -> Result<Self, Error> {
        if rows.is_empty() {
            return Ok(self);
        }
        let columns = self.good.columns().to_vec();
        let key = table.key.first().copied().unwrap_or_default();
        let Some(field) = table.field(key) else {
            return Ok(self);
        };
        let raw = Raw {
            columns: columns.iter().cloned().map(Some).collect(),
            rows: self.good.num_rows(),
            ..Raw::default()
        };
        let mut keep = vec![true; self.good.num_rows()];
        let cells = Cells::all(&columns);
        for (row, message) in rows {
            keep[*row] = false;
            let value = cells
                .get(key)
                .map(|cells| cells.value(*row).to_string())
                .unwrap_or_default();
            let mut fault = explain::fault(field, code, &value);
            fault.message.clone_from(message);
            let record = raw.record(table, *row);
            self.bad.push(Bad {
                raw: serde_json::Value::Object(record.clone())
                    .to_string()
                    .into_bytes(),
                record: Some(record),
                place: self.places.get(*row).copied().unwrap_or_default(),
                key: self.keys.get(*row).copied(),
                faults: vec![fault],
            });
        }
        let moved = rows.len() as u64;
        *self.counts.faults.entry(code).or_default() += moved;
        self.counts.accepted -= moved;
        self.counts.quarantined += moved;
        self.keep(&keep)
    }

    /// Leaves only some rows.
    pub(crate) fn keep(mut self, keep: &[bool]) -> Result<Self, Error> {
        if keep.iter().all(|kept| *kept) {
            return Ok(self);
        }
        self.good = filter_record_batch(&self.good, &BooleanArray::from(keep.to_vec()))?;
        let mut kept = keep.iter();
        self.keys.retain(|_| *kept.next().unwrap_or(&true));
        let mut kept = keep.iter();
        self.places.retain(|_| *kept.next().unwrap_or(&true));
        debug_assert_eq!(
            self.keys.len(),
            self.good.num_rows(),
            "keys and rows go together"
        );
        Ok(self)
    }

    /// Bytes of the right records, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.good
            .columns()
            .iter()
            .map(Array::get_array_memory_size)
            .sum()
    }
}
