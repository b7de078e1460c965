//! The stream of changes, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use pool::exchange::{Changes, Cursor};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::body;
use super::limits::{BODY_TIME_MAX, STREAM_BEAT, STREAM_LIFE_MAX};
use super::problem::ExchangeProblem;
use super::state::ExchangeState;

/// How long a client waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);

/// What may stand behind the question mark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangesQuery {
    dataset: String,
    fields: Option<String>,
    after: Option<String>,
}

/// Follow the changes of a dataset as server-sent events
///
/// Each event's `id` is a cursor; a client that comes back with it, as `Last-Event-ID` or `after`,
/// misses nothing. Without one the stream begins now. `data` has `changes`: of each record an
/// opaque mark (`record`), its granted `values`, and whether it is `gone`. A bulk load is told of by
/// `loaded`, the number of its records. An event `denied` ends the stream, with a problem as data.
/// The stream ends by itself after an hour: come back with a new token.
#[utoipa::path(get, path = "/exchange/v1/changes", tag = "exchange", security(("token" = [])),
    params(
        ("dataset" = String, Query, description = "The dataset"),
        ("fields" = Option<String>, Query, description = "The fields that are wanted, with commas between them"),
        ("after" = Option<String>, Query, description = "The cursor to go on from"),
        ("Last-Event-ID" = Option<String>, Header, description = "The cursor to go on from; goes before `after`"),
    ),
    responses(
        (status = 200, description = "The stream", content_type = "text/event-stream", body = String),
        (status = 400, description = "The query cannot be read", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 403, description = "No agreement covers it", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such dataset", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 408, description = "A body did not arrive in time", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 410, description = "The cursor stands before what is kept: take the records anew", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 413, description = "There is a body, and there should be none", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 422, description = "A field or a cursor is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 429, description = "The agreement's rate is used up", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn changes(
    State(state): State<ExchangeState>,
    query: Result<Query<ChangesQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let place = state.stream()?;
    let (parts, bytes) = body::read(request, 0, BODY_TIME_MAX).await?;
    let caller = body::caller(state.exchange(), &parts, &bytes).await?;
    let Query(query) = query.map_err(|rejection| {
        ExchangeProblem::new(
            axum::http::StatusCode::BAD_REQUEST,
            "request",
            rejection.body_text(),
        )
    })?;
    let last = parts
        .headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    let cursor = last
        .or(query.after)
        .map(|text| text.parse::<Cursor>())
        .transpose()?;
    let fields = query.fields.map(|fields| {
        fields
            .split(',')
            .map(|field| field.trim().to_owned())
            .collect()
    });
    let changes = state
        .exchange()
        .changes(caller, &query.dataset, fields, cursor)
        .await?;
    let stream = Stream {
        changes: Some(changes),
        ends: Instant::now() + STREAM_LIFE_MAX,
        stopping: state.stopping(),
        _place: place,
    };
    let events = stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(STREAM_BEAT))
        .into_response())
}

struct Stream {
    /// None once it has ended.
    changes: Option<Changes>,
    ends: Instant,
    stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Stream {
    async fn next(&mut self) -> Option<Event> {
        let changes = self.changes.as_mut()?;
        let next = tokio::select! {
            next = changes.next() => next,
            () = tokio::time::sleep_until(self.ends) => return None,
            () = crate::server::until(self.stopping.clone()) => return None,
        };
        let event = match next {
            Ok(event) => Event::default()
                .id(event.cursor.to_string())
                .event("changes")
                .retry(RETRY)
                .data(event.to_json()),
            Err(denial) => {
                self.changes = None;
                Event::default()
                    .event("denied")
                    .data(ExchangeProblem::from(denial).to_json())
            }
        };
        Some(event)
    }
}
