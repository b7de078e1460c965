//! The congestion index of now, and positions of probes in.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use observe::live::{Accepted, By, LiveIndex};
use observe::{FreeFlow, Weight};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{blocking, refuse_foreign};
use crate::app::App;
use crate::problem::Problem;
use crate::seeing::{FeedReport, POST_BYTES_MAX, POSTS_MAX};

/// Groups of an answer unless asked otherwise.
const TOP: usize = 50;
/// Most groups of an answer.
const TOP_MAX: usize = 1000;

/// Where the index comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// Every vehicle of the run.
    Run,
    /// Probes that send positions.
    Probes,
}

/// What may stand behind the question mark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexQuery {
    #[serde(default)]
    by: By,
    #[serde(default)]
    free_flow: FreeFlow,
    #[serde(default)]
    weight: Weight,
    #[serde(default)]
    source: Option<Source>,
    #[serde(default)]
    top: Option<usize>,
}

/// The answer; docs/congestion.md describes its fields.
#[derive(Debug, Serialize)]
pub(crate) struct IndexAnswer {
    source: Source,
    /// The index, worst first; no fields before the first observation but empty lists.
    #[serde(flatten)]
    index: LiveIndex,
    /// What became of positions sent.
    probes: ProbesNow,
}

/// What became of all positions sent, and of those of each feed.
#[derive(Debug, Serialize)]
pub(crate) struct ProbesNow {
    #[serde(flatten)]
    all: ProbesAnswer,
    /// Where positions come from besides posts.
    feeds: Vec<FeedReport>,
}

/// What became of positions.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct ProbesAnswer {
    /// Positions that came.
    received: u64,
    /// Positions that had come before.
    repeated: u64,
    /// Positions with a time that is none, an hour ahead of all others or a day behind.
    refused: u64,
    /// Vehicles that have sent some.
    vehicles: usize,
}

impl ProbesAnswer {
    const fn new(accepted: Accepted, vehicles: usize) -> Self {
        Self {
            received: accepted.received,
            repeated: accepted.repeated,
            refused: accepted.refused,
            vehicles,
        }
    }
}

/// The congestion index of now, by city, corridor or link
#[utoipa::path(get, path = "/traffic/index", tag = "traffic",
    params(
        ("by" = Option<String>, Query, description = "city (default), corridor, link or district"),
        ("free_flow" = Option<String>, Query, description = "limit (default), static, top4-hourly-mean or p85-offpeak"),
        ("weight" = Option<String>, Query, description = "vkt (default), vehicles, length or one"),
        ("source" = Option<String>, Query, description = "run: every vehicle of the run; probes: positions sent (default where there are some)"),
        ("top" = Option<usize>, Query, description = "most groups, worst first (default 50, at most 1000)"),
    ),
    responses(
        (status = 200, description = "source, time, window, free_flow, weight, by, groups, measured (worst first), series, probes: docs/congestion.md has them all", body = serde_json::Value),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn index(
    State(app): State<Arc<App>>,
    query: Result<Query<IndexQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<IndexAnswer>, Problem> {
    let Query(query) = query?;
    let top = query.top.unwrap_or(TOP);
    if !(1..=TOP_MAX).contains(&top) {
        let detail = format!("top is {top}; it must be 1 to {TOP_MAX}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let asked = observe::live::Query {
        free_flow: query.free_flow,
        weight: query.weight,
        by: query.by,
        top,
    };
    let answer = blocking(move || {
        let (accepted, vehicles) = app.seeing.probes();
        let some = accepted.received > 0;
        let source = query
            .source
            .unwrap_or(if some { Source::Probes } else { Source::Run });
        let index = app.seeing.index(source == Source::Probes, &asked)?;
        Ok(IndexAnswer {
            source,
            index: index.unwrap_or_else(|| nothing(&asked)),
            probes: ProbesNow {
                all: ProbesAnswer::new(accepted, vehicles),
                feeds: app.feeds.reports(),
            },
        })
    })
    .await?;
    let answer = answer.map_err(|error: observe::Error| {
        Problem::new(StatusCode::BAD_REQUEST, error.to_string())
    })?;
    Ok(Json(answer))
}

/// An answer before the first observation.
fn nothing(asked: &observe::live::Query) -> LiveIndex {
    LiveIndex {
        time: 0.0,
        window: observe::live::Span::default(),
        free_flow: asked.free_flow,
        weight: asked.weight,
        by: asked.by,
        groups: 0,
        measured: Vec::new(),
        series: Vec::new(),
    }
}

/// Positions of probes as JSON lines: `{"vehicle", "seq", "t", "lon", "lat"}`, or `x` and `y`
#[utoipa::path(post, path = "/traffic/probes", tag = "traffic",
    request_body(content = String, content_type = "application/x-ndjson",
        description = "A position a line, those of a vehicle in the order it sent them: vehicle (any name, kept as a number only), seq (rising by vehicle; without it t serves), t (seconds, one local clock for all), lon and lat in degrees or x and y in metres of the network's plane"),
    responses(
        (status = 200, description = "What became of them; those that came before changed nothing", body = ProbesAnswer),
        (status = 400, description = "A line is wrong; none of the post was taken", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many posts at once", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The matcher failed at it; none of the post was taken", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn probes(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<ProbesAnswer>, Problem> {
    refuse_foreign(&headers, "pages of other sites send no positions")?;
    let Ok(place) = Arc::clone(&app.seeing.posts).try_acquire_owned() else {
        return Err(Problem::limit(
            StatusCode::TOO_MANY_REQUESTS,
            "probe_posts_max",
            format!("{POSTS_MAX} posts of positions are worked on, as many as may"),
        ));
    };
    let body = axum::body::to_bytes(request.into_body(), POST_BYTES_MAX)
        .await
        .map_err(|error| {
            let detail = format!("a post has at most {POST_BYTES_MAX} bytes: {error}");
            Problem::limit(StatusCode::PAYLOAD_TOO_LARGE, "probe_bytes_max", detail)
        })?;
    let taken = blocking(move || {
        let taken = app.seeing.take(&body);
        let vehicles = app.seeing.probes().1;
        drop(place);
        taken.map(|accepted| ProbesAnswer::new(accepted, vehicles))
    })
    .await?;
    Ok(Json(taken?))
}
