//! The meta database, SQLite or PostgreSQL behind one small blocking facade.
//!
//! Statements are written once for both: parameters are `$1`, `$2` …; types are `BIGINT`, `TEXT`,
//! `DOUBLE PRECISION` and bytes; upserts are `INSERT … ON CONFLICT (…) DO UPDATE SET …`. Sums of
//! integers are cast: `CAST(sum(n) AS BIGINT)`.

mod migrate;
mod postgres;
mod sqlite;
mod value;

use std::path::Path;
use std::sync::Arc;

pub(crate) use postgres::{Postgres, Session};
pub use value::{FromSqlValue, Row, SqlValue};

use crate::clock::Moment;
use crate::error::Error;
use crate::pool::StateUrl;
use crate::runtime::Runtime;
use sqlite::Sqlite;

/// The meta database. Every call blocks until it is done.
#[derive(Debug)]
pub struct Sql {
    database: Database,
}

#[derive(Debug)]
enum Database {
    Sqlite(Sqlite),
    Postgres(Arc<Postgres>),
}

/// A transaction: all of it is done, or none.
#[derive(Debug)]
pub struct Transaction<'a> {
    database: Open<'a>,
}

#[derive(Debug)]
pub(crate) enum Open<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut Session),
}

impl Sql {
    /// Opens the database (for SQLite: the file `meta.sqlite` in `data`) and brings it to the
    /// newest migration.
    pub(crate) fn open(
        state: &StateUrl,
        data: &Path,
        runtime: &Arc<Runtime>,
        now: Moment,
    ) -> Result<Self, Error> {
        let database = match state {
            StateUrl::Folder => Database::Sqlite(Sqlite::open(&data.join("meta.sqlite"))?),
            StateUrl::Postgres(url) => {
                Database::Postgres(Arc::new(Postgres::open(url, Arc::clone(runtime))?))
            }
        };
        let sql = Self { database };
        migrate::migrate(&sql, now)?;
        Ok(sql)
    }

    /// The PostgreSQL database, if it is one.
    pub(crate) fn postgres(&self) -> Option<Arc<Postgres>> {
        match &self.database {
            Database::Sqlite(_) => None,
            Database::Postgres(postgres) => Some(Arc::clone(postgres)),
        }
    }

    /// Runs one statement and says how many rows it changed.
    pub fn execute(&self, sql: &str, params: &[SqlValue]) -> Result<u64, Error> {
        self.transaction(|tx| tx.execute(sql, params))
    }

    /// The rows that a statement gives. What only reads does not wait for what writes.
    pub fn query(&self, sql: &str, params: &[SqlValue]) -> Result<Vec<Row>, Error> {
        let begins = |word: &str| {
            sql.trim_start()
                .get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if !begins("select") {
            return self.transaction(|tx| tx.query(sql, params));
        }
        match &self.database {
            Database::Sqlite(sqlite) => {
                sqlite.read(|connection| sqlite::query(connection, sql, params))
            }
            Database::Postgres(postgres) => postgres.read(|session| session.query(sql, params)),
        }
    }

    /// Does all of `run`, durably, or nothing of it if that fails. Only one transaction runs at a
    /// time; `run` must not call the `Sql` itself.
    pub fn transaction<T, E: From<Error>>(
        &self,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.transaction(run),
            Database::Postgres(postgres) => postgres.transaction(run),
        }
    }
}

impl Transaction<'_> {
    /// Runs one statement and says how many rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[SqlValue]) -> Result<u64, Error> {
        match &mut self.database {
            Open::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Open::Postgres(session) => session.execute(sql, params),
        }
    }

    /// The rows that a statement gives.
    pub fn query(&mut self, sql: &str, params: &[SqlValue]) -> Result<Vec<Row>, Error> {
        match &mut self.database {
            Open::Sqlite(connection) => sqlite::query(connection, sql, params),
            Open::Postgres(session) => session.query(sql, params),
        }
    }

    /// Runs several statements without parameters.
    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match &mut self.database {
            Open::Sqlite(connection) => sqlite::batch(connection, sql),
            Open::Postgres(session) => session.batch(sql),
        }
    }

    fn is_postgres(&self) -> bool {
        matches!(self.database, Open::Postgres(_))
    }

    /// The session with PostgreSQL, if it is one.
    pub(crate) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.database {
            Open::Sqlite(_) => None,
            Open::Postgres(session) => Some(session),
        }
    }
}
