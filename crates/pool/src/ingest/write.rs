//! Batches into the pool: what is wrong into the quarantine first, then what is right, each with a
//! name by which a repetition is known.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::batch::Batch;
use super::cells::{Cells, key_hashes};
use super::{Error, deletes};
use crate::pool::{Pool, Receipt, WRITE_BYTES_MAX, WRITE_ROWS_MAX, Write};
use crate::quarantine::{self, Origin};
use crate::table::Table;

/// From this many rows on a batch goes the way of bulk loads.
const BULK_ROWS: usize = 50_000;
/// Names of loads that are longer stand in the pool as hashes.
const LOAD_NAME_BYTES: usize = 120;

/// Writes batches of one source.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) pool: &'a Arc<Pool>,
    pub(crate) table: &'a Arc<Table>,
    /// What the source is called.
    pub(crate) source: &'a str,
    /// By which load the records come.
    pub(crate) load: &'a str,
    /// Most bytes that may wait in the quarantine.
    pub(crate) quarantine_bytes_max: u64,
    /// The sender has named its writes itself: other content under the same name is an error.
    pub(crate) named_by_sender: bool,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// The last entry of the outbox; 0 if nothing was written.
    pub(crate) seq: u64,
    /// Records that took the place of others.
    pub(crate) replaced: u64,
    /// Records that were deleted.
    pub(crate) deleted: u64,
    /// Deletes of records that were not there.
    pub(crate) absent: u64,
    /// Rows that a later row with the same key made void.
    pub(crate) doubled: u64,
    /// Whether all of it had been written before.
    pub(crate) repeated: bool,
}

impl Writer<'_> {
    /// Puts the bad records of a batch into the quarantine.
    pub(crate) fn quarantine(&self, batch: &Batch) -> Result<u64, Error> {
        if batch.bad.is_empty() {
            return Ok(0);
        }
        let origin = Origin {
            dataset: &self.table.dataset,
            load: self.load,
            source: self.source,
            at: self.pool.clock().now(),
            bytes_max: self.quarantine_bytes_max,
        };
        quarantine::put(self.pool.meta(), &origin, &batch.bad)
    }

    /// Writes the right records of a batch. `name` tells it from the source's other batches.
    pub(crate) fn upsert(&self, batch: &Batch, name: &str) -> Result<Written, Error> {
        let rows = batch.good.num_rows();
        if rows == 0 {
            return Ok(Written::default());
        }
        let large = batch.bytes() > WRITE_BYTES_MAX / 2;
        let key = self.key(name, &batch.keys);
        if rows < BULK_ROWS && !large {
            return self.write(batch.good.clone(), None, key);
        }
        let receipt = self
            .pool
            .load(self.request(batch.good.clone(), None, key))?;
        Ok(Written {
            seq: receipt.seq,
            replaced: receipt.replaced,
            doubled: receipt.doubled,
            repeated: receipt.repeated,
            ..Written::default()
        })
    }

    /// Deletes the records whose keys a batch has. A repetition is known by the keys that are asked
    /// for: which of them there are, and whom they are about, can be otherwise then.
    pub(crate) fn delete(&self, batch: &RecordBatch, name: &str) -> Result<Written, Error> {
        let mut written = Written {
            repeated: batch.num_rows() > 0,
            ..Written::default()
        };
        let step = WRITE_ROWS_MAX / 2;
        for (part, from) in (0..batch.num_rows()).step_by(step).enumerate() {
            let asked = batch.slice(from, step.min(batch.num_rows() - from));
            let one = self.delete_some(asked, name, part)?;
            written.seq = written.seq.max(one.seq);
            written.deleted += one.deleted;
            written.absent += one.absent;
            written.repeated &= one.repeated;
        }
        Ok(written)
    }

    fn delete_some(&self, asked: RecordBatch, name: &str, part: usize) -> Result<Written, Error> {
        let rows = asked.num_rows() as u64;
        let columns = self.table.key.iter();
        let columns: Vec<ArrayRef> = columns.map(|at| Arc::clone(asked.column(*at))).collect();
        let keys = key_hashes(&Cells::all(&columns), asked.num_rows());
        let mut content = Xxh3::new();
        content.update(&self.table.id.0.to_le_bytes());
        for key in &keys {
            content.update(&key.to_le_bytes());
        }
        let content = content.digest128().to_be_bytes();
        let name = match part {
            0 => self.key(name, &keys),
            part => self.key(&format!("{name}.{part}"), &keys),
        };
        let written = |receipt: Receipt| Written {
            seq: receipt.seq,
            deleted: receipt.replaced,
            absent: rows.saturating_sub(receipt.replaced + receipt.doubled),
            repeated: receipt.repeated,
            ..Written::default()
        };
        if let Some(receipt) = self.pool.receipt(&name, content)? {
            return Ok(written(receipt));
        }
        let (there, _) = deletes::with_subjects(self.pool, self.table, asked, &[])?;
        if there.num_rows() == 0 {
            self.pool.nothing_to_write(&name, content)?;
            return Ok(Written {
                absent: rows,
                ..Written::default()
            });
        }
        let all = BooleanArray::from(vec![true; there.num_rows()]);
        let request = self.request(there, Some(all), name);
        Ok(written(self.pool.write_as(request, Some(content))?))
    }

    /// Changes in the order in which they came: rows, and which of them are deletes.
    pub(crate) fn changes(
        &self,
        batch: RecordBatch,
        deletes: BooleanArray,
        key: String,
    ) -> Result<Written, Error> {
        self.write(batch, Some(deletes), key)
    }

    fn write(
        &self,
        batch: RecordBatch,
        deletes: Option<BooleanArray>,
        key: String,
    ) -> Result<Written, Error> {
        let receipt = self.pool.write(self.request(batch, deletes, key))?;
        Ok(Written {
            seq: receipt.seq,
            replaced: receipt.replaced,
            doubled: receipt.doubled,
            repeated: receipt.repeated,
            ..Written::default()
        })
    }

    fn request(&self, batch: RecordBatch, deletes: Option<BooleanArray>, key: String) -> Write {
        Write {
            table: Arc::clone(self.table),
            batch,
            deletes,
            source: self.source.to_owned(),
            idempotency_key: Some(key),
        }
    }

    /// The name of a write: the same for the same records at the same place of the same load, and
    /// another if other records are right now, since the definitions have changed.
    fn key(&self, name: &str, keys: &[u128]) -> String {
        // A name may be as long as a sender likes; the pool's are short.
        let load = match self.load.len() {
            0..=LOAD_NAME_BYTES => self.load.to_owned(),
            _ => format!("{:032x}", xxh3_128(self.load.as_bytes())),
        };
        if self.named_by_sender {
            return format!("{load}/{name}");
        }
        let mut hash = Xxh3::new();
        hash.update(self.table.version.to_string().as_bytes());
        for key in keys {
            hash.update(&key.to_le_bytes());
        }
        format!("{load}/{name}/{:016x}", hash.digest())
    }
}
