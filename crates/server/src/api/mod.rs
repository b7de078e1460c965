//! The API below `/api/v1`; docs/live-protocol.md is its contract, `/api/v1/openapi.json` its
//! description.

pub(crate) mod closures;
pub(crate) mod comparisons;
pub(crate) mod control;
pub(crate) mod corridors;
pub(crate) mod dispatch;
pub(crate) mod incidents;
pub(crate) mod live;
pub(crate) mod missions;
pub(crate) mod network;
pub(crate) mod scenario;
pub(crate) mod tiles;
pub(crate) mod traffic;

use std::fmt::Display;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::Problem;

#[derive(OpenApi)]
#[openapi(info(
    title = "City Brain",
    description = "The live traffic run of the Command centre. Speeds are m/s, lengths metres, times seconds of simulated time; errors are `application/problem+json` (RFC 9457).",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Base;

/// All resources with their description.
pub(crate) fn router() -> (Router<Arc<App>>, Description) {
    let (router, description) = OpenApiRouter::<Arc<App>>::with_openapi(Base::openapi())
        .nest(
            "/api/v1",
            OpenApiRouter::new()
                .routes(routes!(scenario::scenario))
                .routes(routes!(scenario::history))
                .routes(routes!(network::link))
                .routes(routes!(network::signal))
                .routes(routes!(control::control))
                .routes(routes!(comparisons::list, comparisons::create))
                .routes(routes!(comparisons::report, comparisons::end))
                .routes(routes!(corridors::list))
                .routes(routes!(corridors::path))
                .routes(routes!(corridors::diagram))
                .routes(routes!(closures::list))
                .routes(routes!(closures::close, closures::open))
                .routes(routes!(dispatch::list, dispatch::send))
                .routes(routes!(dispatch::report, dispatch::end))
                .routes(routes!(missions::units))
                .routes(routes!(missions::send))
                .routes(routes!(tiles::tile))
                .routes(routes!(traffic::index))
                .routes(routes!(incidents::list))
                .routes(routes!(traffic::probes))
                .routes(routes!(live::live)),
        )
        .split_for_parts();
    let document = description.clone();
    let router = router.route(
        "/api/v1/openapi.json",
        get(move || {
            let document = document.clone();
            async move { axum::Json(document) }
        }),
    );
    (router, description)
}

/// Whether a browser sends this from a page of another site.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        return false;
    };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority != text(header::HOST)
}

/// Refuses what a browser sends from a page of another site; `detail` says who may.
pub(crate) fn refuse_foreign(headers: &HeaderMap, detail: &str) -> Result<(), Problem> {
    if is_foreign(headers) {
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(())
}

/// Says that nothing has this number, and which there are.
pub(crate) fn none_numbered(what: &str, number: &dyn Display, count: usize) -> String {
    format!(
        "there is no {what} {number}; they are numbered from 0 to {}",
        count.saturating_sub(1)
    )
}

/// An index out of a path.
pub(crate) fn index_of(text: &str, count: usize, what: &str) -> Result<usize, Problem> {
    let index: Option<usize> = text.parse().ok();
    index.filter(|&index| index < count).ok_or_else(|| {
        let text: String = text.chars().take(40).collect();
        Problem::not_found(none_numbered(what, &format_args!("{text:?}"), count))
    })
}

/// Runs what takes time on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "the work of a request failed");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server made a mistake",
        )
    })
}

/// The answer to a method that a resource does not have.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this resource does not have that method",
    )
}
