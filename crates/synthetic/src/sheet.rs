//! A batch being filled, cell by cell and row by row, for a dataset as its definition has it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::DataType;

use crate::days::Day;

/// A column being filled.
#[derive(Debug)]
enum Cells {
    Text(StringBuilder),
    Integer(Int64Builder),
    Decimal(Decimal128Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Datetime(TimestampMicrosecondBuilder),
    /// The definition does not have it.
    Skipped,
}

/// A batch being filled.
#[derive(Debug)]
pub(crate) struct Sheet {
    columns: Vec<Cells>,
    at: usize,
    rows: usize,
    /// The first cell that did not have its column's type: the column and what was made.
    wrong: Option<(usize, &'static str)>,
}

impl Sheet {
    /// An empty batch of these types; `None` for a column that is not wanted.
    pub(crate) fn new(types: &[Option<DataType>], rows: usize) -> Self {
        let cells = |kind: &Option<DataType>| match kind {
            Some(DataType::Int64) => Cells::Integer(Int64Builder::with_capacity(rows)),
            Some(DataType::Decimal128(..)) => {
                let kind = kind.clone().unwrap_or(DataType::Null);
                Cells::Decimal(Decimal128Builder::with_capacity(rows).with_data_type(kind))
            }
            Some(DataType::Boolean) => Cells::Boolean(BooleanBuilder::with_capacity(rows)),
            Some(DataType::Date32) => Cells::Date(Date32Builder::with_capacity(rows)),
            Some(DataType::Timestamp(..)) => {
                let kind = kind.clone().unwrap_or(DataType::Null);
                Cells::Datetime(
                    TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(kind),
                )
            }
            Some(_) => Cells::Text(StringBuilder::with_capacity(rows, rows * 16)),
            None => Cells::Skipped,
        };
        Self {
            columns: types.iter().map(cells).collect(),
            at: 0,
            rows: 0,
            wrong: None,
        }
    }

    /// The rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    fn next(&mut self) -> Option<&mut Cells> {
        let cells = self.columns.get_mut(self.at);
        self.at += 1;
        cells
    }

    fn note(&mut self, made: &'static str) {
        self.wrong = self.wrong.or(Some((self.at - 1, made)));
    }

    /// The next cell: a text.
    pub(crate) fn text(&mut self, value: &str) {
        match self.next() {
            Some(Cells::Text(cells)) => cells.append_value(value),
            Some(Cells::Skipped) => {}
            _ => self.note("a text"),
        }
    }

    /// The next cell: a text or nothing.
    pub(crate) fn maybe_text(&mut self, value: Option<&str>) {
        match self.next() {
            Some(Cells::Text(cells)) => cells.append_option(value),
            Some(Cells::Skipped) => {}
            _ => self.note("a text"),
        }
    }

    /// The next cell: a whole number.
    pub(crate) fn integer(&mut self, value: i64) {
        match self.next() {
            Some(Cells::Integer(cells)) => cells.append_value(value),
            Some(Cells::Skipped) => {}
            _ => self.note("a whole number"),
        }
    }

    /// The next cell: an amount in fen, or the digits of a decimal.
    pub(crate) fn decimal(&mut self, digits: i64) {
        match self.next() {
            Some(Cells::Decimal(cells)) => cells.append_value(i128::from(digits)),
            Some(Cells::Skipped) => {}
            _ => self.note("a decimal or an amount"),
        }
    }

    /// The next cell: a day.
    pub(crate) fn date(&mut self, day: Day) {
        self.maybe_date(Some(day));
    }

    /// The next cell: a day or nothing.
    pub(crate) fn maybe_date(&mut self, day: Option<Day>) {
        match self.next() {
            Some(Cells::Date(cells)) => cells.append_option(day),
            Some(Cells::Skipped) => {}
            _ => self.note("a date"),
        }
    }

    /// The next cell: `true` or `false`.
    pub(crate) fn boolean(&mut self, value: bool) {
        match self.next() {
            Some(Cells::Boolean(cells)) => cells.append_value(value),
            Some(Cells::Skipped) => {}
            _ => self.note("`true` or `false`"),
        }
    }

    /// The next cell: microseconds since 1970 in UTC.
    pub(crate) fn datetime(&mut self, microseconds: i64) {
        match self.next() {
            Some(Cells::Datetime(cells)) => cells.append_value(microseconds),
            Some(Cells::Skipped) => {}
            _ => self.note("a moment"),
        }
    }

    /// The next cell: nothing.
    pub(crate) fn nothing(&mut self) {
        match self.next() {
            Some(Cells::Text(cells)) => cells.append_null(),
            Some(Cells::Integer(cells)) => cells.append_null(),
            Some(Cells::Decimal(cells)) => cells.append_null(),
            Some(Cells::Boolean(cells)) => cells.append_null(),
            Some(Cells::Date(cells)) => cells.append_null(),
            Some(Cells::Datetime(cells)) => cells.append_null(),
            Some(Cells::Skipped) | None => {}
        }
    }

    /// Ends the row.
    pub(crate) fn end(&mut self) {
        if self.at != self.columns.len() {
            self.wrong = self.wrong.or(Some((
                self.at.min(self.columns.len()),
                "a row of another length",
            )));
        }
        self.at = 0;
        self.rows += 1;
    }

    /// The columns, `None` for those not wanted.
    ///
    /// # Errors
    /// The first column whose cells were of another type, and what they were.
    pub(crate) fn finish(self) -> Result<Vec<Option<ArrayRef>>, (usize, &'static str)> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let column = |cells: Cells| -> Option<ArrayRef> {
            Some(match cells {
                Cells::Text(mut cells) => Arc::new(cells.finish()),
                Cells::Integer(mut cells) => Arc::new(cells.finish()),
                Cells::Decimal(mut cells) => Arc::new(cells.finish()),
                Cells::Boolean(mut cells) => Arc::new(cells.finish()),
                Cells::Date(mut cells) => Arc::new(cells.finish()),
                Cells::Datetime(mut cells) => Arc::new(cells.finish()),
                Cells::Skipped => return None,
            })
        };
        Ok(self.columns.into_iter().map(column).collect())
    }
}
