//! Writes, small and large.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::BooleanArray;

use super::Pool;
use super::options::{IDEMPOTENCY_BYTES_MAX, LOAD_ROWS_MAX, WRITE_BYTES_MAX, WRITE_ROWS_MAX};
use super::types::{Receipt, Write};
use crate::codec::TableCodec;
use crate::error::Error;
use crate::history_files::{sorted, write};
use crate::outbox::{Draft, Kind, Message, content_hash, encode_batch};
use crate::state::{Change, checked, last_of_each};
use crate::table::Table;
use crate::values;

impl Pool {
    /// Writes changes of one table. When it returns they are durable and visible to look-ups.
    pub fn write(&self, write: Write) -> Result<Receipt, Error> {
        self.write_as(write, None)
    }

    /// The same; `content` stands for what its sender asked for, where that is not what is written.
    pub(crate) fn write_as(
        &self,
        write: Write,
        content: Option<[u8; 16]>,
    ) -> Result<Receipt, Error> {
        let codec = self.codec(&write.table)?;
        let rows = write.batch.num_rows();
        within("rows of a write", rows, WRITE_ROWS_MAX)?;
        if rows == 0 {
            return Ok(Receipt {
                seq: *self.newest.borrow(),
                rows: 0,
                replaced: 0,
                doubled: 0,
                repeated: false,
            });
        }
        let key = self.prepared(&codec, &write, content)?;
        let last = last_of_each(&codec, &write.batch)?;
        let payload = encode_batch(&write.batch, write.deletes.as_ref())?;
        within("bytes of a write", payload.len(), WRITE_BYTES_MAX)?;
        let lock = self.load_lock(&codec.table);
        let _no_load = lock.read().unwrap_or_else(PoisonError::into_inner);
        self.send(Draft {
            codec,
            doubled: (rows - last.len()) as u64,
            rows: Arc::new(last),
            batch: write.batch,
            deletes: write.deletes,
            source: write.source,
            key,
            kind: Kind::Batch,
            payload,
            at: None,
            moved: None,
        })
    }

    /// Writes many records at once (tens of thousands and more; no deletes): straight into
    /// history's files, then into keyed state in sorted order. Other writes of the same table wait.
    pub fn load(&self, load: Write) -> Result<Receipt, Error> {
        let codec = self.codec(&load.table)?;
        within("rows of a load", load.batch.num_rows(), LOAD_ROWS_MAX)?;
        if load
            .deletes
            .as_ref()
            .is_some_and(|deletes| deletes.iter().any(|delete| delete == Some(true)))
        {
            return Err(Error::garbled(
                "a load",
                "it has deletes; use `write` for those",
            ));
        }
        if load.batch.num_rows() == 0 {
            return self.write(load);
        }
        let load = Write {
            deletes: None,
            ..load
        };
        let key = self.prepared(&codec, &load, None)?;
        let before = key
            .as_ref()
            .map_or(Ok(None), |key| self.inner.receipt_of(key))?;
        if let Some(receipt) = before {
            return Ok(receipt);
        }
        let lock = self.load_lock(&codec.table);
        let _alone = lock.write().unwrap_or_else(PoisonError::into_inner);
        let sorted = sorted(&codec, load.batch)?;
        let at = self.inner.clock.now().max(self.inner.last_at());
        let files = write(
            &self.inner.place,
            &self.inner.names,
            (&codec.table, &sorted, at),
            &self.inner.options.faults,
        )?;
        let payload =
            serde_json::to_vec(&files).map_err(|fault| Error::garbled("a list of files", fault))?;
        let mut change = Change {
            seq: 0, // not known before the commit
            at,
            codec,
            batch: sorted.batch,
            deletes: None,
            rows: sorted.rows,
            moved: Arc::default(),
            bulk: true,
        };
        if !change.codec.table.key_begins_with_subject() {
            change.moved = Arc::new(self.inner.state.moved(&change)?);
        }
        let receipt = self.send(Draft {
            codec: Arc::clone(&change.codec),
            doubled: sorted.doubled,
            rows: Arc::clone(&change.rows),
            batch: change.batch.clone(),
            deletes: None,
            source: load.source,
            key,
            kind: Kind::Files,
            payload,
            at: Some(at),
            moved: Some(Arc::clone(&change.moved)),
        })?;
        if receipt.repeated || !self.inner.state.loads_apart() {
            return Ok(receipt);
        }
        change.seq = receipt.seq;
        self.apply_load(&change, receipt)
    }

    /// Applies a load that was committed, beside other writes.
    fn apply_load(&self, change: &Change, receipt: Receipt) -> Result<Receipt, Error> {
        let stopped = || Error::Stopped("it is being closed".to_owned());
        match self.inner.state.replay(std::slice::from_ref(change)) {
            Ok(replaced) => {
                let replaced = replaced.first().copied().unwrap_or(0);
                let (reply, answer) = sync_channel(1);
                let loaded = Message::Loaded(change.seq, replaced, reply);
                self.committer.send(loaded).map_err(|_gone| stopped())?;
                answer.recv().map_err(|_gone| stopped())??;
                Ok(Receipt {
                    replaced,
                    ..receipt
                })
            }
            Err(error) => {
                let detail = error.chain();
                let failed = Message::LoadFailed(change.seq, detail.clone());
                self.committer.send(failed).map_err(|_gone| stopped())?;
                Err(Error::Unapplied(detail))
            }
        }
    }

    /// Checks a write; its idempotency key with the hash of its content.
    fn prepared(
        &self,
        codec: &TableCodec,
        write: &Write,
        content: Option<[u8; 16]>,
    ) -> Result<Option<(String, [u8; 16])>, Error> {
        self.inner.has_room()?;
        checked(&codec.table, &write.batch, write.deletes.as_ref())?;
        let Some(key) = &write.idempotency_key else {
            return Ok(None);
        };
        within(
            "bytes of an idempotency key",
            key.len(),
            IDEMPOTENCY_BYTES_MAX,
        )?;
        let deletes: Option<&BooleanArray> = write.deletes.as_ref();
        let content = match content {
            Some(content) => content,
            None => content_hash(&codec.table, &write.batch, deletes)?,
        };
        Ok(Some((key.clone(), content)))
    }

    /// The receipt of a write that was taken under this idempotency key for this content.
    pub(crate) fn receipt(&self, key: &str, content: [u8; 16]) -> Result<Option<Receipt>, Error> {
        self.inner.receipt_of(&(key.to_owned(), content))
    }

    /// Remembers that there was nothing to write for this content under this idempotency key.
    pub(crate) fn nothing_to_write(&self, key: &str, content: [u8; 16]) -> Result<(), Error> {
        let now = self.inner.clock.now();
        self.inner.meta.execute(
            "INSERT INTO idempotency (key, content, seq, row_count, replaced, doubled, at_us) VALUES ($1, $2, 0, 0, 0, 0, $3) ON CONFLICT DO NOTHING",
            &values![key, content.as_slice(), now],
        )?;
        Ok(())
    }

    fn send(&self, draft: Draft) -> Result<Receipt, Error> {
        let stopped = || Error::Stopped("it is being closed".to_owned());
        let (reply, answer) = sync_channel(1);
        self.committer
            .send(Message::Write(Box::new(draft), reply))
            .map_err(|_gone| stopped())?;
        answer.recv().map_err(|_gone| stopped())?
    }

    fn load_lock(&self, table: &Table) -> Arc<RwLock<()>> {
        let mut locks = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(table.id).or_default())
    }
}

fn within(what: &'static str, size: usize, limit: usize) -> Result<(), Error> {
    if size <= limit {
        return Ok(());
    }
    Err(Error::TooLarge {
        what,
        size: size as u64,
        limit: limit as u64,
    })
}
