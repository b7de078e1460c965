//! Bulk loads whose files lie on an S3-compatible store: `SeaweedFS`, from its package on `PyPI`.

use std::env;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pool::{Error, Faults, HistoryUrl, Options, Payload, Then};

use crate::town::*;

/// A server that ends with the test.
struct Weed {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Weed {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The program, on the path or where `script/setup test` puts it.
fn program() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([cache.join("citybrain/venv/bin")]);
    folders
        .map(|folder| folder.join("weed"))
        .find(|program| program.is_file())
}

fn start() -> Option<Weed> {
    let Some(program) = program() else {
        eprintln!("skipped: there is no SeaweedFS (script/setup test installs it)");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let ports = [
        "master.port",
        "master.port.grpc",
        "volume.port",
        "volume.port.grpc",
        "filer.port",
        "filer.port.grpc",
        "s3.port.grpc",
    ];
    let child = Command::new(program)
        .arg("server")
        .arg(format!("-dir={}", folder.path().display()))
        .args([
            "-ip=127.0.0.1",
            "-s3",
            "-filer",
            "-volume.max=20",
            "-master.volumeSizeLimitMB=64",
        ])
        .arg(format!("-s3.port={port}"))
        .args(ports.map(|name| format!("-{name}={}", free_port())))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let weed = Weed {
        child,
        port,
        _folder: folder,
    };
    let until = Instant::now() + Duration::from_mins(1);
    while !bucket(port) {
        assert!(
            Instant::now() < until,
            "SeaweedFS did not take a bucket within a minute"
        );
        thread::sleep(Duration::from_millis(300));
    }
    Some(weed)
}

fn bucket(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        write!(
            stream,
            "PUT /history HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

#[test]
fn a_load_into_an_object_store_is_applied_again_after_a_fall() {
    let Some(weed) = start() else { return };
    let option = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let store = HistoryUrl::Store {
        url: "s3://history/town".to_owned(),
        options: vec![
            option("aws_endpoint", &format!("http://127.0.0.1:{}", weed.port)),
            option("aws_access_key_id", "any"),
            option("aws_secret_access_key", "any"),
            option("aws_region", "us-east-1"),
            option("aws_allow_http", "true"),
        ],
    };
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        history: store,
        ..Options::new(folder.path())
    };
    let rows: Vec<_> = (0..5_000)
        .map(|n| month(&format!("p{n}"), 1, n.into()))
        .collect();
    // The entry is there, keyed state has none of it: a fall right after the commit.
    let pool = open(Options {
        faults: Faults::at("outbox-committed", 1, Then::NoSpace),
        ..options.clone()
    });
    let months = pool.table("months").unwrap();
    let error = pool.load(write(&months, &rows)).unwrap_err();
    assert!(matches!(error, Error::Unapplied(_)), "{error}");
    assert_eq!(pool.count(&months).unwrap(), 0);
    drop(pool);
    let pool = open(options);
    assert_eq!(pool.count(&months).unwrap(), 5_000);
    for row in rows.iter().step_by(97) {
        assert_eq!(&pool.get(&months, &row[..2]).unwrap().unwrap().values, row);
    }
    let entry = pool.entries_after(0, 9).unwrap().remove(0);
    assert!(matches!(entry.payload, Payload::Files(files) if files.len() == 5));
    assert_eq!(entry.replaced, Some(0), "it is known after the fall, too");
}
