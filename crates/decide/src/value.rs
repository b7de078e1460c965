//! The values that rules work with, and where they come from.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::fields::Type;
use crate::number::Decimal;
use crate::time;

/// A value, borrowed from its row where it can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Missing, or not to be worked out.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(Decimal),
    /// Characters.
    Text(Cow<'a, str>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Datetime(i64),
    /// Months.
    Months(i64),
    /// Microseconds.
    Span(i64),
}

impl<'a> Value<'a> {
    /// A whole number.
    pub fn number(number: impl Into<i64>) -> Self {
        Self::Number(Decimal::from(number.into()))
    }

    /// A number by its digits without the point, and how many of them stand after it.
    pub fn decimal(digits: i128, scale: u8) -> Self {
        Decimal::new(digits, scale).map_or(Self::Null, Self::Number)
    }

    /// A text.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The same value, borrowed from nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(truth) => Value::Boolean(truth),
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Date(days) => Value::Date(days),
            Self::Datetime(at) => Value::Datetime(at),
            Self::Months(months) => Value::Months(months),
            Self::Span(span) => Value::Span(span),
        }
    }

    /// The same value, borrowed from this one.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Null => Value::Null,
            Self::Boolean(truth) => Value::Boolean(*truth),
            Self::Number(number) => Value::Number(*number),
            Self::Date(days) => Value::Date(*days),
            Self::Datetime(at) => Value::Datetime(*at),
            Self::Months(months) => Value::Months(*months),
            Self::Span(span) => Value::Span(*span),
        }
    }

    /// The truth value, if it is one.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Its type.
    pub fn kind(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Boolean(_) => Type::Boolean,
            Self::Number(_) => Type::Number,
            Self::Text(_) => Type::Text,
            Self::Date(_) => Type::Date,
            Self::Datetime(_) => Type::Datetime,
            Self::Months(_) => Type::Months,
            Self::Span(_) => Type::Span,
        }
    }
}

/// As FEEL writes it.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(truth) => truth.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Date(days) => f.write_str(&time::show_date(*days)),
            Self::Datetime(at) => f.write_str(&time::show_datetime(*at)),
            Self::Months(months) => f.write_str(&time::show_months(*months)),
            Self::Span(span) => f.write_str(&time::show_span(*span)),
        }
    }
}

/// As JSON: numbers as text so that no digit is lost, days and moments as ISO 8601.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(truth) => serializer.serialize_bool(*truth),
            other => serializer.collect_str(other),
        }
    }
}

/// What gives a rule its fields' values.
pub trait Row {
    /// The value of the field at `position` of the [`Fields`](crate::Fields) that the rule was
    /// compiled with; its type is that field's, or it is [`Value::Null`].
    fn value(&self, position: usize) -> Value<'_>;
}

impl Row for [Value<'_>] {
    fn value(&self, position: usize) -> Value<'_> {
        self.get(position).map_or(Value::Null, Value::borrowed)
    }
}

impl<const N: usize> Row for [Value<'_>; N] {
    fn value(&self, position: usize) -> Value<'_> {
        self.as_slice().value(position)
    }
}

impl Row for Vec<Value<'_>> {
    fn value(&self, position: usize) -> Value<'_> {
        self.as_slice().value(position)
    }
}
