//! What a session sees of a table: which fields, in which form, and of which rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef};
use city::kinds::{Field, FieldFormat, FieldType, Sensitivity, Share};
use pool::{Table, Tables};

use super::who::{TableGrant, Who};
use crate::error::Error;

/// In which form a field is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Clear,
    /// As a token.
    Token,
}

/// A column of a session's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) name: String,
    /// The field, as a position in the table's columns.
    pub(crate) at: usize,
    pub(crate) form: Form,
    /// Which of the sight's parts let it be seen, by position.
    pub(crate) parts: Vec<usize>,
}

/// Rows that a session may see for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The agreement, or why there needs to be none.
    pub(crate) reason: String,
    /// The condition on rows, in SQL.
    pub(crate) rows: Option<String>,
}

/// How far a session sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// What is its own, what is shared with all, and what agreements grant.
    All,
    /// What agreements grant, and nothing else.
    Grants,
}

/// What a session sees of a table.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) table: Arc<Table>,
    pub(crate) columns: Vec<Shown>,
    pub(crate) parts: Vec<Part>,
}

/// Appended to the name of an own identifier for the column with its tokens: only by those can an
/// own table be joined with another department's.
const TOKEN_SUFFIX: &str = "_token";

impl Sight {
    /// Whether all rows of the table are seen.
    pub(crate) fn whole(&self) -> bool {
        self.parts.iter().any(|part| part.rows.is_none())
    }

    /// Whether a column shows each row's own value: neither a token nor hidden in some rows.
    pub(crate) fn unmasked(&self, column: &Shown) -> bool {
        column.form == Form::Clear && column.parts.len() == self.parts.len()
    }

    /// The columns, as questions see them. Those that are `spread` over other processes see texts
    /// and not views of texts: a view is sent with all that it was cut out of.
    pub(crate) fn schema(&self, spread: bool) -> SchemaRef {
        let column = |shown: &Shown| {
            let stored = self.table.columns.field(shown.at);
            let some_rows_hide_it = shown.parts.len() < self.parts.len();
            let kind = match shown.form {
                Form::Token if spread => DataType::Utf8,
                Form::Token => DataType::Utf8View,
                Form::Clear if spread => stored.data_type().clone(),
                Form::Clear => read_type(stored.data_type()),
            };
            Column::new(&shown.name, kind, stored.is_nullable() || some_rows_hide_it)
        };
        Arc::new(Schema::new(
            self.columns.iter().map(column).collect::<Vec<_>>(),
        ))
    }
}

/// The type in which a column is read: texts as views, which are not copied.
pub(crate) fn read_type(stored: &DataType) -> DataType {
    match stored {
        DataType::Utf8 => DataType::Utf8View,
        other => other.clone(),
    }
}

/// Whether a field's values tell one person or thing from another: such are shown as tokens.
fn identifies(field: &Field) -> bool {
    field.sensitivity == Sensitivity::Personal
        && field.kind == FieldType::Text
        && field.one_of.is_empty()
        && field.format != Some(FieldFormat::Month)
}

fn form(field: &Field) -> Form {
    if identifies(field) {
        Form::Token
    } else {
        Form::Clear
    }
}

/// What `who` sees of all tables.
pub(crate) fn sights(
    tables: &Tables,
    who: &Who,
    grants: &[TableGrant],
    reach: Reach,
) -> Result<Vec<Sight>, Error> {
    let mut granted = Vec::new();
    for grant in grants {
        let table = tables.get(&grant.table).ok_or_else(|| Error::NoTable {
            name: grant.table.clone(),
        })?;
        granted.push((table.id, grant));
    }
    let of = |table: &Arc<Table>| {
        let grants: Vec<&TableGrant> = granted
            .iter()
            .filter(|(id, _)| *id == table.id)
            .map(|(_, grant)| *grant)
            .collect();
        sight(table, who, &grants, reach)
    };
    Ok(tables.iter().filter_map(of).collect())
}

/// What `who` sees of one table; nothing, if there is nothing.
fn sight(table: &Arc<Table>, who: &Who, grants: &[&TableGrant], reach: Reach) -> Option<Sight> {
    let fields = || table.definition.fields.iter().enumerate();
    if table.department == who.department {
        return (reach == Reach::All).then(|| own(table));
    }
    let mut parts = Vec::new();
    let mut fields_of_parts: Vec<BTreeSet<usize>> = Vec::new();
    let open = |field: &Field| field.sensitivity <= Sensitivity::Internal;
    if who.admin {
        parts.push(Part {
            reason: "the bureau".to_owned(),
            rows: None,
        });
        fields_of_parts.push(
            fields()
                .filter(|(_, field)| open(field) || identifies(field))
                .map(|(at, _)| at)
                .collect(),
        );
    } else if reach == Reach::All && table.definition.share == Share::Unconditional {
        parts.push(Part {
            reason: "shared with all".to_owned(),
            rows: None,
        });
        fields_of_parts.push(
            fields()
                .filter(|(_, field)| open(field))
                .map(|(at, _)| at)
                .collect(),
        );
    }
    for grant in grants {
        let named = |(_, field): &(usize, &Field)| {
            field.sensitivity < Sensitivity::Sensitive && grant.fields.contains(&field.name)
        };
        parts.push(Part {
            reason: grant.agreement.clone(),
            rows: grant.rows.clone(),
        });
        fields_of_parts.push(fields().filter(named).map(|(at, _)| at).collect());
    }
    let shown = |(at, field): (usize, &Field)| {
        let parts: Vec<usize> = (0..parts.len())
            .filter(|part| fields_of_parts[*part].contains(&at))
            .collect();
        (!parts.is_empty()).then(|| Shown {
            name: field.name.clone(),
            at,
            form: form(field),
            parts,
        })
    };
    let columns: Vec<Shown> = fields().filter_map(shown).collect();
    if columns.is_empty() {
        return None; // not even how many rows there are
    }
    Some(Sight {
        table: Arc::clone(table),
        columns,
        parts,
    })
}

/// The own department's table: all but what is sensitive, with tokens beside identifiers.
fn own(table: &Arc<Table>) -> Sight {
    let mut columns = Vec::new();
    for (at, field) in table.definition.fields.iter().enumerate() {
        if field.sensitivity == Sensitivity::Sensitive {
            continue;
        }
        let shown = |name: String, form: Form| Shown {
            name,
            at,
            form,
            parts: vec![0],
        };
        columns.push(shown(field.name.clone(), Form::Clear));
        let name = format!("{}{TOKEN_SUFFIX}", field.name);
        if identifies(field) && table.definition.field(&name).is_none() {
            columns.push(shown(name, Form::Token));
        }
    }
    let parts = vec![Part {
        reason: "its own".to_owned(),
        rows: None,
    }];
    Sight {
        table: Arc::clone(table),
        columns,
        parts,
    }
}
