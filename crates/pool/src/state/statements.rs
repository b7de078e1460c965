//! The statements that change the records of a shard.

use rusqlite::{CachedStatement, Connection};

use super::change::Change;
use crate::codec::Columns;

const INSERT: &str = "INSERT INTO record (tab, subject, key, from_us, body) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const UPDATE: &str =
    "UPDATE record SET from_us = ?4, body = ?5 WHERE tab = ?1 AND subject = ?2 AND key = ?3";
const DELETE: &str = "DELETE FROM record WHERE tab = ?1 AND subject = ?2 AND key = ?3";
const LOCATE: &str = "INSERT INTO locator (tab, key, subject) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET subject = excluded.subject";
const UNLOCATE: &str = "DELETE FROM locator WHERE tab = ?1 AND key = ?2";

/// The statements that change records, prepared, with room for their values.
pub(super) struct Rows<'a> {
    tab: i64,
    at: i64,
    insert: CachedStatement<'a>,
    update: CachedStatement<'a>,
    delete: CachedStatement<'a>,
    locate: CachedStatement<'a>,
    unlocate: CachedStatement<'a>,
    key: Vec<u8>,
    body: Vec<u8>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(writer: &'a Connection, change: &Change) -> rusqlite::Result<Self> {
        let tab = i64::from(change.codec.table.id.0);
        let mut this = Self {
            tab,
            at: change.at.0,
            insert: writer.prepare_cached(INSERT)?,
            update: writer.prepare_cached(UPDATE)?,
            delete: writer.prepare_cached(DELETE)?,
            locate: writer.prepare_cached(LOCATE)?,
            unlocate: writer.prepare_cached(UNLOCATE)?,
            key: Vec::new(),
            body: Vec::new(),
        };
        this.insert.raw_bind_parameter(1, tab)?;
        this.insert.raw_bind_parameter(4, change.at.0)?;
        Ok(this)
    }

    /// What is put from now on has been in force since `at`.
    pub(super) fn since(&mut self, at: i64) -> rusqlite::Result<()> {
        self.at = at;
        self.insert.raw_bind_parameter(4, at)
    }

    /// Whether it is new.
    #[inline]
    pub(super) fn put(&mut self, columns: &Columns<'_>, row: u32) -> rusqlite::Result<bool> {
        self.key.clear();
        self.body.clear();
        columns.put_key(row as usize, &mut self.key);
        columns.put_body(row as usize, &mut self.body);
        let subject = columns.subject(row as usize);
        self.insert.raw_bind_parameter(2, subject)?;
        self.insert.raw_bind_parameter(3, self.key.as_slice())?;
        self.insert.raw_bind_parameter(5, self.body.as_slice())?;
        if self.insert.raw_execute()? == 1 {
            return Ok(true);
        }
        self.update
            .execute((self.tab, subject, &self.key, self.at, &self.body))?;
        Ok(false)
    }

    /// How many went.
    pub(super) fn delete(
        &mut self,
        columns: &Columns<'_>,
        row: u32,
        subject: &str,
    ) -> rusqlite::Result<u64> {
        self.key.clear();
        columns.put_key(row as usize, &mut self.key);
        Ok(self.delete.execute((self.tab, subject, &self.key))? as u64)
    }

    pub(super) fn locate(&mut self, key: &[u8], subject: Option<&str>) -> rusqlite::Result<usize> {
        match subject {
            Some(subject) => self.locate.execute((self.tab, key, subject)),
            None => self.unlocate.execute((self.tab, key)),
        }
    }
}
