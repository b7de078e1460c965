//! A server of the Bureau's pages on a thread of its own, and calls to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use lake::exports::Exports;
use lake::{Lake, Secret};
use server::Bureau;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::Town;

/// How long a call waits for its answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) town: Town,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Fails unless all of `texts` stand in the page.
    pub(crate) fn says(&self, texts: &[&str]) {
        for text in texts {
            assert!(
                self.body.contains(text),
                "{text:?} is not in {}:\n{}",
                self.status,
                self.body
            );
        }
    }
}

impl Server {
    /// Serves the town as a demonstration.
    pub(crate) fn start() -> Self {
        Self::of(Town::new(), true)
    }

    pub(crate) fn of(town: Town, demonstration: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let exchange = Arc::clone(&town.exchange);
        let pool = Arc::clone(exchange.pool());
        std::fs::create_dir_all(town.folder().join("history")).unwrap();
        let lake = Lake::open(pool.history(), pool.tables(), Secret::new([5; 32]));
        let lake = runtime.block_on(lake).unwrap();
        let exports = Exports::open(Arc::clone(&lake), &town.folder().join("exports")).unwrap();
        let data = Bureau {
            exchange,
            lake,
            exports,
            ledger_folder: town.folder().join("ledger"),
            ledger_key: "town+00000000+AQ==".to_owned(),
            demonstration,
            filling: Arc::default(),
        };
        let (stop, stopping) = watch::channel(false);
        let router = server::bureau::router(data, stopping.clone());
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let mut stopping = stopping;
            let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
            let serving = axum::serve(listener, router).with_graceful_shutdown(stopped);
            runtime.block_on(serving.into_future()).unwrap();
        });
        Self {
            address,
            town,
            stop,
            thread: Some(thread),
        }
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.call("GET", target, &[("accept-language", "en")], "")
    }

    /// As a department.
    pub(crate) fn get_as(&self, department: &str, target: &str) -> Answer {
        let cookie = format!("acting={department}; lang=en");
        self.call("GET", target, &[("cookie", &cookie)], "")
    }

    /// What a form sends, as a department.
    pub(crate) fn post_as(&self, department: &str, target: &str, form: &[(&str, &str)]) -> Answer {
        let cookie = format!("acting={department}; lang=en");
        let origin = format!("http://{}", self.address);
        let headers = [
            ("cookie", cookie.as_str()),
            ("origin", origin.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.call("POST", target, &headers, &encoded(form))
    }

    pub(crate) fn call(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut stream = self.open(method, target, headers, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Sends a call, and leaves the answer to be read.
    pub(crate) fn open(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut text = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.address,
            body.len()
        );
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.push_str("\r\n");
        text.push_str(body);
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }
}

/// A form's fields, as browsers send them.
pub(crate) fn encoded(form: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| {
        let value: Vec<String> = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("{name}={}", value.concat())
    };
    form.iter().map(pair).collect::<Vec<_>>().join("&")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
