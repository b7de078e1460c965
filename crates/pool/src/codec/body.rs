//! Values inside a body.

use super::layout::Form;
use super::varint::{Reader, put, put_signed, put_wide};
use crate::error::Error;
use crate::value::Value;

/// Days from 1970 to 2000: days near 2000 take two bytes.
const DAY_2000: i64 = 10_957;
const SECOND_2000: i64 = DAY_2000 * 86_400;
const MICROSECONDS: i64 = 1_000_000;

#[inline]
pub(super) fn put_date(out: &mut Vec<u8>, days: i32) {
    put_signed(out, i64::from(days) - DAY_2000);
}

/// Whole seconds take five bytes, others nine.
#[inline]
pub(super) fn put_datetime(out: &mut Vec<u8>, at: i64) {
    if at % MICROSECONDS == 0 {
        put_wide(out, i128::from(at / MICROSECONDS - SECOND_2000) << 1);
    } else {
        put_wide(out, (i128::from(at) << 1) | 1);
    }
}

#[inline]
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// A word of a closed list as its number from 1, any other as 0 and itself.
#[inline]
pub(super) fn put_word(out: &mut Vec<u8>, text: &str, words: &[String]) {
    if let Some(at) = words.iter().position(|word| word == text) {
        put(out, at as u64 + 1);
    } else {
        put(out, 0);
        put_text(out, text);
    }
}

#[inline]
pub(super) fn put_integer(out: &mut Vec<u8>, value: i64) {
    put_signed(out, value);
}

#[inline]
pub(super) fn put_decimal(out: &mut Vec<u8>, digits: i128) {
    match i64::try_from(digits) {
        Ok(digits) if digits.unsigned_abs() < 1 << 62 => put_signed(out, digits),
        _ => put_wide(out, digits),
    }
}

/// A value as it is read, without a copy of texts.
pub(super) enum Seen<'a> {
    Boolean(bool),
    Integer(i64),
    Decimal { digits: i128, scale: u8 },
    Date(i32),
    Datetime(i64),
    Text(&'a str),
}

impl Seen<'_> {
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Boolean(value) => Value::Boolean(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Decimal { digits, scale } => Value::Decimal { digits, scale },
            Self::Date(days) => Value::Date(days),
            Self::Datetime(at) => Value::Datetime(at),
            Self::Text(text) => Value::Text(text.into()),
        }
    }
}

/// Takes a value that is there off the front.
#[inline]
pub(super) fn take<'a>(from: &mut Reader<'a>, form: &'a Form) -> Result<Seen<'a>, Error> {
    Ok(match form {
        Form::Boolean => Seen::Boolean(from.byte()? != 0),
        Form::Integer => Seen::Integer(from.signed()?),
        Form::Decimal { scale } => Seen::Decimal {
            digits: from.wide()?,
            scale: *scale,
        },
        Form::Date => {
            let days = from.signed()?.saturating_add(DAY_2000);
            Seen::Date(i32::try_from(days).map_err(|fault| Error::garbled("a record", fault))?)
        }
        Form::Datetime => Seen::Datetime(take_datetime(from)?),
        Form::Text => Seen::Text(take_text(from)?),
        Form::Word(words) => {
            match from.number()? {
                0 => Seen::Text(take_text(from)?),
                at => {
                    let word = words.get(usize::try_from(at - 1).unwrap_or(usize::MAX));
                    Seen::Text(word.ok_or_else(|| {
                        Error::garbled("a record", "a word that is not in its list")
                    })?)
                }
            }
        }
    })
}

fn take_text<'a>(from: &mut Reader<'a>) -> Result<&'a str, Error> {
    let length = from.number()?;
    from.text(usize::try_from(length).unwrap_or(usize::MAX))
}

fn take_datetime(from: &mut Reader<'_>) -> Result<i64, Error> {
    let value = from.wide()?;
    let at = if value & 1 == 1 {
        value >> 1
    } else {
        ((value >> 1) + i128::from(SECOND_2000)).saturating_mul(MICROSECONDS.into())
    };
    i64::try_from(at).map_err(|fault| Error::garbled("a record", fault))
}
