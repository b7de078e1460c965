//! Lanes that are closed in the running world.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use roads::LaneId;

use super::{index_of, refuse_foreign};
use crate::app::App;
use crate::live::closures::Closures;
use crate::problem::{Path, Problem};

/// All lanes that are closed now
#[utoipa::path(get, path = "/closures", tag = "run", responses(
    (status = 200, body = Closures),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Json<Closures>, Problem> {
    Ok(Json(app.live.closures(None).await?))
}

/// Close a lane: nobody enters it any more, who is on it drives on
#[utoipa::path(put, path = "/closures/{lane}", tag = "run",
    params(("lane" = u32, Path, description = "Index of the lane: the feature id in tiles")),
    responses(
        (status = 200, body = Closures),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is the last open lane of its link", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(lane): Path<String>,
) -> Result<Json<Closures>, Problem> {
    change(&app, &headers, &lane, true).await
}

/// Open a closed lane
#[utoipa::path(delete, path = "/closures/{lane}", tag = "run",
    params(("lane" = u32, Path, description = "Index of the lane: the feature id in tiles")),
    responses(
        (status = 200, body = Closures),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(lane): Path<String>,
) -> Result<Json<Closures>, Problem> {
    change(&app, &headers, &lane, false).await
}

async fn change(
    app: &App,
    headers: &HeaderMap,
    lane: &str,
    closed: bool,
) -> Result<Json<Closures>, Problem> {
    refuse_foreign(headers, "only pages of this server close and open lanes")?;
    let lane = LaneId::from(index_of(lane, app.network.lanes.len(), "lane")?);
    tracing::info!(lane = lane.0, closed, "a lane is closed or opened");
    Ok(Json(app.live.closures(Some((lane, closed))).await?))
}
