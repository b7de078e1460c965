//! Words for faults: what is wrong with this value of this field, and what would be right.

use city::kinds::{Field, FieldType};
use city::numbers;

use super::fault::{Code, Fault};
use super::limits::{FIELD_BYTES_MAX, TEXT_CHARACTERS};
use super::scalar;

/// Words of a list that are named in a remedy.
const WORDS_SHOWN: usize = 8;

/// The fault of `field` with words.
pub(crate) fn fault(field: &Field, code: Code, value: &str) -> Fault {
    let (message, remedy) = words(field, code, value);
    Fault {
        field: field.name.clone(),
        code,
        value: value.to_owned(),
        message,
        remedy,
    }
}

fn words(field: &Field, code: Code, value: &str) -> (String, String) {
    let shown = format!("`{value}`");
    let of_type = |remedy: String| (format!("{shown} is no {}", kind(field.kind)), remedy);
    match code {
        Code::Missing => (
            "the value is missing".to_owned(),
            format!("every record must have a {}", kind(field.kind)),
        ),
        Code::WrongType => (format!("{shown} is of another type"), example(field)),
        Code::Nested => (
            "there is a list or an object".to_owned(),
            "write a plain value, or records of their own in another dataset".to_owned(),
        ),
        Code::NotInteger
        | Code::NotDecimal
        | Code::NotBoolean
        | Code::NotDate
        | Code::NotDatetime => of_type(example(field)),
        Code::TooLarge => (
            format!("{shown} has too many digits"),
            "numbers have up to 18 digits in all".to_owned(),
        ),
        Code::TooPrecise => (
            format!("{shown} has more digits after the point than are kept"),
            match field.kind {
                FieldType::Datetime => "moments are exact to a microsecond".to_owned(),
                FieldType::Money => "write two digits after the point at most".to_owned(),
                _ => format!(
                    "write {} digits after the point at most",
                    field.scale.unwrap_or(0)
                ),
            },
        ),
        Code::NoSuchDate => (format!("there is no {shown}"), calendar(value)),
        Code::NoZone => (
            format!("{shown} does not say in which time zone"),
            "write the offset from UTC behind it, `+08:00`, or name the source's zone".to_owned(),
        ),
        Code::TooLong => {
            let most = field
                .max_length
                .map_or(TEXT_CHARACTERS, |most| most as usize);
            (
                format!("{shown} is too long"),
                format!("write {most} characters at most"),
            )
        }
        Code::NotOneOf => (format!("{shown} is none of the words"), list(field, value)),
        Code::CitizenNumber => number(
            &shown,
            "citizen number",
            numbers::check_citizen_number(value),
        ),
        Code::CreditCode => number(
            &shown,
            "unified social credit code",
            numbers::check_credit_code(value),
        ),
        Code::Phone => (
            format!("{shown} is no telephone number"),
            "write one of mainland China: `13800138000` or `0571-87654321`".to_owned(),
        ),
        Code::Month => (
            format!("{shown} is no month"),
            "write year and month: `2026-11`".to_owned(),
        ),
        Code::ControlCharacter => (
            format!("{shown} has a control character"),
            "take out NUL and other characters that cannot be seen".to_owned(),
        ),
        Code::Encoding => (
            format!("{shown} is not text in the file's encoding"),
            "save the file as UTF-8, or name its encoding".to_owned(),
        ),
        Code::Oversized => (
            format!("{shown} is too large"),
            format!("a field has {FIELD_BYTES_MAX} bytes at most"),
        ),
        Code::Repeated => (
            "the field stands twice in the record".to_owned(),
            "keep one of the two".to_owned(),
        ),
        Code::DuplicateKey => (
            format!("the key {shown} has come before in the same batch"),
            "send each record once".to_owned(),
        ),
        Code::KeyExists => (
            format!("a record with the key {shown} is there already"),
            "send it as an update".to_owned(),
        ),
        Code::Ragged | Code::Syntax | Code::Rule => (shown, String::new()),
    }
}

fn kind(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "text",
        FieldType::Integer => "whole number",
        FieldType::Decimal => "number",
        FieldType::Money => "amount of money",
        FieldType::Boolean => "true or false",
        FieldType::Date => "day",
        FieldType::Datetime => "moment",
    }
}

fn example(field: &Field) -> String {
    match field.kind {
        FieldType::Text => "write it as text, in quotes".to_owned(),
        FieldType::Integer => "write digits alone: `1200`".to_owned(),
        FieldType::Decimal => "write digits with a point: `12.5`".to_owned(),
        FieldType::Money => "write digits with a point: `1200.50`".to_owned(),
        FieldType::Boolean => "write `true` or `false`".to_owned(),
        FieldType::Date => "write year, month and day: `2026-11-25`".to_owned(),
        FieldType::Datetime => "write it as in `2026-11-25T08:30:00+08:00`".to_owned(),
    }
}

/// What the calendar says about the month of a day that it does not have.
fn calendar(value: &str) -> String {
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).take(8).collect();
    let number = |from: usize, to: usize| {
        let digits = digits.get(from..to)?;
        Some(
            digits
                .iter()
                .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')),
        )
    };
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(4, 6), number(6, 8)) else {
        return "write a day that the calendar has".to_owned();
    };
    match month {
        _ if year == 0 => "years begin with 0001".to_owned(),
        1..=12 if day == 0 || day > scalar::days_of_month(year, month) => {
            format!(
                "{year:04}-{month:02} has {} days",
                scalar::days_of_month(year, month)
            )
        }
        1..=12 => "write a time from 00:00:00 to 23:59:59".to_owned(),
        _ => "months go from 01 to 12".to_owned(),
    }
}

fn list(field: &Field, value: &str) -> String {
    let near = |word: &&String| strsim::jaro_winkler(&word.to_lowercase(), &value.to_lowercase());
    let best = field
        .one_of
        .iter()
        .max_by(|a, b| near(a).total_cmp(&near(b)));
    let words: Vec<String> = field
        .one_of
        .iter()
        .take(WORDS_SHOWN)
        .map(|word| format!("`{word}`"))
        .collect();
    let more = if field.one_of.len() > WORDS_SHOWN {
        ", …"
    } else {
        ""
    };
    match best.filter(|word| near(word) > 0.8) {
        Some(best) => format!("did you mean `{best}`?"),
        None => format!("write one of {}{more}", words.join(", ")),
    }
}

fn number(shown: &str, what: &str, check: Result<(), numbers::NumberFault>) -> (String, String) {
    let message = format!("{shown} is no {what}");
    match check {
        Ok(()) => (message, "look it up on the certificate".to_owned()), // shortened on its way here
        Err(fault) => (message, format!("{fault}; look it up on the certificate")),
    }
}
