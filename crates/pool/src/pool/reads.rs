//! Look-ups, scans, and the outbox as others read it.

use std::sync::Arc;

use arrow::array::RecordBatch;
use city::ContentHash;

use super::Pool;
use super::types::{Entry, Payload, Record};
use crate::clock::Moment;
use crate::codec::{Builders, TableCodec};
use crate::error::Error;
use crate::outbox::{self, Kind, decode_batch};
use crate::table::Table;
use crate::value::Value;

/// Records of one batch of a scan.
const SCAN_ROWS: usize = 8_192;

impl Pool {
    /// The record with this key: one value for each of the key's fields, in order.
    pub fn get(&self, table: &Table, key: &[Value]) -> Result<Option<Record>, Error> {
        let codec = self.codec(table)?;
        let state = self.inner.state.as_ref();
        let (subject, bytes) = codec.encode_key(key)?;
        let found;
        let subject = match subject {
            Some(subject) => subject,
            None => match state.locate(table.id, &bytes)? {
                Some(subject) => {
                    found = subject;
                    &found
                }
                None => return Ok(None),
            },
        };
        let mut record = None;
        state.get(
            table.id,
            subject,
            &bytes,
            &mut |subject, key, from, body| {
                record = Some(record_of(&codec, subject, key, from, body)?);
                Ok(())
            },
        )?;
        Ok(record)
    }

    /// The records of a subject, in the order of their keys, `limit` at most.
    pub fn of_subject(
        &self,
        table: &Table,
        subject: &str,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let codec = self.codec(table)?;
        let mut records = Vec::new();
        self.inner.state.of_subject(
            table.id,
            subject,
            limit,
            &mut |subject, key, from, body| {
                records.push(record_of(&codec, subject, key, from, body)?);
                Ok(())
            },
        )?;
        Ok(records)
    }

    /// How many records are in force. Counted as they are written, so it costs nothing.
    pub fn count(&self, table: &Table) -> Result<u64, Error> {
        self.inner.state.count(table.id)
    }

    /// All records in force, in batches: the table's columns and `_from`, ordered by subject and
    /// key within each part. Columns other than key and subject may be null. It sees writes made
    /// before it began; later ones may or may not show.
    pub fn scan(&self, table: &Table) -> Result<Scan<'_>, Error> {
        let codec = self.codec(table)?;
        let builders = Builders::new(&codec.table);
        Ok(Scan {
            pool: self,
            codec,
            builders,
            part: 0,
            after: None,
        })
    }

    /// Entries of the outbox after `seq`, oldest first: `limit` at most, and at least one if there
    /// is one. Entries of datasets that are not defined any more are left out.
    ///
    /// # Errors
    /// [`Error::Trimmed`] when some of them are gone.
    pub fn entries_after(&self, seq: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let applied = *self.newest.borrow();
        let mut entries = Vec::new();
        let mut after = seq;
        while entries.is_empty() && after < applied {
            let stored = outbox::entries_after(&self.inner.meta, after, limit)?;
            let Some(last) = stored.last() else { break };
            after = last.seq;
            for stored in stored
                .into_iter()
                .take_while(|stored| stored.seq <= applied)
            {
                let Some(codec) = self.inner.catalogue().codec(stored.tab) else {
                    continue;
                };
                let payload = match Kind::of(stored.kind)? {
                    Kind::Batch => {
                        let (batch, deletes) = decode_batch(&codec.table, &stored.payload)?;
                        Payload::Batch { batch, deletes }
                    }
                    Kind::Files => Payload::Files(outbox::files(&stored.payload)?),
                };
                entries.push(Entry {
                    seq: stored.seq,
                    table: Arc::clone(&codec.table),
                    at: stored.at,
                    source: stored.source,
                    payload,
                    moved: outbox::moved(stored.moved.as_deref())?,
                    replaced: stored.replaced,
                });
            }
        }
        Ok(entries)
    }
}

fn record_of(
    codec: &TableCodec,
    subject: &str,
    key: &[u8],
    from: i64,
    body: &[u8],
) -> Result<Record, Error> {
    let (values, layout) = codec.decode(subject, key, body)?;
    let version: ContentHash = layout.hash;
    Ok(Record {
        table: Arc::clone(&codec.table),
        values,
        from: Moment(from),
        version,
    })
}

/// All records of a table, batch by batch.
pub struct Scan<'a> {
    pool: &'a Pool,
    codec: Arc<TableCodec>,
    builders: Builders,
    part: usize,
    after: Option<(String, Vec<u8>)>,
}

impl std::fmt::Debug for Scan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan")
            .field("table", &self.codec.table.name())
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}

impl Scan<'_> {
    /// A page of the part; empty when it has no more.
    fn page(&mut self) -> Result<RecordBatch, Error> {
        let (codec, builders) = (&self.codec, &mut self.builders);
        let before = self.after.take();
        let after = before
            .as_ref()
            .map(|(subject, key)| (subject.as_str(), key.as_slice()));
        let mut last = None;
        let mut each = |subject: &str, key: &[u8], from: i64, body: &[u8]| {
            builders.push(codec, (subject, key, from, body))?;
            if builders.rows() == SCAN_ROWS {
                last = Some((subject.to_owned(), key.to_owned()));
            }
            Ok(())
        };
        self.pool
            .inner
            .state
            .page(codec.table.id, self.part, after, SCAN_ROWS, &mut each)?;
        self.after = last;
        self.builders.finish()
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.part < self.pool.inner.state.parts() {
            let page = self.page();
            if self.after.is_none() {
                self.part += 1; // the page was not full, or it failed
            }
            match page {
                Ok(batch) if batch.num_rows() == 0 => {}
                Ok(batch) => return Some(Ok(batch)),
                Err(error) => {
                    self.part = usize::MAX;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
