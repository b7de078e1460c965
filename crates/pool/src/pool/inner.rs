//! What the pool's threads share.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::catalogue::Catalogue;
use super::options::Options;
use super::types::Receipt;
use crate::clock::{Clock, Moment};
use crate::error::Error;
use crate::history_files::{Names, Place};
use crate::sql::Sql;
use crate::state::State;
use crate::values;

/// What the pool's threads share.
pub(crate) struct Inner {
    pub(crate) options: Options,
    pub(crate) meta: Sql,
    pub(crate) state: Box<dyn State>,
    pub(crate) place: Place,
    pub(crate) names: Names,
    pub(crate) clock: Arc<dyn Clock>,
    pub(super) catalogue: RwLock<Arc<Catalogue>>,
    /// Bytes in the outbox.
    pub(super) bytes: AtomicU64,
    /// The moment of the last entry.
    pub(super) last_at: AtomicI64,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// The tables in force.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(
            &self
                .catalogue
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// The moment of the last entry.
    pub(crate) fn last_at(&self) -> Moment {
        Moment(self.last_at.load(Ordering::SeqCst))
    }

    pub(crate) fn note_last_at(&self, at: Moment) {
        self.last_at.fetch_max(at.0, Ordering::SeqCst);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn remove_bytes(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The receipt of an earlier write with this idempotency key and content.
    pub(crate) fn receipt_of(
        &self,
        (key, content): &(String, [u8; 16]),
    ) -> Result<Option<Receipt>, Error> {
        let sql =
            "SELECT content, seq, row_count, replaced, doubled FROM idempotency WHERE key = $1";
        let rows = self.meta.query(sql, &values![key])?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        if row.get::<Vec<u8>>(0)? != content {
            return Err(Error::KeyReused(key.clone()));
        }
        Ok(Some(Receipt {
            seq: row.get(1)?,
            rows: row.get(2)?,
            replaced: row.get(3)?,
            doubled: row.get(4)?,
            repeated: true,
        }))
    }

    /// Refuses if the outbox is full.
    pub(super) fn has_room(&self) -> Result<(), Error> {
        let (bytes, limit) = (
            self.bytes.load(Ordering::Relaxed),
            self.options.outbox_bytes_max,
        );
        if bytes < limit {
            return Ok(());
        }
        let rows = self
            .meta
            .query("SELECT name FROM consumer ORDER BY seq LIMIT 1", &[])?;
        let consumer = rows
            .first()
            .map_or_else(|| Ok("history".to_owned()), |row| row.get(0))?;
        Err(Error::OutboxFull {
            bytes,
            limit,
            consumer,
        })
    }
}
