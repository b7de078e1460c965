//! Records that a department's system sends by itself: one body, one answer.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::Error;
use super::batch::{Duplicates, look};
use super::fault::Fault;
use super::limits::PUSH_BYTES_MAX;
use super::load::Mode;
use super::validate::{Counts, Validator};
use super::write::Writer;
use crate::pool::Pool;
use crate::quality::{self, Sample};
use crate::quarantine::BYTES_MAX;
use crate::sources::file::{Format, Input, Options};
use crate::table::Table;

/// Refused records that an answer shows.
const SHOWN: usize = 20;

/// How to take a body.
#[derive(Clone, Debug)]
pub struct PushOptions<'a> {
    /// How its records are written: JSON Lines, CSV or an Arrow IPC stream.
    pub format: Format,
    /// What they do: upsert or delete.
    pub mode: Mode,
    /// The sender's name for this body, which it repeats when it tries again.
    pub idempotency_key: Option<&'a str>,
    /// Who sends it.
    pub source: &'a str,
}

/// What became of a body.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PushReport {
    /// Records in it.
    pub records: u64,
    /// Those that are in the pool now.
    pub accepted: u64,
    /// Those that wait in the quarantine.
    pub quarantined: u64,
    /// The entry of the outbox; 0 if nothing was written.
    pub seq: u64,
    /// Whether the same body had been taken before.
    pub repeated: bool,
    /// Broken rules that only warn.
    pub warnings: u64,
    /// The first of those that are quarantined.
    pub faults: Vec<PushFault>,
}

/// A record of a body that is quarantined.
#[derive(Clone, Debug, Serialize)]
pub struct PushFault {
    /// Its line or row, from 1.
    pub place: u64,
    /// All that is wrong with it.
    pub faults: Vec<Fault>,
}

/// Takes a body of records. When it returns they are durable, and visible to look-ups or waiting in
/// the quarantine. The last of several records with the same key is taken.
///
/// # Errors
/// When the body cannot be read as what it says it is, the quarantine is full, or the pool refuses;
/// then none of it is taken.
pub fn push(
    pool: &Arc<Pool>,
    table: &Arc<Table>,
    body: &Bytes,
    options: &PushOptions<'_>,
) -> Result<PushReport, Error> {
    if body.len() > PUSH_BYTES_MAX {
        return Err(Error::Limit {
            source_name: "the body".to_owned(),
            what: format!("its size of {} bytes", body.len()),
            limit: PUSH_BYTES_MAX as u64,
            remedy: "divide it into several".to_owned(),
        });
    }
    let keys_only = options.mode == Mode::Delete;
    let validator = Validator::new(table, None)?;
    let validator = if keys_only {
        validator.keys_only()
    } else {
        validator
    };
    let file = Options {
        keys_only,
        ..Options::default()
    };
    let mut input = Input::of_bytes(body.clone(), "the body", options.format, table, &file)?;
    let blocks: Vec<_> =
        std::iter::from_fn(|| input.next_block().transpose()).collect::<Result<_, _>>()?;
    let batch = look(&validator, &blocks, Duplicates::LastWins)?;
    let name = match options.idempotency_key {
        Some(key) => format!("push/{}/{key}", options.source),
        // Without a name the same body at the same time is the same body.
        None => format!(
            "push/{}/{}/{:016x}",
            options.source,
            pool.clock().now().0,
            xxh3_64(body)
        ),
    };
    let writer = Writer {
        pool,
        table,
        source: options.source,
        load: &name,
        quarantine_bytes_max: BYTES_MAX,
        named_by_sender: options.idempotency_key.is_some(),
    };
    writer.quarantine(&batch)?;
    let written = match options.mode {
        Mode::Delete => writer.delete(&batch.good, "0")?,
        _ => writer.upsert(&batch, "0")?,
    };
    if !keys_only && !written.repeated {
        let mut sample = Sample::of(table);
        sample.take(&batch.good);
        quality::note(pool, table, &batch.counts, &sample, &name)?;
    }
    Ok(report(&batch.counts, &batch.bad, written))
}

fn report(counts: &Counts, bad: &[super::Bad], written: super::Written) -> PushReport {
    let shown = bad.iter().take(SHOWN);
    PushReport {
        records: counts.records,
        accepted: counts.accepted,
        quarantined: counts.quarantined,
        seq: written.seq,
        repeated: written.repeated,
        warnings: counts.warnings.values().sum(),
        faults: shown
            .map(|bad| PushFault {
                place: bad.place,
                faults: bad.faults.clone(),
            })
            .collect(),
    }
}
