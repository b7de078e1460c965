//! Keyed state in PostgreSQL: the entry and its records in one transaction, so nothing is ever
//! replayed.

use std::sync::Arc;

use super::change::Change;
use super::{Each, Failure, State};
use crate::codec::Columns;
use crate::error::{Error, RESTORE};
use crate::faults::Faults;
use crate::sql::{Postgres, Row, Session, Sql, SqlValue, Transaction};
use crate::table::TableId;
use crate::values;

/// Rows of one statement.
const ROWS: usize = 10_000;

// Subqueries, not joins: each row is looked up by the primary key, whatever the planner believes.
const EXISTING: &str = "SELECT count((SELECT 1 FROM record WHERE tab = $1 AND subject = new.subject AND key = new.key))
    FROM unnest($2::text[], $3::bytea[]) AS new (subject, key)";
const PUT: &str = "INSERT INTO record (tab, subject, key, from_us, body)
    SELECT $1, subject, key, $2, body FROM unnest($3::text[], $4::bytea[], $5::bytea[]) AS new (subject, key, body)
    ON CONFLICT (tab, subject, key) DO UPDATE SET from_us = excluded.from_us, body = excluded.body";
const DELETE: &str =
    "DELETE FROM record USING unnest($2::text[], $3::bytea[]) AS gone (subject, key)
    WHERE record.tab = $1 AND record.subject = gone.subject AND record.key = gone.key";
const LOCATE: &str = "INSERT INTO locator (tab, key, subject)
    SELECT $1, key, subject FROM unnest($2::bytea[], $3::text[]) AS new (key, subject)
    ON CONFLICT (tab, key) DO UPDATE SET subject = excluded.subject";
const UNLOCATE: &str = "DELETE FROM locator WHERE tab = $1 AND key = ANY ($2::bytea[])";
const MOVED: &str = "SELECT nth, before FROM (
        SELECT new.nth, new.subject, (SELECT subject FROM locator WHERE tab = $1 AND key = new.key) AS before
        FROM unnest($2::bytea[], $3::text[]) WITH ORDINALITY AS new (key, subject, nth)
    ) AS known WHERE before <> subject";
const TALLY: &str = "INSERT INTO record_count (tab, records) VALUES ($1, $2)
    ON CONFLICT (tab) DO UPDATE SET records = record_count.records + excluded.records";

/// The database.
#[derive(Debug)]
pub(crate) struct PostgresState {
    postgres: Arc<Postgres>,
    faults: Faults,
}

/// Texts and bytes of some rows, column by column.
#[derive(Default)]
struct Arrays {
    subjects: Vec<String>,
    keys: Vec<Vec<u8>>,
    bodies: Vec<Vec<u8>>,
}

impl PostgresState {
    pub(crate) fn new(postgres: Arc<Postgres>, faults: Faults) -> Self {
        Self { postgres, faults }
    }

    fn query(&self, sql: &str, params: &[SqlValue]) -> Result<Vec<Row>, Error> {
        self.postgres.read(|session| session.query(sql, params))
    }
}

impl State for PostgresState {
    fn commit(
        &self,
        meta: &Sql,
        outbox: &mut dyn FnMut(&mut Transaction<'_>) -> Result<(), Error>,
        changes: &[Change],
    ) -> Result<Vec<u64>, Failure> {
        let pass = |point| {
            self.faults
                .pass(point)
                .map_err(Error::io("write", "postgresql"))
        };
        let done = meta.transaction(|tx| {
            outbox(tx)?;
            let session = tx
                .session()
                .ok_or_else(|| Error::Stopped("meta database and state differ".to_owned()))?;
            let replaced = changes
                .iter()
                .map(|change| apply(session, change))
                .collect::<Result<_, _>>()?;
            pass("outbox-before-commit")?;
            Ok::<_, Error>(replaced)
        });
        let replaced = done.map_err(Failure::Outbox)?;
        pass("outbox-committed").map_err(Failure::State)?;
        Ok(replaced)
    }

    fn replay(&self, _changes: &[Change]) -> Result<Vec<u64>, Error> {
        Ok(Vec::new())
    }

    fn settled(&self) -> Result<u64, Error> {
        let rows = self.query("SELECT seq FROM outbox_head", &[])?;
        rows.first().map_or(Ok(0), |row| row.get(0))
    }

    fn newest(&self) -> Result<u64, Error> {
        self.settled()
    }

    fn loads_apart(&self) -> bool {
        false
    }

    fn loaded(&self, _seq: u64) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    fn get(
        &self,
        tab: TableId,
        subject: &str,
        key: &[u8],
        each: &mut Each<'_>,
    ) -> Result<bool, Error> {
        let sql = "SELECT from_us, body FROM record WHERE tab = $1 AND subject = $2 AND key = $3";
        let rows = self.query(sql, &values![tab.0, subject, key])?;
        let Some(row) = rows.first() else {
            return Ok(false);
        };
        each(subject, key, row.get(0)?, &row.get::<Vec<u8>>(1)?)?;
        Ok(true)
    }

    fn locate(&self, tab: TableId, key: &[u8]) -> Result<Option<String>, Error> {
        let rows = self.query(
            "SELECT subject FROM locator WHERE tab = $1 AND key = $2",
            &values![tab.0, key],
        )?;
        rows.first().map(|row| row.get(0)).transpose()
    }

    fn moved(&self, change: &Change) -> Result<Vec<(u32, String)>, Error> {
        let columns = Columns::new(&change.codec, &change.batch)?;
        let tab = i64::from(change.codec.table.id.0);
        let mut keys: Vec<Vec<u8>> = Vec::new();
        let mut subjects: Vec<String> = Vec::new();
        for row in change.rows.iter().map(|row| *row as usize) {
            let mut key = Vec::new();
            columns.put_key(row, &mut key);
            keys.push(key);
            subjects.push(columns.subject(row).to_owned());
        }
        let rows = self.postgres.read(|session| {
            let statement = session.prepare(MOVED)?;
            session.run("look up subjects", |client| async move {
                client.query(&statement, &[&tab, &keys, &subjects]).await
            })
        })?;
        let fault = |fault: tokio_postgres::Error| Error::garbled("a locator", fault);
        let moved = |row: &tokio_postgres::Row| {
            let nth = row.try_get::<_, i64>(0).map_err(fault)?;
            let at = usize::try_from(nth - 1)
                .ok()
                .and_then(|at| change.rows.get(at));
            let at =
                at.ok_or_else(|| Error::garbled("a locator", "a row that was not asked for"))?;
            Ok((*at, row.try_get(1).map_err(fault)?))
        };
        rows.iter().map(moved).collect()
    }

    fn of_subject(
        &self,
        tab: TableId,
        subject: &str,
        limit: usize,
        each: &mut Each<'_>,
    ) -> Result<(), Error> {
        let sql = "SELECT key, from_us, body FROM record WHERE tab = $1 AND subject = $2 ORDER BY key LIMIT $3";
        for row in self.query(sql, &values![tab.0, subject, limit])? {
            each(
                subject,
                &row.get::<Vec<u8>>(0)?,
                row.get(1)?,
                &row.get::<Vec<u8>>(2)?,
            )?;
        }
        Ok(())
    }

    fn count(&self, tab: TableId) -> Result<u64, Error> {
        let rows = self.query(
            "SELECT records FROM record_count WHERE tab = $1",
            &values![tab.0],
        )?;
        rows.first().map_or(Ok(0), |row| row.get(0))
    }

    fn parts(&self) -> usize {
        1
    }

    fn page(
        &self,
        tab: TableId,
        _part: usize,
        after: Option<(&str, &[u8])>,
        limit: usize,
        each: &mut Each<'_>,
    ) -> Result<(), Error> {
        let (subject, key) = after.unwrap_or(("", b""));
        let sql = "SELECT subject, key, from_us, body FROM record
            WHERE tab = $1 AND ((subject, key) > ($2, $3) OR $4) ORDER BY subject, key LIMIT $5";
        let params = values![tab.0, subject, key, after.is_none(), limit];
        for row in self.query(sql, &params)? {
            each(
                &row.get::<String>(0)?,
                &row.get::<Vec<u8>>(1)?,
                row.get(2)?,
                &row.get::<Vec<u8>>(3)?,
            )?;
        }
        Ok(())
    }

    fn note(&self, _seq: u64) -> Result<(), Error> {
        Ok(())
    }

    fn make_durable(&self) -> Result<(), Error> {
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        let sql = "SELECT COALESCE(counted.tab, record_count.tab), COALESCE(counted.records, 0), COALESCE(record_count.records, 0)
            FROM (SELECT tab, count(*) AS records FROM record GROUP BY tab) AS counted
            FULL JOIN record_count ON counted.tab = record_count.tab
            WHERE COALESCE(counted.records, 0) <> COALESCE(record_count.records, 0)";
        match self.query(sql, &[])?.first() {
            None => Ok(()),
            Some(row) => Err(Error::Damaged {
                path: "postgresql".into(),
                detail: format!(
                    "table {} has {} records, and its tally says {}",
                    row.get::<i64>(0)?,
                    row.get::<i64>(1)?,
                    row.get::<i64>(2)?
                ),
                remedy: RESTORE,
            }),
        }
    }
}

/// Applies one change; says how many records it found.
fn apply(session: &mut Session, change: &Change) -> Result<u64, Error> {
    let columns = Columns::new(&change.codec, &change.batch)?;
    let tab = i64::from(change.codec.table.id.0);
    let key_of = |row: u32| {
        let mut key = Vec::new();
        columns.put_key(row as usize, &mut key);
        key
    };
    let mut gone = Arrays::default();
    for (row, before) in change.moved.iter() {
        gone.subjects.push(before.clone());
        gone.keys.push(key_of(*row));
    }
    let (deletes, puts): (Vec<u32>, Vec<u32>) = change
        .rows
        .iter()
        .copied()
        .partition(|row| change.is_delete(*row));
    for row in &deletes {
        gone.subjects
            .push(columns.subject(*row as usize).to_owned());
        gone.keys.push(key_of(*row));
    }
    let removed = if gone.keys.is_empty() {
        0
    } else {
        delete(session, tab, gone)?
    };
    let mut existing = 0;
    for rows in puts.chunks(ROWS) {
        existing += put(session, tab, change, &columns, rows)?;
    }
    if !change.codec.table.key_begins_with_subject() {
        for rows in puts.chunks(ROWS) {
            let keys: Vec<Vec<u8>> = rows.iter().map(|row| key_of(*row)).collect();
            let subjects: Vec<String> = rows
                .iter()
                .map(|row| columns.subject(*row as usize).to_owned())
                .collect();
            let statement = session.prepare(LOCATE)?;
            session.run("write locators", |client| async move {
                client.execute(&statement, &[&tab, &keys, &subjects]).await
            })?;
        }
        if !deletes.is_empty() {
            let keys: Vec<Vec<u8>> = deletes.iter().map(|row| key_of(*row)).collect();
            let statement = session.prepare(UNLOCATE)?;
            session.run("delete locators", |client| async move {
                client.execute(&statement, &[&tab, &keys]).await
            })?;
        }
    }
    let grown = (puts.len() as u64).cast_signed() - existing.cast_signed() - removed.cast_signed();
    session.execute(TALLY, &values![tab, grown])?;
    Ok(existing + removed)
}

fn delete(session: &mut Session, tab: i64, gone: Arrays) -> Result<u64, Error> {
    session.batch("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")?;
    let statement = session.prepare(DELETE)?;
    session.run("delete records", |client| async move {
        client
            .execute(&statement, &[&tab, &gone.subjects, &gone.keys])
            .await
    })
}

/// How many there were before.
fn put(
    session: &mut Session,
    tab: i64,
    change: &Change,
    columns: &Columns<'_>,
    rows: &[u32],
) -> Result<u64, Error> {
    let mut arrays = Arrays::default();
    for row in rows.iter().map(|row| *row as usize) {
        let (mut key, mut body) = (Vec::new(), Vec::new());
        columns.put_key(row, &mut key);
        columns.put_body(row, &mut body);
        arrays.subjects.push(columns.subject(row).to_owned());
        arrays.keys.push(key);
        arrays.bodies.push(body);
    }
    let (existing, put) = (session.prepare(EXISTING)?, session.prepare(PUT)?);
    let at = change.at.0;
    let found: i64 = session.run("write records", |client| async move {
        let Arrays {
            subjects,
            keys,
            bodies,
        } = arrays;
        let found = client
            .query_one(&existing, &[&tab, &subjects, &keys])
            .await?;
        client
            .execute(&put, &[&tab, &at, &subjects, &keys, &bodies])
            .await?;
        found.try_get(0)
    })?;
    Ok(found.max(0).cast_unsigned())
}
