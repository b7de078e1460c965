//! The meta database, SQLite or PostgreSQL behind one small blocking facade.
//!
//! Statements are written once for both: parameters are `$1`, `$2` …; types are `BIGINT`, `TEXT`,
//! `DOUBLE PRECISION` and bytes; upserts are `INSERT … ON CONFLICT (…) DO UPDATE SET …`. Sums of
//! integers are cast: `CAST(sum(n) AS BIGINT)`.

mod value;

pub use value::{FromSqlValue, Row, SqlValue};

use crate::error::Error;

/// The meta database. Cheap to share; every call blocks until it is done.
#[derive(Debug)]
pub struct Sql {}

/// A transaction: all of it is done, or none.
#[derive(Debug)]
pub struct Transaction<'a> {
    _of: &'a (),
}

impl Sql {
    /// Runs one statement and says how many rows it changed.
    pub fn execute(&self, sql: &str, params: &[SqlValue]) -> Result<u64, Error> {
        todo!("{sql} {params:?}")
    }

    /// The rows that a statement gives.
    pub fn query(&self, sql: &str, params: &[SqlValue]) -> Result<Vec<Row>, Error> {
        todo!("{sql} {params:?}")
    }

    /// Does all of `run`, durably, or nothing of it if that fails. Only one transaction runs at a
    /// time; `run` must not call the `Sql` itself.
    pub fn transaction<T, E: From<Error>>(
        &self,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _ = run;
        todo!()
    }
}

impl Transaction<'_> {
    /// Runs one statement and says how many rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[SqlValue]) -> Result<u64, Error> {
        todo!("{sql} {params:?}")
    }

    /// The rows that a statement gives.
    pub fn query(&mut self, sql: &str, params: &[SqlValue]) -> Result<Vec<Row>, Error> {
        todo!("{sql} {params:?}")
    }
}
