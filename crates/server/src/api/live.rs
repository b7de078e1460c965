//! The live stream: one task for each client, which sends the newest state whenever there is one
//! and the client has taken the last.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::refuse_foreign;
use crate::app::App;
use crate::geo::Bounds;
use crate::live::encode::{self, GroupState, LinkState, View};
use crate::live::missions::Missions;
use crate::live::report::Status;
use crate::live::run::Published;
use crate::problem::Problem;

/// Faulty messages after which a client is sent away.
const FAULTS_MAX: u32 = 10;

/// What may stand behind the question mark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiveQuery {
    /// West, south, east and north edge of the view, separated by commas.
    bounds: Option<String>,
    /// Number of a comparison, whose half is followed instead of the running world.
    comparison: Option<u64>,
    /// Which half of it: left where nothing is said.
    side: Option<Side>,
}

/// A half of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Side {
    #[default]
    Left,
    Right,
}

/// What the client may send.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
enum FromClient {
    View { bounds: [f64; 4] },
}

/// Text messages of the server.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum ToClient<'a> {
    Status(&'a Status),
    Missions(&'a Missions),
    Restart,
    Problem { detail: String },
}

/// The live stream over a WebSocket: docs/live-protocol.md describes its messages
#[utoipa::path(get, path = "/live", tag = "run",
    params(
        ("bounds" = Option<String>, Query, description = "View to begin with: west,south,east,north in degrees"),
        ("comparison" = Option<u64>, Query, description = "Number of a comparison to follow instead of the running world"),
        ("side" = Option<String>, Query, description = "Its half: left or right"),
    ),
    responses(
        (status = 101, description = "The stream begins"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The request comes from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such comparison", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The limit live_clients_max is reached", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn live(
    State(app): State<Arc<App>>,
    query: Result<Query<LiveQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    refuse_foreign(&headers, "the live stream is for pages of this server only")?;
    let Query(query) = query?;
    let view = match &query.bounds {
        Some(text) => Some(view_of(&app, parse_bounds(text)?)?),
        None => None,
    };
    let published = match query.comparison {
        Some(id) => {
            let session = super::comparisons::session_of(&app, &id.to_string())?;
            session.published(query.side.unwrap_or_default() as usize)
        }
        None => app.live.published(),
    };
    let upgrade =
        upgrade.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    let Ok(place) = Arc::clone(&app.places).try_acquire_owned() else {
        app.live.counters.refused.fetch_add(1, Ordering::Relaxed);
        let limit = app.limits.live_clients_max;
        return Err(Problem::limit(
            StatusCode::TOO_MANY_REQUESTS,
            "live_clients_max",
            format!("{limit} clients follow the live stream, as many as may"),
        ));
    };
    let bytes_max = app.limits.live_message_bytes_max;
    Ok(upgrade
        .read_buffer_size(bytes_max)
        .write_buffer_size(0) // every message is flushed anyway
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .on_upgrade(move |socket| Client::new(app, socket, view, place).follow(published)))
}

fn parse_bounds(text: &str) -> Result<[f64; 4], Problem> {
    let wrong = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bounds must be four numbers separated by commas: west,south,east,north",
        )
    };
    let numbers: Vec<f64> = text
        .split(',')
        .map(|number| number.trim().parse())
        .collect::<Result<_, _>>()
        .map_err(|_error: std::num::ParseFloatError| wrong())?;
    numbers.try_into().map_err(|_numbers: Vec<f64>| wrong())
}

fn view_of(app: &App, bounds: [f64; 4]) -> Result<View, Problem> {
    let bounds = Bounds::from_array(bounds)
        .map_err(|detail| Problem::new(StatusCode::BAD_REQUEST, detail))?;
    Ok(View::new(app.live.tracks(), bounds))
}

/// What a client has been sent.
#[derive(Default)]
struct Sent {
    run: u64,
    vehicles: Bytes,
    links: Option<Arc<Vec<LinkState>>>,
    signals: Option<Arc<Vec<GroupState>>>,
    status: Option<Arc<Status>>,
    missions: Arc<Missions>,
}

/// Why a stream ended.
enum End {
    /// The client has gone or does not take messages any more.
    Gone,
    /// It is sent away.
    Closed(u16, &'static str),
}

struct Client {
    app: Arc<App>,
    socket: WebSocket,
    view: Option<View>,
    view_changed: bool,
    sent: Sent,
    faults: u32,
    second: Instant,
    messages_this_second: u32,
    _place: OwnedSemaphorePermit,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.app
            .live
            .counters
            .clients
            .fetch_sub(1, Ordering::Relaxed);
    }
}

impl Client {
    fn new(
        app: Arc<App>,
        socket: WebSocket,
        view: Option<View>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        app.live.counters.clients.fetch_add(1, Ordering::Relaxed);
        Self {
            app,
            socket,
            view,
            view_changed: false,
            sent: Sent::default(),
            faults: 0,
            second: Instant::now(),
            messages_this_second: 0,
            _place: place,
        }
    }

    async fn follow(mut self, published: watch::Receiver<Arc<Published>>) {
        if let Err(End::Closed(code, reason)) = self.run(published).await {
            let frame = CloseFrame {
                code,
                reason: Utf8Bytes::from_static(reason),
            };
            // A client that has gone needs no farewell.
            let _ = self.send(Message::Close(Some(frame))).await;
        }
    }

    async fn run(&mut self, mut published: watch::Receiver<Arc<Published>>) -> Result<(), End> {
        let mut stopping = std::pin::pin!(crate::server::until(self.app.stopping.clone()));
        let newest = Arc::clone(&published.borrow_and_update());
        self.bring_up_to(&newest).await?;
        loop {
            tokio::select! {
                changed = published.changed() => {
                    if changed.is_err() {
                        return Err(End::Closed(close_code::ERROR, "the live run has ended"));
                    }
                    let newest = Arc::clone(&published.borrow_and_update());
                    self.bring_up_to(&newest).await?;
                }
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => {
                        self.take(message).await?;
                        if std::mem::take(&mut self.view_changed) {
                            let newest = Arc::clone(&published.borrow());
                            self.send_vehicles(&newest).await?;
                        }
                    }
                    Some(Err(_)) | None => return Err(End::Gone),
                },
                () = &mut stopping => {
                    return Err(End::Closed(close_code::AWAY, "the server stops"));
                }
            }
        }
    }

    /// Sends what of the newest state the client does not have.
    async fn bring_up_to(&mut self, newest: &Published) -> Result<(), End> {
        if self.sent.run != newest.run {
            if self.sent.run != 0 {
                self.send_text(&ToClient::Restart).await?;
            }
            self.sent = Sent {
                run: newest.run,
                ..Sent::default()
            };
        }
        if !same(self.sent.status.as_ref(), &newest.status) {
            self.send_text(&ToClient::Status(&newest.status)).await?;
            self.sent.status = Some(Arc::clone(&newest.status));
        }
        if !same(self.sent.links.as_ref(), &newest.links) {
            let known = self.sent.links.as_ref().map(|links| links.as_slice());
            if let Some(message) = encode::links(&newest.links, known) {
                self.send(Message::Binary(message)).await?;
            }
            self.sent.links = Some(Arc::clone(&newest.links));
        }
        if !same(self.sent.signals.as_ref(), &newest.signals) {
            let known = self.sent.signals.as_ref().map(|signals| signals.as_slice());
            if let Some(message) = encode::signals(&newest.signals, known) {
                self.send(Message::Binary(message)).await?;
            }
            self.sent.signals = Some(Arc::clone(&newest.signals));
        }
        // None were sent before the first: who knows nothing of missions hears of none.
        if self.sent.missions != newest.missions {
            self.send_text(&ToClient::Missions(&newest.missions))
                .await?;
            self.sent.missions = Arc::clone(&newest.missions);
        }
        // The same frame is the same memory.
        if self.sent.vehicles.as_ptr() != newest.vehicles.as_ptr() {
            self.send_vehicles(newest).await?;
        }
        Ok(())
    }

    async fn send_vehicles(&mut self, newest: &Published) -> Result<(), End> {
        self.sent.vehicles = newest.vehicles.clone();
        if newest.vehicles.is_empty() {
            return Ok(()); // the run has not noticed yet that somebody looks
        }
        let message = match &self.view {
            Some(view) => encode::within(&newest.vehicles, view),
            None => newest.vehicles.clone(),
        };
        self.send(Message::Binary(message)).await
    }

    async fn take(&mut self, message: Message) -> Result<(), End> {
        if self.second.elapsed() >= Duration::from_secs(1) {
            self.second = Instant::now();
            self.messages_this_second = 0;
        }
        self.messages_this_second += 1;
        if self.messages_this_second > self.app.limits.live_messages_per_second_max {
            return Err(End::Closed(
                close_code::POLICY,
                "limit live_messages_per_second_max",
            ));
        }
        let fault = match message {
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(FromClient::View { bounds }) => match Bounds::from_array(bounds) {
                    Ok(bounds) => {
                        self.view = Some(View::new(self.app.live.tracks(), bounds));
                        self.view_changed = true;
                        return Ok(());
                    }
                    Err(detail) => detail,
                },
                Err(error) => format!("the message is not understood: {error}"),
            },
            Message::Binary(_) => "the server takes no binary messages".to_owned(),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(End::Gone),
        };
        self.faults += 1;
        if self.faults > FAULTS_MAX {
            return Err(End::Closed(close_code::POLICY, "too many faulty messages"));
        }
        self.send_text(&ToClient::Problem { detail: fault }).await
    }

    async fn send_text(&mut self, message: &ToClient<'_>) -> Result<(), End> {
        let text = serde_json::to_string(message)
            .map_err(|_error| End::Closed(close_code::ERROR, "a message could not be written"))?;
        self.send(Message::Text(text.into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let counters = &self.app.live.counters;
        let bytes = match &message {
            Message::Binary(bytes) => bytes.len(),
            Message::Text(text) => text.len(),
            _ => 0,
        };
        counters.messages.fetch_add(1, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let sending = self.socket.send(message);
        match tokio::time::timeout(self.app.limits.send_timeout, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

fn same<T>(sent: Option<&Arc<T>>, newest: &Arc<T>) -> bool {
    sent.is_some_and(|sent| Arc::ptr_eq(sent, newest))
}
