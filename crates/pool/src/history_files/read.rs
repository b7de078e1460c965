//! Reads a load's files back, to apply them again after a fall.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::place::Place;
use crate::error::Error;
use crate::outbox::brought_to;
use crate::pool::DataFile;
use crate::table::Table;

/// All rows of `files`, with the table's columns of now.
pub(crate) fn read(place: &Place, table: &Table, files: &[DataFile]) -> Result<RecordBatch, Error> {
    let mut batches = Vec::new();
    for file in files {
        let path = format!("{}/{}/{}", table.department, table.dataset, file.path);
        let bytes = place.get(&path)?;
        let fault = |source| Error::Parquet {
            file: path.clone(),
            source,
        };
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .and_then(|reader| reader.with_batch_size(65_536).build());
        for batch in reader.map_err(fault)? {
            batches.push(brought_to(table, &batch?)?);
        }
    }
    let schema = batches.first().map_or_else(
        || std::sync::Arc::clone(&table.columns),
        RecordBatch::schema,
    );
    Ok(concat_batches(&schema, &batches)?)
}
