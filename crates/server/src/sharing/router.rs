//! The routes, and their description.

use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::SharingState;
use super::{files, lists, profile, tables};

#[derive(OpenApi)]
#[openapi(modifiers(&Profile))]
struct Base;

struct Profile;

impl Modify for Profile {
    fn modify(&self, description: &mut Description) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "The bearerToken of a profile file, which POST /exchange/v1/delta-sharing/profile makes",
            ))
            .build();
        let components = description.components.get_or_insert_with(Default::default);
        components.add_security_scheme("profile", SecurityScheme::Http(scheme));
    }
}

/// All routes with their description, to be merged into a server's router.
pub fn router<S: Clone + Send + Sync + 'static>(state: SharingState) -> OpenApiRouter<S> {
    // Not nested: a nested router would see paths without their beginning, and the tokens that ask
    // for profiles are bound to whole ones.
    OpenApiRouter::with_openapi(Base::openapi())
        .routes(routes!(profile::issue))
        .routes(routes!(profile::revoke))
        .routes(routes!(lists::shares))
        .routes(routes!(lists::share))
        .routes(routes!(lists::schemas))
        .routes(routes!(lists::tables))
        .routes(routes!(lists::all_tables))
        .routes(routes!(tables::version))
        .routes(routes!(tables::metadata))
        .routes(routes!(tables::query))
        .routes(routes!(tables::changes))
        .routes(routes!(files::file))
        .with_state(state)
}
