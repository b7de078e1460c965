//! What the bodies of a table's records are made of, version by version of its definition.

use city::ContentHash;
use city::kinds::{Field, FieldType};
use serde::{Deserialize, Serialize};

use crate::table::Table;

/// The form of a field's values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    /// A byte.
    Boolean,
    /// A varint.
    Integer,
    /// A varint of the digits.
    Decimal {
        /// Digits after the point.
        scale: u8,
    },
    /// Days, as a varint.
    Date,
    /// Seconds or microseconds, as a varint.
    Datetime,
    /// Length and bytes.
    Text,
    /// One of these words, as its number.
    Word(Vec<String>),
}

/// A field of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BodyField {
    pub(crate) name: String,
    pub(crate) form: Form,
}

/// What the meta database keeps about a version of a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayoutFields {
    /// The fields of the key with their forms: they may not change.
    pub(crate) key: Vec<BodyField>,
    /// The subject's field: it may not change either.
    pub(crate) subject: String,
    /// All other fields, in order.
    pub(crate) body: Vec<BodyField>,
}

/// A version of a table's definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Its number among the table's, from 1.
    pub(crate) number: u32,
    /// The definition's hash.
    pub(crate) hash: ContentHash,
    /// Its fields.
    pub(crate) fields: LayoutFields,
}

impl LayoutFields {
    /// Those of `table`, as it is defined now.
    pub(crate) fn of(table: &Table) -> Self {
        let field = |at: usize| {
            let field = table.field(at)?;
            Some(BodyField {
                name: field.name.clone(),
                form: form(field),
            })
        };
        let body = (0..table.columns.fields().len()).filter(|at| in_body(table, *at));
        Self {
            key: table.key.iter().filter_map(|at| field(*at)).collect(),
            subject: table.columns.field(table.subject).name().clone(),
            body: body.filter_map(field).collect(),
        }
    }

    /// What of a table's identity differs from `other`, if anything does.
    pub(crate) fn identity_changed(&self, other: &Self) -> Option<String> {
        let plain = |fields: &Self| -> Vec<(String, std::mem::Discriminant<Form>)> {
            let plain = |field: &BodyField| {
                let form = if matches!(field.form, Form::Word(_)) {
                    &Form::Text
                } else {
                    &field.form
                };
                (field.name.clone(), std::mem::discriminant(form))
            };
            fields.key.iter().map(plain).collect()
        };
        if self.subject != other.subject {
            return Some(format!(
                "its subject was `{}` and is `{}`",
                self.subject, other.subject
            ));
        }
        let names = |fields: &Self| {
            let names: Vec<&str> = fields.key.iter().map(|field| field.name.as_str()).collect();
            names.join(", ")
        };
        (plain(self) != plain(other)).then(|| {
            format!(
                "its key was ({}) and is ({}), or of other types",
                names(self),
                names(other)
            )
        })
    }
}

/// Whether the column at `at` is in the body, not in the key.
pub(crate) fn in_body(table: &Table, at: usize) -> bool {
    at != table.subject && !table.key.contains(&at)
}

/// The form of a field's values.
pub(crate) fn form(field: &Field) -> Form {
    match field.kind {
        FieldType::Text if field.one_of.is_empty() => Form::Text,
        FieldType::Text => Form::Word(field.one_of.clone()),
        FieldType::Integer => Form::Integer,
        FieldType::Decimal => Form::Decimal {
            scale: field.scale.unwrap_or(0),
        },
        FieldType::Money => Form::Decimal { scale: 2 },
        FieldType::Boolean => Form::Boolean,
        FieldType::Date => Form::Date,
        FieldType::Datetime => Form::Datetime,
    }
}
