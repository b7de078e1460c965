//! Applies what the outbox holds and keyed state does not have: after a fall, or a full disk.

use std::sync::Arc;

use super::committer::Kind;
use super::entries::{Stored, head, stored_after};
use super::payload::decode_batch;
use crate::codec::TableCodec;
use crate::error::{Error, REBUILD, RESTORE};
use crate::history_files::{self, Place};
use crate::pool::{DataFile, Inner};
use crate::state::{Change, last_of_each};
use crate::values;

/// Entries of one step.
const ENTRIES: usize = 256;
/// Rows that are held in memory, but for those of one entry more.
const ROWS: usize = 200_000;

/// Brings keyed state up to the outbox; says up to which entry.
pub(crate) fn replay(inner: &Inner) -> Result<u64, Error> {
    let head = head(&inner.meta)?;
    let newest = inner.state.newest()?;
    if newest > head {
        return Err(Error::Damaged {
            path: inner.options.data.join("meta.sqlite"),
            detail: format!("it ends with entry {head}, and keyed state has entry {newest}"),
            remedy: RESTORE,
        });
    }
    let mut seq = inner.state.settled()?;
    while seq < head {
        let entries = stored_after(&inner.meta, seq, ENTRIES)?;
        let next = entries.first().map_or(head + 1, |entry| entry.seq);
        if next > seq + 1 {
            return Err(Error::Damaged {
                path: inner.options.data.join("state"),
                detail: format!(
                    "a part has entries up to {seq} only, and the outbox begins at {next}"
                ),
                remedy: REBUILD,
            });
        }
        let last = entries.last().map_or(head, |entry| entry.seq);
        let mut changes = Vec::new();
        for entry in entries {
            changes.extend(change(inner, &entry)?);
            if changes
                .iter()
                .map(|change: &Change| change.rows.len())
                .sum::<usize>()
                > ROWS
            {
                apply(inner, &mut changes)?;
            }
        }
        apply(inner, &mut changes)?;
        seq = last;
    }
    Ok(head)
}

fn apply(inner: &Inner, changes: &mut Vec<Change>) -> Result<(), Error> {
    let replaced = inner.state.replay(changes)?;
    for (change, replaced) in changes
        .iter()
        .zip(replaced)
        .filter(|(change, _)| change.bulk)
    {
        note_replaced(inner, change.seq, replaced)?;
    }
    changes.clear();
    Ok(())
}

/// Remembers how many records a load found.
pub(crate) fn note_replaced(inner: &Inner, seq: u64, replaced: u64) -> Result<(), Error> {
    inner.meta.transaction(|tx| {
        tx.execute(
            "UPDATE outbox SET replaced = $2 WHERE seq = $1",
            &values![seq, replaced],
        )?;
        tx.execute(
            "UPDATE idempotency SET replaced = $2 WHERE seq = $1",
            &values![seq, replaced],
        )
    })?;
    Ok(())
}

/// The change of an entry; none if its dataset is not defined any more.
fn change(inner: &Inner, entry: &Stored) -> Result<Option<Change>, Error> {
    let Some(codec) = inner.catalogue().codec(entry.tab) else {
        tracing::warn!(
            seq = entry.seq,
            table = entry.tab.0,
            "an entry of a dataset that is not defined any more was left out"
        );
        return Ok(None);
    };
    if Kind::of(entry.kind)? == Kind::Files && is_loaded(inner, entry)? {
        return Ok(None);
    }
    decoded(codec, &inner.place, entry).map(Some)
}

/// An entry as it is applied.
pub(crate) fn decoded(
    codec: Arc<TableCodec>,
    place: &Place,
    entry: &Stored,
) -> Result<Change, Error> {
    let kind = Kind::of(entry.kind)?;
    let (batch, deletes) = match kind {
        Kind::Batch => {
            let (batch, deletes) = decode_batch(&codec.table, &entry.payload)?;
            (batch, Some(deletes))
        }
        Kind::Files => (
            history_files::read(place, &codec.table, &files(&entry.payload)?)?,
            None,
        ),
    };
    let rows = match kind {
        Kind::Batch => last_of_each(&codec, &batch)?,
        Kind::Files => (0..batch.num_rows() as u32).collect(),
    };
    Ok(Change {
        seq: entry.seq,
        at: entry.at,
        batch,
        deletes,
        rows: Arc::new(rows),
        moved: Arc::new(moved(entry.moved.as_deref())?),
        bulk: kind == Kind::Files,
        codec,
    })
}

/// Whether a load has been applied everywhere; what is known of it is noted, if it was not yet.
fn is_loaded(inner: &Inner, entry: &Stored) -> Result<bool, Error> {
    let Some(replaced) = inner.state.loaded(entry.seq)? else {
        return Ok(false);
    };
    if entry.replaced.is_none() {
        note_replaced(inner, entry.seq, replaced)?;
    }
    Ok(true)
}

/// The files of an entry.
pub(crate) fn files(payload: &[u8]) -> Result<Vec<DataFile>, Error> {
    serde_json::from_slice(payload).map_err(|fault| Error::garbled("an entry", fault))
}

/// The rows of an entry that had another subject before.
pub(crate) fn moved(bytes: Option<&[u8]>) -> Result<Vec<(u32, String)>, Error> {
    let read =
        |bytes| serde_json::from_slice(bytes).map_err(|fault| Error::garbled("an entry", fault));
    bytes.map_or_else(|| Ok(Vec::new()), read)
}
