//! The cells of a table's columns, row by row: as values, and as bytes for hashes.
//!
//! Columns of a table have one of seven Arrow types; each is looked up once for a column, so that
//! going through the rows costs no more than the cells themselves.

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, TimeUnit};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::value::Value;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cells<'a> {
    Text(&'a StringArray),
    Integer(&'a Int64Array),
    Decimal(&'a Decimal128Array, u8),
    Boolean(&'a BooleanArray),
    Date(&'a Date32Array),
    Datetime(&'a TimestampMicrosecondArray),
}

impl<'a> Cells<'a> {
    /// The column's cells; `None` of a type that no table has.
    pub(crate) fn of(array: &'a ArrayRef) -> Option<Self> {
        let any = array.as_any();
        Some(match array.data_type() {
            DataType::Utf8 => Self::Text(any.downcast_ref()?),
            DataType::Int64 => Self::Integer(any.downcast_ref()?),
            DataType::Decimal128(_, scale) => {
                Self::Decimal(any.downcast_ref()?, u8::try_from(*scale).ok()?)
            }
            DataType::Boolean => Self::Boolean(any.downcast_ref()?),
            DataType::Date32 => Self::Date(any.downcast_ref()?),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Self::Datetime(any.downcast_ref()?),
            _ => return None,
        })
    }

    /// All of several columns.
    pub(crate) fn all(arrays: &'a [ArrayRef]) -> Vec<Self> {
        arrays.iter().filter_map(Self::of).collect()
    }

    fn is_null(self, row: usize) -> bool {
        match self {
            Self::Text(array) => array.is_null(row),
            Self::Integer(array) => array.is_null(row),
            Self::Decimal(array, _) => array.is_null(row),
            Self::Boolean(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Datetime(array) => array.is_null(row),
        }
    }

    /// The value in a row.
    pub(crate) fn value(self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match self {
            Self::Text(array) => Value::Text(array.value(row).into()),
            Self::Integer(array) => Value::Integer(array.value(row)),
            Self::Decimal(array, scale) => Value::Decimal {
                digits: array.value(row),
                scale,
            },
            Self::Boolean(array) => Value::Boolean(array.value(row)),
            Self::Date(array) => Value::Date(array.value(row)),
            Self::Datetime(array) => Value::Datetime(array.value(row)),
        }
    }

    /// The value in a row, as rules take it.
    pub(crate) fn decided(self, row: usize) -> decide::Value<'a> {
        if self.is_null(row) {
            return decide::Value::Null;
        }
        match self {
            Self::Text(array) => decide::Value::text(array.value(row)),
            Self::Integer(array) => decide::Value::number(array.value(row)),
            Self::Decimal(array, scale) => decide::Value::decimal(array.value(row), scale),
            Self::Boolean(array) => decide::Value::Boolean(array.value(row)),
            Self::Date(array) => decide::Value::Date(array.value(row)),
            Self::Datetime(array) => decide::Value::Datetime(array.value(row)),
        }
    }

    /// Adds the cell to `bytes` so that no two rows of cells give the same bytes.
    pub(crate) fn encode(self, row: usize, bytes: &mut Vec<u8>) {
        if self.is_null(row) {
            bytes.push(0);
            return;
        }
        bytes.push(1);
        match self {
            Self::Text(array) => {
                let text = array.value(row).as_bytes();
                bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
                bytes.extend_from_slice(text);
            }
            Self::Integer(array) => bytes.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Decimal(array, _) => bytes.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Boolean(array) => bytes.push(array.value(row).into()),
            Self::Date(array) => bytes.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Datetime(array) => bytes.extend_from_slice(&array.value(row).to_le_bytes()),
        }
    }
}

/// A hash of each row of some columns, of which no two are equal by chance.
pub(crate) fn key_hashes(columns: &[Cells<'_>], rows: usize) -> Vec<u128> {
    hashes(columns, rows, xxh3_128)
}

/// A short hash of each row of some columns.
pub(crate) fn row_hashes(columns: &[Cells<'_>], rows: usize) -> Vec<u64> {
    hashes(columns, rows, xxh3_64)
}

fn hashes<T>(columns: &[Cells<'_>], rows: usize, hash: impl Fn(&[u8]) -> T) -> Vec<T> {
    let mut bytes = Vec::with_capacity(256);
    let one = |row| {
        bytes.clear();
        for column in columns {
            column.encode(row, &mut bytes);
        }
        hash(&bytes)
    };
    (0..rows).map(one).collect()
}
