//! What can be wrong with a record: a code for machines, a message and a remedy for people.

use serde::{Deserialize, Serialize};

use super::limits::SHOWN_CHARACTERS;

/// What sort of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A value that must be there is not.
    Missing,
    /// Not a value of the field's type.
    WrongType,
    /// Not a whole number.
    NotInteger,
    /// Not a number.
    NotDecimal,
    /// A number with more digits than can be kept.
    TooLarge,
    /// More digits after the point than the field has.
    TooPrecise,
    /// Neither `true` nor `false`.
    NotBoolean,
    /// Not a day.
    NotDate,
    /// A day or time that no calendar has.
    NoSuchDate,
    /// Not a moment.
    NotDatetime,
    /// A moment that does not say in which time zone.
    NoZone,
    /// A text of more characters than the field has.
    TooLong,
    /// A word that is not in the field's list.
    NotOneOf,
    /// A citizen number that is wrong.
    CitizenNumber,
    /// A unified social credit code that is wrong.
    CreditCode,
    /// Not a telephone number.
    Phone,
    /// Not a month.
    Month,
    /// A character that does not belong in text, such as NUL.
    ControlCharacter,
    /// Bytes that are not text in the file's encoding.
    Encoding,
    /// More or fewer fields than the file's header names.
    Ragged,
    /// A record or field that is larger than any may be.
    Oversized,
    /// Text that breaks the rules of its format.
    Syntax,
    /// A list or an object where a plain value belongs.
    Nested,
    /// A field that stands twice in one record.
    Repeated,
    /// A key that another record of the same batch has.
    DuplicateKey,
    /// A key that is there already, where only new ones may come.
    KeyExists,
    /// A quality rule of the dataset that is broken.
    Rule,
}

impl Code {
    /// The word it is written with.
    pub fn word(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// One fault of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The field; empty where the whole record is meant.
    pub field: String,
    /// What sort of fault.
    pub code: Code,
    /// The value, shortened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub remedy: String,
}

impl Fault {
    /// A fault of a whole record.
    pub fn of_record(code: Code, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            field: String::new(),
            code,
            value: String::new(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.field.is_empty() {
            write!(f, "{}; {}", self.message, self.remedy)
        } else {
            write!(f, "{}: {}; {}", self.field, self.message, self.remedy)
        }
    }
}

/// A value, short enough for a message.
pub fn shortened(value: &str) -> String {
    let mut characters = value.chars();
    let mut text: String = characters
        .by_ref()
        .take(SHOWN_CHARACTERS)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}

/// Bytes that may not be text, short enough for a message.
pub fn shortened_bytes(bytes: &[u8]) -> String {
    let most = bytes.len().min(SHOWN_CHARACTERS * 4);
    shortened(&String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)))
}
