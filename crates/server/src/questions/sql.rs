//! `POST /exchange/v1/sql`: a question, and its answer as JSON, NDJSON, CSV or Arrow IPC.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use lake::questions::limits::QUESTION_BYTES_MAX;
use lake::{Error, Format};
use pool::Moment;
use pool::exchange::{Call, Denial};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asker::{Asker, Reader, Unasked};
use crate::problem::Problem;

/// Most bytes of a request: the question, in JSON with all characters escaped.
const BODY_BYTES_MAX: usize = 6 * QUESTION_BYTES_MAX + 4_096;
/// How long a client may take to send it.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

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
        (status = 400, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that is not right", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The client may not ask, or the statement does more than ask", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "None of the accepted types can be had", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The question is wrong, or passes a limit", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "A fault of the server", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, a table cannot be read at the moment, or the transfer cannot be recorded", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn ask(State(asker): State<Asker>, request: Request) -> Response {
    match answer(&asker, request).await {
        Ok(response) => response,
        Err(problem) => {
            let challenge = problem.status == StatusCode::UNAUTHORIZED.as_u16();
            let mut response = problem.into_response();
            if challenge {
                let value = HeaderValue::from_static(r#"Bearer realm="exchange""#);
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, value);
            }
            response
        }
    }
}

async fn answer(asker: &Asker, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = read(body).await?;
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer "));
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let call = Call {
        method: parts.method.as_str(),
        target,
        body: &body,
    };
    let caller = asker.exchange().caller(token, call).await.map_err(denied)?;
    let question = parse(&parts.headers, &body)?;
    let format = accepted(&parts.headers)?;
    let as_of = question.as_of.as_deref().map(moment).transpose()?;
    let session = asker.session(&caller, as_of).await.map_err(unasked)?;
    let answer = session
        .query(&question.sql)
        .await
        .map_err(|error| refused(&error))?;
    let reads = answer.reads().to_vec();
    asker
        .record(&Reader::from(&caller), &reads)
        .await
        .map_err(denied)?;

    // What fails before the first piece is a problem; later the body is cut off.
    let mut pieces = Box::pin(answer.written(format));
    let mut first = Vec::new();
    while first.len() < 2 {
        match pieces.next().await {
            Some(Ok(piece)) => first.push(Ok(piece)),
            Some(Err(error)) => return Err(refused(&error)),
            None => break,
        }
    }
    let mut response = Response::new(Body::from_stream(stream::iter(first).chain(pieces)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    match tokio::time::timeout(BODY_TIME_MAX, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let detail = format!(
                "the body is larger than {BODY_BYTES_MAX} bytes, or ended before it was whole"
            );
            Err(Problem::limit(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_bytes_max",
                detail,
            ))
        }
        Err(_) => {
            let detail = format!(
                "the body took longer than {} s to arrive",
                BODY_TIME_MAX.as_secs()
            );
            Err(Problem::limit(
                StatusCode::REQUEST_TIMEOUT,
                "body_time_max",
                detail,
            ))
        }
    }
}

fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Question, Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if !kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/json")
    {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be application/json",
        ));
    }
    serde_json::from_slice(body).map_err(|error| {
        let status = if error.is_data() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_REQUEST
        };
        Problem::new(status, format!("the body is not a question: {error}"))
    })
}

/// The form in which the answer is to be written; JSON, if anything will do.
fn accepted(headers: &HeaderMap) -> Result<Format, Problem> {
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
        Problem::new(StatusCode::NOT_ACCEPTABLE, detail)
    })
}

fn moment(text: &str) -> Result<Moment, Problem> {
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Ok(Moment(at.as_microsecond())),
        Err(error) => {
            let detail = format!("as_of is no moment: {error}; write it as 2026-11-25T08:00:00Z");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
        }
    }
}

fn denied(denial: Denial) -> Problem {
    let detail = denial.to_string();
    match denial {
        Denial::Token(_) => Problem::new(StatusCode::UNAUTHORIZED, detail),
        Denial::Role { .. } | Denial::Agreement(_) => Problem::new(StatusCode::FORBIDDEN, detail),
        Denial::Busy { .. } | Denial::Ledger(_) | Denial::Storage(_) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
        _ => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
    }
}

fn unasked(error: Unasked) -> Problem {
    match error {
        Unasked::Denied(denial) => denied(denial),
        Unasked::Lake(error) => refused(&error),
    }
}

fn refused(error: &Error) -> Problem {
    let detail = error.to_string();
    match error {
        Error::Refused { .. } => Problem::new(StatusCode::FORBIDDEN, detail),
        Error::Limit { name, .. } => Problem::limit(StatusCode::UNPROCESSABLE_ENTITY, name, detail),
        Error::Away { .. } => Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail),
        Error::Question { .. } => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
        _ => {
            tracing::error!(%detail, "a question failed");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the question could not be answered; the server's log says why",
            )
        }
    }
}
