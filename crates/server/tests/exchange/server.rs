//! A server of the exchange on a thread of its own, and calls to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use lake::exports::Exports;
use lake::{Feed, Keeper, KeeperOptions, Lake, Secret};
use pool::exchange::{Call, Signer};
use serde_json::Value as Json;
use server::Bureau;
use server::data::app;
use server::exchange::tls;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::{SECOND, Town};

/// How long a call waits for its answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) town: Town,
    pub(crate) data: Bureau,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The kind of problem.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let content = self.json();
        assert_eq!(content["status"], self.status);
        content["type"]
            .as_str()
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned()
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::of(Town::new(), |router, _| router, None)
    }

    /// Serves a town, after `wrap` has put something around its routes.
    pub(crate) fn of(
        town: Town,
        wrap: impl FnOnce(Router, &Town) -> Router,
        identity: Option<tls::Identity>,
    ) -> Self {
        // Tokens of the second in which a server starts are refused.
        town.clock.advance(2 * SECOND);
        let (stop, stopping) = watch::channel(false);
        let acceptor = identity.map(|identity| identity.acceptor(&town.exchange).unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (data, keeper) = runtime.block_on(data(&town));
        runtime.spawn(keeper.run(stopping.clone()));
        let router = wrap(app(&data, stopping.clone()), &town);
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            runtime.block_on(tls::serve(listener, router, acceptor, stopping));
        });
        Self {
            address,
            data,
            town,
            stop,
            thread: Some(thread),
        }
    }

    /// A token of a client for a call, for property tax.
    pub(crate) fn token(&self, client: &str, method: &str, target: &str, body: &[u8]) -> String {
        self.token_for(client, "matter/property-tax", method, target, body)
    }

    /// The same, for another purpose.
    pub(crate) fn token_for(
        &self,
        client: &str,
        purpose: &str,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> String {
        static RUNS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let run = RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let signer = Signer::demonstration(client, run).unwrap();
        signer.token(
            "town",
            purpose,
            Some("case-1"),
            Call {
                method,
                target,
                body,
            },
            self.town.exchange.now(),
        )
    }

    /// A call with a token of `client`.
    pub(crate) fn signed(
        &self,
        client: &str,
        method: &str,
        target: &str,
        kind: &str,
        body: &[u8],
    ) -> Answer {
        let bearer = format!("Bearer {}", self.token(client, method, target, body));
        self.call(
            method,
            target,
            &[("authorization", &bearer), ("content-type", kind)],
            body,
        )
    }

    /// A look-up or the like of tax's.
    pub(crate) fn post(&self, target: &str, body: &Json) -> Answer {
        self.signed(
            "tax-systems",
            "POST",
            target,
            "application/json",
            body.to_string().as_bytes(),
        )
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.call("GET", target, &[], b"")
    }

    /// A call as it is.
    pub(crate) fn call(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = self.open(method, target, headers, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        answer_of(&bytes)
    }

    /// Sends a call, and leaves the answer to be read.
    pub(crate) fn open(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
            .write_all(&request(method, target, headers, body))
            .unwrap();
        stream
    }
}

/// What is served of a town, and what carries its records into history.
async fn data(town: &Town) -> (Bureau, Keeper) {
    let exchange = Arc::clone(&town.exchange);
    let pool = Arc::clone(exchange.pool());
    let secret = Secret::new([5; 32]);
    let lake = Lake::open(pool.history(), pool.tables(), secret).await;
    let lake = lake.unwrap();
    let feed: Arc<dyn Feed> = pool;
    let mut keeper = Keeper::new(Arc::clone(&lake), feed, KeeperOptions::default()).unwrap();
    keeper.flush().await.unwrap();
    let exports = Exports::open(Arc::clone(&lake), &town.folder().join("exports")).unwrap();
    let data = Bureau {
        exchange,
        lake,
        exports,
        ledger_folder: town.folder().join("ledger"),
        ledger_key: "town+00000000+AQ==".to_owned(),
        demonstration: true,
        filling: Arc::default(),
    };
    (data, keeper)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// The bytes of a request after which the connection ends.
pub(crate) fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nhost: town\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for part in headers
        .iter()
        .flat_map(|(name, value)| [*name, ": ", *value, "\r\n"])
    {
        head.push_str(part);
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

pub(crate) fn answer_of(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {bytes:?}"));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head,
        body: bytes[end + 4..].to_vec(),
    }
}
