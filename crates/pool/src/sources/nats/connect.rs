//! A connection to a NATS server, from blocking code.

use std::future::Future;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::{Client, ConnectOptions};
use tokio::runtime::Runtime;
use url::Url;

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
        let options = with_password(options, url);
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

/// Whether a text is the address of a NATS server: `nats://host:4222`, or `tls://…`.
pub fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let named = url.host_str().is_some_and(|host| !host.is_empty());
        named && ["nats", "tls"].contains(&url.scheme())
    })
}

/// The client does not look for a user and a password in the address.
fn with_password(options: ConnectOptions, url: &str) -> ConnectOptions {
    let Ok(url) = Url::parse(url) else {
        return options; // connecting tells what is wrong with it
    };
    match url.password() {
        Some(password) => options.user_and_password(decoded(url.username()), decoded(password)),
        None => options,
    }
}

/// A part of an address without its percent signs.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(first));
        let passed = if byte.is_some() { 2 } else { 0 };
        rest = after.get(passed..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
