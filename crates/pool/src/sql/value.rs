//! Values that go into and come out of the meta database, the same on SQLite and PostgreSQL.

use crate::error::Error;

/// A value of the meta database.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// `NULL`
    Null,
    /// `BIGINT`; booleans are 0 and 1.
    Integer(i64),
    /// `DOUBLE PRECISION`
    Real(f64),
    /// `TEXT`
    Text(String),
    /// `{blob}`
    Blob(Vec<u8>),
}

impl SqlValue {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "an integer",
            Self::Real(_) => "a real number",
            Self::Text(_) => "a text",
            Self::Blob(_) => "bytes",
        }
    }
}

macro_rules! into_value {
    ($($type:ty => |$value:ident| $make:expr;)*) => {$(
        impl From<$type> for SqlValue {
            fn from($value: $type) -> Self {
                $make
            }
        }
    )*};
}

into_value! {
    i64 => |value| Self::Integer(value);
    i32 => |value| Self::Integer(value.into());
    u32 => |value| Self::Integer(value.into());
    u64 => |value| Self::Integer(i64::try_from(value).unwrap_or(i64::MAX));
    usize => |value| Self::Integer(i64::try_from(value).unwrap_or(i64::MAX));
    bool => |value| Self::Integer(value.into());
    f64 => |value| Self::Real(value);
    &str => |value| Self::Text(value.to_owned());
    &String => |value| Self::Text(value.clone());
    String => |value| Self::Text(value);
    &[u8] => |value| Self::Blob(value.to_owned());
    Vec<u8> => |value| Self::Blob(value);
    crate::Moment => |value| Self::Integer(value.0);
}

impl<T: Into<Self>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub(crate) Vec<SqlValue>);

impl Row {
    /// The value in column `at`, counted from 0.
    ///
    /// # Errors
    /// [`Error::Column`] if it is of another type, or there is no such column.
    pub fn get<T: FromSqlValue>(&self, at: usize) -> Result<T, Error> {
        let value = self.0.get(at).ok_or(Error::Column {
            at,
            found: "not there",
            wanted: T::NAME,
        })?;
        T::from_value(value).ok_or(Error::Column {
            at,
            found: value.kind(),
            wanted: T::NAME,
        })
    }

    /// All values.
    pub fn values(&self) -> &[SqlValue] {
        &self.0
    }
}

/// What a column can be read as.
pub trait FromSqlValue: Sized {
    /// What it is called in messages.
    const NAME: &'static str;

    /// The value, if it is one of these.
    fn from_value(value: &SqlValue) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty, $name:literal, $pattern:pat => $make:expr;)*) => {$(
        impl FromSqlValue for $type {
            const NAME: &'static str = $name;

            fn from_value(value: &SqlValue) -> Option<Self> {
                match value {
                    $pattern => $make,
                    _ => None,
                }
            }
        }
    )*};
}

from_value! {
    i64, "an integer", SqlValue::Integer(value) => Some(*value);
    i32, "a small integer", SqlValue::Integer(value) => i32::try_from(*value).ok();
    u32, "a small whole number", SqlValue::Integer(value) => u32::try_from(*value).ok();
    u64, "a whole number", SqlValue::Integer(value) => u64::try_from(*value).ok();
    usize, "a whole number", SqlValue::Integer(value) => usize::try_from(*value).ok();
    bool, "a boolean", SqlValue::Integer(value) => Some(*value != 0);
    String, "a text", SqlValue::Text(value) => Some(value.clone());
    Vec<u8>, "bytes", SqlValue::Blob(value) => Some(value.clone());
    crate::Moment, "a moment", SqlValue::Integer(value) => Some(crate::Moment(*value));
}

impl FromSqlValue for f64 {
    const NAME: &'static str = "a number";

    fn from_value(value: &SqlValue) -> Option<Self> {
        match value {
            SqlValue::Real(value) => Some(*value),
            SqlValue::Integer(value) => Some(*value as Self),
            _ => None,
        }
    }
}

impl<T: FromSqlValue> FromSqlValue for Option<T> {
    const NAME: &'static str = T::NAME;

    fn from_value(value: &SqlValue) -> Option<Self> {
        match value {
            SqlValue::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// Parameters of a statement: `values![1_i64, "text", bytes]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        [$($crate::SqlValue::from($value)),*]
    };
}

/// Characters of a statement that a message repeats.
const SHOWN: usize = 120;

/// The beginning of a statement, for messages. Statements hold no data: those are parameters.
pub(super) fn shortened(sql: &str) -> String {
    let one_line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{} …", &one_line[..at]),
        None => one_line,
    }
}
