//! What a page's form sends.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::miss::Miss;

/// The fields of a form, all of them texts; of a field that stands there twice the last counts.
pub(super) struct Form<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Miss;

    async fn from_request(request: Request, state: &S) -> Result<Self, Miss> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            return Err(Miss::Wrong(
                "the body must be application/x-www-form-urlencoded, as forms send it".to_owned(),
            ));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| Miss::Wrong(rejection.body_text()))?;
        let pairs = url::form_urlencoded::parse(&body);
        let fields: Map<String, Json> = pairs
            .map(|(name, value)| (name.into_owned(), Json::from(value.into_owned())))
            .collect();
        let form = serde_json::from_value(Json::Object(fields));
        form.map(Self)
            .map_err(|error| Miss::Wrong(format!("the form cannot be read: {error}")))
    }
}
