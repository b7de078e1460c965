//! Writes sorted rows as Parquet, such that a look-up by subject reads few pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    Array, ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;

use super::place::Place;
use super::sort::Sorted;
use crate::clock::Moment;
use crate::error::Error;
use crate::faults::Faults;
use crate::pool::DataFile;
use crate::table::Table;

/// Rows of one page: what a look-up reads at least.
const PAGE_ROWS: usize = 2_000;
/// Rows of one row group.
const GROUP_ROWS: usize = 256_000;
/// Rows of one file, at most.
const FILE_ROWS: usize = 512_000;
/// A load of more rows than this is written by two threads at least.
const ALONE_ROWS: usize = 50_000;
/// Of subjects that are not there, the bloom filter lets through one in a hundred.
const BLOOM_FALSE: f64 = 0.01;

/// Gives files names that no other file has or had.
#[derive(Debug)]
pub(crate) struct Names {
    boot: u64,
    next: AtomicU64,
}

impl Names {
    /// `boot` is a number that no earlier run had.
    pub(crate) fn new(boot: u64) -> Self {
        Self {
            boot,
            next: AtomicU64::new(0),
        }
    }

    fn next(&self) -> String {
        format!(
            "part-{:06}-{:08}.parquet",
            self.boot,
            self.next.fetch_add(1, Ordering::Relaxed)
        )
    }
}

/// Writes the files, durably.
pub(crate) fn write(
    place: &Place,
    names: &Names,
    (table, sorted, from): (&Table, &Sorted, Moment),
    faults: &Faults,
) -> Result<Vec<DataFile>, Error> {
    let rows = sorted.batch.num_rows();
    let at_most = if rows > ALONE_ROWS {
        rows.div_ceil(2).min(FILE_ROWS)
    } else {
        FILE_ROWS
    };
    let mut pieces = Vec::new();
    for (bucket, range) in &sorted.buckets {
        let count = range.len().div_ceil(at_most).max(1);
        let each = range.len().div_ceil(count).max(1);
        for begin in range.clone().step_by(each) {
            pieces.push((*bucket, begin, each.min(range.end - begin), names.next()));
        }
    }
    let folder = format!("{}/{}", table.department, table.dataset);
    let write = |(bucket, begin, count, name): &(u32, usize, usize, String)| {
        let batch = sorted.batch.slice(*begin, *count);
        let path = format!("_current=true/_bucket={bucket}/{name}");
        let file = format!("{folder}/{path}");
        let bytes = encode(table, &batch, from).map_err(|source| Error::Parquet {
            file: file.clone(),
            source,
        })?;
        let subjects = batch
            .column(table.subject)
            .as_any()
            .downcast_ref::<StringArray>();
        let subject = |row: usize| {
            subjects
                .filter(|all| row < all.len())
                .map_or("", |all| all.value(row))
                .to_owned()
        };
        let written = DataFile {
            path,
            bucket: *bucket,
            buckets: table.buckets,
            rows: *count as u64,
            bytes: bytes.len() as u64,
            subject_min: subject(0),
            subject_max: subject(count.saturating_sub(1)),
        };
        place.put(&file, bytes, faults)?;
        Ok(written)
    };
    let files = pieces
        .par_iter()
        .map(write)
        .collect::<Result<Vec<_>, Error>>()?;
    let paths: Vec<String> = files
        .iter()
        .map(|file| format!("{folder}/{}", file.path))
        .collect();
    place.sync(paths.iter().map(String::as_str))?;
    faults
        .pass("history-written")
        .map_err(Error::io("write", folder))?;
    Ok(files)
}

fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The columns of a file: the table's, `_from`, `_to`.
pub(crate) fn file_schema(table: &Table) -> Schema {
    let mut fields: Vec<Arc<Field>> = table.columns.fields().iter().map(Arc::clone).collect();
    fields.push(Arc::new(Field::new("_from", moment(), false)));
    fields.push(Arc::new(Field::new("_to", moment(), true)));
    Schema::new(fields)
}

fn encode(
    table: &Table,
    batch: &RecordBatch,
    from: Moment,
) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    let rows = batch.num_rows();
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    let from = TimestampMicrosecondArray::from(vec![from.0; rows]).with_timezone("UTC");
    columns.push(Arc::new(from));
    columns.push(new_null_array(&moment(), rows));
    let schema = Arc::new(file_schema(table));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    let mut bytes = Vec::with_capacity(batch.get_array_memory_size() / 4);
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties(table, rows)?))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

fn properties(
    table: &Table,
    rows: usize,
) -> Result<WriterProperties, parquet::errors::ParquetError> {
    let path = |at: usize| ColumnPath::from(table.columns.field(at).name().as_str());
    let sorted_by = std::iter::once(table.subject)
        .chain(table.key.iter().copied().filter(|at| *at != table.subject));
    let sorting = sorted_by.map(|at| SortingColumn {
        column_idx: (at as u32).cast_signed(),
        descending: false,
        nulls_first: false,
    });
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS / 2) // pages are closed between these
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_sorting_columns(Some(sorting.collect()))
        .set_bloom_filter_position(parquet::file::properties::BloomFilterPosition::AfterRowGroup)
        .set_column_bloom_filter_enabled(path(table.subject), true)
        .set_column_bloom_filter_fpp(path(table.subject), BLOOM_FALSE)
        .set_column_bloom_filter_max_ndv(path(table.subject), rows.min(GROUP_ROWS) as u64)
        .set_column_dictionary_enabled(ColumnPath::from("_from"), true);
    for (at, column) in table.columns.fields().iter().enumerate() {
        let few = table
            .field(at)
            .is_some_and(|field| !field.one_of.is_empty());
        properties = match column.data_type() {
            _ if few => properties.set_column_dictionary_enabled(path(at), true),
            DataType::Int64 | DataType::Date32 | DataType::Timestamp(..) => {
                properties.set_column_encoding(path(at), Encoding::DELTA_BINARY_PACKED)
            }
            _ => properties,
        };
    }
    Ok(properties.build())
}
