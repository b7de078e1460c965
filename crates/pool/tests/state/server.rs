//! A private PostgreSQL server for the tests.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pool::{Options, StateUrl};

struct Server {
    port: u16,
    programs: PathBuf,
    data: PathBuf,
    /// A shell that reads from us: it ends the server and removes its folder when we are gone,
    /// however that comes.
    _keeper: Child,
}

const KEEPER: &str = r#"folder=$1; shift; "$@" & read -r _; kill -9 $!; wait; rm -rf "$folder""#;

fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    found.sort();
    found.into_iter().rfind(|bin| bin.join("postgres").exists())
}

/// The command line, as the user `postgres` if we are root, whom the server refuses.
fn command(program: &Path) -> Vec<String> {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.stdout == b"0\n");
    let user: &[&str] = if root {
        &[
            "setpriv",
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
        ]
    } else {
        &[]
    };
    let program = program.to_str().unwrap();
    user.iter()
        .copied()
        .chain([program])
        .map(str::to_owned)
        .collect()
}

/// Starts a server; `prepare` puts more into its folder, and gives more options.
fn start(prepare: impl FnOnce(&Path) -> Option<Vec<String>>) -> Option<Server> {
    let programs = programs()?;
    let folder = tempfile::tempdir().unwrap().keep(); // the keeper removes it
    drop(Command::new("chown").arg("postgres").arg(&folder).status());
    let data = folder.join("data");
    let initdb = command(&programs.join("initdb"));
    let made = Command::new(&initdb[0])
        .args(&initdb[1..])
        .args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-sync",
            "-D",
        ])
        .arg(&data)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success(), "initdb failed");
    let more = prepare(&data)?;
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let keeper = Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .arg(&folder)
        .args(command(&programs.join("postgres")))
        .arg("-D")
        .arg(&data)
        .args([
            "-p",
            &port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "max_connections=200",
            "-c",
            "fsync=off",
            "-c",
            "wal_level=logical",
            "-k",
        ])
        .arg(&folder)
        .args(more)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server {
        port,
        programs,
        data,
        _keeper: keeper,
    };
    let begun = Instant::now();
    while !server.psql("postgres", "SELECT 1") {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "the server did not start"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    Some(server)
}

impl Server {
    fn psql(&self, database: &str, sql: &str) -> bool {
        Command::new(self.programs.join("psql"))
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "postgres",
                "-c",
                sql,
                database,
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }
}

/// A new database; none where PostgreSQL is not installed.
pub(crate) fn database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = SERVER.get_or_init(|| start(|_| Some(Vec::new()))) else {
        eprintln!("skipped: no PostgreSQL in /usr/lib/postgresql (apt-get install postgresql)");
        return None;
    };
    let name = format!("pool{}", NEXT.fetch_add(1, Ordering::Relaxed));
    assert!(server.psql("postgres", &format!("CREATE DATABASE {name}")));
    Some(format!(
        "postgres://postgres@127.0.0.1:{}/{name}",
        server.port
    ))
}

/// A database on a server that speaks TLS, as `postgres://…/name`, and its certificate, which it
/// has signed itself for 127.0.0.1; none where PostgreSQL or openssl is not installed.
pub(crate) fn database_with_tls() -> Option<(String, PathBuf)> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = SERVER.get_or_init(|| start(encrypted)) else {
        eprintln!("skipped: PostgreSQL or openssl is not installed");
        return None;
    };
    let name = format!("tls{}", NEXT.fetch_add(1, Ordering::Relaxed));
    assert!(server.psql("postgres", &format!("CREATE DATABASE {name}")));
    let url = format!("postgres://postgres@127.0.0.1:{}/{name}", server.port);
    Some((url, server.data.with_file_name("server.crt")))
}

/// Makes a certificate, and says where it is.
fn encrypted(data: &Path) -> Option<Vec<String>> {
    let (certificate, key) = (data.join("server.crt"), data.join("server.key"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt"]);
    openssl.args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    openssl.args([
        "-subj",
        "/CN=server",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]);
    openssl.args(["-addext", "basicConstraints=CA:FALSE", "-out"]);
    openssl.arg(&certificate).arg("-keyout").arg(&key);
    let made = openssl.stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        return None;
    }
    fs::copy(&certificate, data.with_file_name("server.crt")).unwrap();
    for file in [&certificate, &key] {
        drop(Command::new("chown").arg("postgres").arg(file).status());
        drop(Command::new("chmod").arg("600").arg(file).status());
    }
    Some(["-c", "ssl=on"].map(str::to_owned).to_vec())
}

/// Runs `test` with SQLite, and with PostgreSQL where it is installed.
pub(crate) fn on_both(test: impl Fn(Options)) {
    let folder = tempfile::tempdir().unwrap();
    test(Options::new(folder.path()));
    if let Some(url) = database() {
        let folder = tempfile::tempdir().unwrap();
        test(Options {
            state: StateUrl::Postgres(url),
            ..Options::new(folder.path())
        });
    }
}
