//! The exchange's routes, and its description.

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::ExchangeProblem;
use super::state::ExchangeState;
use super::{agreements, calls, catalogue, changes, ledger, records, xroad};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "City Brain: the exchange",
        description = "Departments' systems read one another's records here, within agreements. Each call has a token of its own, a JWT signed with the client's Ed25519 key and bound to the call; errors are `application/problem+json` (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Token)
)]
struct Base;

struct Token;

impl Modify for Token {
    fn modify(&self, description: &mut Description) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("EdDSA; claims iss, aud, iat, exp, jti, purpose, ref, htm, htu, bh; good once, for a minute"))
            .build();
        let components = description.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// All routes with their description, to be merged into a server's router beside its layers.
pub fn router<S: Clone + Send + Sync + 'static>(state: ExchangeState) -> OpenApiRouter<S> {
    OpenApiRouter::with_openapi(Base::openapi())
        // Not nested: a nested router would see paths without their beginning, and tokens are
        // bound to whole ones.
        .routes(routes!(calls::look_up))
        .routes(routes!(calls::batch))
        .routes(routes!(calls::link))
        .routes(routes!(changes::changes))
        .routes(routes!(catalogue::catalogue))
        .routes(routes!(records::push))
        .routes(routes!(agreements::list))
        .routes(routes!(agreements::step))
        .routes(routes!(ledger::checkpoint))
        .routes(routes!(ledger::proof))
        .route("/exchange/v1/ledger/tile/{*tile}", get(ledger::tile))
        .routes(routes!(xroad::service))
        .with_state(state)
}

/// A whole service of the exchange alone, for a port of its own (mutual TLS) and for benchmarks:
/// the routes, their description at `/exchange/v1/openapi.json`, and a problem for everything else.
pub fn app(state: ExchangeState) -> Router {
    let (router, description) = router::<()>(state).split_for_parts();
    closed(described(router, description))
}

/// Routes with their description at `/exchange/v1/openapi.json`.
pub(crate) fn described(router: Router, description: Description) -> Router {
    let description = move || async move { Json(description) };
    router.route("/exchange/v1/openapi.json", get(description))
}

/// Routes, and a problem for everything else.
pub(crate) fn closed(router: Router) -> Router {
    router
        .fallback(|| async {
            ExchangeProblem::not_found(
                "there is no such resource; /exchange/v1/openapi.json names all",
            )
        })
        .method_not_allowed_fallback(|| async {
            ExchangeProblem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "this resource does not have that method",
            )
        })
}
