//! Parquet files of history: how they are written and read.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::{SortColumn, cast, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use pool::Table;

use super::reader::Reader;
use super::{FROM, TO};

/// Most rows of one file. A writer holds a file in memory until it is whole.
pub(crate) const FILE_ROWS_MAX: usize = 1_000_000;
/// Rows of one row group: what one thread reads.
const GROUP_ROWS: usize = 250_000;
/// Rows of one page: what a look-up by subject decodes.
const PAGE_ROWS: usize = 2_000;
/// Rows of one batch, as files are read for rewriting.
const BATCH_ROWS: usize = 65_536;

/// The type of `_from` and `_to`.
pub(crate) fn moment_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// What stands in a table's files: its columns, `_from` and `_to`.
pub(crate) fn stored_schema(table: &Table) -> SchemaRef {
    let mut columns = table.columns.fields().to_vec();
    columns.push(Arc::new(Field::new(FROM, moment_type(), false)));
    columns.push(Arc::new(Field::new(TO, moment_type(), true)));
    Arc::new(Schema::new(columns))
}

/// What decides in which bucket a subject's records lie. Fixed for ever: files lie by it.
pub(crate) fn hash_of(subject: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(subject.as_bytes())
}

/// The bucket of a subject.
pub(crate) fn bucket_of(subject: &str, buckets: u32) -> u32 {
    bucket_in(hash_of(subject), buckets)
}

/// The bucket of a subject's hash.
pub(crate) fn bucket_in(hash: u64, buckets: u32) -> u32 {
    u32::try_from(hash % u64::from(buckets.max(1))).unwrap_or_default() // less than a u32
}

/// Brings a batch to `schema`: columns by name, missing ones null, others left out.
pub(crate) fn conform(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let column = |field: &Arc<Field>| -> Result<ArrayRef, arrow::error::ArrowError> {
        match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => cast(column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        }
    };
    let columns = schema
        .fields()
        .iter()
        .map(column)
        .collect::<Result<Vec<_>, _>>()?;
    let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)
}

/// One batch of all, by subject and then key.
pub(crate) fn sorted(
    table: &Table,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let all = concat_batches(schema, batches)?;
    let mut order = vec![table.subject];
    order.extend(table.key.iter().copied().filter(|at| *at != table.subject));
    let columns: Vec<SortColumn> = order
        .into_iter()
        .map(|at| SortColumn {
            values: Arc::clone(all.column(at)),
            options: None,
        })
        .collect();
    let order = lexsort_to_indices(&columns, None)?;
    take_record_batch(&all, &order)
}

/// How a table's files are written: dictionaries only where few different words stand, so that
/// one record can be read without decoding a megabyte of them.
fn properties(table: &Table, rows: usize) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS);
    for field in &table.definition.fields {
        let column = || ColumnPath::from(field.name.as_str());
        if !field.one_of.is_empty() {
            properties = properties.set_column_dictionary_enabled(column(), true);
        }
        if field.name == table.definition.subject_field {
            properties = properties
                .set_column_bloom_filter_enabled(column(), true)
                .set_column_bloom_filter_max_ndv(column(), rows.min(GROUP_ROWS) as u64);
        }
    }
    for system in [FROM, TO] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(system), true);
    }
    properties.build()
}

/// A file that was written.
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    pub(crate) subjects: Option<(String, String)>,
}

/// Writes one sorted batch as a file at `path` below history. When it returns, the file is durable.
pub(crate) async fn write(
    objects: &dyn ObjectStore,
    path: &Path,
    table: &Table,
    batch: RecordBatch,
) -> Result<Written, Box<dyn std::error::Error + Send + Sync>> {
    let rows = batch.num_rows();
    let subjects = ends(&batch, table.subject)?;
    let properties = properties(table, rows);
    let encoded = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, ParquetError> {
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        writer.into_inner()
    });
    let encoded = encoded.await??;
    let bytes = encoded.len() as u64;
    objects.put(path, encoded.into()).await?;
    Ok(Written {
        bytes,
        rows: rows as u64,
        subjects,
    })
}

/// The same, below a place.
pub(crate) async fn write_file(
    place: &super::place::Place,
    path: &Path,
    table: &Table,
    batch: RecordBatch,
) -> Result<Written, Box<dyn std::error::Error + Send + Sync>> {
    write(place.objects.as_ref(), path, table, batch).await
}

/// The least and greatest subject of a batch that is sorted by it.
fn ends(
    batch: &RecordBatch,
    subject: usize,
) -> Result<Option<(String, String)>, arrow::error::ArrowError> {
    let Some(last) = batch.num_rows().checked_sub(1) else {
        return Ok(None);
    };
    let column = cast(batch.column(subject), &DataType::Utf8)?;
    let column = column.as_string::<i32>();
    Ok(Some((
        column.value(0).to_owned(),
        column.value(last).to_owned(),
    )))
}

/// A file of history that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be read: {source}")]
struct Unreadable {
    /// Below history.
    path: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Reads the columns of `schema` of a file, brought to `schema`.
pub(crate) async fn read(
    objects: &Arc<dyn ObjectStore>,
    path: &Path,
    bytes: u64,
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>, Box<dyn std::error::Error + Send + Sync>> {
    let path_of = path.to_string();
    let unreadable = |source| Unreadable {
        path: path_of,
        source,
    };
    Ok(read_all(objects, path, bytes, schema)
        .await
        .map_err(unreadable)?)
}

async fn read_all(
    objects: &Arc<dyn ObjectStore>,
    path: &Path,
    bytes: u64,
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>, Box<dyn std::error::Error + Send + Sync>> {
    let reader = Reader::new(objects, path, bytes);
    let builder = ParquetRecordBatchStreamBuilder::new(reader)
        .await?
        .with_batch_size(BATCH_ROWS);
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let mask = parquet::arrow::ProjectionMask::columns(builder.parquet_schema(), names);
    let mut stream = builder.with_projection(mask).build()?;
    let mut batches = Vec::new();
    while let Some(batch) = stream.try_next().await? {
        batches.push(conform(&batch, schema)?);
    }
    Ok(batches)
}
