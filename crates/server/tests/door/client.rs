//! A server on a free port, and the simplest clients that can talk to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};
use server::{Config, Error, ScenarioSource, Title};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A grid of four signals with a thousand vehicles an hour, at sixty times real time.
pub(crate) fn config() -> Config {
    let spec = GridSpec {
        columns: 2,
        rows: 2,
        spacing_x: 300.0,
        spacing_y: 300.0,
        ..GridSpec::default()
    };
    let network = Arc::new(grid(&spec).unwrap());
    let spec = GridDemandSpec {
        vehicles: 1_000,
        horizon: 1_200.0,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(&network, &spec).unwrap());
    let mut scenario = ScenarioSource::new("grid", Title::new("网格", "Grid"), network, demand);
    scenario.horizon = 1_200.0;
    let mut config = Config::new(scenario);
    config.listen.set_port(0);
    config.speed = 60.0;
    config
}

/// A running server, stopped by [`Server::stop`].
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

impl Server {
    pub(crate) async fn start(config: Config) -> Self {
        let (bound, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server::serve(
            config,
            move |address| bound.send(address).unwrap(),
            async move {
                let _ = stopped.await;
            },
        ));
        let address = tokio::time::timeout(PATIENCE, address)
            .await
            .unwrap()
            .unwrap();
        Self {
            address,
            stop,
            task,
        }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("the server stops in time")
            .unwrap()
            .unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\n{}\r\n", self.head()))
            .await
    }

    pub(crate) async fn get_with(&self, path: &str, header: &str) -> Answer {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\n{}{header}\r\n\r\n",
            self.head()
        ))
        .await
    }

    pub(crate) async fn post(&self, path: &str, kind: &str, body: &str) -> Answer {
        let head = self.head();
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\n{head}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        self.send(&format!(
            "PUT {path} HTTP/1.1\r\n{}content-length: 0\r\n\r\n",
            self.head()
        ))
        .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(&format!("DELETE {path} HTTP/1.1\r\n{}\r\n", self.head()))
            .await
    }

    pub(crate) async fn control(&self, body: &serde_json::Value) -> serde_json::Value {
        let answer = self
            .post("/api/v1/control", "application/json", &body.to_string())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn head(&self) -> String {
        format!("host: {}\r\nconnection: close\r\n", self.address)
    }

    /// Sends these bytes and reads until the server closes.
    pub(crate) async fn send(&self, request: &str) -> Answer {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            // A server that refuses a huge body may close before all of it is sent.
            let _ = stream.write_all(request.as_bytes()).await;
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes).await;
            Answer::parse(&bytes)
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap()
    }

    pub(crate) async fn live(&self, query: &str) -> Live {
        self.try_live(query).await.unwrap()
    }

    pub(crate) async fn try_live(
        &self,
        query: &str,
    ) -> Result<Live, tokio_tungstenite::tungstenite::Error> {
        let address = format!("ws://{}/api/v1/live{query}", self.address);
        let (socket, _) = tokio_tungstenite::connect_async(address).await?;
        Ok(Live { socket })
    }
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut body = bytes[end + 4..].to_vec();
        if headers
            .get("transfer-encoding")
            .is_some_and(|value| value == "chunked")
        {
            body = unchunked(&body);
        }
        Self {
            status: status.parse().unwrap(),
            headers,
            body,
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A problem of this status.
    pub(crate) fn problem(&self, status: u16) -> serde_json::Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        problem
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = String::from_utf8_lossy(&bytes[..line]).into_owned();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        bytes = &bytes[line + 4 + size..];
    }
    body
}

/// A client of the live stream.
pub(crate) struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Live {
    pub(crate) async fn next(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.socket.next())
            .await
            .expect("a message in time")
            .expect("a message before the end")
            .unwrap()
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next text message of this type.
    pub(crate) async fn text(&mut self, kind: &str) -> serde_json::Value {
        loop {
            if let Message::Text(text) = self.next().await {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                if value["type"] == kind {
                    return value;
                }
            }
        }
    }

    /// The next binary message of this kind.
    pub(crate) async fn binary(&mut self, kind: u8) -> Vec<u8> {
        loop {
            if let Message::Binary(bytes) = self.next().await
                && bytes[0] == kind
            {
                return bytes.to_vec();
            }
        }
    }

    /// The next message of vehicles.
    pub(crate) async fn vehicles(&mut self) -> Vehicles {
        Vehicles::decode(&self.binary(1).await)
    }
}

/// A message of vehicles, decoded after docs/live-protocol.md.
#[derive(Debug)]
pub(crate) struct Vehicles {
    pub(crate) t: f64,
    pub(crate) all: Vec<Vehicle>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Vehicle {
    pub(crate) id: u32,
    /// Web Mercator, unit square.
    pub(crate) point: [f64; 2],
    pub(crate) heading: u8,
    pub(crate) speed: f64,
    pub(crate) length: f64,
    pub(crate) flags: u8,
}

impl Vehicles {
    fn decode(bytes: &[u8]) -> Self {
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let f32_at = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let f64_at = |at: usize| f64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let count = u32_at(4) as usize;
        assert_eq!(bytes.len(), 32 + 16 * count);
        let all = (0..count)
            .map(|i| {
                let at = 32 + 16 * i;
                Vehicle {
                    id: u32_at(at),
                    point: [
                        f64_at(16) + f64::from(f32_at(at + 4)) / 1_048_576.0,
                        f64_at(24) + f64::from(f32_at(at + 8)) / 1_048_576.0,
                    ],
                    heading: bytes[at + 12],
                    speed: f64::from(bytes[at + 13]) / 5.0,
                    length: f64::from(bytes[at + 14]) / 5.0,
                    flags: bytes[at + 15],
                }
            })
            .collect();
        Self { t: f64_at(8), all }
    }
}
