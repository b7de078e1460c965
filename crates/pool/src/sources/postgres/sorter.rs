//! Messages of the log to segments that can be written at once, in their order.

use std::collections::HashMap;

use super::pgoutput::{Message, Value};
use super::replication::ReplicationFollower;
use crate::ingest::Error;
use crate::sources::changes::{Cell, Rows};

/// Changes that are written at once.
const SEGMENT_CHANGES: usize = 20_000;
/// Changes of one sort after another.
#[derive(Debug)]
pub(super) enum Segment {
    Rows { upserts: Rows, deletes: Rows },
    Truncate,
}

/// Sorts messages into segments.
pub(super) struct Sorter<'a, 'b> {
    follower: &'a ReplicationFollower<'b>,
    /// Columns of the table under its number, if it is the one that is followed.
    relations: HashMap<u32, Option<Vec<String>>>,
    segments: Vec<Segment>,
    upserts: Rows,
    deletes: Rows,
    /// The newest row of each key in this segment; `None` if it was deleted.
    newest: HashMap<Vec<Cell>, Option<Vec<Cell>>>,
    place: u64,
}

impl<'a, 'b> Sorter<'a, 'b> {
    pub(super) fn of(follower: &'a ReplicationFollower<'b>) -> Self {
        Self {
            follower,
            relations: HashMap::new(),
            segments: Vec::new(),
            upserts: Rows::default(),
            deletes: Rows::default(),
            newest: HashMap::new(),
            place: 0,
        }
    }

    /// All segments.
    pub(super) fn finish(mut self) -> Vec<Segment> {
        self.cut();
        self.segments
    }

    /// Takes the next message.
    pub(super) fn take(&mut self, message: Message) -> Result<(), Error> {
        match message {
            Message::Relation { id, name, columns } => {
                let ours = name == self.follower.relation;
                self.relations.insert(id, ours.then_some(columns));
            }
            Message::Insert(id, row) => {
                if let Some(row) = self.row(id, &row) {
                    self.upsert(row);
                }
            }
            Message::Update(id, old, row) => {
                let Some(mut row) = self.row(id, &row) else {
                    return Ok(());
                };
                let old = old.and_then(|old| self.row(id, &old));
                let before = old
                    .as_ref()
                    .map_or_else(|| self.key(&row), |old| self.key(old));
                self.complete(&mut row, old.as_deref(), &before)?;
                if before != self.key(&row) {
                    self.delete(old.unwrap_or_default());
                }
                self.upsert(row);
            }
            Message::Delete(id, row) => {
                if let Some(row) = self.row(id, &row) {
                    self.delete(row);
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
    fn row(&self, id: u32, values: &[Value]) -> Option<Vec<Cell>> {
        let columns = self.relations.get(&id)?.as_ref()?;
        let follower = self.follower;
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

    fn key(&self, row: &[Cell]) -> Vec<Cell> {
        let key = &self.follower.changes.table.key;
        key.iter()
            .map(|at| row.get(*at).cloned().unwrap_or(Cell::Null))
            .collect()
    }

    /// Fills in what the database did not send because it has not changed.
    fn complete(&self, row: &mut [Cell], old: Option<&[Cell]>, key: &[Cell]) -> Result<(), Error> {
        if !row.contains(&Cell::Unknown) {
            return Ok(());
        }
        let follower = self.follower;
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

    fn upsert(&mut self, row: Vec<Cell>) {
        self.make_room();
        self.newest.insert(self.key(&row), Some(row.clone()));
        self.upserts.push(self.place, row);
    }

    fn delete(&mut self, row: Vec<Cell>) {
        // Where a record lies is known by its subject, which a delete may not say and the pool can
        // only tell of what is in it: what this segment brings must be there first.
        let key = self.key(&row);
        let table = self.follower.changes.table;
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

    fn cut(&mut self) {
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
