//! One value of a record, outside of Arrow's columns.

use serde::{Serialize, Serializer};

/// A value. Its type is that of its field; there are no others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Missing.
    Null,
    /// `boolean`
    Boolean(bool),
    /// `integer`
    Integer(i64),
    /// `decimal` and `money`: the digits without the point, and how many stand after it.
    Decimal {
        /// The number times ten to the power of `scale`.
        digits: i128,
        /// Digits after the point.
        scale: u8,
    },
    /// `date`: days since 1970-01-01.
    Date(i32),
    /// `datetime`: microseconds since 1970-01-01T00:00:00Z.
    Datetime(i64),
    /// `text`
    Text(Box<str>),
}

impl Value {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Decimal { digits, scale } => decimal(f, *digits, *scale),
            Self::Date(days) => date(*days).map_or(Err(std::fmt::Error), |day| day.fmt(f)),
            Self::Datetime(at) => f.write_str(&crate::clock::Moment(*at).rfc3339()),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// As JSON: decimals as text, so that no digit is lost; days and moments as ISO 8601.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            other => serializer.collect_str(other),
        }
    }
}

fn decimal(f: &mut std::fmt::Formatter<'_>, digits: i128, scale: u8) -> std::fmt::Result {
    if scale == 0 {
        return write!(f, "{digits}");
    }
    let unit = 10_i128.pow(u32::from(scale.min(30)));
    let sign = if digits < 0 { "-" } else { "" };
    let (whole, rest) = (
        digits.unsigned_abs() / unit.unsigned_abs(),
        digits.unsigned_abs() % unit.unsigned_abs(),
    );
    write!(
        f,
        "{sign}{whole}.{rest:0width$}",
        width = usize::from(scale)
    )
}

/// The day that is `days` after 1970-01-01, within the years 1 to 9999.
pub fn date(days: i32) -> Option<jiff::civil::Date> {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch
        .checked_add(jiff::Span::new().try_days(days).ok()?)
        .ok()
}
