//! Answers as HTTP.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// A body of JSON that is there already.
pub(crate) fn json(body: impl Into<Body>) -> Response {
    with_type(body, HeaderValue::from_static("application/json"))
}

/// A body of plain text.
pub(crate) fn text(body: impl Into<Body>) -> Response {
    with_type(body, HeaderValue::from_static("text/plain; charset=utf-8"))
}

/// A body of a type. Nobody on the way may keep it.
pub(crate) fn with_type(body: impl Into<Body>, kind: HeaderValue) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
