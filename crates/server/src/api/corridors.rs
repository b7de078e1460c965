//! Corridors: which there are, the way between two signals, and the time-space diagram of one.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use roads::{LinkId, SignalId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{blocking, none_numbered};
use crate::app::App;
use crate::corridors::CorridorFacts;
use crate::live::corridor::{CorridorQuery, CorridorReport, LINKS_MAX};
use crate::problem::Problem;

/// The corridors on offer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CorridorList {
    /// Streets that pass several signals, those with most first.
    corridors: Vec<CorridorFacts>,
}

/// Two signals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PathQuery {
    from: usize,
    to: usize,
}

/// A corridor, and from when on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiagramQuery {
    links: String,
    since: Option<f64>,
}

/// Streets that go straight on through several signals
#[utoipa::path(get, path = "/corridors", tag = "network", responses(
    (status = 200, body = CorridorList),
))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<CorridorList> {
    Json(CorridorList {
        corridors: app.corridors.streets().to_vec(),
    })
}

/// The shortest way from one signal to another, as a corridor
#[utoipa::path(get, path = "/corridors/path", tag = "network",
    params(
        ("from" = u32, Query, description = "Index of the signal where it begins"),
        ("to" = u32, Query, description = "Index of the signal where it ends"),
    ),
    responses(
        (status = 200, body = CorridorFacts),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such signal, or no way", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn path(
    State(app): State<Arc<App>>,
    query: Result<Query<PathQuery>, QueryRejection>,
) -> Result<Json<CorridorFacts>, Problem> {
    let Query(PathQuery { from, to }) = query?;
    let count = app.network.signals.len();
    if let Some(missing) = [from, to].into_iter().find(|&signal| signal >= count) {
        return Err(Problem::not_found(none_numbered("signal", &missing, count)));
    }
    let found = blocking(move || {
        let (from, to) = (SignalId::from(from), SignalId::from(to));
        app.corridors.between(&app.network, from, to)
    })
    .await?;
    found.map(Json).ok_or_else(|| {
        Problem::not_found(format!(
            "no way of at most {LINKS_MAX} links leads from signal {from} to signal {to}; pick two that are nearer"
        ))
    })
}

/// Time-space diagram: where the vehicles of a corridor were in each second, and what its stop
/// lines showed; recorded from the first request on, as long as somebody goes on asking
#[utoipa::path(get, path = "/corridors/diagram", tag = "run",
    params(
        ("links" = String, Query, description = "Indices of the links in the direction of travel, separated by commas"),
        ("since" = Option<f64>, Query, description = "Only what came after this simulated second"),
    ),
    responses(
        (status = 200, body = CorridorReport),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The links do not follow one another", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The limit corridors_max is reached", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn diagram(
    State(app): State<Arc<App>>,
    query: Result<Query<DiagramQuery>, QueryRejection>,
) -> Result<Json<CorridorReport>, Problem> {
    let Query(query) = query?;
    let links = links_of(&query.links, app.network.links.len())?;
    let since = query.since.unwrap_or(f64::NEG_INFINITY);
    Ok(Json(
        app.live.corridor(CorridorQuery { links, since }).await?,
    ))
}

/// Links out of their indices, each at most once.
fn links_of(text: &str, count: usize) -> Result<Vec<LinkId>, Problem> {
    let wrong = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
    let mut links: Vec<LinkId> = Vec::new();
    for part in text.split(',') {
        let index: Option<usize> = part.trim().parse().ok();
        let Some(index) = index.filter(|&index| index < count) else {
            let part: String = part.chars().take(40).collect();
            let none = none_numbered("link", &format_args!("{part:?}"), count);
            return Err(wrong(format!("links: {none}")));
        };
        let link = LinkId::from(index);
        if links.contains(&link) {
            return Err(wrong(format!("links: link {index} is named twice")));
        }
        links.push(link);
        if links.len() > LINKS_MAX {
            return Err(wrong(format!(
                "links: at most {LINKS_MAX} links make a corridor"
            )));
        }
    }
    Ok(links)
}
