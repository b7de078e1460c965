//! Straight from Arrow's columns into keys and bodies, and back: no value is made in between.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, BooleanBuilder, Date32Array, Date32Builder, Decimal128Array,
    Decimal128Builder, Int64Array, Int64Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::body::{self, Seen};
use super::key;
use super::layout::Form;
use super::table::TableCodec;
use crate::error::Error;
use crate::table::{DECIMAL_DIGITS, Table};
use crate::value::Value;

enum Values<'a> {
    Boolean(&'a BooleanArray),
    Integer(&'a Int64Array),
    Decimal(&'a Decimal128Array),
    Date(&'a Date32Array),
    Datetime(&'a TimestampMicrosecondArray),
    Text(&'a StringArray),
    Word(&'a StringArray, &'a [String]),
}

struct Column<'a> {
    values: Values<'a>,
    nulls: Option<&'a arrow::buffer::NullBuffer>,
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef, form: &'a Form) -> Result<Self, Error> {
        let any = array.as_any();
        let values = match form {
            Form::Boolean => any.downcast_ref().map(Values::Boolean),
            Form::Integer => any.downcast_ref().map(Values::Integer),
            Form::Decimal { .. } => any.downcast_ref().map(Values::Decimal),
            Form::Date => any.downcast_ref().map(Values::Date),
            Form::Datetime => any.downcast_ref().map(Values::Datetime),
            Form::Text => any.downcast_ref().map(Values::Text),
            Form::Word(words) => any.downcast_ref().map(|array| Values::Word(array, words)),
        };
        let values = values.ok_or_else(|| {
            Error::garbled("a batch", "a column is of another type than its field")
        })?;
        Ok(Self {
            values,
            nulls: array.nulls(),
        })
    }

    #[inline]
    fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    #[inline]
    fn put_body(&self, row: usize, out: &mut Vec<u8>) {
        match &self.values {
            Values::Boolean(array) => out.push(array.value(row).into()),
            Values::Integer(array) => body::put_integer(out, array.value(row)),
            Values::Decimal(array) => body::put_decimal(out, array.value(row)),
            Values::Date(array) => body::put_date(out, array.value(row)),
            Values::Datetime(array) => body::put_datetime(out, array.value(row)),
            Values::Text(array) => body::put_text(out, array.value(row)),
            Values::Word(array, words) => body::put_word(out, array.value(row), words),
        }
    }

    #[inline]
    fn put_key(&self, row: usize, last: bool, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return key::put_null(out);
        }
        match &self.values {
            Values::Boolean(array) => key::put_number(out, array.value(row).into()),
            Values::Integer(array) => key::put_number(out, array.value(row).into()),
            Values::Decimal(array) => key::put_number(out, array.value(row)),
            Values::Date(array) => key::put_number(out, array.value(row).into()),
            Values::Datetime(array) => key::put_number(out, array.value(row).into()),
            Values::Text(array) | Values::Word(array, _) => {
                key::put_text(out, array.value(row), last);
            }
        }
    }
}

/// The columns of a batch, ready to be encoded row by row.
pub(crate) struct Columns<'a> {
    subject: &'a StringArray,
    key: Vec<Column<'a>>,
    body: Vec<Column<'a>>,
    layout: u32,
}

impl<'a> Columns<'a> {
    /// Those of `batch`, which has the table's columns.
    pub(crate) fn new(codec: &'a TableCodec, batch: &'a RecordBatch) -> Result<Self, Error> {
        let column = |(at, form): &'a (usize, Form)| Column::new(batch.column(*at), form);
        let subject = batch.column(codec.table.subject).as_any().downcast_ref();
        let subject =
            subject.ok_or_else(|| Error::garbled("a batch", "the subject is not a text"))?;
        Ok(Self {
            subject,
            key: codec.key.iter().map(column).collect::<Result<_, _>>()?,
            body: codec.body.iter().map(column).collect::<Result<_, _>>()?,
            layout: codec.current.number,
        })
    }

    /// The subject of a row.
    #[inline]
    pub(crate) fn subject(&self, row: usize) -> &'a str {
        self.subject.value(row)
    }

    /// The subjects of all rows.
    pub(crate) fn subjects(&self) -> &'a StringArray {
        self.subject
    }

    /// Appends a row's key.
    #[inline]
    pub(crate) fn put_key(&self, row: usize, out: &mut Vec<u8>) {
        let last = self.key.len().wrapping_sub(1);
        for (at, column) in self.key.iter().enumerate() {
            column.put_key(row, at == last, out);
        }
    }

    /// Whether keys are empty: the subject says all.
    pub(crate) fn key_is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// Appends a row's body.
    #[inline]
    pub(crate) fn put_body(&self, row: usize, out: &mut Vec<u8>) {
        super::varint::put(out, self.layout.into());
        let bits = out.len();
        out.resize(bits + self.body.len().div_ceil(8), 0);
        for (at, column) in self.body.iter().enumerate() {
            if column.is_null(row) {
                out[bits + at / 8] |= 1 << (at % 8);
            } else {
                column.put_body(row, out);
            }
        }
    }
}

enum Builder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Datetime(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl Builder {
    fn new(kind: &DataType) -> Self {
        match kind {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            DataType::Decimal128(..) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(kind.clone()))
            }
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(..) => {
                Self::Datetime(TimestampMicrosecondBuilder::new().with_data_type(kind.clone()))
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Decimal(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Datetime(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
        }
    }

    /// False if the value is of another type.
    fn push(&mut self, value: &Seen<'_>) -> bool {
        match (self, value) {
            (Self::Boolean(builder), Seen::Boolean(value)) => builder.append_value(*value),
            (Self::Integer(builder), Seen::Integer(value)) => builder.append_value(*value),
            (Self::Decimal(builder), Seen::Decimal { digits, .. }) => builder.append_value(*digits),
            (Self::Date(builder), Seen::Date(days)) => builder.append_value(*days),
            (Self::Datetime(builder), Seen::Datetime(at)) => builder.append_value(*at),
            (Self::Text(builder), Seen::Text(text)) => builder.append_value(text),
            _ => return false,
        }
        true
    }

    fn push_value(&mut self, value: &Value) -> bool {
        match (self, value) {
            (builder, Value::Null) => builder.push_null(),
            (Self::Boolean(builder), Value::Boolean(value)) => builder.append_value(*value),
            (Self::Integer(builder), Value::Integer(value)) => builder.append_value(*value),
            (Self::Decimal(builder), Value::Decimal { digits, .. }) => {
                builder.append_value(*digits);
            }
            (Self::Date(builder), Value::Date(days)) => builder.append_value(*days),
            (Self::Datetime(builder), Value::Datetime(at)) => builder.append_value(*at),
            (Self::Text(builder), Value::Text(text)) => builder.append_value(text),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Datetime(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Records back into columns: the table's, and `_from`.
pub(crate) struct Builders {
    columns: Vec<Builder>,
    from: TimestampMicrosecondBuilder,
    schema: SchemaRef,
    rows: usize,
}

impl Builders {
    /// For records of `table`. All but key and subject may be missing, since a record may be
    /// older than its definition.
    pub(crate) fn new(table: &Table) -> Self {
        let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let field = |(at, field): (usize, &Arc<Field>)| {
            let always = at == table.subject || table.key.contains(&at);
            field.as_ref().clone().with_nullable(!always)
        };
        let mut fields: Vec<Field> = table
            .columns
            .fields()
            .iter()
            .enumerate()
            .map(field)
            .collect();
        let columns = fields
            .iter()
            .map(|field| Builder::new(field.data_type()))
            .collect();
        fields.push(Field::new("_from", moment.clone(), false));
        Self {
            columns,
            from: TimestampMicrosecondBuilder::new().with_data_type(moment),
            schema: Arc::new(Schema::new(fields)),
            rows: 0,
        }
    }

    /// How many records have been pushed since the last batch.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a record.
    pub(crate) fn push(
        &mut self,
        codec: &TableCodec,
        (subject, key, from, bytes): (&str, &[u8], i64, &[u8]),
    ) -> Result<(), Error> {
        let fault = || Error::garbled("a record", "a value is of another type than its field");
        let mut filled = vec![false; self.columns.len()];
        let mut fill = |columns: &mut Vec<Builder>, at: usize, value: &Value| {
            filled[at] = true;
            columns[at]
                .push_value(value)
                .then_some(())
                .ok_or_else(fault)
        };
        fill(
            &mut self.columns,
            codec.table.subject,
            &Value::Text(subject.into()),
        )?;
        for (at, value) in codec.key_values(key)? {
            if at != codec.table.subject {
                fill(&mut self.columns, at, &value)?;
            }
        }
        codec.read_body(bytes, |at, value| {
            filled[at] = true;
            let Some(value) = value else {
                self.columns[at].push_null();
                return Ok(());
            };
            let pushed = self.columns[at].push(&value);
            pushed.then_some(()).ok_or_else(fault)
        })?;
        for (at, _) in filled.iter().enumerate().filter(|(_, filled)| !**filled) {
            self.columns[at].push_null();
        }
        self.from.append_value(from);
        self.rows += 1;
        Ok(())
    }

    /// What was pushed, as a batch; begins anew.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, Error> {
        self.rows = 0;
        let mut arrays: Vec<ArrayRef> = self.columns.iter_mut().map(Builder::finish).collect();
        arrays.push(Arc::new(self.from.finish()));
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

/// Decimals of any field.
const _: () = assert!(DECIMAL_DIGITS <= 38, "digits fit in 128 bits");
