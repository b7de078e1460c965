//! The functions that rules may call, by name: what they take and what they give.

use crate::fields::Type;

/// A function worked out for each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    StringLength,
    StartsWith,
    EndsWith,
    Contains,
    UpperCase,
    LowerCase,
    Min,
    Max,
    Abs,
    Floor,
    Ceiling,
    MonthsBetween,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// A function of so many values of these types.
    Plain(Function, &'static [Type], Type),
    /// `min` and `max`: of one type, at least one value.
    Extreme(Function),
    Not,
    IsDefined,
    Matches,
    Substring,
    Date,
    DateAndTime,
    Duration,
}

const TEXT: &[Type] = &[Type::Text];
const TEXTS: &[Type] = &[Type::Text, Type::Text];
const NUMBER: &[Type] = &[Type::Number];
const DATES: &[Type] = &[Type::Date, Type::Date];

/// Every function.
const NAMES: &[(&str, Named)] = &[
    ("not", Named::Not),
    ("is defined", Named::IsDefined),
    (
        "string length",
        Named::Plain(Function::StringLength, TEXT, Type::Number),
    ),
    (
        "starts with",
        Named::Plain(Function::StartsWith, TEXTS, Type::Boolean),
    ),
    (
        "ends with",
        Named::Plain(Function::EndsWith, TEXTS, Type::Boolean),
    ),
    (
        "contains",
        Named::Plain(Function::Contains, TEXTS, Type::Boolean),
    ),
    ("matches", Named::Matches),
    (
        "upper case",
        Named::Plain(Function::UpperCase, TEXT, Type::Text),
    ),
    (
        "lower case",
        Named::Plain(Function::LowerCase, TEXT, Type::Text),
    ),
    ("substring", Named::Substring),
    ("min", Named::Extreme(Function::Min)),
    ("max", Named::Extreme(Function::Max)),
    ("abs", Named::Plain(Function::Abs, NUMBER, Type::Number)),
    ("floor", Named::Plain(Function::Floor, NUMBER, Type::Number)),
    (
        "ceiling",
        Named::Plain(Function::Ceiling, NUMBER, Type::Number),
    ),
    ("date", Named::Date),
    ("date and time", Named::DateAndTime),
    ("duration", Named::Duration),
    (
        "years and months duration",
        Named::Plain(Function::MonthsBetween, DATES, Type::Months),
    ),
];

/// What `name` stands for.
pub(crate) fn named(name: &str) -> Option<Named> {
    let found = NAMES.iter().find(|(known, _)| *known == name)?;
    Some(found.1)
}

/// The names of all functions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
    NAMES.iter().map(|(name, _)| *name)
}

/// Those of several words, longest first.
pub(crate) fn long_names() -> impl Iterator<Item = &'static str> {
    const BY_LENGTH: [usize; 3] = [4, 3, 2];
    BY_LENGTH
        .into_iter()
        .flat_map(|words| names().filter(move |name| name.split(' ').count() == words))
}
