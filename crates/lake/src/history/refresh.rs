//! Carries a table's overlay into its files: rewrites the buckets that it touches, in one commit.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray,
};
use arrow::compute::{filter_record_batch, not};
use arrow::error::ArrowError;
use deltalake::kernel::Action;
use object_store::path::Path;
use pool::Moment;

use super::files::{self, FILE_ROWS_MAX, bucket_of, stored_schema};
use super::held::Held;
use super::log::{self, HistoryFile};
use super::overlay::{Overlay, Spot, subjects};
use crate::error::Error;
use crate::history::place::Place;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refreshed {
    pub(crate) buckets: usize,
    pub(crate) rows_written: u64,
}

/// The versions of one bucket's records that an overlay holds.
type Versions = HashMap<Box<[u8]>, Vec<Spot>>;

/// Carries all of the overlay into the files.
pub(crate) async fn refresh(place: &Place, held: &Held, now: Moment) -> Result<Refreshed, Error> {
    let mut guard = held.delta.lock().await;
    let view = held.view();
    let Some(last) = view.overlay.layers.last().map(|layer| layer.last) else {
        return Ok(Refreshed::default());
    };
    let wrong = |error: ArrowError| Error::table(&held.table, "refresh", error);
    let versions = view
        .overlay
        .versions(&held.table, &held.keys)
        .map_err(wrong)?;
    let work = Work {
        place,
        held,
        overlay: &view.overlay,
        versions: &versions,
        now,
        last,
    };
    let mut actions = Vec::new();
    let mut done = Refreshed::default();
    for bucket in work.buckets().map_err(wrong)? {
        let files: Vec<&HistoryFile> = view
            .files
            .iter()
            .filter(|file| file.current && file.bucket == bucket)
            .collect();
        if let Some(written) = work.bucket(bucket, &files, &mut actions).await? {
            done.buckets += 1;
            done.rows_written += written;
        }
    }
    // Not before: what fails above leaves the log where it is.
    let mut delta = held.log(place, guard.take()).await?;
    let buckets = view.overlay.buckets;
    let committed = log::commit(&mut delta, &held.table, actions, buckets, Some(last)).await;
    if let Err(error) = committed {
        *guard = held.reread(place).await;
        return Err(error);
    }
    let shown = held.show_committed(&delta, buckets, Some(last));
    *guard = Some(delta);
    shown.map(|()| done)
}

struct Work<'a> {
    place: &'a Place,
    held: &'a Held,
    overlay: &'a Overlay,
    versions: &'a Versions,
    now: Moment,
    last: u64,
}

impl Work<'_> {
    /// The buckets to look at.
    fn buckets(&self) -> Result<Vec<u32>, ArrowError> {
        let table = &self.held.table;
        let effect = self.overlay.effect(table, &self.held.keys, None)?;
        Ok(effect.buckets.iter().copied().collect())
    }

    /// Rewrites one bucket, unless nothing changes in it.
    async fn bucket(
        &self,
        bucket: u32,
        files: &[&HistoryFile],
        actions: &mut Vec<Action>,
    ) -> Result<Option<u64>, Error> {
        let table = &self.held.table;
        let schema = stored_schema(table);
        let wrong = |error: ArrowError| Error::table(table, "refresh", error);
        let (mut kept, mut past) = (Vec::new(), Vec::new());
        for file in files {
            for batch in file.read(self.place, table, &schema).await? {
                self.split(&batch, &mut kept, &mut past).map_err(wrong)?;
            }
        }
        let (current, superseded) = self.own(bucket).map_err(wrong)?;
        if past.is_empty() && superseded.num_rows() == 0 && current.num_rows() == 0 {
            return Ok(None);
        }
        kept.push(current);
        past.push(superseded);
        let mut written = 0;
        for (rows, current) in [(kept, true), (past, false)] {
            let rows = files::sorted(table, &schema, &rows).map_err(wrong)?;
            written += rows.num_rows() as u64;
            let name = format!("part-{:020}", self.last);
            for file in write_all(
                self.place, self.held, &name, rows, current, bucket, self.now,
            )
            .await?
            {
                actions.push(file.add(table, true));
            }
        }
        let at_ms = self.now.0.div_euclid(1_000);
        actions.extend(files.iter().map(|file| file.remove(at_ms, true)));
        Ok(Some(written))
    }

    /// Divides rows of a file into those that stay and those that the overlay supersedes, which
    /// get their end.
    fn split(
        &self,
        batch: &RecordBatch,
        kept: &mut Vec<RecordBatch>,
        past: &mut Vec<RecordBatch>,
    ) -> Result<(), ArrowError> {
        let keys = self.held.keys.of(&self.held.table, batch)?;
        let end = |key: arrow::row::Row<'_>| {
            let first = self.versions.get(key.data())?.first()?;
            Some(self.overlay.from(first.layer).value(first.row))
        };
        let ends: TimestampMicrosecondArray = keys.iter().map(end).collect();
        if ends.null_count() == ends.len() {
            kept.push(batch.clone());
            return Ok(());
        }
        let superseded = arrow::compute::is_not_null(&ends)?;
        kept.push(filter_record_batch(batch, &not(&superseded)?)?);
        past.push(filter_record_batch(&closed(batch, ends)?, &superseded)?);
        Ok(())
    }

    /// The overlay's own versions in a bucket: those in force, and those that it supersedes itself.
    fn own(&self, bucket: u32) -> Result<(RecordBatch, RecordBatch), ArrowError> {
        let table = &self.held.table;
        let subjects: Vec<ArrayRef> = self
            .overlay
            .layers
            .iter()
            .map(|layer| subjects(table, &layer.rows))
            .collect::<Result<_, _>>()?;
        let here = |spot: Spot| {
            let subject = subjects[spot.layer].as_string::<i32>().value(spot.row);
            bucket_of(subject, self.overlay.buckets) == bucket
        };
        let (mut current, mut past, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for versions in self.versions.values() {
            for (at, spot) in versions.iter().enumerate() {
                if self.overlay.deleted(*spot) || !here(*spot) {
                    continue;
                }
                match versions.get(at + 1) {
                    None => current.push(*spot),
                    Some(next) => {
                        past.push(*spot);
                        ends.push(self.overlay.from(next.layer).value(next.row));
                    }
                }
            }
        }
        let past = self.overlay.gather(table, &past)?;
        let past = closed(&past, TimestampMicrosecondArray::from(ends))?;
        // A version that was superseded at its own moment was never in force.
        let lived: BooleanArray = {
            let from = past
                .column(past.num_columns() - 2)
                .as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
            let to = past
                .column(past.num_columns() - 1)
                .as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
            (0..past.num_rows())
                .map(|row| Some(from.value(row) < to.value(row)))
                .collect()
        };
        Ok((
            self.overlay.gather(table, &current)?,
            filter_record_batch(&past, &lived)?,
        ))
    }
}

/// Rows with their `_to`, the last column.
fn closed(batch: &RecordBatch, ends: TimestampMicrosecondArray) -> Result<RecordBatch, ArrowError> {
    let mut columns = batch.columns().to_vec();
    columns.pop();
    columns.push(Arc::new(ends.with_timezone("UTC")));
    RecordBatch::try_new(batch.schema(), columns)
}

/// Writes sorted rows as files of one bucket.
pub(crate) async fn write_all(
    place: &Place,
    held: &Held,
    name: &str,
    rows: RecordBatch,
    current: bool,
    bucket: u32,
    now: Moment,
) -> Result<Vec<HistoryFile>, Error> {
    let table = &held.table;
    let mut written = Vec::new();
    let starts: BTreeMap<usize, usize> = (0..rows.num_rows())
        .step_by(FILE_ROWS_MAX)
        .enumerate()
        .collect();
    for (number, start) in starts {
        let part = rows.slice(start, FILE_ROWS_MAX.min(rows.num_rows() - start));
        let path = format!("_current={current}/_bucket={bucket}/{name}-{number}.parquet");
        let full = Path::from(format!("{}/{path}", Place::path(table)));
        let file = files::write(place.objects.as_ref(), &full, table, part).await;
        let file = file.map_err(|error| Error::table(table, "write a file", error))?;
        written.push(HistoryFile {
            path,
            current,
            bucket,
            rows: file.rows,
            bytes: file.bytes,
            modified_ms: now.0.div_euclid(1_000),
            subjects: file.subjects,
        });
    }
    Ok(written)
}
