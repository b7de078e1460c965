//! PostgreSQL as the meta database: one session writes, some read beside it. A session that was
//! lost (the server restarted) is replaced when it is next needed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::{Open, Row, SqlValue, Transaction};
use crate::error::Error;
use crate::runtime::Runtime;
use crate::tls::{self, Tls};

/// Sessions that read.
const READERS: usize = 8;
/// Prepared statements kept by each session.
const STATEMENTS: usize = 256;
/// The advisory lock that the one process that writes holds: "pool" in ASCII.
const LOCK: i64 = 0x706f_6f6c;

/// How often it is asked for, since the server may not know yet that its last holder fell.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

type Boxed = Box<dyn std::error::Error + Send + Sync>;

pub(crate) struct Postgres {
    config: tokio_postgres::Config,
    tls: Tls,
    runtime: Arc<Runtime>,
    writer: Mutex<Session>,
    readers: Vec<Mutex<Option<Session>>>,
    next: AtomicUsize,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("hosts", &self.config.get_hosts())
            .finish_non_exhaustive()
    }
}

/// A session and its prepared statements.
pub(crate) struct Session {
    pub(crate) client: Arc<Client>,
    runtime: Arc<Runtime>,
    statements: HashMap<String, Statement>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Postgres {
    pub(super) fn open(url: &str, runtime: Arc<Runtime>) -> Result<Self, Error> {
        let (config, tls) = tls::address(url).map_err(|wrong| Error::Sql {
            database: "postgresql".to_owned(),
            what: "read its address".to_owned(),
            source: wrong.into(),
        })?;
        let writer = Session::open(&config, &tls, &runtime)?;
        let this = Self {
            config,
            tls,
            runtime,
            writer: Mutex::new(writer),
            readers: (0..READERS).map(|_| Mutex::new(None)).collect(),
            next: AtomicUsize::new(0),
        };
        lock(&this.writer).be_the_one()?;
        Ok(this)
    }

    /// Runs `run` in a session that reads.
    pub(crate) fn read<T>(
        &self,
        run: impl FnOnce(&mut Session) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |at: usize| &self.readers[(first + at) % READERS];
        let free = (0..READERS).find_map(|at| turn(at).try_lock().ok());
        let mut reader = free.unwrap_or_else(|| lock(turn(0)));
        if reader.as_ref().is_none_or(Session::is_lost) {
            *reader = Some(Session::open(&self.config, &self.tls, &self.runtime)?);
        }
        let gone = || Error::Stopped("a session that was just opened is gone".to_owned());
        run(reader.as_mut().ok_or_else(gone)?)
    }

    pub(super) fn transaction<T, E: From<Error>>(
        &self,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = lock(&self.writer);
        if writer.is_lost() {
            *writer = Session::open(&self.config, &self.tls, &self.runtime)?;
            writer.be_the_one()?;
        }
        writer.batch("BEGIN")?;
        let done = run(&mut Transaction {
            database: Open::Postgres(&mut writer),
        });
        match done {
            Ok(value) => {
                writer.batch("COMMIT")?;
                Ok(value)
            }
            Err(error) => {
                writer.batch("ROLLBACK")?;
                Err(error)
            }
        }
    }
}

impl Session {
    fn open(
        config: &tokio_postgres::Config,
        tls: &Tls,
        runtime: &Arc<Runtime>,
    ) -> Result<Self, Error> {
        let (wanted, tls) = (config.clone(), tls.clone());
        let connect = async move { wanted.connect(tls).await };
        let (client, connection) = runtime
            .wait(connect)?
            .map_err(|source| fault("connect", source))?;
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a session with PostgreSQL ended");
            }
        });
        Ok(Self {
            client: Arc::new(client),
            runtime: Arc::clone(runtime),
            statements: HashMap::new(),
        })
    }

    fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Takes the lock that makes this process the only one that writes.
    fn be_the_one(&mut self) -> Result<(), Error> {
        for _ in 0..LOCK_TRIES {
            let rows = self.query(
                "SELECT pg_try_advisory_lock($1)",
                &[SqlValue::Integer(LOCK)],
            )?;
            if let Some(Ok(true)) = rows.first().map(|row| row.get::<bool>(0)) {
                return Ok(());
            }
            std::thread::sleep(LOCK_PAUSE); // the session of a process that fell may end yet
        }
        Err(Error::InUse {
            path: "postgresql".into(),
        })
    }

    /// Runs `work` with the client and waits.
    pub(crate) fn run<T, F>(
        &self,
        what: &str,
        work: impl FnOnce(Arc<Client>) -> F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.client));
        self.runtime
            .wait(work)?
            .map_err(|source| fault(what, source))
    }

    pub(crate) fn prepare(&mut self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let text = sql.to_owned();
        let prepare = |client: Arc<Client>| async move { client.prepare(&text).await };
        let statement = self.run(
            &format!("prepare `{}`", super::value::shortened(sql)),
            prepare,
        )?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[SqlValue]) -> Result<u64, Error> {
        let statement = self.prepare(sql)?;
        let params = params.to_vec();
        let work = |client: Arc<Client>| async move {
            client.execute_raw(&statement, params.iter()).await
        };
        self.run(&format!("run `{}`", super::value::shortened(sql)), work)
    }

    pub(crate) fn query(&mut self, sql: &str, params: &[SqlValue]) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql)?;
        let params = params.to_vec();
        let work = |client: Arc<Client>| async move {
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as _).collect();
            let rows = client.query(&statement, &params).await?;
            let row = |row: &tokio_postgres::Row| {
                let values = (0..row.len()).map(|at| row.try_get::<_, SqlValue>(at));
                Ok(Row(values.collect::<Result<_, _>>()?))
            };
            rows.iter().map(row).collect()
        };
        self.run(&format!("run `{}`", super::value::shortened(sql)), work)
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        let text = sql.to_owned();
        let work = |client: Arc<Client>| async move { client.batch_execute(&text).await };
        self.run(&format!("run `{}`", super::value::shortened(sql)), work)
    }
}

fn lock<T>(session: &Mutex<T>) -> MutexGuard<'_, T> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fault(what: &str, source: tokio_postgres::Error) -> Error {
    Error::Sql {
        database: "postgresql".to_owned(),
        what: what.to_owned(),
        source: Box::new(source),
    }
}

impl ToSql for SqlValue {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(value) => match *ty {
                Type::BOOL => (*value != 0).to_sql(ty, out),
                Type::INT2 => i16::try_from(*value)?.to_sql(ty, out),
                Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
                Type::FLOAT8 => (*value as f64).to_sql(ty, out),
                _ => value.to_sql(ty, out),
            },
            Self::Real(value) => value.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Blob(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for SqlValue {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(match *ty {
            Type::BOOL => Self::Integer(bool::from_sql(ty, raw)?.into()),
            Type::INT2 => Self::Integer(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Self::Integer(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Self::Integer(i64::from_sql(ty, raw)?),
            Type::FLOAT4 => Self::Real(f32::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Self::Real(f64::from_sql(ty, raw)?),
            Type::BYTEA => Self::Blob(raw.to_owned()),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                Self::Text(String::from_sql(ty, raw)?)
            }
            _ => {
                return Err(format!(
                    "a column of type {ty}: cast it to BIGINT, DOUBLE PRECISION, TEXT or BYTEA"
                )
                .into());
            }
        })
    }

    fn from_sql_null(_ty: &Type) -> Result<Self, Boxed> {
        Ok(Self::Null)
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }
}
