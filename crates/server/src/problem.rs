//! Errors of the API as `application/problem+json` (RFC 9457).

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::error::Error;

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of problem, `about:blank` when the status says it all.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The kind of problem for people.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// This occurrence: what is wrong and what would be right.
    pub(crate) detail: String,
    /// The limit that was passed, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<&'static str>,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldFault>,
}

/// What is wrong with one field of a request's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldFault {
    /// JSON pointer to the field (RFC 6901).
    pub(crate) pointer: &'static str,
    /// What is wrong and what would be right.
    pub(crate) detail: String,
}

impl Problem {
    /// A problem whose status says what kind it is.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            limit: None,
            errors: Vec::new(),
        }
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// A limit was passed.
    pub(crate) fn limit(status: StatusCode, name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            limit: Some(name),
            ..Self::new(status, detail)
        }
    }

    /// Fields of the body are wrong.
    pub(crate) fn fields(errors: Vec<FieldFault>) -> Self {
        let detail = errors
            .iter()
            .map(|fault| fault.detail.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if matches!(
            status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        ) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Busy { .. } => {
                Self::limit(StatusCode::SERVICE_UNAVAILABLE, "commands_max", detail)
            }
            Error::Unanswered => Self::new(StatusCode::SERVICE_UNAVAILABLE, detail),
            Error::Limit { name, .. } => Self::limit(StatusCode::TOO_MANY_REQUESTS, name, detail),
            Error::MissionsMax { .. } => Self::limit(StatusCode::CONFLICT, "missions_max", detail),
            Error::LastLane { .. } | Error::AllOut { .. } => {
                Self::new(StatusCode::CONFLICT, detail)
            }
            Error::Corridor { .. }
            | Error::NoWay { .. }
            | Error::Mission(missions::Error::NoWay { .. }) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            Error::Controller { .. } => Self::new(StatusCode::CONFLICT, detail),
            _ => {
                tracing::error!(%detail, "a request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
            }
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let status = rejection.status();
        let detail = rejection.body_text();
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            Self::limit(status, "body_bytes_max", detail)
        } else {
            Self::new(status, detail)
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

/// What stands in a path, whose faults are told as a [`Problem`].
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Path(path) =
            axum::extract::Path::<T>::from_request_parts(parts, state).await?;
        Ok(Self(path))
    }
}

/// A JSON body whose faults are told as a [`Problem`].
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(body) = axum::Json::<T>::from_request(request, state).await?;
        Ok(Self(body))
    }
}
