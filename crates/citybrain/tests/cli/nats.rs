//! Positions over NATS into `citybrain up`, with a real nats-server: none that was published is lost
//! when the process is killed, and how many there are in a second.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Place;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_mins(2);

/// A private NATS server, ended with the test.
struct Nats {
    port: u16,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Nats {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Nats {
    /// `None`, with a note, where there is no such program.
    fn start() -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Self::start_at(port)
    }

    fn start_at(port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let programs = ["nats-server", "/usr/sbin/nats-server"];
        let child = programs.iter().find_map(|program| {
            let mut command = Command::new(program);
            command
                .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
                .arg(folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command.spawn().ok()
        });
        let Some(child) = child else {
            eprintln!("skipped: there is no nats-server (apt-get install nats-server)");
            return None;
        };
        let nats = Self {
            port,
            child,
            _folder: folder,
        };
        wait_until("nats-server listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Some(nats)
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Publishes messages, and returns when the server has them all.
    fn publish(&self, subject: &str, bodies: &[String]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        stream
            .write_all(b"CONNECT {\"verbose\":false}\r\n")
            .unwrap();
        for body in bodies {
            write!(stream, "PUB {subject} {}\r\n{body}\r\n", body.len()).unwrap();
        }
        stream.write_all(b"PING\r\n").unwrap();
        let mut line = String::new();
        while !line.starts_with("PONG") {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "it hung up");
            assert!(!line.starts_with("-ERR"), "{line}");
        }
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `citybrain up` with positions over NATS; killed with the test, as by `kill -9`.
struct Up {
    child: Child,
    address: String,
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Up {
    fn start(place: &Place, nats: &Nats, more: &[&str]) -> Self {
        let url = nats.url();
        let args = [
            "up",
            "--port",
            "0",
            "--json",
            "--quiet",
            "--network",
            "grid.json",
            "--demand",
            "flow.json",
            "--probes",
            &url,
        ];
        let args = [&args, more].concat();
        let mut child = place.command(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        printed.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["address"].as_str().unwrap().to_owned();
        Self { child, address }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    fn index(&self) -> Value {
        self.ask("GET", "/api/v1/traffic/index?source=probes", "")
    }

    fn feed(&self) -> Value {
        self.index()["probes"]["feeds"][0].clone()
    }

    fn wait_for(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut feed = Value::Null;
        wait_until(what, || {
            feed = self.feed();
            holds(&feed)
        });
        feed
    }
}

/// Positions of vehicles that drive one behind another along the grid, second by second.
fn seconds(vehicles: u32, seconds: std::ops::Range<u32>) -> Vec<String> {
    let line = |second: u32, vehicle: u32| {
        let x = -290.0 + 5.5 * f64::from(second % 100) - 0.1 * f64::from(vehicle % 50);
        let line = json!({
            "vehicle": format!("taxi {vehicle}"), "seq": second + 1, "t": 25_200 + second,
            "x": x, "y": -6.0
        });
        format!("{line}\n")
    };
    seconds
        .map(|second| (0..vehicles).map(|v| line(second, v)).collect::<Vec<_>>())
        .map(|lines| lines.concat())
        .collect()
}

#[test]
fn positions_over_nats_become_the_index_and_none_is_lost_when_the_process_is_killed() {
    let Some(nats) = Nats::start() else { return };
    let place = Place::with_grid();
    let first = Up::start(&place, &nats, &[]);
    first.wait_for("it is connected", |feed| feed["state"] == "connected");
    nats.publish("probes.taxis", &seconds(4, 0..100));
    first.wait_for("some are taken", |feed| feed["accepted"].as_u64() > Some(0));
    drop(first); // wherever it was
    let mut more = seconds(4, 100..180);
    more.push(
        "nonsense\n{\"vehicle\": \"taxi 9\", \"seq\": 1, \"t\": 26000, \"x\": 0, \"y\": -6}".into(),
    );
    nats.publish("probes.taxis", &more);
    let second = Up::start(&place, &nats, &[]);
    let taken = |feed: &Value| feed["accepted"] == 4 * 180 + 1;
    let feed = second.wait_for("all are there again", taken);
    assert_eq!(feed["refused"], 1, "{feed}");
    let fault = &feed["quarantine"][0];
    assert_eq!(
        (&fault["message"], &fault["line"]),
        (&json!(181), &json!(1))
    );
    let tti = second.index()["measured"][0]["tti"]["value"]
        .as_f64()
        .unwrap();
    assert!((1.0..20.0).contains(&tti), "{tti}");
    // A third has only what is new, if nothing is to be read again. Once one more is taken, those
    // before it are acknowledged.
    nats.publish("probes.taxis", &seconds(1, 400..401));
    second.wait_for("one more is taken", |feed| feed["accepted"] == 4 * 180 + 2);
    drop(second);
    let third = Up::start(&place, &nats, &["--set", "probes.replay=0"]);
    third.wait_for("it is connected", |feed| feed["state"] == "connected");
    nats.publish("probes.taxis", &seconds(1, 1000..1001));
    third.wait_for("what is new is taken", |feed| {
        feed["accepted"].as_u64() >= Some(1)
    });
    assert!(third.feed()["messages"].as_u64() < Some(10));
}

#[test]
fn a_nats_server_that_is_away_is_told_of_and_waited_for() {
    let Some(nats) = Nats::start() else { return };
    let port = nats.port;
    let place = Place::with_grid();
    let up = Up::start(&place, &nats, &["--set", "probes.stream="]);
    up.wait_for("it is connected", |feed| feed["state"] == "connected");
    drop(nats);
    let feed = up.wait_for("it is told", |feed| feed["error"].is_string());
    assert_eq!(feed["state"], "connecting");
    let nats = Nats::start_at(port).unwrap();
    up.wait_for("it is connected again", |feed| feed["state"] == "connected");
    nats.publish("probes.taxis", &seconds(2, 0..3));
    up.wait_for("positions come", |feed| feed["accepted"] == 6);
}

#[test]
fn a_subject_or_server_that_is_none_is_refused_with_what_would_be_right() {
    let place = Place::with_grid();
    for (option, right) in [
        ("probes.nats=http://127.0.0.1", "nats://HOST:4222"),
        ("probes.nats=nats://", "nats://HOST:4222"),
        ("probes.nats=nats://127.0.0.1:99999", "nats://HOST:4222"),
        ("probes.subject=a b", "words with dots"),
        ("probes.subject=a.>.b", "words with dots"),
        ("probes.consumer=", "a name"),
        ("probes.stream=a.b", "a name"),
        ("probes.replay=-1", "604800"),
    ] {
        let output = place.run(&["up", "--network", "grid.json", "--set", option]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        // However it is wrapped.
        let unwrapped = message.replace(['\n', '│', ' '], "");
        let right = right.replace(' ', "");
        assert!(unwrapped.contains(&right), "{option}: {message}");
    }
}

/// Figures for docs/benchmarks.md.
#[test]
#[ignore = "measures"]
fn positions_a_second_over_http_and_over_nats() {
    let Some(nats) = Nats::start() else { return };
    let place = Place::with_grid();
    let up = Up::start(&place, &nats, &["--speed", "0.1"]);
    up.wait_for("it is connected", |feed| feed["state"] == "connected");
    nats.publish("probes.taxis", &seconds(1, 0..1)); // the matcher is made
    up.wait_for("it is ready", |feed| feed["accepted"] == 1);
    let (vehicles, from, until) = (1_000, 10, 110);
    let all = vehicles * u64::from(until - from);
    let messages = seconds(vehicles as u32, from..until);
    let begun = Instant::now();
    up.ask("POST", "/api/v1/traffic/probes", &messages.concat());
    let took = begun.elapsed().as_secs_f64();
    eprintln!(
        "HTTP: {all} positions in one post: {took:.2} s, {:.0} a second",
        all as f64 / took
    );
    for (place, size) in [1_000, 10, 1].into_iter().enumerate() {
        let before = up.feed()["received"].as_u64().unwrap();
        let shift = 200 * (place as u32 + 1);
        let messages = seconds(vehicles as u32, from + shift..until + shift);
        let lines: Vec<&str> = messages.iter().flat_map(|one| one.lines()).collect();
        let messages: Vec<String> = lines.chunks(size).map(|some| some.join("\n")).collect();
        let begun = Instant::now();
        nats.publish("probes.taxis", &messages);
        let published = begun.elapsed().as_secs_f64();
        up.wait_for("all are taken", |feed| {
            feed["received"].as_u64() >= Some(before + all)
        });
        let took = begun.elapsed().as_secs_f64();
        eprintln!(
            "NATS: {all} positions in messages of {size}: {took:.2} s ({published:.2} s to publish), {:.0} a second",
            all as f64 / took
        );
    }
}
