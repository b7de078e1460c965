//! Counts of a load to shares.

use std::collections::BTreeMap;

use super::{Measures, Quality, References, Sample, store};
use crate::ingest::{Code, Counts, Error, Summary};
use crate::pool::Pool;
use crate::table::Table;

/// Measures what a load has brought and keeps it.
pub(crate) fn record(
    pool: &Pool,
    table: &Table,
    summary: &Summary,
    sample: &Sample,
) -> Result<(), Error> {
    note(pool, table, &summary.counts, sample, &summary.load)
}

/// The same for records that came some other way.
pub(crate) fn note(
    pool: &Pool,
    table: &Table,
    counts: &Counts,
    sample: &Sample,
    load: &str,
) -> Result<(), Error> {
    if counts.records == 0 {
        return Ok(());
    }
    let references = sample.measure(pool, table)?;
    let mut quality = quality(table, counts, references);
    quality.at = pool.clock().now();
    load.clone_into(&mut quality.load);
    store::put(pool.meta(), &quality)
}

fn quality(table: &Table, counts: &Counts, references: BTreeMap<String, References>) -> Quality {
    // Records that are no rows have no fields that could be missing.
    let no_rows = [Code::Ragged, Code::Syntax, Code::Oversized, Code::Encoding];
    let no_rows: u64 = no_rows
        .iter()
        .filter_map(|code| counts.faults.get(code))
        .sum();
    let rows = counts.records.saturating_sub(no_rows);
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    let complete: BTreeMap<String, f64> = counts
        .missing
        .iter()
        .filter_map(|(field, missing)| {
            Some((field.clone(), share(rows.saturating_sub(*missing), rows)?))
        })
        .collect();
    let fields = table.definition.fields.len() as u64;
    let missing: u64 = counts.missing.values().sum();
    let doubled = counts.faults.get(&Code::DuplicateKey).copied().unwrap_or(0);
    let sampled: u64 = references
        .values()
        .map(|references| references.sampled)
        .sum();
    let found: u64 = references.values().map(|references| references.found).sum();
    Quality {
        dataset: table.dataset.clone(),
        records: counts.records,
        completeness: share((fields * rows).saturating_sub(missing), fields * rows),
        validity: share(counts.accepted + doubled, counts.records),
        uniqueness: share(counts.records - doubled.min(counts.records), counts.records),
        integrity: share(found, sampled),
        measures: Measures {
            complete,
            faults: counts
                .faults
                .iter()
                .map(|(code, count)| (code.word(), *count))
                .collect(),
            warnings: counts.warnings.clone(),
            references,
        },
        ..Quality::default()
    }
}
