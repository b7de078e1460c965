//! NATS JetStream: messages into the pool, and the pool's changes into messages.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use pool::ingest::Mode;
use pool::sources::nats::{Disclosure, OPERATION, Publisher, SEQUENCE};
use pool::sources::{Definition, Follow, NatsSource, Pulled, follow};

use crate::town::{Town, citizen, people_csv};

/// A private server.
pub(crate) struct Server {
    pub(crate) url: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn server() -> Option<Server> {
    server_with(&[])
}

/// One with these arguments besides.
pub(crate) fn server_with(args: &[&str]) -> Option<Server> {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let programs = ["nats-server", "/usr/sbin/nats-server"];
    let child = programs.iter().find_map(|program| {
        let mut command = Command::new(program);
        command
            .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
            .arg(folder.path())
            .args(args);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()
    });
    let Some(child) = child else {
        eprintln!("skipped: there is no nats-server (apt-get install nats-server)");
        return None;
    };
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the server did not start"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(Server {
        url: format!("nats://127.0.0.1:{port}"),
        child,
        _folder: folder,
    })
}

pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// Publishes messages: what they do, and their bodies.
fn publish(server: &Server, messages: &[(&str, String)]) {
    wait(async {
        let client = async_nats::connect(&server.url).await.unwrap();
        let stream = async_nats::jetstream::new(client);
        let config = async_nats::jetstream::stream::Config {
            name: "REGISTER".into(),
            subjects: vec!["register.>".into()],
            ..Default::default()
        };
        stream.get_or_create_stream(config).await.unwrap();
        for (operation, body) in messages {
            let mut headers = async_nats::HeaderMap::new();
            headers.insert(OPERATION, *operation);
            let sent = stream
                .publish_with_headers("register.cards", headers, Bytes::from(body.clone()))
                .await
                .unwrap();
            sent.await.unwrap();
        }
    });
}

fn source(server: &Server) -> Definition {
    Definition::Nats(NatsSource {
        dataset: "cards".into(),
        url: server.url.clone(),
        stream: "REGISTER".into(),
        subject: "register.cards".into(),
        consumer: None,
        batch: 100,
        zone: None,
    })
}

fn pull(town: &Town, server: &Server) -> Pulled {
    follow(
        &town.pool,
        &source(server),
        &Follow {
            once: true,
            stop: &|| false,
            progress: &|_| {},
        },
    )
    .unwrap()
}

fn card(number: &str) -> String {
    format!(
        "{{\"number\": \"{number}\", \"holder\": \"{}\"}}\n",
        citizen(1)
    )
}

#[test]
fn messages_are_taken_once_and_in_order() {
    let Some(server) = server() else { return };
    let town = Town::new();
    publish(
        &server,
        &[
            ("upsert", [card("a"), card("b")].concat()),
            ("delete", "{\"number\": \"a\"}".into()),
            ("upsert", card("c")),
            ("upsert", "no json".into()),
        ],
    );
    let pulled = pull(&town, &server);
    assert_eq!((pulled.counts.records, pulled.counts.quarantined), (5, 1));
    assert_eq!(
        town.all("cards").into_keys().collect::<Vec<_>>(),
        ["b", "c"]
    );
    assert_eq!(pull(&town, &server).counts.records, 0);
    let town = town.reopened();
    publish(&server, &[("upsert", card("d"))]);
    assert_eq!(pull(&town, &server).counts.records, 1);
    assert_eq!(town.count("cards"), 3);
}

#[test]
fn messages_that_were_being_written_are_not_written_twice() {
    let Some(server) = server() else { return };
    let town = Town::new();
    publish(&server, &[("upsert", card("a")), ("upsert", card("b"))]);
    pull(&town, &server);
    let newest = *town.pool.newest().borrow();
    // As if it had stopped between the write and the note of it; and more has come since.
    town.pool
        .meta()
        .execute(
            "UPDATE source_state SET state = '{\"applied\": 0, \"pending\": 2}'",
            &[],
        )
        .unwrap();
    publish(&server, &[("upsert", card("c"))]);
    let town = town.reopened();
    pull(&town, &server);
    pull(&town, &server);
    assert_eq!(
        *town.pool.newest().borrow(),
        newest + 1,
        "only the new message was written"
    );
    assert_eq!(town.count("cards"), 3);
}

#[test]
fn changes_are_published_once_and_personal_ones_only_as_a_number() {
    let Some(server) = server() else { return };
    let town = Town::new();
    let cards = format!("number,holder,note\na,{0},x\nb,{0},y\n", citizen(1));
    town.load("cards", &town.write("cards.csv", cards), Mode::Upsert)
        .unwrap();
    town.load(
        "people",
        &town.write("people.csv", people_csv(1..=3, "p")),
        Mode::Upsert,
    )
    .unwrap();
    town.load(
        "cards",
        &town.write("gone.csv", "number\na\n"),
        Mode::Delete,
    )
    .unwrap();
    let publisher = Publisher::open(&town.pool, &server.url, Disclosure::Unconditional).unwrap();
    let mut entries = 0;
    loop {
        match publisher.step().unwrap() {
            0 => break,
            count => entries += count,
        }
    }
    assert_eq!(entries, *town.pool.newest().borrow());
    // A second publisher that has not heard of the first publishes the same again.
    town.pool
        .meta()
        .execute("UPDATE consumer SET seq = 0 WHERE name = 'nats'", &[])
        .unwrap();
    assert!(publisher.step().unwrap() > 0);

    let messages = wait(async {
        let client = async_nats::connect(&server.url).await.unwrap();
        let stream = async_nats::jetstream::new(client)
            .get_stream("CITYBRAIN_POOL")
            .await
            .unwrap();
        let config = async_nats::jetstream::consumer::pull::Config::default();
        let consumer = stream.create_consumer(config).await.unwrap();
        let mut fetched = consumer
            .fetch()
            .max_messages(100)
            .expires(Duration::from_secs(1))
            .messages()
            .await
            .unwrap();
        let mut messages = Vec::new();
        while let Some(message) = fetched.next().await {
            let message = message.unwrap();
            let header = |name: &str| {
                message
                    .headers
                    .as_ref()
                    .unwrap()
                    .get(name)
                    .unwrap()
                    .to_string()
            };
            let body = String::from_utf8(message.payload.to_vec()).unwrap();
            messages.push(format!(
                "{} {} {} {}",
                header(SEQUENCE),
                message.subject,
                header(OPERATION),
                body.trim_end().replace('\n', " ")
            ));
        }
        messages
    });
    let holder = citizen(1);
    assert_eq!(
        messages,
        [
            format!(
                "1 pool.registry.cards upsert {{\"holder\":\"{holder}\",\"note\":\"x\",\"number\":\"a\"}} {{\"holder\":\"{holder}\",\"note\":\"y\",\"number\":\"b\"}}"
            ),
            "2 pool.registry.people changed {\"records\":3}".to_owned(),
            format!(
                "3 pool.registry.cards delete {{\"holder\":\"{holder}\",\"note\":null,\"number\":\"a\"}}"
            ),
        ]
    );
}
