//! SeaweedFS, an object store that speaks S3, from its package on PyPI.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that ends with the test.
pub(crate) struct Weed {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Weed {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

/// The program, where `script/setup test` or the path has it.
fn program() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let own = cache.map(|cache| cache.join("citybrain/venv/bin/weed"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path)
        .map(|folder| folder.join("weed"))
        .collect();
    own.into_iter().chain(on_path).find(|file| file.exists())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Weed {
    /// A server with this bucket, or `None` if there is no program.
    pub(crate) fn with_bucket(bucket: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        // Each part has a second port, ten thousand above, unless it is told.
        let parts = [
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
            "s3.port.grpc",
        ];
        let child = Command::new(program()?)
            .arg("server")
            .arg(format!("-dir={}", folder.path().display()))
            .args(["-ip=127.0.0.1", "-s3", "-filer", "-volume.max=20"])
            .arg("-master.volumeSizeLimitMB=64")
            .arg(format!("-s3.port={port}"))
            .args(parts.map(|part| format!("-{part}={}", free_port())))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let weed = Self {
            child,
            port,
            _folder: folder,
        };
        let until = Instant::now() + PATIENCE;
        while !weed.put(bucket, b"") {
            assert!(
                Instant::now() < until,
                "SeaweedFS did not take a bucket within a minute"
            );
            std::thread::sleep(Duration::from_millis(300));
        }
        Some(weed)
    }

    /// Puts an object, `bucket/key`, or makes a bucket; tells whether that was done.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) -> bool {
        let put = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let head = format!(
                "PUT /{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                self.port,
                bytes.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(bytes)?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        put().is_ok_and(|text| text.starts_with("HTTP/1.1 200"))
    }

    /// How clients reach it, as `object_store` names that.
    pub(crate) fn options(&self) -> Vec<(String, String)> {
        let option = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        vec![
            option("aws_endpoint", &format!("http://127.0.0.1:{}", self.port)),
            option("aws_access_key_id", "any"),
            option("aws_secret_access_key", "any"),
            option("aws_region", "us-east-1"),
            option("aws_allow_http", "true"),
        ]
    }
}
