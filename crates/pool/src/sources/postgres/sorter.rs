//! Messages of the log to segments that can be written at once, in their order.

use std::collections::HashMap;

use super::pgoutput::{Message, Value};
use super::replication::ReplicationFollower;
use crate::ingest::Error;
use crate::sources::changes::{Cell, Rows};
use crate::table::Table;

/// Changes that are written at once.
const SEGMENT_CHANGES: usize = 20_000;
/// Changes of one sort after another.
#[derive(Debug)]
pub(super) enum Segment {
    Rows { upserts: Rows, deletes: Rows },
    Truncate,
}

/// Sorts messages into segments. Each is to be written before the next message is taken, since
/// later changes are filled in from what is in the pool.
#[derive(Default)]
pub(super) struct Sorter {
    /// Columns of the table under its number, if it is the one that is followed.
    relations: HashMap<u32, Option<Vec<String>>>,
    segments: Vec<Segment>,
    upserts: Rows,
    deletes: Rows,
    /// The newest row of each key in this segment; `None` if it was deleted.
    newest: HashMap<Vec<Cell>, Option<Vec<Cell>>>,
    place: u64,
}

impl Sorter {
    /// What has been cut off so far.
    pub(super) fn cut_off(&mut self) -> Vec<Segment> {
        std::mem::take(&mut self.segments)
    }

    /// Takes the next message.
    pub(super) fn take(
        &mut self,
        follower: &ReplicationFollower<'_>,
        message: Message,
    ) -> Result<(), Error> {
        let table = follower.changes.table;
        match message {
            Message::Relation { id, name, columns } => {
                let ours = name == follower.relation;
                self.relations.insert(id, ours.then_some(columns));
            }
            Message::Insert(id, row) => {
                if let Some(row) = self.row(follower, id, &row) {
                    self.upsert(table, row);
                }
            }
            Message::Update(id, old, row) => {
                let Some(mut row) = self.row(follower, id, &row) else {
                    return Ok(());
                };
                let old = old.and_then(|old| self.row(follower, id, &old));
                let before = old
                    .as_ref()
                    .map_or_else(|| key_of(table, &row), |old| key_of(table, old));
                self.complete(follower, &mut row, old.as_deref(), &before)?;
                if before != key_of(table, &row) {
                    self.delete(table, old.unwrap_or_default());
                }
                self.upsert(table, row);
            }
            Message::Delete(id, row) => {
                if let Some(row) = self.row(follower, id, &row) {
                    self.delete(table, row);
                }
            }
            Message::Truncate(ids) => {
                if ids
                    .iter()
                    .any(|id| matches!(self.relations.get(id), Some(Some(_))))
                {
                    self.cut();
                    self.segments.push(Segment::Truncate);
                }
            }
            Message::Commit { .. } | Message::Other => {}
        }
        Ok(())
    }

    /// A row by field; `None` of another table.
    fn row(
        &self,
        follower: &ReplicationFollower<'_>,
        id: u32,
        values: &[Value],
    ) -> Option<Vec<Cell>> {
        let columns = self.relations.get(&id)?.as_ref()?;
        let cell = |at: &Option<usize>| {
            let name = at.and_then(|at| follower.names.get(at))?;
            let place = columns.iter().position(|column| column == name)?;
            Some(match values.get(place)? {
                Value::Null => Cell::Null,
                Value::Unchanged => Cell::Unknown,
                Value::Text(text) => Cell::Text(text.clone()),
            })
        };
        Some(
            follower
                .columns
                .iter()
                .map(|at| cell(at).unwrap_or(Cell::Null))
                .collect(),
        )
    }

    /// Fills in what the database did not send because it has not changed.
    fn complete(
        &self,
        follower: &ReplicationFollower<'_>,
        row: &mut [Cell],
        old: Option<&[Cell]>,
        key: &[Cell],
    ) -> Result<(), Error> {
        if !row.contains(&Cell::Unknown) {
            return Ok(());
        }
        let newest = self.newest.get(key).cloned().flatten();
        let known = match (&newest, old) {
            (Some(newest), _) => newest.clone(),
            (None, Some(old)) if !old.contains(&Cell::Null) => old.to_vec(),
            // Under the key that it had before.
            _ => follower.in_pool(old.unwrap_or(&*row))?.unwrap_or_default(),
        };
        for (cell, known) in row.iter_mut().zip(known) {
            if *cell == Cell::Unknown {
                *cell = known;
            }
        }
        Ok(())
    }

    fn upsert(&mut self, table: &Table, row: Vec<Cell>) {
        self.make_room();
        self.newest.insert(key_of(table, &row), Some(row.clone()));
        self.upserts.push(self.place, row);
    }

    fn delete(&mut self, table: &Table, row: Vec<Cell>) {
        // Where a record lies is known by its subject, which a delete may not say and the pool can
        // only tell of what is in it: what this segment brings must be there first.
        let key = key_of(table, &row);
        let hidden = !table.key.contains(&table.subject);
        if hidden && matches!(self.newest.get(&key), Some(Some(_))) {
            self.cut();
        }
        self.make_room();
        self.newest.insert(key, None);
        self.deletes.push(self.place, row);
    }

    fn make_room(&mut self) {
        if self.upserts.rows.len() + self.deletes.rows.len() >= SEGMENT_CHANGES {
            self.cut();
        }
        self.place += 1;
    }

    /// Ends the segment.
    pub(super) fn cut(&mut self) {
        let (upserts, deletes) = (
            std::mem::take(&mut self.upserts),
            std::mem::take(&mut self.deletes),
        );
        self.place = 0;
        self.newest.clear();
        if !(upserts.rows.is_empty() && deletes.rows.is_empty()) {
            self.segments.push(Segment::Rows { upserts, deletes });
        }
    }
}

fn key_of(table: &Table, row: &[Cell]) -> Vec<Cell> {
    let cell = |at: &usize| row.get(*at).cloned().unwrap_or(Cell::Null);
    table.key.iter().map(cell).collect()
}
