//! Upkeep of history: many small files of a bucket become one, what nobody needs any more goes.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use deltalake::kernel::Action;
use pool::Moment;
use serde::Serialize;

use super::divide::divide;
use super::files::{self, FILE_ROWS_MAX, stored_schema};
use super::folder::sweep;
use super::held::Held;
use super::log::{self, HistoryFile};
use super::refresh::write_all;
use crate::error::Error;
use crate::history::place::Place;

/// How far upkeep goes in one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaintainOptions {
    /// Files of a bucket with fewer rows than this are put together.
    pub small_rows: u64,
    /// As soon as there are this many of them.
    pub small_files: usize,
    /// Most rows rewritten in one round of one table.
    pub rows_max: u64,
    /// How long a file that left the table stays for readers that still hold it.
    pub vacuum_after: Duration,
}

impl Default for MaintainOptions {
    fn default() -> Self {
        Self {
            small_rows: FILE_ROWS_MAX as u64 / 4,
            small_files: 8,
            rows_max: 20_000_000,
            vacuum_after: Duration::from_hours(24),
        }
    }
}

/// What upkeep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Maintained {
    /// Small files that were put together.
    pub files_compacted: usize,
    /// Files that they became.
    pub files_written: usize,
    /// Rows that were written for it.
    pub rows_written: u64,
    /// Rows that were written because the table is divided into another number of buckets.
    pub rows_divided: u64,
    /// Superseded versions past the dataset's retention, dropped with their files.
    pub rows_expired: u64,
    /// Files deleted.
    pub files_deleted: usize,
}

/// Seconds of a year, as retention counts it.
const YEAR_SECONDS: i64 = 31_557_600;

/// One round of upkeep of one table.
pub(crate) async fn maintain(
    place: &Place,
    held: &Held,
    options: &MaintainOptions,
    now: Moment,
) -> Result<Maintained, Error> {
    let mut done = Maintained::default();
    let mut guard = held.delta.lock().await;
    let Some(mut delta) = guard.take() else {
        return Ok(done);
    };
    let result = async {
        done.rows_divided = divide(place, held, &mut delta, now).await?;
        compact(place, held, &mut delta, options, now, &mut done).await?;
        expire(place, held, &mut delta, now, &mut done).await
    }
    .await;
    if let Err(error) = result {
        *guard = held.reread(place).await;
        return Err(error);
    }
    *guard = Some(delta.clone());
    vacuum(place, held, delta, options, now, &mut done).await?;
    Ok(done)
}

/// Puts small files together, partition by partition.
async fn compact(
    place: &Place,
    held: &Held,
    delta: &mut deltalake::DeltaTable,
    options: &MaintainOptions,
    now: Moment,
    done: &mut Maintained,
) -> Result<(), Error> {
    let view = held.view();
    let mut small: BTreeMap<(bool, u32), Vec<&HistoryFile>> = BTreeMap::new();
    for file in view
        .files
        .iter()
        .filter(|file| file.rows < options.small_rows)
    {
        small
            .entry((file.current, file.bucket))
            .or_default()
            .push(file);
    }
    let table = &held.table;
    let (schema, buckets) = (stored_schema(table), held.buckets());
    let version = delta.version().unwrap_or_default();
    for ((current, bucket), files) in small {
        if files.len() < options.small_files || done.rows_written >= options.rows_max {
            continue;
        }
        let mut rows = Vec::new();
        for file in &files {
            rows.extend(file.read(place, table, &schema).await?);
        }
        let rows = files::sorted(table, &schema, &rows)
            .map_err(|error| Error::table(table, "compact", error))?;
        done.rows_written += rows.num_rows() as u64;
        let name = format!("compact-{version:020}");
        let written = write_all(place, held, &name, rows, current, bucket, now).await?;
        let at_ms = now.0.div_euclid(1_000);
        let mut actions: Vec<Action> = written.iter().map(|file| file.add(table, false)).collect();
        actions.extend(files.iter().map(|file| file.remove(at_ms, false)));
        log::commit(delta, table, actions, buckets, None).await?;
        held.show_committed(delta, buckets, None)?;
        done.files_compacted += files.len();
        done.files_written += written.len();
    }
    Ok(())
}

/// Drops files of superseded versions that all ended longer ago than the dataset's retention.
async fn expire(
    place: &Place,
    held: &Held,
    delta: &mut deltalake::DeltaTable,
    now: Moment,
    done: &mut Maintained,
) -> Result<(), Error> {
    use arrow::array::AsArray;
    use arrow::datatypes::{Schema, TimestampMicrosecondType};
    let Some(years) = held.table.definition.retention_years else {
        return Ok(());
    };
    let limit = now.0 - i64::from(years) * YEAR_SECONDS * 1_000_000;
    let table = &held.table;
    let schema = stored_schema(table);
    let only_end = std::sync::Arc::new(Schema::new(vec![
        schema.field(schema.fields().len() - 1).clone(),
    ]));
    let mut removes = Vec::new();
    let mut rows = 0;
    // A file was written after all that is in it ended, so a young file need not be read.
    for file in held
        .view()
        .files
        .iter()
        .filter(|file| !file.current && file.modified_ms < limit / 1_000)
    {
        let read = file.read(place, table, &only_end).await?;
        let latest = read.iter().filter_map(|batch| {
            arrow::compute::max(batch.column(0).as_primitive::<TimestampMicrosecondType>())
        });
        if latest.max().is_some_and(|latest| latest < limit) {
            removes.push(file.remove(now.0.div_euclid(1_000), true));
            rows += file.rows;
        }
    }
    if removes.is_empty() {
        return Ok(());
    }
    let buckets = held.buckets();
    log::commit(delta, table, removes, buckets, None).await?;
    held.show_committed(delta, buckets, None)?;
    done.rows_expired += rows;
    Ok(())
}

/// Deletes files that left the table long enough ago.
async fn vacuum(
    place: &Place,
    held: &Held,
    delta: deltalake::DeltaTable,
    options: &MaintainOptions,
    now: Moment,
    done: &mut Maintained,
) -> Result<(), Error> {
    let failed = |error: deltalake::DeltaTableError| Error::table(&held.table, "vacuum", error);
    let keep = chrono::Duration::from_std(options.vacuum_after);
    let keep = keep.map_err(|error| Error::table(&held.table, "vacuum", error))?;
    let (_, metrics) = delta
        .vacuum()
        .with_retention_period(keep)
        .with_enforce_retention_duration(false)
        .await
        .map_err(failed)?;
    done.files_deleted += metrics.files_deleted.len();
    if let Some(folder) = &place.folder {
        let folder = folder.join(Place::path(&held.table));
        let now = Duration::from_micros(now.0.max(0).cast_unsigned());
        let before = UNIX_EPOCH + now.saturating_sub(options.vacuum_after);
        let swept = tokio::task::spawn_blocking(move || sweep(&folder, before)).await;
        let swept = swept.map_err(|error| Error::table(&held.table, "sweep", error))?;
        done.files_deleted += swept.map_err(|error| Error::table(&held.table, "sweep", error))?;
    }
    Ok(())
}
