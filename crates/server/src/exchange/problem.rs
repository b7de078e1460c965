//! Denials and other errors as `application/problem+json` (RFC 9457), with `WWW-Authenticate`
//! where a token would help.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pool::exchange::{Denial, Missing, TokenFault};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// What went wrong with a call of the exchange.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExchangeProblem {
    /// `urn:citybrain:exchange:` and the kind of problem: `token`, `role`, `dataset`, `field`,
    /// `request`, `agreement`, `rate`, `quota`, `gone`, `busy`, `ledger`, `storage` …
    #[serde(rename = "type")]
    kind: String,
    /// The HTTP status for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong, and what would be right.
    detail: String,
    /// Without an agreement: what is missing, the nearest agreement, and whom to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    missing: Option<Box<Json>>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
    #[serde(skip)]
    challenge: Option<String>,
}

impl ExchangeProblem {
    /// A problem of a kind.
    pub(crate) fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:citybrain:exchange:{kind}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            missing: None,
            retry_after_s: None,
            challenge: None,
        }
    }

    /// A request that is not one.
    pub(crate) fn request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request", detail)
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong, and what would be right.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// As JSON on one line, for a stream.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The HTTP status of a denial.
pub(crate) fn status_of(denial: &Denial) -> StatusCode {
    match denial {
        Denial::Token(TokenFault::Full) => StatusCode::SERVICE_UNAVAILABLE,
        Denial::Token(_) => StatusCode::UNAUTHORIZED,
        Denial::Role { .. } | Denial::Agreement(_) | Denial::NothingInBulk { .. } => {
            StatusCode::FORBIDDEN
        }
        Denial::Dataset { .. } => StatusCode::NOT_FOUND,
        Denial::Field { .. } | Denial::Request(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Denial::Rate { .. } | Denial::Quota { .. } => StatusCode::TOO_MANY_REQUESTS,
        Denial::Gone { .. } => StatusCode::GONE,
        Denial::Busy { .. } | Denial::Ledger(_) | Denial::Storage(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

impl From<Denial> for ExchangeProblem {
    fn from(denial: Denial) -> Self {
        let status = status_of(&denial);
        let challenge = match &denial {
            Denial::Token(TokenFault::Missing) => Some(r#"Bearer realm="exchange""#.to_owned()),
            Denial::Token(_) => {
                // Quotes and backslashes end a quoted string; nothing else of ours does.
                let detail: String = denial
                    .to_string()
                    .chars()
                    .filter(|c| c.is_ascii() && !matches!(c, '"' | '\\'))
                    .collect();
                Some(format!(
                    r#"Bearer realm="exchange", error="invalid_token", error_description="{detail}""#
                ))
            }
            _ => None,
        };
        let missing = match &denial {
            Denial::Agreement(missing) => {
                serde_json::to_value::<&Missing>(missing).ok().map(Box::new)
            }
            _ => None,
        };
        Self {
            missing,
            challenge,
            retry_after_s: denial.retry_after_s(),
            ..Self::new(status, denial.code(), denial.to_string())
        }
    }
}

/// A question that is not answered.
impl From<lake::Error> for ExchangeProblem {
    fn from(error: lake::Error) -> Self {
        let detail = error.to_string();
        let (status, kind) = match error {
            lake::Error::Withheld(reason) => {
                return match reason.downcast::<Denial>() {
                    Ok(denial) => (*denial).into(),
                    Err(reason) => Denial::Ledger(reason.to_string()).into(),
                };
            }
            lake::Error::Refused { .. } => (StatusCode::FORBIDDEN, "refused"),
            lake::Error::Limit { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "limit"),
            lake::Error::Question { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "question"),
            lake::Error::Away { .. } | lake::Error::ClusterAway => {
                (StatusCode::SERVICE_UNAVAILABLE, "away")
            }
            _ => {
                tracing::error!(%detail, "a question failed");
                let detail = "the question could not be answered; the server's log says why";
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail);
            }
        };
        Self::new(status, kind, detail)
    }
}

impl IntoResponse for ExchangeProblem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.to_json()).into_response();
        let headers = response.headers_mut();
        let mut put = |name: HeaderName, value: Result<HeaderValue, _>| {
            if let Ok(value) = value {
                headers.insert(name, value);
            }
        };
        put(
            header::CONTENT_TYPE,
            HeaderValue::from_str("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            put(
                header::RETRY_AFTER,
                HeaderValue::from_str(&seconds.to_string()),
            );
        }
        if let Some(challenge) = self.challenge {
            put(header::WWW_AUTHENTICATE, HeaderValue::from_str(&challenge));
        }
        response
    }
}
