//! A connection to a NATS server, from blocking code.

use std::future::Future;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::{Client, ConnectOptions};
use tokio::runtime::Runtime;

use crate::ingest::Error;

/// Longest time for a connection or an answer.
pub(super) const ANSWER: Duration = Duration::from_secs(15);

/// A connection.
pub(super) struct Connection {
    runtime: Runtime,
    pub(super) client: Client,
    pub(super) stream: Context,
    /// The server's address.
    pub(super) server: String,
}

impl Connection {
    pub(super) fn open(url: &str) -> Result<Self, Error> {
        Self::open_with(url, ConnectOptions::new())
    }

    pub(super) fn open_with(url: &str, options: ConnectOptions) -> Result<Self, Error> {
        let server = crate::sources::definition::without_password(url);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("nats")
            .enable_all()
            .build()
            .map_err(Error::server(&server, "start a thread"))?;
        // The context starts a task of its own, so it is made inside the runtime.
        let connect = async {
            let client = options.connection_timeout(ANSWER).connect(url).await?;
            let stream = async_nats::jetstream::new(client.clone());
            Ok::<_, async_nats::ConnectError>((client, stream))
        };
        let (client, stream) = runtime
            .block_on(connect)
            .map_err(Error::server(&server, "connect"))?;
        Ok(Self {
            runtime,
            client,
            stream,
            server,
        })
    }

    /// Waits for an answer.
    pub(super) fn wait<T, E: std::fmt::Display>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        self.runtime
            .block_on(work)
            .map_err(Error::server(&self.server, what))
    }
}
