//! Keys as bytes whose order is that of the values, field by field.
//!
//! Numbers: a byte that says sign and length, then the magnitude, most significant byte first
//! (inverted below zero). Texts: their bytes, `00` as `00 ff`, closed by `00 00`; the last field
//! of a key is not closed. Missing values sort first.

use super::layout::Form;
use super::varint::Reader;
use crate::error::Error;
use crate::value::Value;

const NULL: u8 = 0;
const ZERO: u8 = 0x80;
const PRESENT: u8 = 1;

/// Appends a whole number.
#[inline]
pub(super) fn put_number(out: &mut Vec<u8>, value: i128) {
    let magnitude = value.unsigned_abs();
    let bytes = magnitude.to_be_bytes();
    let skip = (magnitude.leading_zeros() / 8) as usize;
    let length = (bytes.len() - skip) as u8;
    if value < 0 {
        out.push(ZERO - length);
        out.extend(bytes[skip..].iter().map(|byte| !byte));
    } else {
        out.push(ZERO + length);
        out.extend_from_slice(&bytes[skip..]);
    }
}

/// Appends a text; `last` if no field follows.
#[inline]
pub(super) fn put_text(out: &mut Vec<u8>, text: &str, last: bool) {
    out.push(PRESENT);
    if last {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

/// Appends a missing value.
pub(super) fn put_null(out: &mut Vec<u8>) {
    out.push(NULL);
}

/// Appends a value; false if it is not of this form.
pub(super) fn put_value(out: &mut Vec<u8>, form: &Form, value: &Value, last: bool) -> bool {
    match (form, value) {
        (_, Value::Null) => put_null(out),
        (Form::Boolean, Value::Boolean(value)) => put_number(out, (*value).into()),
        (Form::Integer, Value::Integer(value)) | (Form::Datetime, Value::Datetime(value)) => {
            put_number(out, (*value).into());
        }
        (
            Form::Decimal { scale },
            Value::Decimal {
                digits,
                scale: given,
            },
        ) if scale == given => {
            put_number(out, *digits);
        }
        (Form::Date, Value::Date(value)) => put_number(out, (*value).into()),
        (Form::Text | Form::Word(_), Value::Text(value)) => put_text(out, value, last),
        _ => return false,
    }
    true
}

/// Takes a value off the front.
pub(super) fn take(from: &mut Reader<'_>, form: &Form, last: bool) -> Result<Value, Error> {
    let first = from.byte()?;
    if first == NULL {
        return Ok(Value::Null);
    }
    let off = |_| Error::garbled("a key", "a number is too large");
    Ok(match form {
        Form::Text | Form::Word(_) => Value::Text(take_text(from, last)?),
        Form::Boolean => Value::Boolean(take_number(from, first)? != 0),
        Form::Integer => Value::Integer(take_number(from, first)?.try_into().map_err(off)?),
        Form::Decimal { scale } => Value::Decimal {
            digits: take_number(from, first)?,
            scale: *scale,
        },
        Form::Date => Value::Date(take_number(from, first)?.try_into().map_err(off)?),
        Form::Datetime => Value::Datetime(take_number(from, first)?.try_into().map_err(off)?),
    })
}

fn take_number(from: &mut Reader<'_>, first: u8) -> Result<i128, Error> {
    let negative = first < ZERO;
    let length = usize::from(first.abs_diff(ZERO));
    if length > 16 {
        return Err(Error::garbled("a key", "a number is too long"));
    }
    let fold =
        |value: u128, byte: &u8| (value << 8) | u128::from(if negative { !byte } else { *byte });
    let magnitude = from.bytes(length)?.iter().fold(0, fold);
    let value = if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    };
    Ok(value.cast_signed())
}

fn take_text(from: &mut Reader<'_>, last: bool) -> Result<Box<str>, Error> {
    let bytes = if last {
        from.bytes(from.0.len())?.to_vec()
    } else {
        take_closed(from)?
    };
    let text = String::from_utf8(bytes).map_err(|fault| Error::garbled("a key", fault))?;
    Ok(text.into())
}

fn take_closed(from: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(from.0.len());
    loop {
        let byte = from.byte()?;
        if byte == 0 && from.byte()? == 0 {
            return Ok(bytes);
        }
        bytes.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(form: &Form) -> BoxedStrategy<Value> {
        let some = match *form {
            Form::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
            Form::Integer => any::<i64>().prop_map(Value::Integer).boxed(),
            Form::Decimal { scale } => any::<i128>()
                .prop_map(move |digits| Value::Decimal { digits, scale })
                .boxed(),
            Form::Date => any::<i32>().prop_map(Value::Date).boxed(),
            Form::Datetime => any::<i64>().prop_map(Value::Datetime).boxed(),
            Form::Text | Form::Word(_) => {
                prop_oneof!["[\u{0}\u{1}a城\u{10ffff}]{0,6}", any::<String>()]
                    .prop_map(|text| Value::Text(text.into()))
                    .boxed()
            }
        };
        prop_oneof![1 => Just(Value::Null), 9 => some].boxed()
    }

    fn forms() -> impl Strategy<Value = Vec<Form>> {
        let form = prop_oneof![
            Just(Form::Boolean),
            Just(Form::Integer),
            Just(Form::Decimal { scale: 2 }),
            Just(Form::Date),
            Just(Form::Datetime),
            Just(Form::Text),
        ];
        prop::collection::vec(form, 1..5)
    }

    fn row(forms: &[Form]) -> impl Strategy<Value = Vec<Value>> + use<> {
        forms.iter().map(value).collect::<Vec<_>>()
    }

    fn two_rows() -> impl Strategy<Value = (Vec<Form>, Vec<Value>, Vec<Value>)> {
        forms().prop_flat_map(|forms| (Just(forms.clone()), row(&forms), row(&forms)))
    }

    fn encode(forms: &[Form], values: &[Value]) -> Vec<u8> {
        let mut out = Vec::new();
        for (at, (form, value)) in forms.iter().zip(values).enumerate() {
            assert!(put_value(&mut out, form, value, at + 1 == forms.len()));
        }
        out
    }

    proptest! {
        #[test]
        fn a_key_comes_back_as_it_was((forms, values, _) in two_rows()) {
            let bytes = encode(&forms, &values);
            let mut reader = Reader(&bytes);
            for (at, (form, value)) in forms.iter().zip(&values).enumerate() {
                prop_assert_eq!(&take(&mut reader, form, at + 1 == forms.len()).unwrap(), value);
            }
            prop_assert!(reader.0.is_empty());
        }

        #[test]
        fn keys_sort_as_their_values_do((forms, one, other) in two_rows()) {
            prop_assert_eq!(encode(&forms, &one).cmp(&encode(&forms, &other)), one.cmp(&other));
        }

        #[test]
        fn arbitrary_bytes_never_panic(forms in forms(), bytes in any::<Vec<u8>>()) {
            let mut reader = Reader(&bytes);
            for (at, form) in forms.iter().enumerate() {
                if take(&mut reader, form, at + 1 == forms.len()).is_err() {
                    break;
                }
            }
        }
    }
}
