//! All that is needed to encode and decode the records of one table.

use std::sync::Arc;

use super::body::{Seen, take};
use super::key;
use super::layout::{Form, Layout, LayoutFields, form};
use super::varint::Reader;
use crate::error::Error;
use crate::table::Table;
use crate::value::Value;

/// A layout, and where its fields are in the table of now.
#[derive(Debug)]
struct Plan {
    layout: Arc<Layout>,
    /// For each field of the layout, the column that has its name and the form wanted there.
    columns: Vec<Option<(usize, Form)>>,
}

/// A table with its layouts.
#[derive(Debug)]
pub(crate) struct TableCodec {
    pub(crate) table: Arc<Table>,
    /// The key's columns, but for a leading subject.
    pub(super) key: Vec<(usize, Form)>,
    /// The columns of the body.
    pub(super) body: Vec<(usize, Form)>,
    /// The layout that new records are written in.
    pub(crate) current: Arc<Layout>,
    plans: Vec<Plan>,
}

impl TableCodec {
    /// The codec of `table`; `layouts` are all that its records may be written in, and `current`
    /// is the one of its definition.
    pub(crate) fn new(table: Arc<Table>, layouts: &[Arc<Layout>], current: Arc<Layout>) -> Self {
        let with_form = |at: usize| Some((at, form(table.field(at)?)));
        let leading = usize::from(table.key_begins_with_subject());
        let key = table.key[leading..]
            .iter()
            .filter_map(|at| with_form(*at))
            .collect();
        let body: Vec<_> = (0..table.columns.fields().len())
            .filter(|at| super::layout::in_body(&table, *at))
            .filter_map(with_form)
            .collect();
        let plan = |layout: &Arc<Layout>| Plan {
            layout: Arc::clone(layout),
            columns: layout
                .fields
                .body
                .iter()
                .map(|field| {
                    let found = body
                        .iter()
                        .find(|(at, _)| table.columns.field(*at).name() == &field.name);
                    found.cloned()
                })
                .collect(),
        };
        let plans = layouts.iter().map(plan).collect();
        Self {
            table,
            key,
            body,
            current,
            plans,
        }
    }

    /// The fields of the table as they are now.
    pub(crate) fn fields(table: &Table) -> LayoutFields {
        LayoutFields::of(table)
    }

    fn plan(&self, number: u64) -> Result<&Plan, Error> {
        let found = self
            .plans
            .iter()
            .find(|plan| u64::from(plan.layout.number) == number);
        found.ok_or_else(|| {
            Error::garbled(
                "a record",
                format!("{} has no layout {number}", self.table.name()),
            )
        })
    }

    /// Gives each value of a body to `each`, with its column; columns that the body does not have
    /// are not given.
    pub(super) fn read_body<'seen, 'codec: 'seen>(
        &'codec self,
        bytes: &'seen [u8],
        mut each: impl FnMut(usize, Option<Seen<'seen>>) -> Result<(), Error>,
    ) -> Result<&'codec Layout, Error> {
        let mut from = Reader(bytes);
        let plan = self.plan(from.number()?)?;
        let bits = from.bytes(plan.columns.len().div_ceil(8))?;
        for (at, (field, column)) in plan
            .layout
            .fields
            .body
            .iter()
            .zip(&plan.columns)
            .enumerate()
        {
            let value = if bits[at / 8] >> (at % 8) & 1 == 1 {
                None
            } else {
                Some(take(&mut from, &field.form)?)
            };
            if let Some((column, form)) = column {
                each(*column, value.and_then(|value| brought_to(value, form)))?;
            }
        }
        if !from.0.is_empty() {
            return Err(Error::garbled("a record", "it ends too late"));
        }
        Ok(&plan.layout)
    }

    /// The values of a key (without a leading subject), with their columns.
    pub(super) fn key_values(&self, bytes: &[u8]) -> Result<Vec<(usize, Value)>, Error> {
        let mut from = Reader(bytes);
        let count = self.key.len();
        let value = |(nth, (at, form)): (usize, &(usize, Form))| {
            Ok((*at, key::take(&mut from, form, nth + 1 == count)?))
        };
        self.key.iter().enumerate().map(value).collect()
    }

    /// The values of a record, and the layout in which it was written.
    pub(crate) fn decode(
        &self,
        subject: &str,
        key: &[u8],
        body: &[u8],
    ) -> Result<(Vec<Value>, &Layout), Error> {
        let mut values = vec![Value::Null; self.table.columns.fields().len()];
        let layout = self.read_body(body, |at, value| {
            values[at] = value.map_or(Value::Null, Seen::into_value);
            Ok(())
        })?;
        for (at, value) in self.key_values(key)? {
            values[at] = value;
        }
        values[self.table.subject] = Value::Text(subject.into());
        Ok((values, layout))
    }

    /// A whole key, as the caller gives it: the subject, if the key begins with it, and the bytes.
    pub(crate) fn encode_key<'a>(
        &self,
        values: &'a [Value],
    ) -> Result<(Option<&'a str>, Vec<u8>), Error> {
        let fault = || Error::Key {
            table: self.table.name(),
            wanted: {
                let names: Vec<&str> = self
                    .table
                    .definition
                    .key
                    .iter()
                    .map(String::as_str)
                    .collect();
                names.join(", ")
            },
            found: {
                let kinds: Vec<&str> = values.iter().map(kind).collect();
                format!("({})", kinds.join(", "))
            },
        };
        let (subject, rest) = match (self.table.key_begins_with_subject(), values) {
            (true, [Value::Text(subject), rest @ ..]) => (Some(subject.as_ref()), rest),
            (true, _) => return Err(fault()),
            (false, rest) => (None, rest),
        };
        if rest.len() != self.key.len() {
            return Err(fault());
        }
        let mut bytes = Vec::new();
        for (at, ((_, form), value)) in self.key.iter().zip(rest).enumerate() {
            if !key::put_value(&mut bytes, form, value, at + 1 == rest.len()) {
                return Err(fault());
            }
        }
        Ok((subject, bytes))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Boolean(_) => "a boolean",
        Value::Integer(_) => "an integer",
        Value::Decimal { .. } => "a decimal",
        Value::Date(_) => "a date",
        Value::Datetime(_) => "a moment",
        Value::Text(_) => "a text",
    }
}

/// A value of an older layout in the form of now; nothing if there is no way.
fn brought_to<'a>(value: Seen<'a>, form: &Form) -> Option<Seen<'a>> {
    match (value, form) {
        (Seen::Decimal { digits, scale }, Form::Decimal { scale: wanted }) => Some(Seen::Decimal {
            digits: rescale(digits, scale, *wanted)?,
            scale: *wanted,
        }),
        (Seen::Integer(value), Form::Decimal { scale }) => Some(Seen::Decimal {
            digits: rescale(value.into(), 0, *scale)?,
            scale: *scale,
        }),
        (value @ Seen::Boolean(_), Form::Boolean)
        | (value @ Seen::Integer(_), Form::Integer)
        | (value @ Seen::Date(_), Form::Date)
        | (value @ Seen::Datetime(_), Form::Datetime)
        | (value @ Seen::Text(_), Form::Text | Form::Word(_)) => Some(value),
        _ => None,
    }
}

fn rescale(digits: i128, scale: u8, wanted: u8) -> Option<i128> {
    match wanted.cmp(&scale) {
        std::cmp::Ordering::Equal => Some(digits),
        std::cmp::Ordering::Greater => {
            digits.checked_mul(10_i128.checked_pow((wanted - scale).into())?)
        }
        std::cmp::Ordering::Less => Some(digits / 10_i128.checked_pow((scale - wanted).into())?),
    }
}
