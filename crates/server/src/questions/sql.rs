//! `POST /exchange/v1/sql`: a question, and its answer as JSON, NDJSON, CSV or Arrow IPC.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::{StreamExt, stream};
use lake::Format;
use lake::questions::limits::QUESTION_BYTES_MAX;
use pool::Moment;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asker::{Asker, Unasked};
use crate::exchange::documented::CallProblems;
use crate::exchange::problem::ExchangeProblem;
use crate::exchange::{answers, body};

/// Most bytes of a request: the question, in JSON with all characters escaped.
const BODY_BYTES_MAX: usize = 6 * QUESTION_BYTES_MAX + 4_096;

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    /// One statement of SQL that only reads. A department's datasets are `department.dataset`, with
    /// `_` for each `-`.
    sql: String,
    /// The moment as of which records are read, RFC 3339; now, if it is left out.
    as_of: Option<String>,
}

/// All routes with their description.
pub fn router<S: Clone + Send + Sync + 'static>(asker: Asker) -> OpenApiRouter<S> {
    // Not nested: a nested router would see the path without its beginning, and tokens are bound to
    // whole ones.
    OpenApiRouter::new().routes(routes!(ask)).with_state(asker)
}

/// Ask a question in SQL
#[utoipa::path(post, path = "/exchange/v1/sql", tag = "questions", request_body = Question, security(("token" = [])),
    responses(
        (status = 200, description = "The answer: `Accept` chooses `application/json`, `application/x-ndjson`, `text/csv` or `application/vnd.apache.arrow.stream`. An answer that fails on its way is cut off", body = Vec<Object>),
        (status = 406, description = "None of the accepted types can be had", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 500, description = "A fault of the server", body = ExchangeProblem, content_type = "application/problem+json"),
        CallProblems,
    )
)]
async fn ask(State(asker): State<Asker>, request: Request) -> Result<Response, ExchangeProblem> {
    let headers = request.headers().clone();
    let (caller, question) =
        body::call::<Question>(asker.exchange(), request, BODY_BYTES_MAX).await?;
    let format = accepted(&headers)?;
    let as_of = question.as_of.as_deref().map(moment).transpose()?;
    let guest = asker
        .session(&caller, as_of)
        .await
        .map_err(|error| match error {
            Unasked::Denied(denial) => denial.into(),
            Unasked::Lake(error) => ExchangeProblem::from(error),
        })?;
    let answer = guest.ask(&question.sql).await?;

    // What fails before the first piece is a problem; later the body is cut off.
    let mut pieces = Box::pin(answer.written(format));
    let mut first = Vec::new();
    while first.len() < 2 {
        match pieces.next().await {
            Some(piece) => first.push(Ok(piece?)),
            None => break,
        }
    }
    let body = Body::from_stream(stream::iter(first).chain(pieces));
    Ok(answers::with_type(
        body,
        HeaderValue::from_static(format.media_type()),
    ))
}

/// The form in which the answer is to be written; JSON, if anything will do.
fn accepted(headers: &HeaderMap) -> Result<Format, ExchangeProblem> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or("*/*");
    let form = |kind: &str| match kind.split(';').next().unwrap_or_default().trim() {
        "*/*" | "application/*" | "application/json" | "" => Some(Format::Json),
        "application/x-ndjson" => Some(Format::NdJson),
        "text/csv" | "text/*" => Some(Format::Csv),
        "application/vnd.apache.arrow.stream" => Some(Format::Arrow),
        _ => None,
    };
    accept.split(',').find_map(form).ok_or_else(|| {
        let detail = "the answer can be application/json, application/x-ndjson, text/csv or application/vnd.apache.arrow.stream";
        ExchangeProblem::new(StatusCode::NOT_ACCEPTABLE, "request", detail)
    })
}

fn moment(text: &str) -> Result<Moment, ExchangeProblem> {
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Ok(Moment(at.as_microsecond())),
        Err(error) => {
            let detail = format!("as_of is no moment: {error}; write it as 2026-11-25T08:00:00Z");
            Err(ExchangeProblem::request(detail))
        }
    }
}
