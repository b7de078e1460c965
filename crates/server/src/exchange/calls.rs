//! Look-up, batch and link.

use axum::extract::{Request, State};
use axum::response::Response;
use pool::exchange::{Batch, Link, LookUp};

use super::answers;
use super::body;
use super::limits::{BATCH_BYTES_MAX, BODY_TIME_MAX, LOOK_UP_BYTES_MAX};
use super::problem::ExchangeProblem;
use super::schema::{BatchAnswer, BatchBody, DisclosureAnswer, LinkAnswer, LinkBody, LookUpBody};
use super::state::ExchangeState;

/// Read one record by its key, or the records of one subject
#[utoipa::path(post, path = "/exchange/v1/look-up", tag = "exchange", request_body = LookUpBody, security(("token" = [])),
    responses(
        (status = 200, description = "The records, of which there may be none", body = DisclosureAnswer),
        (status = 400, description = "The body is not JSON", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 403, description = "No agreement covers it: `missing` says what is missing and whom to ask", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such dataset", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not `application/json`", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 422, description = "The request has a field, a key or a shape that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 429, description = "The agreement's rate is used up", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the transfer cannot be recorded", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn look_up(
    State(state): State<ExchangeState>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let (parts, body) = body::read(request, LOOK_UP_BYTES_MAX, BODY_TIME_MAX).await?;
    let caller = body::caller(&state, &parts, &body).await?;
    let ask: LookUp = body::json(&parts.headers, &body)?;
    let answer = state.exchange().look_up(&caller, &ask).await?;
    Ok(answers::json(answer.to_json()))
}

/// Read many records of one dataset at once
#[utoipa::path(post, path = "/exchange/v1/batch", tag = "exchange", request_body = BatchBody, security(("token" = [])),
    responses(
        (status = 200, description = "One item for each key or subject", body = BatchAnswer),
        (status = 400, description = "The body is not JSON", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 403, description = "No agreement covers it", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such dataset", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not `application/json`", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 422, description = "The request has a field, a key or a shape that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 429, description = "The agreement's rate is used up", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the transfers cannot be recorded", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn batch(
    State(state): State<ExchangeState>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let (parts, body) = body::read(request, BATCH_BYTES_MAX, BODY_TIME_MAX).await?;
    let caller = body::caller(&state, &parts, &body).await?;
    let ask: Batch = body::json(&parts.headers, &body)?;
    let answer = state.exchange().batch(&caller, &ask).await?;
    Ok(answers::json(answer.to_json()))
}

/// Read records and what they refer to in other departments' datasets
#[utoipa::path(post, path = "/exchange/v1/link", tag = "exchange", request_body = LinkBody, security(("token" = [])),
    responses(
        (status = 200, description = "The records and what they refer to; a reference that may not be followed has `denied`", body = LinkAnswer),
        (status = 400, description = "The body is not JSON", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 403, description = "No agreement covers what it begins with", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such dataset", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not `application/json`", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 422, description = "The request has a field, a key or a shape that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 429, description = "The agreement's rate is used up", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the transfers cannot be recorded", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn link(
    State(state): State<ExchangeState>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let (parts, body) = body::read(request, LOOK_UP_BYTES_MAX, BODY_TIME_MAX).await?;
    let caller = body::caller(&state, &parts, &body).await?;
    let ask: Link = body::json(&parts.headers, &body)?;
    let answer = state.exchange().link(&caller, &ask).await?;
    Ok(answers::json(answer.to_json()))
}
