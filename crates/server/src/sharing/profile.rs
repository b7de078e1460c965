//! Profiles: the client's own key asks for one, and may revoke it.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::state::SharingState;
use crate::address;
use crate::exchange::limits::BODY_TIME_MAX;
use crate::exchange::problem::ExchangeProblem;
use crate::exchange::{answers, body};

/// Where the protocol is served.
pub(super) const PREFIX: &str = "/delta-sharing";
/// Names the profile in an answer.
const PROFILE: &str = "exchange-profile";

/// A profile file of Delta Sharing.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProfileFile {
    /// 1
    share_credentials_version: u32,
    /// Where to ask.
    endpoint: String,
    /// What to show there. It is told this once.
    bearer_token: String,
    /// Until when it is good, RFC 3339.
    expiration_time: String,
}

/// Make a profile for Delta Sharing
///
/// The profile is for the token's purpose and reference, and lasts thirty days at most, or as long
/// as the last agreement that it is for. The header `Exchange-Profile` names it.
#[utoipa::path(post, path = "/exchange/v1/delta-sharing/profile", tag = "delta-sharing", security(("token" = [])),
    responses(
        (status = 200, description = "The profile file, whose token is told this once", body = ProfileFile),
        (status = 400, description = "The body did not arrive whole", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 403, description = "No agreement in force lets the department take anything in bulk for the purpose", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 413, description = "There is a body, and none is needed", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 422, description = "The client has too many profiles; revoke some", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the profile cannot be recorded", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn issue(
    State(state): State<SharingState>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let (parts, bytes) = body::read(request, 0, BODY_TIME_MAX).await?;
    let caller = body::caller(state.exchange(), &parts, &bytes).await?;
    let issued = state
        .blocking(move |exchange| exchange.issue_profile(&caller))
        .await?;
    let file = ProfileFile {
        share_credentials_version: 1,
        endpoint: format!("{}{PREFIX}/", address::base(&parts.headers)),
        bearer_token: issued.bearer,
        expiration_time: issued.expires_at.rfc3339(),
    };
    let mut response = answers::json(serde_json::to_vec(&file).unwrap_or_default());
    if let Ok(id) = HeaderValue::from_str(&issued.id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(PROFILE), id);
    }
    Ok(response)
}

/// Revoke a profile of one's department
#[utoipa::path(delete, path = "/exchange/v1/delta-sharing/profile/{profile}", tag = "delta-sharing", security(("token" = [])),
    params(("profile" = String, Path, description = "Its name: what its bearer token begins with, up to the dot")),
    responses(
        (status = 204, description = "It is revoked; so are the addresses of files that were handed out to its bearer"),
        (status = 400, description = "The path cannot be read, or the body did not arrive whole", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 413, description = "There is a body, and none is needed", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 422, description = "The department has no such profile", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the revocation cannot be recorded", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn revoke(
    State(state): State<SharingState>,
    Path(profile): Path<String>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let (parts, bytes) = body::read(request, 0, BODY_TIME_MAX).await?;
    let caller = body::caller(state.exchange(), &parts, &bytes).await?;
    state
        .blocking(move |exchange| exchange.revoke_profile(&caller, &profile))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
