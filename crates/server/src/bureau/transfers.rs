//! `/bureau/transfers`: who reads what from whom, as it happens; and its stream of events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use pool::exchange::{SeenTransfer, TRANSFERS_MAX};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;

use super::catalogue::encoded;
use super::desk::Desk;
use super::facts::{Row, row};
use super::frame::{Area, Choice, Frame, ok};
use super::miss::Miss;
use super::visitor::Visitor;

/// Transfers on the page.
const SHOWN: usize = 100;
/// How often a stream looks for new ones.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often a silent stream says that it lives.
const BEAT: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    provider: String,
    consumer: String,
    denied: String,
    /// The newest entry that a stream's client knows.
    after: Option<u64>,
}

impl Filter {
    fn fits(&self, seen: &SeenTransfer) -> bool {
        let is = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
        is(&self.provider, &seen.provider)
            && is(&self.consumer, &seen.consumer)
            && (self.denied.is_empty() || seen.denied.is_some())
    }

    fn query(&self) -> String {
        format!(
            "provider={}&consumer={}&denied={}",
            encoded(&self.provider),
            encoded(&self.consumer),
            encoded(&self.denied)
        )
    }
}

#[derive(Template)]
#[template(path = "bureau/transfers.html")]
struct Page {
    frame: Frame,
    providers: Vec<Choice>,
    consumers: Vec<Choice>,
    denied: bool,
    rows: Vec<Row>,
    newest: u64,
    query: String,
}

pub(super) async fn transfers(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Query(filter): Query<Filter>,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Transfers);
    let page = desk
        .blocking(move |desk| {
            let seen = desk.exchange().recent(None, TRANSFERS_MAX)?;
            Ok(Page {
                newest: seen.first().map_or(0, |seen| seen.entry),
                rows: seen
                    .iter()
                    .filter(|seen| filter.fits(seen))
                    .take(SHOWN)
                    .map(|seen| row(&frame, seen))
                    .collect(),
                providers: frame.departments(Some(&filter.provider)),
                consumers: frame.departments(Some(&filter.consumer)),
                denied: !filter.denied.is_empty(),
                query: filter.query(),
                frame,
            })
        })
        .await?;
    ok(&visitor, &page)
}

/// `/bureau/transfers/stream`: each new transfer as an event; its `id` is the ledger's entry.
pub(super) async fn events(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Result<Response, Miss> {
    let place = desk.stream()?;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse().ok());
    let known = last.or(filter.after);
    let after = match known {
        Some(entry) => entry,
        None => {
            desk.blocking(|desk| {
                Ok(desk
                    .exchange()
                    .recent(None, 1)?
                    .first()
                    .map_or(0, |seen| seen.entry))
            })
            .await?
        }
    };
    let following = Following {
        desk,
        visitor,
        filter,
        after,
        waiting: VecDeque::new(),
        _place: place,
    };
    let events = stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((Ok::<_, Infallible>(event), following))
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(BEAT))
        .into_response())
}

struct Following {
    desk: Arc<Desk>,
    visitor: Visitor,
    filter: Filter,
    after: u64,
    waiting: VecDeque<Row>,
    _place: OwnedSemaphorePermit,
}

impl Following {
    /// The next transfer; none when the server stops or the index cannot be read.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(row) = self.waiting.pop_front() {
                return Event::default()
                    .id(row.entry.to_string())
                    .json_data(&row)
                    .ok();
            }
            let mut stopping = self.desk.stopping.clone();
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return None,
            }
            let seen = self
                .desk
                .blocking(|desk| Ok(desk.exchange().recent(None, SHOWN)?))
                .await
                .ok()?;
            let frame = Frame::new(&self.desk, &self.visitor, Area::Transfers);
            let new = seen
                .iter()
                .rev()
                .filter(|seen| seen.entry > self.after && self.filter.fits(seen));
            self.waiting = new.map(|seen| row(&frame, seen)).collect();
            self.after = seen
                .first()
                .map_or(self.after, |newest| newest.entry.max(self.after));
        }
    }
}
