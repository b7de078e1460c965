//! PostgreSQL's protocol over TLS, with tokens of the exchange as passwords.

use std::process::Command;

use lake::doors::Postgres;
use pool::exchange::{Entry, Step};
use server::exchange::tls::Identity;
use server::questions::{Asker, ExchangePorter};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::schemathesis::program;
use crate::server::Server;
use crate::sharing::generous_town;
use crate::tls::certificate;

/// A server, and a door with TLS beside it.
struct Door {
    server: Server,
    port: u16,
    stop: watch::Sender<bool>,
    /// Ends before the server, whose lake it uses.
    _runtime: Runtime,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// `None`, and the reason is printed, if a program is missing.
#[expect(clippy::print_stdout, reason = "says why a test is skipped")]
fn door() -> Option<Door> {
    let folder = tempfile::tempdir().unwrap();
    let Some(own) = certificate(folder.path(), "server").filter(|_| program("psql").is_some())
    else {
        println!("skipped: there is no psql or no openssl (script/setup test installs them)");
        return None;
    };
    let server = Server::of(generous_town(), |router, _| router, None);
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let data = &server.data;
    let asker = Asker::new(data.exchange.clone(), data.lake.clone());
    let identity = Identity::from_pem(&own.0, &own.1).unwrap();
    let door = Postgres::new(ExchangePorter::new(asker)).with_tls(identity.for_anybody().unwrap());
    let (stop, stopping) = watch::channel(false);
    runtime.spawn(door.serve(listener, stopping));
    Some(Door {
        server,
        port,
        stop,
        _runtime: runtime,
    })
}

impl Door {
    /// What `psql` says, and whether it was content.
    fn psql(&self, mode: &str, questions: &[&str]) -> (bool, String) {
        let token = self
            .server
            .token("tax-systems", "SQL", "/exchange/v1/sql", b"");
        let mut command = Command::new(program("psql").unwrap());
        command
            .args([
                "-X",
                "-A",
                "-t",
                "-h",
                "127.0.0.1",
                "-U",
                "tax-systems",
                "-p",
            ])
            .arg(self.port.to_string())
            .args(["-d", "matter/property-tax"])
            .env("PGPASSWORD", token)
            .env("PGSSLMODE", mode)
            .env("PGCONNECT_TIMEOUT", "20");
        for question in questions {
            command.args(["-c", question]);
        }
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }
}

#[test]
fn psql_asks_over_tls_and_in_no_other_way() {
    let Some(door) = door() else {
        return;
    };
    let question = "SELECT number FROM housing.titles ORDER BY number";
    let (content, text) = door.psql("require", &[question, r"\conninfo"]);
    assert!(content, "{text}");
    assert!(text.starts_with("T1\nT3\n"), "{text}");
    assert!(text.contains("TLS"), "{text}");
    let (content, text) = door.psql("disable", &[question]);
    assert!(!content && text.contains("sslmode=require"), "{text}");
    let records: Vec<u64> = door
        .server
        .town
        .entries()
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Transfer(it) if it.way == "query" => Some(it.records),
            _ => None,
        })
        .collect();
    assert_eq!(records, [2]);
}

#[test]
fn a_revoked_agreement_ends_an_open_session() {
    let Some(door) = door() else {
        return;
    };
    let town = &door.server.town;
    let revoke = town.sign("housing-office", "titles-for-tax", Step::Revoke);
    std::thread::scope(|scope| {
        // The session sleeps while the agreement is revoked.
        let asking = scope.spawn(|| {
            let question = "SELECT count(*) FROM housing.titles";
            door.psql("require", &[question, r"\! sleep 5", question])
        });
        let asked = || {
            let mut entries = town.entries().into_iter();
            entries.any(|entry| matches!(entry, Entry::Transfer(it) if it.way == "query"))
        };
        while !asked() && !asking.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        town.exchange.step(&revoke).unwrap();
        let (content, text) = asking.join().unwrap();
        assert!(!content, "{text}");
        assert!(text.starts_with("2\n"), "{text}");
        assert!(
            text.contains("no agreement with `housing` to query"),
            "{text}"
        );
    });
}
