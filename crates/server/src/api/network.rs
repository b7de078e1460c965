//! One link, one signal.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use roads::{LinkId, SignalId};

use super::index_of;
use crate::app::App;
use crate::live::report::{LinkReport, SignalReport};
use crate::problem::{Path, Problem};

/// A link: what it is, its traffic now and in each of the last minutes
#[utoipa::path(get, path = "/links/{index}", tag = "network",
    params(("index" = u32, Path, description = "Index of the link: the feature id in tiles")),
    responses(
        (status = 200, body = LinkReport),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn link(
    State(app): State<Arc<App>>,
    Path(index): Path<String>,
) -> Result<Json<LinkReport>, Problem> {
    let index = index_of(&index, app.network.links.len(), "link")?;
    Ok(Json(app.live.link(LinkId::from(index)).await?))
}

/// A signal: its phase, plan, movement groups with queues, and last phases
#[utoipa::path(get, path = "/signals/{index}", tag = "network",
    params(("index" = u32, Path, description = "Index of the signal: the feature id in tiles")),
    responses(
        (status = 200, body = SignalReport),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn signal(
    State(app): State<Arc<App>>,
    Path(index): Path<String>,
) -> Result<Json<SignalReport>, Problem> {
    let index = index_of(&index, app.network.signals.len(), "signal")?;
    Ok(Json(app.live.signal(SignalId::from(index)).await?))
}
