//! Keys as callers write them: a JSON value for each of the key's fields.

use city::kinds::FieldType;
use serde_json::Value as Json;

use super::denial::Denial;
use super::grants::Offer;
use crate::value::Value;

/// Most bytes of one value of a key.
const TEXT_BYTES_MAX: usize = 1_000;

/// Digits of decimals and money.
const DIGITS_MAX: usize = 18;

/// The values of a key, in the key's order.
///
/// # Errors
/// What is missing, too many or of another type.
pub(crate) fn read(
    offer: &Offer,
    key: &serde_json::Map<String, Json>,
) -> Result<Vec<Value>, Denial> {
    let table = &offer.table;
    let wanted = || {
        let names: Vec<&str> = table.definition.key.iter().map(String::as_str).collect();
        format!("the key of `{}` is ({})", offer.name, names.join(", "))
    };
    if let Some(name) = key.keys().find(|name| !table.definition.key.contains(name)) {
        return Err(Denial::Request(format!(
            "{}, and `{}` is not of it",
            wanted(),
            super::tokens::shortened(name)
        )));
    }
    let value = |&at: &usize| {
        let field = table.field(at).ok_or_else(|| Denial::Request(wanted()))?;
        let json = key.get(&field.name).ok_or_else(|| {
            Denial::Request(format!("{}, and `{}` is missing", wanted(), field.name))
        })?;
        read_value(json, field.kind, field.scale.unwrap_or(0)).ok_or_else(|| {
            Denial::Request(format!(
                "`{}` must be {}",
                field.name,
                described(field.kind)
            ))
        })
    };
    table.key.iter().map(value).collect()
}

/// A JSON value as a value of a field.
pub(crate) fn read_value(json: &Json, kind: FieldType, scale: u8) -> Option<Value> {
    match (kind, json) {
        (FieldType::Boolean, Json::Bool(value)) => Some(Value::Boolean(*value)),
        (FieldType::Integer, Json::Number(number)) => number.as_i64().map(Value::Integer),
        (FieldType::Decimal, Json::Number(number)) => decimal(&number.to_string(), scale),
        (FieldType::Money, Json::Number(number)) => decimal(&number.to_string(), 2),
        (_, Json::String(text)) if text.len() <= TEXT_BYTES_MAX => read_text(text, kind, scale),
        _ => None,
    }
}

/// A text as a value of a field.
pub(crate) fn read_text(text: &str, kind: FieldType, scale: u8) -> Option<Value> {
    match kind {
        FieldType::Text => (!text.is_empty()).then(|| Value::Text(text.into())),
        FieldType::Decimal => decimal(text, scale),
        FieldType::Money => decimal(text, 2),
        FieldType::Integer => text.parse().ok().map(Value::Integer),
        FieldType::Boolean => text.parse().ok().map(Value::Boolean),
        FieldType::Date => {
            let day: jiff::civil::Date = text.parse().ok()?;
            let days = day
                .since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1)))
                .ok()?
                .get_days();
            Some(Value::Date(days))
        }
        FieldType::Datetime => {
            let at: jiff::Timestamp = text.parse().ok()?;
            Some(Value::Datetime(at.as_microsecond()))
        }
    }
}

/// `12.3` with two digits after the point is 1230; more digits than the field has are refused.
fn decimal(text: &str, scale: u8) -> Option<Value> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = rest.len() <= usize::from(scale) && whole.len() + usize::from(scale) <= DIGITS_MAX;
    if whole.is_empty() || !fits || !all_digits(whole) || !all_digits(rest) {
        return None;
    }
    let padded = format!("{whole}{rest:0<width$}", width = usize::from(scale));
    Some(Value::Decimal {
        digits: sign * padded.parse::<i128>().ok()?,
        scale,
    })
}

fn described(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "a text of 1 to 1000 bytes",
        FieldType::Integer => "a whole number",
        FieldType::Decimal => {
            "a number, as text, with no more digits after the point than the field has"
        }
        FieldType::Money => "an amount, as text, such as \"12.50\"",
        FieldType::Boolean => "true or false",
        FieldType::Date => "a day, such as \"2026-01-31\"",
        FieldType::Datetime => "a moment, such as \"2026-01-31T12:00:00Z\"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_type_and_nothing_else_is_taken() {
        let read =
            |text: &str, kind, scale| read_value(&serde_json::from_str(text).unwrap(), kind, scale);
        assert_eq!(
            read("\"12.5\"", FieldType::Money, 0),
            Some(Value::Decimal {
                digits: 1250,
                scale: 2
            })
        );
        assert_eq!(
            read("-0.05", FieldType::Money, 0),
            Some(Value::Decimal {
                digits: -5,
                scale: 2
            })
        );
        assert_eq!(read("\"1.234\"", FieldType::Money, 0), None);
        assert_eq!(
            read("\"1970-01-03\"", FieldType::Date, 0),
            Some(Value::Date(2))
        );
        assert_eq!(read("\"2026-02-30\"", FieldType::Date, 0), None);
        assert_eq!(
            read("\"1970-01-01T00:00:01Z\"", FieldType::Datetime, 0),
            Some(Value::Datetime(1_000_000))
        );
        assert_eq!(read("7", FieldType::Integer, 0), Some(Value::Integer(7)));
        assert_eq!(read("7.5", FieldType::Integer, 0), None);
        assert_eq!(read("true", FieldType::Text, 0), None);
        assert_eq!(read("\"\"", FieldType::Text, 0), None);
        assert_eq!(read("{}", FieldType::Text, 0), None);
    }
}
