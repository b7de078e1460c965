//! SQLite as the meta database: one connection writes, some read beside it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, params_from_iter};

use super::{Open, Row, SqlValue, Transaction};
use crate::error::{Error, RESTORE};

/// How long to wait for another process's lock.
const BUSY: Duration = Duration::from_secs(10);
/// Connections that read.
const READERS: usize = 4;
/// Prepared statements kept by each connection.
const STATEMENTS: usize = 64;

#[derive(Debug)]
pub(super) struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let fault = |source| fault(path, "open", source);
        let writer = Connection::open(path).map_err(fault)?;
        writer.busy_timeout(BUSY).map_err(fault)?;
        writer
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32000;")
            .map_err(fault)?;
        writer.set_prepared_statement_cache_capacity(STATEMENTS);
        let reader = |_| {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(path, flags)?;
            reader.busy_timeout(BUSY)?;
            reader.execute_batch("PRAGMA query_only = ON; PRAGMA mmap_size = 1073741824;")?;
            reader.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(Mutex::new(reader))
        };
        let readers = (0..READERS)
            .map(reader)
            .collect::<Result<_, _>>()
            .map_err(fault)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers,
            next: AtomicUsize::new(0),
        })
    }

    pub(super) fn read<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |at: usize| &self.readers[(first + at) % READERS];
        let free = (0..READERS).find_map(|at| turn(at).try_lock().ok());
        run(&free.unwrap_or_else(|| lock(turn(0))))
    }

    pub(super) fn transaction<T, E: From<Error>>(
        &self,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let writer = lock(&self.writer);
        let fault = |what| move |source| E::from(fault(&self.path, what, source));
        writer
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(fault("begin a transaction"))?;
        let done = run(&mut Transaction {
            database: Open::Sqlite(&writer),
        });
        let ended = match &done {
            Ok(_) => writer.execute_batch("COMMIT").map_err(fault("commit")),
            Err(_) => Ok(()),
        };
        if !writer.is_autocommit() {
            // A failed commit may leave it open; what failed by itself may have closed it.
            writer
                .execute_batch("ROLLBACK")
                .map_err(fault("roll back"))?;
        }
        ended.and(done)
    }
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    // A panic inside a transaction leaves it open; the next BEGIN says so.
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fault(path: &Path, what: &str, source: rusqlite::Error) -> Error {
    let code = source.sqlite_error_code();
    if let Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) = code {
        return Error::Damaged {
            path: path.to_owned(),
            detail: source.to_string(),
            remedy: RESTORE,
        };
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    Error::Sql {
        database: name.to_string_lossy().into_owned(),
        what: what.to_owned(),
        source: Box::new(source),
    }
}

fn named(connection: &Connection, sql: &str, source: rusqlite::Error) -> Error {
    fault(
        Path::new(connection.path().unwrap_or("sqlite")),
        &format!("run `{}`", super::value::shortened(sql)),
        source,
    )
}

/// `$1` as SQLite numbers parameters: `?1`.
fn numbered(sql: &str) -> String {
    let mut quoted = false;
    let change = |letter: char| {
        quoted ^= letter == '\'';
        if letter == '$' && !quoted {
            '?'
        } else {
            letter
        }
    };
    sql.chars().map(change).collect()
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Integer(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Self::Real(value) => ToSqlOutput::Owned(Value::Real(*value)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    params: &[SqlValue],
) -> Result<u64, Error> {
    let run = || {
        connection
            .prepare_cached(&numbered(sql))?
            .execute(params_from_iter(params))
    };
    run()
        .map(|rows| rows as u64)
        .map_err(|source| named(connection, sql, source))
}

pub(super) fn batch(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection
        .execute_batch(sql)
        .map_err(|source| named(connection, sql, source))
}

pub(super) fn query(
    connection: &Connection,
    sql: &str,
    params: &[SqlValue],
) -> Result<Vec<Row>, Error> {
    let run = || {
        let mut statement = connection.prepare_cached(&numbered(sql))?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(params))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let value = |at| {
                Ok(match row.get_ref(at)? {
                    ValueRef::Null => SqlValue::Null,
                    ValueRef::Integer(value) => SqlValue::Integer(value),
                    ValueRef::Real(value) => SqlValue::Real(value),
                    ValueRef::Text(text) => {
                        SqlValue::Text(String::from_utf8_lossy(text).into_owned())
                    }
                    ValueRef::Blob(bytes) => SqlValue::Blob(bytes.to_owned()),
                })
            };
            found.push(Row((0..columns)
                .map(value)
                .collect::<rusqlite::Result<_>>()?));
        }
        Ok(found)
    };
    run().map_err(|source| named(connection, sql, source))
}
