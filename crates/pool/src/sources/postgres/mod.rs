//! Records of a department's PostgreSQL: rows of a query by a cursor column, or all changes of a
//! table as its log has them.

mod cursor;
mod pgoutput;
mod replication;
mod session;
mod sorter;

pub(super) use cursor::QueryFollower;
pub(super) use replication::ReplicationFollower;

use std::collections::BTreeMap;

use crate::ingest::{Error, nearest};
use crate::table::Table;

/// A name as SQL writes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table's name, with its schema if it has one, as SQL writes it.
fn quoted_table(name: &str) -> String {
    name.split('.').map(quoted).collect::<Vec<_>>().join(".")
}

/// The source's column of each field of `table`, if it has one.
fn columns_of(
    table: &Table,
    mapping: &BTreeMap<String, String>,
    there: &[String],
    server: &str,
    keys_only: bool,
) -> Result<Vec<Option<usize>>, Error> {
    for (field, column) in mapping {
        if table.definition.field(field).is_none() {
            let fields = table
                .definition
                .fields
                .iter()
                .map(|field| field.name.as_str());
            return Err(Error::Definition {
                file: server.to_owned(),
                detail: match nearest(field, fields) {
                    Some(name) => format!(
                        "`columns` names `{field}`, and the dataset has no such field; did you mean `{name}`?"
                    ),
                    None => format!(
                        "`columns` names `{field}` for `{column}`, and the dataset has no such field"
                    ),
                },
            });
        }
    }
    let place = |field: &city::kinds::Field| {
        let column = mapping.get(&field.name).unwrap_or(&field.name);
        there.iter().position(|name| name == column)
    };
    let places: Vec<Option<usize>> = table.definition.fields.iter().map(place).collect();
    crate::sources::file::require(
        table,
        server,
        |at| places.get(at).copied().flatten().is_some(),
        there,
        keys_only,
    )?;
    Ok(places)
}
