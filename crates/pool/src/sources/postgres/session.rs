//! A session with a department's PostgreSQL, from blocking code. Everything is asked for as text, in
//! one style, so that no type of theirs needs code of ours.

use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::ingest::Error;
use crate::sources::definition::without_password;
use crate::tls::{self, explained};

/// Seconds after which a connection that does not come about is given up.
const CONNECT_SECONDS: u64 = 15;

/// Days, moments and intervals in one style; and no question may run for ever.
const STYLE: &str = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601'; \
    SET bytea_output = 'hex'; SET statement_timeout = '10min'; SET application_name = 'citybrain'";

/// A parameter: text, which the statement casts.
pub(super) type Text<'a> = &'a (dyn ToSql + Sync);

/// A session.
pub(super) struct Session {
    runtime: Runtime,
    client: Client,
    /// The server's address without the password.
    pub(super) server: String,
}

impl Session {
    /// Connects to `url`.
    pub(super) fn open(url: &str) -> Result<Self, Error> {
        let server = without_password(url);
        let refused = |what: &str, detail: String| Error::Server {
            server: server.clone(),
            what: what.to_owned(),
            detail,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("pull-postgres")
            .enable_all()
            .build()
            .map_err(|error| refused("start a thread", error.to_string()))?;
        let (mut config, tls) = tls::address(url).map_err(|detail| Error::Definition {
            file: "url".to_owned(),
            detail,
        })?;
        config.connect_timeout(std::time::Duration::from_secs(CONNECT_SECONDS));
        let (client, connection) = runtime
            .block_on(config.connect(tls))
            .map_err(|error| refused("connect", explained(&error)))?;
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a session with a department's PostgreSQL ended");
            }
        });
        let session = Self {
            runtime,
            client,
            server: server.clone(),
        };
        session.batch("set the style of answers", STYLE)?;
        Ok(session)
    }

    /// Runs statements that give nothing.
    pub(super) fn batch(&self, what: &str, sql: &str) -> Result<(), Error> {
        self.runtime
            .block_on(self.client.batch_execute(sql))
            .map_err(|error| self.refused(what, &error))
    }

    /// The rows of a question.
    pub(super) fn query(
        &self,
        what: &str,
        sql: &str,
        parameters: &[Text<'_>],
    ) -> Result<Vec<Row>, Error> {
        self.runtime
            .block_on(self.client.query(sql, parameters))
            .map_err(|error| self.refused(what, &error))
    }

    /// Names and types of the columns that a question gives.
    pub(super) fn columns(&self, what: &str, sql: &str) -> Result<Vec<(String, String)>, Error> {
        let statement = self
            .runtime
            .block_on(self.client.prepare(sql))
            .map_err(|error| self.refused(what, &error))?;
        let column = |column: &tokio_postgres::Column| {
            (column.name().to_owned(), column.type_().name().to_owned())
        };
        Ok(statement.columns().iter().map(column).collect())
    }

    fn refused(&self, what: &str, error: &tokio_postgres::Error) -> Error {
        Error::Server {
            server: self.server.clone(),
            what: what.to_owned(),
            detail: explained(error),
        }
    }
}

/// A cell of a row, all of whose columns are text.
pub(super) fn text(row: &Row, at: usize) -> Option<String> {
    row.try_get::<_, Option<String>>(at).ok().flatten()
}
