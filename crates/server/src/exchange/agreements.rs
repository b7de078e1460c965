//! The agreement desk over HTTP: how each agreement stands, and signed steps. A step needs no token:
//! the statement is signed itself, and says what it is about and when.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use pool::exchange::{Refused, StepFault};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers;
use super::body;
use super::limits::{BODY_TIME_MAX, LOOK_UP_BYTES_MAX};
use super::problem::ExchangeProblem;
use super::state::ExchangeState;

/// A step that somebody has signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepBody {
    /// A compact JWS over `client`, `agreement`, `hash`, `step` (`propose`, `approve`, `revoke`) and
    /// `time`, as `citybrain agreement` makes it.
    statement: String,
}

/// How every agreement stands
#[utoipa::path(get, path = "/exchange/v1/agreements", tag = "agreements",
    responses(
        (status = 200, description = "Each version that was signed or is in a file: id, version, current, provider, consumer, standing, definition, steps", body = Vec<serde_json::Value>),
        (status = 503, description = "The state of agreements cannot be read", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(State(state): State<ExchangeState>) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let exchange = Arc::clone(state.exchange());
    match tokio::task::spawn_blocking(move || exchange.agreements()).await {
        Ok(Ok(listed)) => Ok(answers::json(
            serde_json::to_vec(&listed).unwrap_or_default(),
        )),
        Ok(Err(error)) => Err(away(&error)),
        Err(error) => Err(away(&error)),
    }
}

/// Take a signed step of an agreement: propose, approve or revoke
#[utoipa::path(post, path = "/exchange/v1/agreements/steps", tag = "agreements", request_body = StepBody,
    responses(
        (status = 200, description = "How the agreement stands now", body = serde_json::Value),
        (status = 400, description = "The body is not JSON", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 403, description = "The statement is not signed by a client that may sign this", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such agreement", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 409, description = "The step does not follow, or is about another version", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not `application/json`", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 422, description = "The statement cannot be read", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "The step cannot be recorded", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn step(
    State(state): State<ExchangeState>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let (parts, bytes) = body::read(request, LOOK_UP_BYTES_MAX, BODY_TIME_MAX).await?;
    let StepBody { statement } = body::json(&parts.headers, &bytes)?;
    let exchange = Arc::clone(state.exchange());
    match tokio::task::spawn_blocking(move || exchange.step(&statement)).await {
        Ok(Ok(listed)) => Ok(answers::json(
            serde_json::to_vec(&listed).unwrap_or_default(),
        )),
        Ok(Err(Refused::Step(fault))) => Err(ExchangeProblem::new(
            status(&fault),
            "step",
            fault.to_string(),
        )),
        Ok(Err(error)) => Err(away(&error)),
        Err(error) => Err(away(&error)),
    }
}

fn status(fault: &StepFault) -> StatusCode {
    match fault {
        StepFault::Order { .. } | StepFault::Over { .. } | StepFault::Version { .. } => {
            StatusCode::CONFLICT
        }
        StepFault::Side { .. } | StepFault::Role { .. } | StepFault::Time(_) => {
            StatusCode::FORBIDDEN
        }
        StepFault::Unknown(_) => StatusCode::NOT_FOUND,
        StepFault::Statement(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn away(error: &dyn std::fmt::Display) -> ExchangeProblem {
    tracing::error!(%error, "the agreement desk does not work");
    ExchangeProblem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "storage",
        error.to_string(),
    )
}
