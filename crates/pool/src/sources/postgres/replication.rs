//! All changes of a table, as PostgreSQL's log has them: first the table as it is, then what has
//! changed since the slot was made, transaction by transaction.
//!
//! Exactly once: what is fetched ends behind a commit; that place is noted before the changes are
//! written, and the slot is moved on after they are. Whoever stops in between fetches the same
//! changes up to the same place, and the pool knows them by their name.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pgoutput::{self, Message};
use super::session::{Session, Text, text};
use super::sorter::{Segment, Sorter};
use super::{columns_of, quoted, quoted_table};
use crate::ingest::{Counts, Error};
use crate::pool::Pool;
use crate::sources::changes::{Cell, Changes, Rows};
use crate::sources::definition::{ReplicationSource, offset};
use crate::sources::follow::{Follower, Step};
use crate::sources::state;
use crate::table::Table;
use crate::value::Value as PoolValue;

/// Most changes that are fetched at once: a transaction is fetched whole.
const FETCH_MAX: usize = 5_000_000;

/// A server need not keep more of its log than this because a table rests.
const LOG_KEPT_BYTES: u64 = 16 << 20;

/// How far a table has been followed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Position {
    /// Whether the table as it was is in the pool.
    copied: bool,
    /// Of the copy: the last key.
    last: Option<Vec<String>>,
    /// Changes that are being written: the place behind them, and how many segments are done.
    pending: Option<(u64, usize)>,
    /// Up to where the changes are in the pool.
    applied: u64,
}

/// Follows a table.
pub(in crate::sources) struct ReplicationFollower<'a> {
    session: Session,
    pub(super) changes: Changes<'a>,
    name: String,
    position: Position,
    source: ReplicationSource,
    /// Schema and name of the table.
    pub(super) relation: String,
    /// The table's columns, their types, and which of them each field is in.
    pub(super) names: Vec<String>,
    types: Vec<String>,
    pub(super) columns: Vec<Option<usize>>,
}

impl<'a> ReplicationFollower<'a> {
    pub(in crate::sources) fn open(
        pool: &'a Arc<Pool>,
        table: &'a Arc<Table>,
        source: &ReplicationSource,
        name: String,
    ) -> Result<Self, Error> {
        let session = Session::open(&source.url)?;
        let select = format!("SELECT * FROM {} LIMIT 0", quoted_table(&source.table));
        let (names, types): (Vec<String>, Vec<String>) = session
            .columns("read the table's columns", &select)?
            .into_iter()
            .unzip();
        let columns = columns_of(table, &source.columns, &names, &session.server, false)?;
        let relation = if source.table.contains('.') {
            source.table.clone()
        } else {
            format!("public.{}", source.table)
        };
        let this = Self {
            changes: Changes::of(
                pool,
                table,
                session.server.clone(),
                offset(source.zone.as_ref()),
            )?,
            position: state::load(pool, &name)?,
            source: source.clone(),
            session,
            name,
            relation,
            names,
            types,
            columns,
        };
        this.prepare()?;
        // Should the last run have stopped between noting and moving.
        this.move_on(this.position.applied)?;
        Ok(this)
    }

    /// The types of the key's columns.
    fn key_types(&self) -> Vec<&str> {
        let key = &self.changes.table.key;
        let place = key
            .iter()
            .filter_map(|at| self.columns.get(*at).copied().flatten());
        place
            .filter_map(|at| self.types.get(at))
            .map(String::as_str)
            .collect()
    }

    /// Makes publication and slot, if they are not there.
    fn prepare(&self) -> Result<(), Error> {
        let (slot, publication) = (self.source.slot(), self.source.publication());
        let there = |what: &str, sql: &str, name: &String| {
            Ok::<_, Error>(
                !self
                    .session
                    .query(what, sql, &[name as Text<'_>])?
                    .is_empty(),
            )
        };
        let sql = "SELECT pubname::text FROM pg_publication WHERE pubname = $1::text";
        if !there("look for the publication", sql, &publication)? {
            let table = quoted_table(&self.source.table);
            let sql = format!(
                "CREATE PUBLICATION {} FOR TABLE {table}",
                quoted(&publication)
            );
            self.session
                .batch("make the publication (only the table's owner may)", &sql)?;
        }
        let sql = "SELECT slot_name::text FROM pg_replication_slots WHERE slot_name = $1::text";
        if there("look for the slot", sql, &slot)? {
            return Ok(());
        }
        if self.position.copied {
            return Err(Error::Server {
                server: self.session.server.clone(),
                what: format!("find the slot `{slot}`"),
                detail: "somebody has dropped it, and with it the changes since: follow the table under \
                    another `slot`, which begins with a copy of it"
                    .to_owned(),
            });
        }
        let sql = "SELECT pg_create_logical_replication_slot($1::text, 'pgoutput')::text";
        let what = "make the slot (wal_level must be `logical`, and the user may REPLICATE)";
        self.session
            .query(what, sql, &[&slot as Text<'_>])
            .map(drop)
    }

    /// Copies some of the table as it is. Changes that were made since the slot was made come again
    /// with the log, in their order, so the copy need not be of one moment.
    fn copy(&mut self) -> Result<Step, Error> {
        let table = self.changes.table;
        let key: Vec<String> = table
            .key
            .iter()
            .filter_map(|at| self.columns.get(*at).copied().flatten())
            .filter_map(|at| self.names.get(at))
            .map(|name| quoted(name))
            .collect();
        let selected: Vec<String> = self
            .columns
            .iter()
            .map(|at| match at.and_then(|at| self.names.get(at)) {
                Some(name) => format!("{}::text", quoted(name)),
                None => "NULL::text".to_owned(),
            })
            .chain(key.iter().map(|name| format!("{name}::text")))
            .collect();
        let last = self.position.last.clone().unwrap_or_default();
        let from = quoted_table(&self.source.table);
        let order = key.join(", ");
        let behind = match self.position.last {
            None => String::new(),
            Some(_) => {
                let casts = self.key_types().into_iter().enumerate();
                let casts: Vec<String> = casts
                    .map(|(at, kind)| format!("${}::text::{}", at + 1, quoted(kind)))
                    .collect();
                format!("WHERE ({order}) > ({})", casts.join(", "))
            }
        };
        let sql = format!(
            "SELECT {} FROM {from} {behind} ORDER BY {order} LIMIT {}",
            selected.join(", "),
            self.source.batch
        );
        let parameters: Vec<Text<'_>> = last.iter().map(|text| text as Text<'_>).collect();
        let found = self.session.query("copy the table", &sql, &parameters)?;
        let mut rows = Rows::default();
        for (place, row) in found.iter().enumerate() {
            let cell = |at| text(row, at).map_or(Cell::Null, Cell::Text);
            rows.push(
                place as u64 + 1,
                (0..self.columns.len()).map(cell).collect(),
            );
        }
        let next = match found.last() {
            Some(row) => {
                let fields = self.columns.len();
                let cells = (0..key.len()).map(|at| text(row, fields + at).unwrap_or_default());
                Position {
                    last: Some(cells.collect()),
                    ..self.position.clone()
                }
            }
            None => Position {
                copied: true,
                last: None,
                ..self.position.clone()
            },
        };
        let name = format!("{}/copy/{:032x}", self.name, content(&[&rows]));
        let counts = self
            .changes
            .write(&rows.raw(table), &Rows::default().raw(table), &name)?;
        state::save(self.changes.pool, &self.name, &next)?;
        self.position = next;
        Ok(Step { counts, more: true })
    }

    /// Takes what the log has next.
    fn advance(&mut self) -> Result<Step, Error> {
        let (slot, publication) = (self.source.slot(), self.source.publication());
        let horizon = self.horizon()?; // asked for before the log is read: what comes later is not lost
        let upto = self.position.pending.map(|(end, _)| lsn(end));
        let most = match upto {
            Some(_) => None, // up to that place, however much it is
            None => Some(
                i32::try_from(self.source.batch)
                    .unwrap_or(i32::MAX)
                    .to_string(),
            ),
        };
        let sql = "SELECT data FROM pg_logical_slot_peek_binary_changes($1::text, $2::text::pg_lsn, \
            $3::text::int, 'proto_version', '1', 'publication_names', $4::text)";
        let parameters: [Text<'_>; 4] = [&slot, &upto, &most, &publication];
        let found = self.session.query("read the log", sql, &parameters)?;
        if found.len() > FETCH_MAX {
            return Err(Error::Limit {
                source_name: self.session.server.clone(),
                what: format!("a transaction of {} changes", found.len()),
                limit: FETCH_MAX as u64,
                remedy: "drop the slot and begin with a copy of the table".to_owned(),
            });
        }
        let messages = found.iter().map(|row| {
            let data: &[u8] = row.try_get(0).unwrap_or_default();
            pgoutput::read(data).map_err(|detail| Error::Server {
                server: self.session.server.clone(),
                what: "understand the log".to_owned(),
                detail,
            })
        });
        let messages: Vec<Message> = messages.collect::<Result<_, _>>()?;
        let Some(end) = messages.iter().rev().find_map(|message| match message {
            Message::Commit { end } => Some(*end),
            _ => None,
        }) else {
            return self.nothing(horizon);
        };
        let begun = self.position.pending;
        let begun = begun.and_then(|(pending, done)| (pending == end).then_some(done));
        let mut sorter = Sorter::default();
        let mut counts = Counts::default();
        let mut at = 0;
        let last = std::iter::once(None);
        for message in messages.into_iter().map(Some).chain(last) {
            match message {
                Some(message) => sorter.take(self, message)?,
                None => sorter.cut(),
            }
            // At once: what comes behind it may need what it brings.
            for segment in sorter.cut_off() {
                self.write_segment(segment, (end, at), begun, &mut counts)?;
                at += 1;
            }
        }
        self.note(None, end)?;
        self.move_on(end)?;
        Ok(Step { counts, more: true })
    }

    /// There is nothing to take up to `horizon`. The slot goes there now and then, so that the server
    /// need not keep its log because this table rests.
    fn nothing(&mut self, horizon: Option<u64>) -> Result<Step, Error> {
        if self.position.pending.is_some() {
            self.note(None, self.position.applied)?;
        }
        if let Some(horizon) =
            horizon.filter(|horizon| *horizon > self.position.applied + LOG_KEPT_BYTES)
        {
            self.note(None, horizon)?;
            self.move_on(horizon)?;
        }
        Ok(Step {
            counts: Counts::default(),
            more: false,
        })
    }

    /// Up to where the server's log is written.
    fn horizon(&self) -> Result<Option<u64>, Error> {
        let sql = "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::text";
        let rows = self.session.query("ask how far the log is", sql, &[])?;
        Ok(rows.first().and_then(|row| text(row, 0)?.parse().ok()))
    }

    fn note(&mut self, pending: Option<(u64, usize)>, applied: u64) -> Result<(), Error> {
        self.position.pending = pending;
        self.position.applied = applied;
        state::save(self.changes.pool, &self.name, &self.position)
    }

    /// Moves the slot on, if it is not there yet.
    fn move_on(&self, end: u64) -> Result<(), Error> {
        let sql = "SELECT pg_replication_slot_advance(slot_name, $2::text::pg_lsn)::text \
            FROM pg_replication_slots WHERE slot_name = $1::text AND confirmed_flush_lsn < $2::text::pg_lsn";
        let (slot, end) = (self.source.slot(), lsn(end));
        self.session
            .query("move the slot on", sql, &[&slot as Text<'_>, &end])
            .map(drop)
    }

    /// Writes segment `at` of the changes up to `end`, unless it was written before. `begun` says
    /// how many surely were, if an earlier run began with them.
    fn write_segment(
        &mut self,
        segment: Segment,
        (end, at): (u64, usize),
        begun: Option<usize>,
        counts: &mut Counts,
    ) -> Result<(), Error> {
        let name = format!("{}/{end:x}/{at}", self.name);
        // What was filled in from the pool could read otherwise now, so its name has to do.
        if let Some(done) = begun
            && (at < done || self.changes.pool.knows(&name)?)
        {
            return Ok(());
        }
        self.note(Some((end, at)), self.position.applied)?;
        counts.add(&self.write(segment, &name)?);
        Ok(())
    }

    fn write(&self, segment: Segment, name: &str) -> Result<Counts, Error> {
        let table = self.changes.table;
        match segment {
            Segment::Rows { upserts, deletes } => {
                self.changes
                    .write(&upserts.raw(table), &deletes.raw(table), name)
            }
            Segment::Truncate => {
                let deleted = self.changes.truncate(name)?;
                Ok(Counts {
                    records: deleted,
                    accepted: deleted,
                    ..Counts::default()
                })
            }
        }
    }
}

impl Follower for ReplicationFollower<'_> {
    fn step(&mut self) -> Result<Step, Error> {
        if self.position.copied {
            self.advance()
        } else {
            self.copy()
        }
    }
}

impl ReplicationFollower<'_> {
    /// What the pool has of a row's key, by field.
    pub(super) fn in_pool(&self, row: &[Cell]) -> Result<Option<Vec<Cell>>, Error> {
        let table = self.changes.table;
        let rows = Rows {
            rows: vec![row.to_vec()],
            places: vec![1],
        };
        let checked = self.changes.deletes.check(&rows.raw(table))?; // its key alone
        let Some(key) = checked.key_values(table, 0) else {
            return Ok(None);
        };
        let found = self.changes.pool.get(table, &key)?;
        let cell = |value: &PoolValue| match value {
            PoolValue::Null => Cell::Null,
            value => Cell::Text(value.to_string()),
        };
        Ok(found.map(|record| record.values.iter().map(cell).collect()))
    }
}

/// A place in the log as PostgreSQL writes it.
fn lsn(at: u64) -> String {
    format!("{:X}/{:X}", at >> 32, at & 0xffff_ffff)
}

fn content(rows: &[&Rows]) -> u128 {
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    for cell in rows.iter().flat_map(|rows| rows.rows.iter().flatten()) {
        hash.update(format!("{cell:?}").as_bytes());
    }
    hash.digest128()
}
