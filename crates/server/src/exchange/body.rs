//! Reading a call: its body within limits, its token, its JSON.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use pool::exchange::{Call, Caller, Denial, Exchange, TokenFault};
use serde::de::DeserializeOwned;

use super::limits::BODY_TIME_MAX;
use super::problem::ExchangeProblem;

/// The SHA-256 of the certificate that the client showed on this connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerCertificate(pub(crate) [u8; 32]);

/// Says for what a call over mutual TLS without a token is; a token says it itself.
pub(crate) const PURPOSE: &str = "exchange-purpose";
/// Says which case or the like such a call is for.
pub(crate) const REFERENCE: &str = "exchange-reference";

/// Splits a request, and reads its body within `bytes_max` and `time_max`.
pub(crate) async fn read(
    request: Request,
    bytes_max: usize,
    time_max: Duration,
) -> Result<(Parts, Bytes), ExchangeProblem> {
    let (parts, body) = request.into_parts();
    let bytes = read_body(body, &parts.headers, bytes_max, time_max).await?;
    Ok((parts, bytes))
}

async fn read_body(
    body: Body,
    headers: &HeaderMap,
    bytes_max: usize,
    time_max: Duration,
) -> Result<Bytes, ExchangeProblem> {
    let too_large = || {
        let detail = format!("the body is larger than {bytes_max} bytes, which are allowed here");
        ExchangeProblem::new(StatusCode::PAYLOAD_TOO_LARGE, "body", detail)
    };
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > bytes_max) {
        return Err(too_large());
    }
    match tokio::time::timeout(time_max, axum::body::to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length(&error) => Err(too_large()),
        Ok(Err(_)) => Err(ExchangeProblem::new(
            StatusCode::BAD_REQUEST,
            "body",
            "the body ended before it was whole",
        )),
        Err(_) => {
            let detail = format!(
                "the body took longer than {} s to arrive",
                time_max.as_secs()
            );
            Err(ExchangeProblem::new(
                StatusCode::REQUEST_TIMEOUT,
                "body",
                detail,
            ))
        }
    }
}

fn is_length(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// Who calls: by token, or by the connection's certificate. With both, they must be one client's.
pub(crate) async fn caller(
    exchange: &Exchange,
    parts: &Parts,
    body: &[u8],
) -> Result<Caller, ExchangeProblem> {
    let certificate = parts.extensions.get::<PeerCertificate>();
    let token = bearer(&parts.headers);
    if let (None, Some(PeerCertificate(sha256))) = (token, certificate) {
        let text = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let purpose = text(PURPOSE).unwrap_or_default();
        return Ok(exchange.caller_of_certificate(
            sha256,
            purpose,
            text(REFERENCE).or_else(|| text("x-road-issue")),
        )?);
    }
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let call = Call {
        method: parts.method.as_str(),
        target,
        body,
    };
    let caller = exchange.caller(token, call).await?;
    if let Some(PeerCertificate(sha256)) = certificate
        && caller.client.certificate.as_ref() != Some(sha256)
    {
        return Err(Denial::Token(TokenFault::Certificate(caller.client.id.to_string())).into());
    }
    Ok(caller)
}

/// Who calls, and what for: a JSON body within `bytes_max`.
pub(crate) async fn call<T: DeserializeOwned>(
    exchange: &Exchange,
    request: Request,
    bytes_max: usize,
) -> Result<(Caller, T), ExchangeProblem> {
    let (parts, body) = read(request, bytes_max, BODY_TIME_MAX).await?;
    let caller = caller(exchange, &parts, &body).await?;
    let ask = json(&parts.headers, &body)?;
    Ok((caller, ask))
}

/// The token of a call.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The body as JSON of a shape.
pub(crate) fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, ExchangeProblem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = format!(
            "the body must be `application/json`, not `{}`",
            essence.chars().take(60).collect::<String>()
        );
        return Err(ExchangeProblem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "body",
            detail,
        ));
    }
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            ExchangeProblem::request(error.to_string())
        } else {
            ExchangeProblem::new(
                StatusCode::BAD_REQUEST,
                "body",
                format!("the body is not JSON: {error}"),
            )
        }
    })
}
