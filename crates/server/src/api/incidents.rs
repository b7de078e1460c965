//! Incidents in the running city's traffic, as its detectors see them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use observe::incident::{Incident, Method};
use serde::{Deserialize, Serialize};

use super::blocking;
use crate::app::App;
use crate::problem::Problem;

/// Incidents that are over, in an answer unless asked otherwise.
const OVER: usize = 20;
/// Most of them.
const OVER_MAX: usize = 1000;

/// What may stand behind the question mark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IncidentsQuery {
    #[serde(default)]
    over: Option<usize>,
}

/// An incident with what a page needs.
#[derive(Clone, Debug, Serialize)]
struct Shown {
    /// The link's name in the network.
    id: String,
    /// The street's name, if it has one.
    name: Option<String>,
    #[serde(flatten)]
    incident: Incident,
}

/// The answer; docs/incidents.md describes its fields.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct IncidentsAnswer {
    /// End of the last interval, seconds since midnight; none before the first.
    time: Option<f64>,
    interval_s: f64,
    methods: Vec<Method>,
    open: Vec<Shown>,
    over: Vec<Shown>,
}

/// Incidents in the running city: what is wrong now, and what is over
#[utoipa::path(get, path = "/traffic/incidents", tag = "traffic",
    params(("over" = Option<usize>, Query, description = "most incidents that are over, the newest first (default 20, at most 1000)")),
    responses(
        (status = 200, description = "time, interval_s, methods; open (the newest first) and over, each with id, name and number of the link, method, since, found, until, evidence: docs/incidents.md has them all", body = serde_json::Value),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<IncidentsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<IncidentsAnswer>, Problem> {
    let Query(query) = query?;
    let most = query.over.unwrap_or(OVER);
    if most > OVER_MAX {
        let detail = format!("over is {most}; it must be 0 to {OVER_MAX}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    // Whoever looks for incidents just now holds them.
    let answer = blocking(move || {
        let shown = |incident: &Incident| {
            let link = &app.network.links[incident.link.index()];
            Shown {
                id: link.id.clone(),
                name: link.name.clone(),
                incident: incident.clone(),
            }
        };
        let seen = app.live.incidents();
        let mut open: Vec<Shown> = seen.open().map(shown).collect();
        open.sort_by(|a, b| b.incident.found.total_cmp(&a.incident.found));
        IncidentsAnswer {
            time: seen.time(),
            interval_s: seen.settings().interval_s,
            methods: seen.settings().methods.clone(),
            open,
            over: seen.over().rev().take(most).map(shown).collect(),
        }
    });
    Ok(Json(answer.await?))
}
