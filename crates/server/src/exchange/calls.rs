//! Look-up, batch and link.

use axum::extract::{Request, State};
use axum::response::Response;
use pool::exchange::{Batch, Link, LookUp};

use super::answers;
use super::body;
use super::documented::CallProblems;
use super::limits::{BATCH_BYTES_MAX, LOOK_UP_BYTES_MAX};
use super::problem::ExchangeProblem;
use super::schema::{BatchAnswer, BatchBody, DisclosureAnswer, LinkAnswer, LinkBody, LookUpBody};
use super::state::ExchangeState;

/// Read one record by its key, or the records of one subject
#[utoipa::path(post, path = "/exchange/v1/look-up", tag = "exchange", request_body = LookUpBody, security(("token" = [])),
    responses(
        (status = 200, description = "The records, of which there may be none", body = DisclosureAnswer),
        CallProblems,
    )
)]
pub(super) async fn look_up(
    State(state): State<ExchangeState>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let (caller, ask) = body::call::<LookUp>(state.exchange(), request, LOOK_UP_BYTES_MAX).await?;
    let answer = state.exchange().look_up(&caller, &ask).await?;
    Ok(answers::json(answer.to_json()))
}

/// Read many records of one dataset at once
#[utoipa::path(post, path = "/exchange/v1/batch", tag = "exchange", request_body = BatchBody, security(("token" = [])),
    responses(
        (status = 200, description = "One item for each key or subject", body = BatchAnswer),
        CallProblems,
    )
)]
pub(super) async fn batch(
    State(state): State<ExchangeState>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let (caller, ask) = body::call::<Batch>(state.exchange(), request, BATCH_BYTES_MAX).await?;
    let answer = state.exchange().batch(&caller, &ask).await?;
    Ok(answers::json(answer.to_json()))
}

/// Read records and what they refer to in other departments' datasets
#[utoipa::path(post, path = "/exchange/v1/link", tag = "exchange", request_body = LinkBody, security(("token" = [])),
    responses(
        (status = 200, description = "The records and what they refer to; a reference that may not be followed has `denied`", body = LinkAnswer),
        CallProblems,
    )
)]
pub(super) async fn link(
    State(state): State<ExchangeState>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let (caller, ask) = body::call::<Link>(state.exchange(), request, LOOK_UP_BYTES_MAX).await?;
    let answer = state.exchange().link(&caller, &ask).await?;
    Ok(answers::json(answer.to_json()))
}
