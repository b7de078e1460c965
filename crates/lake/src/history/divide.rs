//! Divides a table into another number of buckets, when its dataset's definition has come to expect
//! many more or fewer records: all its files are read and written anew, and one commit puts the new
//! ones in their places and notes the number. Until then the table stays as it was made.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;
use deltalake::DeltaTable;
use deltalake::kernel::Action;
use pool::{Moment, Table};

use super::files::{self, bucket_of, stored_schema};
use super::held::Held;
use super::log::{self, HistoryFile};
use super::overlay::subjects;
use super::place::Place;
use super::refresh::write_all;
use crate::error::Error;

/// Brings a table to the number of buckets that its definition asks for. Says how many rows were
/// written. The files of one bucket are held in memory at a time.
pub(crate) async fn divide(
    place: &Place,
    held: &Held,
    delta: &mut DeltaTable,
    now: Moment,
) -> Result<u64, Error> {
    let (table, view) = (&held.table, held.view());
    if view.overlay.buckets == table.buckets {
        return Ok(0);
    }
    let schema = stored_schema(table);
    let wrong = |error: ArrowError| Error::table(table, "divide anew", error);
    let mut parts: BTreeMap<(bool, u32), Vec<&HistoryFile>> = BTreeMap::new();
    for file in view.files.iter() {
        parts
            .entry((file.current, file.bucket))
            .or_default()
            .push(file);
    }
    let version = delta.version().unwrap_or_default();
    let (mut actions, mut written): (Vec<Action>, u64) = (Vec::new(), 0);
    let at_ms = now.0.div_euclid(1_000);
    for ((current, bucket), old) in parts {
        let mut rows = Vec::new();
        for file in &old {
            rows.extend(file.read(place, table, &schema).await?);
        }
        let rows = files::sorted(table, &schema, &rows).map_err(wrong)?;
        for (to, rows) in divided(table, &rows).map_err(wrong)? {
            written += rows.num_rows() as u64;
            let name = format!("divided-{version:020}-{bucket}");
            let new = write_all(place, held, &name, rows, current, to, now).await?;
            actions.extend(new.iter().map(|file| file.add(table, false)));
        }
        actions.extend(old.iter().map(|file| file.remove(at_ms, false)));
    }
    log::commit(delta, table, actions, table.buckets, None).await?;
    held.show_committed(delta, table.buckets, None)?;
    tracing::info!(
        table = table.name(),
        before = view.overlay.buckets,
        now = table.buckets,
        "history was divided into another number of buckets"
    );
    Ok(written)
}

/// Sorted rows by their buckets.
fn divided(table: &Table, rows: &RecordBatch) -> Result<BTreeMap<u32, RecordBatch>, ArrowError> {
    let subjects = subjects(table, rows)?;
    let subjects = subjects.as_string::<i32>();
    let mut by_bucket: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for row in 0..subjects.len() {
        let bucket = bucket_of(subjects.value(row), table.buckets);
        by_bucket.entry(bucket).or_default().push(row as u32);
    }
    let take = |(bucket, at): (u32, Vec<u32>)| {
        Ok((bucket, take_record_batch(rows, &UInt32Array::from(at))?))
    };
    by_bucket.into_iter().map(take).collect()
}
