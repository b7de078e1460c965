//! `citybrain up`: the page and its API, on a free port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Place, root, snapshot};

/// A server that stops with the test.
struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    fn start(place: &Place, args: &[&str]) -> Self {
        let args = [&["up", "--port", "0", "--json", "--quiet"], args].concat();
        let mut child = place.command(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("printed {line:?}"));
        Self { child, ready }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.ready["address"].as_str().unwrap()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_scenario_is_served_and_the_real_address_is_printed() {
    let place = Place::with_grid();
    let args = [
        "--network",
        "grid.json",
        "--demand",
        "flow.json",
        "--control",
        "max-pressure",
    ];
    let mut server = Server::start(&place, &args);
    assert_eq!(server.ready["signals"], 4);
    let answer = server.get("/api/v1/scenario");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains(r#""controller":"max-pressure""#),
        "{answer}"
    );
    assert!(server.get("/").starts_with("HTTP/1.1 200"));

    // Asked to stop, it stops and says so with its exit code.
    let stopped = Command::new("kill")
        .arg(server.child.id().to_string())
        .status()
        .unwrap();
    assert!(stopped.success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_demonstration_city_is_served() {
    let city = root().join("cities/hangzhou");
    let server = Server::start(&Place::new(), &[city.to_str().unwrap()]);
    assert_eq!(server.ready["scenario"], "hangzhou");
    assert!(server.get("/api/v1/scenario").contains("杭州市"));
}

#[test]
fn a_port_in_use_is_said_plainly() {
    let place = Place::with_grid();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let listen = address.to_string();
    let output = place.run(&[
        "up",
        "--network",
        "grid.json",
        "--listen",
        &listen,
        "--quiet",
    ]);
    assert_eq!(output.status.code(), Some(5));
    let message = String::from_utf8_lossy(&output.stderr);
    let port = format!("port {}", address.port());
    assert!(
        message.contains(&port) && message.contains("--port 0"),
        "{message}"
    );
}

#[test]
fn a_folder_that_is_no_city_is_refused() {
    snapshot!("no_city", Place::new().run(&["up", "nowhere"]));
}
