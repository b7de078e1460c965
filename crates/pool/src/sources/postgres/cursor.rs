//! Rows of a query, by a column that grows: those behind the last that was taken, in the order of the
//! column and of the key, so that rows with the same cursor are neither missed nor taken twice.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::session::{Session, Text, text};
use super::{columns_of, quoted, quoted_table};
use crate::ingest::{Counts, Error, scalar};
use crate::pool::Pool;
use crate::sources::changes::{Cell, Changes, Rows};
use crate::sources::definition::{QuerySource, offset};
use crate::sources::follow::{Follower, Step};
use crate::sources::state;
use crate::table::Table;

/// How far a query has been followed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Position {
    /// The last row's cursor and key, as text.
    last: Option<Vec<String>>,
}

/// Follows a query.
pub(in crate::sources) struct QueryFollower<'a> {
    session: Session,
    changes: Changes<'a>,
    name: String,
    position: Position,
    /// The question without what comes behind the position, and the types of cursor and key.
    select: String,
    order: Vec<String>,
    types: Vec<String>,
    batch: u32,
    settle: String,
    deletes: bool,
    fields: usize,
}

impl<'a> QueryFollower<'a> {
    pub(in crate::sources) fn open(
        pool: &'a Arc<Pool>,
        table: &'a Arc<Table>,
        source: &QuerySource,
        name: String,
    ) -> Result<Self, Error> {
        let session = Session::open(&source.url)?;
        let rows = match (&source.query, &source.table) {
            (Some(query), _) => format!("({}) AS q", query.trim().trim_end_matches(';')),
            (None, table) => format!(
                "{} AS q",
                quoted_table(table.as_deref().unwrap_or_default())
            ),
        };
        let there = session.columns(
            "read the columns of the query",
            &format!("SELECT q.* FROM {rows} LIMIT 0"),
        )?;
        let names: Vec<String> = there.iter().map(|(name, _)| name.clone()).collect();
        let columns = columns_of(table, &source.columns, &names, &session.server, false)?;
        let column = |name: &str| {
            there
                .iter()
                .find(|(found, _)| found == name)
                .ok_or_else(|| Error::ColumnMissing {
                    source_name: session.server.clone(),
                    field: name.to_owned(),
                    dataset: table.name(),
                    nearest: crate::ingest::nearest(name, names.iter().map(String::as_str)),
                })
        };
        let mut order = vec![column(&source.cursor)?.clone()];
        for at in &table.key {
            if let Some(Some(place)) = columns.get(*at) {
                order.extend(there.get(*place).cloned());
            }
        }
        let as_text = |name: &str| format!("q.{}::text", quoted(name));
        let mut selected: Vec<String> = columns
            .iter()
            .map(|place| match place.and_then(|at| names.get(at)) {
                Some(name) => as_text(name),
                None => "NULL::text".to_owned(),
            })
            .collect();
        selected.extend(order.iter().map(|(name, _)| as_text(name)));
        if let Some(deleted) = &source.deleted {
            selected.push(as_text(&column(deleted)?.0));
        }
        let settle = match source.settle {
            seconds if seconds > 0.0 => {
                format!(
                    " AND q.{} < now() - interval '{seconds} seconds'",
                    quoted(&source.cursor)
                )
            }
            _ => String::new(),
        };
        Ok(Self {
            changes: Changes::of(
                pool,
                table,
                session.server.clone(),
                offset(source.zone.as_ref()),
            )?,
            position: state::load(pool, &name)?,
            select: format!("SELECT {} FROM {rows}", selected.join(", ")),
            types: order.iter().map(|(_, kind)| kind.clone()).collect(),
            order: order
                .into_iter()
                .map(|(column, _)| format!("q.{}", quoted(&column)))
                .collect(),
            batch: source.batch,
            settle,
            deletes: source.deleted.is_some(),
            fields: table.definition.fields.len(),
            session,
            name,
        })
    }

    fn question(&self) -> String {
        let order = self.order.join(", ");
        let behind = match &self.position.last {
            None => format!(
                "{} IS NOT NULL",
                self.order.first().map_or("", String::as_str)
            ),
            Some(_) => {
                let casts = self.types.iter().enumerate();
                let casts: Vec<String> = casts
                    .map(|(at, kind)| format!("${}::text::{}", at + 1, quoted(kind)))
                    .collect();
                format!("({order}) > ({})", casts.join(", "))
            }
        };
        format!(
            "{} WHERE {behind}{} ORDER BY {order} LIMIT {}",
            self.select, self.settle, self.batch
        )
    }
}

impl Follower for QueryFollower<'_> {
    fn step(&mut self) -> Result<Step, Error> {
        let last = self.position.last.clone().unwrap_or_default();
        let parameters: Vec<Text<'_>> = last.iter().map(|text| text as Text<'_>).collect();
        let found = self
            .session
            .query("ask for new rows", &self.question(), &parameters)?;
        let Some(newest) = found.last() else {
            return Ok(Step {
                counts: Counts::default(),
                more: false,
            });
        };
        let (mut upserts, mut deletes) = (Rows::default(), Rows::default());
        for (place, row) in found.iter().enumerate() {
            let cell = |at| text(row, at).map_or(Cell::Null, Cell::Text);
            let cells = (0..self.fields).map(cell).collect();
            let deleted = self.deletes
                && text(row, self.fields + self.order.len())
                    .is_some_and(|word| scalar::boolean(&word) == Ok(true));
            let rows = if deleted { &mut deletes } else { &mut upserts };
            rows.push(place as u64 + 1, cells);
        }
        let next =
            (0..self.order.len()).map(|at| text(newest, self.fields + at).unwrap_or_default());
        let next = Position {
            last: Some(next.collect()),
        };
        // The name tells these rows from all others, and from themselves when they have changed.
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        for cell in upserts.rows.iter().chain(&deletes.rows).flatten() {
            hash.update(format!("{cell:?}").as_bytes());
        }
        let name = format!("{}/{:032x}", self.name, hash.digest128());
        let table = self.changes.table;
        let counts = self
            .changes
            .write(&upserts.raw(table), &deletes.raw(table), &name)?;
        state::save(self.changes.pool, &self.name, &next)?;
        self.position = next;
        Ok(Step {
            counts,
            more: found.len() as u64 >= u64::from(self.batch),
        })
    }
}
