//! Records as a source has them, before anybody has looked whether they are right.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use serde_json::{Map, Value as Json};

use super::fault::{Code, Fault};
use crate::table::Table;

/// A piece of input: rows, and what could not be made a row.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    /// For each field of the table the column that the source has for it, of any type.
    pub columns: Vec<Option<ArrayRef>>,
    /// How many rows the columns have.
    pub rows: usize,
    /// Where the rows stand in the source.
    pub origin: Origin,
    /// Records that are no rows.
    pub broken: Vec<Broken>,
    /// Faults of rows that the reader has found.
    pub faults: Vec<RowFault>,
    /// Names of columns that are none of the table's fields.
    pub unknown: Vec<String>,
}

/// Where rows come from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Text: of each row its bytes and the line it begins on.
    Text {
        /// What the rows are in.
        text: Bytes,
        /// From where to where each row goes.
        spans: Vec<(u32, u32)>,
        /// On which line each row begins, from 1.
        lines: Vec<u64>,
    },
    /// Columns: the number of the first row, from 1.
    Rows(u64),
    /// Changes: the number of each row among them, from 1.
    Changes(Vec<u64>),
}

impl Default for Origin {
    fn default() -> Self {
        Self::Rows(1)
    }
}

/// A record that is no row.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What stands in the source.
    pub raw: Vec<u8>,
    /// Its line or row, from 1.
    pub place: u64,
    /// Why it is none.
    pub fault: Fault,
}

/// A fault of one field of a row, without words yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The row, from 0.
    pub row: u32,
    /// The field, by its place in the table.
    pub field: u16,
    /// What sort of fault.
    pub code: Code,
    /// The value, shortened.
    pub value: Box<str>,
}

impl Raw {
    /// The line or row number of a row.
    pub fn place(&self, row: usize) -> u64 {
        match &self.origin {
            Origin::Text { lines, .. } => lines.get(row).copied().unwrap_or_default(),
            Origin::Rows(first) => first + row as u64,
            Origin::Changes(places) => places.get(row).copied().unwrap_or_default(),
        }
    }

    /// The row as it stands in the source; of columns, as JSON.
    pub fn source(&self, table: &Table, row: usize) -> Vec<u8> {
        match &self.origin {
            Origin::Text { text, spans, .. } => {
                let (from, to) = spans.get(row).copied().unwrap_or_default();
                text.get(from as usize..to as usize)
                    .unwrap_or_default()
                    .to_vec()
            }
            Origin::Rows(_) | Origin::Changes(_) => Json::Object(self.record(table, row))
                .to_string()
                .into_bytes(),
        }
    }

    /// The row by field, as far as the source has the fields.
    pub fn record(&self, table: &Table, row: usize) -> Map<String, Json> {
        let mut record = Map::new();
        for (at, column) in self.columns.iter().enumerate() {
            let (Some(column), Some(field)) = (column, table.field(at)) else {
                continue;
            };
            if column.is_valid(row) {
                record.insert(field.name.clone(), cell(column, row));
            }
        }
        record
    }
}

/// One cell of any type as JSON; whatever is neither number nor boolean as text.
pub(crate) fn cell(column: &ArrayRef, row: usize) -> Json {
    let text = shown(column, row);
    match column.data_type() {
        DataType::Boolean => Json::Bool(text == "true"),
        kind if kind.is_integer() => text
            .parse::<i64>()
            .map_or_else(|_| Json::String(text), |number| Json::Number(number.into())),
        _ => Json::String(text),
    }
}

/// One cell of any type as text.
pub(crate) fn shown(column: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    ArrayFormatter::try_new(column.as_ref(), &options)
        .map(|formatter| formatter.value(row).to_string())
        .unwrap_or_default()
}

/// Which field each name of a source means: its name, or its title in either language.
pub(crate) fn field_named(table: &Table, name: &str) -> Option<usize> {
    let name = name.trim();
    let fields = &table.definition.fields;
    let by_name = fields.iter().position(|field| field.name == name);
    by_name.or_else(|| {
        fields.iter().position(|field| {
            field.name.eq_ignore_ascii_case(name)
                || field.title.zh == name
                || field.title.en.eq_ignore_ascii_case(name)
        })
    })
}

/// The raw form of columns that carry their names, such as those of a Parquet file.
pub fn from_columns(table: &Arc<Table>, batch: &arrow::array::RecordBatch, first: u64) -> Raw {
    let mut raw = Raw {
        columns: vec![None; table.definition.fields.len()],
        rows: batch.num_rows(),
        origin: Origin::Rows(first),
        ..Raw::default()
    };
    for (column, values) in batch.schema().fields().iter().zip(batch.columns()) {
        match field_named(table, column.name()) {
            Some(at) if raw.columns.get(at).is_some_and(Option::is_none) => {
                if let Some(place) = raw.columns.get_mut(at) {
                    *place = Some(Arc::clone(values));
                }
            }
            _ => raw.unknown.push(column.name().clone()),
        }
    }
    raw
}
