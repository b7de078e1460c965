//! Reading the outbox, and who has read how far.

use crate::clock::Moment;
use crate::error::Error;
use crate::sql::{Row, Sql};
use crate::table::TableId;
use crate::values;

/// An entry as it lies in the table.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) seq: u64,
    pub(crate) tab: TableId,
    pub(crate) at: Moment,
    pub(crate) source: String,
    pub(crate) kind: i64,
    pub(crate) payload: Vec<u8>,
    pub(crate) moved: Option<Vec<u8>>,
    pub(crate) replaced: Option<u64>,
}

/// Most bytes of entries read at once.
const BYTES_MAX: u64 = 64 << 20;
/// Most entries read at once.
const ENTRIES_MAX: usize = 10_000;

/// Entries after `seq`, and whether all that there are between it and the last are there.
pub(crate) fn stored_after(meta: &Sql, seq: u64, limit: usize) -> Result<Vec<Stored>, Error> {
    let limit = limit.clamp(1, ENTRIES_MAX);
    let sizes = meta.query(
        "SELECT seq, byte_count FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2",
        &values![seq, limit],
    )?;
    let mut bytes = 0;
    let mut last = seq;
    for row in &sizes {
        bytes += row.get::<u64>(1)?;
        if bytes > BYTES_MAX && last > seq {
            break;
        }
        last = row.get(0)?;
    }
    let rows = meta.query(
        "SELECT seq, tab, at_us, source, kind, payload, moved, replaced FROM outbox WHERE seq > $1 AND seq <= $2 ORDER BY seq",
        &values![seq, last],
    )?;
    rows.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<Stored, Error> {
    Ok(Stored {
        seq: row.get(0)?,
        tab: TableId(row.get(1)?),
        at: row.get(2)?,
        source: row.get(3)?,
        kind: row.get(4)?,
        payload: row.get(5)?,
        moved: row.get(6)?,
        replaced: row.get(7)?,
    })
}

/// The newest entry; 0 if there was none yet.
pub(crate) fn head(meta: &Sql) -> Result<u64, Error> {
    let rows = meta.query("SELECT seq FROM outbox_head", &[])?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// As [`stored_after`], or [`Error::Trimmed`] if the next entry is gone.
pub(crate) fn entries_after(meta: &Sql, seq: u64, limit: usize) -> Result<Vec<Stored>, Error> {
    let entries = stored_after(meta, seq, limit)?;
    let head = head(meta)?;
    let oldest = entries.first().map_or(head + 1, |entry| entry.seq);
    if seq < head && oldest > seq + 1 {
        return Err(Error::Trimmed { asked: seq, oldest });
    }
    Ok(entries)
}

/// Notes how far a consumer is; never back.
pub(crate) fn note_consumed(
    meta: &Sql,
    consumer: &str,
    seq: u64,
    now: Moment,
) -> Result<(), Error> {
    meta.execute(
        "INSERT INTO consumer (name, seq, at_us) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, at_us = excluded.at_us WHERE consumer.seq < excluded.seq",
        &values![consumer, seq, now],
    )?;
    Ok(())
}

/// How far a consumer is.
pub(crate) fn cursor(meta: &Sql, consumer: &str) -> Result<u64, Error> {
    let rows = meta.query(
        "SELECT seq FROM consumer WHERE name = $1",
        &values![consumer],
    )?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}
