//! The server process, and calls to it as systems make them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pool::Moment;
use pool::exchange::{Call, Signer, Statement, Step};
use serde_json::{Value as Json, json};

use crate::town::{self, AGREEMENT, PURPOSE, TOWN};

/// How long a call waits for its answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How far ahead tokens are dated: those of the second in which a server starts are refused.
const AHEAD_US: i64 = 2_000_000;

/// The machine's time.
pub(crate) fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Moment(i64::try_from(since.as_micros()).unwrap())
}

/// A town and its data, on the disk.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    /// Of the data, if it lies elsewhere.
    pub(crate) data: PathBuf,
    /// Seconds after which changes are taken into history.
    pub(crate) refresh: &'static str,
    /// How long the last server lived, if that was noted.
    pub(crate) lived: Duration,
    /// Where keyed state is, as the option `pool.state` has it.
    pub(crate) state: String,
}

impl Place {
    pub(crate) fn new(state: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        town::write(&folder.path().join("town"));
        Self {
            data: folder.path().join("data"),
            folder,
            refresh: "0.3",
            lived: Duration::ZERO,
            state: state.to_owned(),
        }
    }

    pub(crate) fn city(&self) -> PathBuf {
        self.folder.path().join("town")
    }

    /// What servers have said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The program with these arguments and this town's options.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_citybrain"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CITYBRAIN_") || name == "RUST_LOG" {
                command.env_remove(name.as_ref());
            }
        }
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("CITYBRAIN_POOL_CITY", self.city())
            .env("CITYBRAIN_POOL_DATA", &self.data)
            .env("CITYBRAIN_POOL_STATE", &self.state)
            .env("CITYBRAIN_POOL_SHARDS", "4")
            .env("CITYBRAIN_POOL_SQL_LISTEN", "")
            .env("CITYBRAIN_POOL_REFRESH_EVERY", self.refresh)
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Starts the server process, and does not wait.
    pub(crate) fn spawn(&self) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let city = self.city();
        self.command(&[
            "up",
            city.to_str().unwrap(),
            "--port",
            "0",
            "--json",
            "--quiet",
        ])
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap()
    }

    /// Starts the server and waits until it answers; what it printed, if it ends instead.
    pub(crate) fn try_start(&self) -> Result<Server, String> {
        let before = self.log().len();
        let mut child = self.spawn();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(ready) = serde_json::from_str::<Json>(&line) else {
            child.wait().unwrap();
            return Err(self.log().split_off(before));
        };
        Ok(Server {
            child,
            address: ready["address"].as_str().unwrap().to_owned(),
        })
    }

    pub(crate) fn start(&self) -> Server {
        self.try_start()
            .unwrap_or_else(|log| panic!("the server did not start:\n{log}"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let from = log.lines().count().saturating_sub(30);
            let tail: Vec<&str> = log.lines().skip(from).collect();
            eprintln!("the servers' log ends with:\n{}", tail.join("\n"));
        }
    }
}

/// A running server. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: Json,
}

impl Server {
    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(mut self) {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(asked.unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed or stopped; then this does nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A system of a department that calls a server. Calls fail when the server is killed.
pub(crate) struct System {
    address: String,
    signer: Signer,
}

/// A call that was sent, by its token.
pub(crate) struct Sent {
    pub(crate) answer: Answer,
    pub(crate) token: String,
}

impl System {
    pub(crate) fn new(server: &str, client: &str) -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        // Tokens of an earlier process may still be remembered by the ledger, and those of another
        // system that began in the same microsecond: the count stands beside the time, not added.
        let run = (now().0.cast_unsigned() << 12) | (RUNS.fetch_add(1, Ordering::Relaxed) & 0xfff);
        Self {
            address: server.to_owned(),
            signer: town::signer(client, run),
        }
    }

    /// A signed call.
    pub(crate) fn call(
        &self,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<Sent> {
        let call = Call {
            method: "POST",
            target,
            body: body.as_bytes(),
        };
        let at = Moment(now().0 + AHEAD_US);
        let token = self.signer.token(TOWN, PURPOSE, Some("case-1"), call, at);
        let bearer = format!("Bearer {token}");
        let headers = [headers, &[("authorization", bearer.as_str())]].concat();
        let answer = send(&self.address, "POST", target, &headers, body)?;
        Ok(Sent { answer, token })
    }

    /// Asks the exchange.
    pub(crate) fn ask(&self, target: &str, body: &Json) -> std::io::Result<Sent> {
        let target = format!("/exchange/v1/{target}");
        self.call(
            &target,
            &[("content-type", "application/json")],
            &body.to_string(),
        )
    }

    /// Pushes records under a name; `mode` is `upsert` or `delete`.
    pub(crate) fn push(
        &self,
        dataset: &str,
        mode: &str,
        name: &str,
        lines: &str,
    ) -> std::io::Result<Answer> {
        let target = format!("/exchange/v1/records/registry/{dataset}?mode={mode}");
        let headers = [
            ("content-type", "application/x-ndjson"),
            ("idempotency-key", name),
        ];
        Ok(self.call(&target, &headers, lines)?.answer)
    }

    /// The rows that a question gives, as of a moment.
    pub(crate) fn question(&self, sql: &str, as_of: Option<Moment>) -> std::io::Result<Answer> {
        let mut body = json!({ "sql": sql });
        if let Some(at) = as_of {
            body["as_of"] = at.rfc3339().into();
        }
        Ok(self.ask("sql", &body)?.answer)
    }

    /// Signs a step of the agreement as an office.
    fn step(&self, hash: &str, step: Step) {
        let statement = Statement::sign(&self.signer, AGREEMENT, hash, step, now());
        let answer = send(
            &self.address,
            "POST",
            "/exchange/v1/agreements/steps",
            &[("content-type", "application/json")],
            &json!({ "statement": statement }).to_string(),
        );
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// Puts the agreement into force.
pub(crate) fn agree(server: &str) {
    let listed = get(server, "/exchange/v1/agreements");
    let hash = listed.body[0]["version"].as_str().unwrap().to_owned();
    System::new(server, "tax-office").step(&hash, Step::Propose);
    System::new(server, "registry-office").step(&hash, Step::Approve);
}

pub(crate) fn get(server: &str, target: &str) -> Answer {
    send(server, "GET", target, &[], "").unwrap()
}

/// A call as it is, on a connection of its own.
fn send(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nhost: town\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    answer_of(&bytes).ok_or_else(|| {
        let end = bytes.len().saturating_sub(300);
        let shown = String::from_utf8_lossy(&bytes[end..]).into_owned();
        std::io::Error::other(format!("cut off after {} bytes: {shown}", bytes.len()))
    })
}

/// An answer that came whole.
fn answer_of(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let mut body = bytes[end + 4..].to_vec();
    if let Some(length) = header("content-length") {
        if body.len() != length.parse::<usize>().ok()? {
            return None;
        }
    } else if header("transfer-encoding").is_some() {
        body = unchunked(&body)?;
    }
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        kind: header("content-type").unwrap_or_default(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

/// The pieces of a body put together, if the last one is there.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = std::str::from_utf8(&rest[..line]).ok()?;
        let length = usize::from_str_radix(length, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(line + 2..line + 2 + length)?);
        rest = rest.get(line + 4 + length..)?;
    }
}

/// Waits until `holds`, for half a minute at most.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "not in time: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What was printed, on one line: reports are broken into lines, and drawn beside a line.
pub(crate) fn unbroken(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| *word != "│");
    words.collect::<Vec<_>>().join(" ")
}

/// A copy of a folder, as a fall leaves it.
pub(crate) fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(done.unwrap().success());
}
