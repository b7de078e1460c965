//! What a rule may use: fields by name, each with a type.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `true` or `false`.
    Boolean,
    /// An exact decimal number.
    Number,
    /// Characters.
    Text,
    /// A day.
    Date,
    /// A moment.
    Datetime,
    /// A duration of years and months.
    Months,
    /// A duration of days, hours, minutes and seconds.
    Span,
    /// Of the literal `null` alone.
    Null,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "a truth value",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Date => "a date",
            Self::Datetime => "a moment",
            Self::Months => "a duration of months",
            Self::Span => "a duration of days",
            Self::Null => "nothing",
        })
    }
}

/// A field that a rule may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What sort of value it holds.
    pub kind: Type,
    /// Whether a row may lack it.
    pub nullable: bool,
    /// For a text out of a closed list: the words it may be; empty if it may be any.
    pub words: Arc<[String]>,
}

impl Field {
    /// A field that a row may lack.
    pub fn new(name: impl Into<String>, kind: Type) -> Self {
        Self {
            name: name.into(),
            kind,
            nullable: true,
            words: Arc::from([]),
        }
    }

    /// The same field, which every row has.
    #[must_use]
    pub fn required(self) -> Self {
        Self {
            nullable: false,
            ..self
        }
    }

    /// The same field, which holds one of `words`.
    #[must_use]
    pub fn one_of<W: Into<String>>(self, words: impl IntoIterator<Item = W>) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self { words, ..self }
    }
}

/// The fields that a rule may use, in the order of their positions in a row.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    all: Arc<[Field]>,
    by_name: BTreeMap<String, usize>,
}

impl Fields {
    /// These fields. Of two with one name the first counts.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        let all: Arc<[Field]> = fields.into_iter().collect();
        let mut by_name = BTreeMap::new();
        for (position, field) in all.iter().enumerate() {
            by_name.entry(field.name.clone()).or_insert(position);
        }
        Self { all, by_name }
    }

    /// The position of the field named `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The field at a position.
    pub fn get(&self, position: usize) -> Option<&Field> {
        self.all.get(position)
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.all.iter()
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
