//! Batches as bytes: Arrow IPC streams, with a column more if rows are deletes.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use xxhash_rust::xxh3::Xxh3;

use crate::error::Error;
use crate::table::Table;

const DELETED: &str = "_deleted";

fn write_to(
    out: impl Write,
    batch: &RecordBatch,
    deletes: Option<&BooleanArray>,
) -> Result<(), Error> {
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().map(Arc::clone).collect();
    let mut columns = batch.columns().to_vec();
    if let Some(deletes) = deletes {
        fields.push(Arc::new(Field::new(DELETED, DataType::Boolean, true)));
        columns.push(Arc::new(deletes.clone()));
    }
    let schema = Arc::new(Schema::new(fields));
    let mut writer = StreamWriter::try_new(out, &schema)?;
    writer.write(&RecordBatch::try_new(schema, columns)?)?;
    Ok(writer.finish()?)
}

/// The bytes of a batch.
pub(crate) fn encode_batch(
    batch: &RecordBatch,
    deletes: Option<&BooleanArray>,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(2_048);
    write_to(&mut bytes, batch, deletes)?;
    Ok(bytes)
}

/// A batch of its bytes, brought to the table's columns of now, and which rows are deletes.
pub(crate) fn decode_batch(
    table: &Table,
    bytes: &[u8],
) -> Result<(RecordBatch, BooleanArray), Error> {
    let mut reader = StreamReader::try_new(io::Cursor::new(bytes), None)?;
    let batch = reader
        .next()
        .ok_or_else(|| Error::garbled("an entry", "it holds no batch"))??;
    let deletes = batch
        .column_by_name(DELETED)
        .and_then(|column| column.as_any().downcast_ref::<BooleanArray>().cloned());
    let deletes = deletes.unwrap_or_else(|| BooleanArray::from(vec![false; batch.num_rows()]));
    Ok((brought_to(table, &batch)?, deletes))
}

/// The columns of `batch` that the table has now; those that it did not have then are missing.
/// All but key and subject may be null.
pub(crate) fn brought_to(table: &Table, batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (at, field) in table.columns.fields().iter().enumerate() {
        let always = at == table.subject || table.key.contains(&at);
        columns.push(match batch.column_by_name(field.name()) {
            None => new_null_array(field.data_type(), batch.num_rows()),
            Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
            Some(column) => cast(column, field.data_type())?,
        });
        fields.push(field.as_ref().clone().with_nullable(!always));
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

/// Tells contents of writes apart: the same table, rows and deletes have the same hash.
pub(crate) fn content_hash(
    table: &Table,
    batch: &RecordBatch,
    deletes: Option<&BooleanArray>,
) -> Result<[u8; 16], Error> {
    struct Hasher(Xxh3);

    impl Write for Hasher {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut hasher = Hasher(Xxh3::new());
    hasher.0.update(&table.id.0.to_le_bytes());
    write_to(&mut hasher, batch, deletes)?;
    Ok(hasher.0.digest128().to_be_bytes())
}
