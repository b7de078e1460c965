//! Lists of records to delete: what they need not say, and where the records lie.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};

use super::Error;
use super::cells::Cells;
use crate::pool::Pool;
use crate::table::Table;
use crate::value::Value;

/// A column in which nothing is missing: what is, is empty or zero.
pub(crate) fn filled(column: &ArrayRef) -> Result<ArrayRef, Error> {
    Ok(match column.data_type() {
        DataType::Utf8 => {
            let text = column.as_string::<i32>();
            Arc::new(
                text.iter()
                    .map(|cell| Some(cell.unwrap_or_default()))
                    .collect::<StringArray>(),
            )
        }
        DataType::Boolean => {
            let values = column.as_boolean();
            Arc::new(
                values
                    .iter()
                    .map(|cell| Some(cell.unwrap_or_default()))
                    .collect::<BooleanArray>(),
            )
        }
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>();
            Arc::new(Int64Array::from_iter_values(
                values.iter().map(Option::unwrap_or_default),
            ))
        }
        DataType::Date32 => {
            let values = column.as_primitive::<Date32Type>();
            Arc::new(Date32Array::from_iter_values(
                values.iter().map(Option::unwrap_or_default),
            ))
        }
        DataType::Decimal128(digits, scale) => {
            let values = column.as_primitive::<Decimal128Type>();
            let values =
                Decimal128Array::from_iter_values(values.iter().map(Option::unwrap_or_default));
            Arc::new(values.with_precision_and_scale(*digits, *scale)?)
        }
        DataType::Timestamp(_, zone) => {
            let values = column.as_primitive::<TimestampMicrosecondType>();
            let values = values.iter().map(Option::unwrap_or_default);
            let values = TimestampMicrosecondArray::from_iter_values(values);
            Arc::new(values.with_timezone_opt(zone.clone()))
        }
        _ => Arc::clone(column),
    })
}

/// The rows of `batch`, each of them to be deleted, with their subjects and places: where a row does
/// not say whom it is about the pool is asked. Rows of which the pool holds no record are left out.
pub(crate) fn with_subjects(
    pool: &Pool,
    table: &Arc<Table>,
    batch: RecordBatch,
    places: &[u64],
) -> Result<(RecordBatch, Vec<u64>), Error> {
    let subjects = batch.column(table.subject);
    let unknown = match subjects.as_string_opt::<i32>() {
        Some(text) => text.offsets().lengths().any(|length| length == 0),
        None => false, // numbers as subjects are part of the key or given
    };
    if !unknown {
        return Ok((batch, places.to_vec()));
    }
    let key: Vec<ArrayRef> = table
        .key
        .iter()
        .map(|at| Arc::clone(batch.column(*at)))
        .collect();
    let key = Cells::all(&key);
    let mut found = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let values: Vec<Value> = key.iter().map(|cells| cells.value(row)).collect();
        let record = pool.get(table, &values)?;
        found.push(record.and_then(|record| {
            record
                .values
                .get(table.subject)
                .and_then(Value::as_text)
                .map(str::to_owned)
        }));
    }
    let there: BooleanArray = found
        .iter()
        .map(|subject| Some(subject.is_some()))
        .collect();
    let places = places
        .iter()
        .zip(&found)
        .filter(|(_, subject)| subject.is_some());
    let places = places.map(|(place, _)| *place).collect();
    let mut columns = batch.columns().to_vec();
    let subjects: StringArray = found
        .into_iter()
        .map(|subject| Some(subject.unwrap_or_default()))
        .collect();
    if let Some(column) = columns.get_mut(table.subject) {
        *column = Arc::new(subjects);
    }
    let batch = RecordBatch::try_new(batch.schema(), columns)?;
    Ok((filter_record_batch(&batch, &there)?, places))
}
