//! Errors as the protocol has them: a code and a message.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pool::exchange::Denial;
use serde::Serialize;
use utoipa::ToSchema;

use crate::exchange::problem::{ExchangeProblem, status_of};

/// What went wrong with a request of the protocol.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct SharingProblem {
    /// The kind of problem: that of the exchange, in capitals.
    #[serde(rename = "errorCode")]
    error_code: String,
    /// What is wrong, and what would be right.
    message: String,
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

impl SharingProblem {
    pub(super) fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        Self {
            error_code: kind.to_uppercase().replace('-', "_"),
            message: message.into(),
            status,
            retry_after_s: None,
        }
    }

    /// The request is not one.
    pub(super) fn request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "request", message)
    }

    /// There is no such share, schema, table or file.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    /// The same problem of something that was allowed by an address alone.
    pub(super) fn forbidden(denial: &Denial) -> Self {
        Self::new(StatusCode::FORBIDDEN, denial.code(), denial.to_string())
    }
}

impl From<Denial> for SharingProblem {
    fn from(denial: Denial) -> Self {
        // The protocol has no 422.
        let status = match status_of(&denial) {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        Self {
            retry_after_s: denial.retry_after_s(),
            ..Self::new(status, denial.code(), denial.to_string())
        }
    }
}

impl From<lake::Error> for SharingProblem {
    fn from(error: lake::Error) -> Self {
        let message = error.to_string();
        if let lake::Error::Limit { name, .. } = error {
            tracing::warn!(limit = name, message, "an export passes a limit");
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "limit", message);
        }
        tracing::error!(message, "an export failed");
        let message = "the table cannot be exported; the server's log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

/// A body that could not be read.
impl From<ExchangeProblem> for SharingProblem {
    fn from(problem: ExchangeProblem) -> Self {
        let status = match problem.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        Self::new(status, "body", problem.detail())
    }
}

impl IntoResponse for SharingProblem {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Bearer realm="delta-sharing""#);
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
