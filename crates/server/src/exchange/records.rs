//! A department's system pushes records of its own datasets.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use city::kinds::Role;
use pool::exchange::{Caller, Denial};
use pool::ingest::{self, Mode, PushOptions};
use pool::sources::file::Format;

use super::answers;
use super::body;
use super::limits::{IDEMPOTENCY_BYTES_MAX, RECORDS_BYTES_MAX, RECORDS_TIME_MAX};
use super::problem::ExchangeProblem;
use super::state::ExchangeState;

/// What may stand behind the question mark.
const DELETE: &str = "mode=delete";

/// Push records of one of the department's own datasets
///
/// The body is NDJSON (`application/x-ndjson`) or an Arrow IPC stream
/// (`application/vnd.apache.arrow.stream`). What is right is taken, durable and visible when the
/// answer comes; the rest waits in the quarantine, and the answer says why. A body that is sent
/// again with the same `Idempotency-Key` is not taken twice.
#[utoipa::path(post, path = "/exchange/v1/records/{department}/{dataset}", tag = "records", security(("token" = [])),
    params(
        ("department" = String, Path, description = "The department, which must be the client's own"),
        ("dataset" = String, Path, description = "The dataset"),
        ("mode" = Option<String>, Query, description = "`upsert`, or `delete` for a body of keys"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name for this body, at most 200 bytes"),
    ),
    request_body(content((String = "application/x-ndjson"), (Vec<u8> = "application/vnd.apache.arrow.stream"))),
    responses(
        (status = 200, description = "What became of the records: records, accepted, quarantined, seq, repeated, warnings, faults", body = serde_json::Value),
        (status = 400, description = "The body cannot be read as what it says it is", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 403, description = "The client may not write, or the dataset is another department's", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such dataset", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 409, description = "The idempotency key was used for another body", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 415, description = "The body's type is none of the two", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 422, description = "The query or a header is not right", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the records cannot be written", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 507, description = "The server's disk is full; what was refused can be sent again once there is room", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn push(
    State(state): State<ExchangeState>,
    Path((department, dataset)): Path<(String, String)>,
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.push()?;
    let (parts, bytes) = body::read(request, RECORDS_BYTES_MAX, RECORDS_TIME_MAX).await?;
    let caller = body::caller(state.exchange(), &parts, &bytes).await?;
    check_writer(&caller, &department)?;
    let format = format(&parts.headers)?;
    let mode = match parts.uri.query() {
        None | Some("" | "mode=upsert") => Mode::Upsert,
        Some(DELETE) => Mode::Delete,
        Some(_) => {
            return Err(ExchangeProblem::request(
                "behind `?` there may be `mode=upsert` or `mode=delete`",
            ));
        }
    };
    let key = idempotency_key(&parts.headers)?;
    let name = format!("{department}/{dataset}");
    let table = state.exchange().pool().tables().get(&name).cloned();
    let table = table.ok_or(Denial::Dataset {
        dataset: name,
        nearest: None,
    })?;
    let source = caller.client.id.to_string();
    let pool = std::sync::Arc::clone(state.exchange().pool());
    let pushed = tokio::task::spawn_blocking(move || {
        let options = PushOptions {
            format,
            mode,
            idempotency_key: key.as_deref(),
            source: &source,
        };
        ingest::push(&pool, &table, &bytes, &options)
    });
    match pushed.await {
        Ok(Ok(report)) => Ok(answers::json(
            serde_json::to_vec(&report).unwrap_or_default(),
        )),
        Ok(Err(error)) => Err(problem(&error)),
        Err(error) => Err(ExchangeProblem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "storage",
            error.to_string(),
        )),
    }
}

fn check_writer(caller: &Caller, department: &str) -> Result<(), ExchangeProblem> {
    if !caller.client.may(Role::Write) {
        return Err(Denial::Role {
            client: caller.client.id.to_string(),
            role: "write",
        }
        .into());
    }
    if *caller.client.department != *department {
        let detail = format!(
            "`{}` writes datasets of `{}` alone",
            caller.client.id, caller.client.department
        );
        return Err(ExchangeProblem::new(StatusCode::FORBIDDEN, "role", detail));
    }
    Ok(())
}

fn format(headers: &HeaderMap) -> Result<Format, ExchangeProblem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/x-ndjson" | "application/jsonl" => Ok(Format::JsonLines),
        "application/vnd.apache.arrow.stream" => Ok(Format::Arrow),
        _ => Err(ExchangeProblem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "body",
            "the body must be `application/x-ndjson` or `application/vnd.apache.arrow.stream`",
        )),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ExchangeProblem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=IDEMPOTENCY_BYTES_MAX).contains(&key.len()));
    let wrong = || {
        ExchangeProblem::request(format!(
            "`Idempotency-Key` must be 1 to {IDEMPOTENCY_BYTES_MAX} visible ASCII characters"
        ))
    };
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}

fn problem(error: &ingest::Error) -> ExchangeProblem {
    if let ingest::Error::Pool(pool) = error
        && let Some(remedy) = pool.full_disk()
    {
        tracing::error!(%error, "the disk is full: pushed records are refused");
        let detail = format!("the disk of the pool is full: {remedy}");
        return ExchangeProblem::new(StatusCode::INSUFFICIENT_STORAGE, "storage", detail);
    }
    let (status, kind) = match error {
        ingest::Error::Pool(pool::Error::KeyReused(_)) => (StatusCode::CONFLICT, "request"),
        ingest::Error::Limit { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body"),
        ingest::Error::Pool(_) | ingest::Error::QuarantineFull { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, "storage")
        }
        error if error.is_passing() => (StatusCode::SERVICE_UNAVAILABLE, "storage"),
        _ => (StatusCode::BAD_REQUEST, "body"),
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(%error, "pushed records could not be written");
    }
    ExchangeProblem::new(status, kind, error.to_string())
}
