//! Rows that show what a dataset's records look like: worked out from its fields alone, plainly
//! made up, and never taken from a record.

use city::kinds::{Dataset, Field, FieldFormat, FieldType};
use city::numbers::{citizen_number_check_character, credit_code_check_character};

use crate::pages::Language;

/// Rows that are shown.
pub(super) const ROWS: usize = 3;

/// Made-up rows: one text for each field.
pub(super) fn rows(language: Language, dataset: &Dataset) -> Vec<Vec<String>> {
    let row = |number: usize| {
        dataset
            .fields
            .iter()
            .map(|field| value(language, field, number))
            .collect()
    };
    (1..=ROWS).map(row).collect()
}

/// A value of a field that nobody can take for a real one: places are number 999999, which is none.
fn value(language: Language, field: &Field, number: usize) -> String {
    if !field.one_of.is_empty() {
        return field
            .one_of
            .get(number % field.one_of.len())
            .cloned()
            .unwrap_or_default();
    }
    match field.format {
        Some(FieldFormat::CitizenNumber) => {
            return checked(
                format!("99999919900101{number:03}"),
                citizen_number_check_character,
            );
        }
        Some(FieldFormat::CreditCode) => {
            return checked(format!("91999999{number:09}"), credit_code_check_character);
        }
        Some(FieldFormat::Phone) => return format!("1990000000{}", number % 10),
        Some(FieldFormat::Month) => return format!("2020-{:02}", number % 12 + 1),
        None => {}
    }
    match field.kind {
        FieldType::Text => format!("{} {number}", language.pick("示例", "example")),
        FieldType::Integer => (number * 11).to_string(),
        FieldType::Decimal => format!(
            "{}.{}",
            number,
            "5".repeat(usize::from(field.scale.unwrap_or(0)).max(1))
        ),
        FieldType::Money => format!("{}.00", number * 1_000),
        FieldType::Boolean => number.is_multiple_of(2).to_string(),
        FieldType::Date => format!("2020-01-{:02}", number % 28 + 1),
        FieldType::Datetime => format!("2020-01-{:02}T08:00:00Z", number % 28 + 1),
    }
}

fn checked(body: String, check: fn(&str) -> Option<char>) -> String {
    match check(&body) {
        Some(character) => format!("{body}{character}"),
        None => body,
    }
}
