//! Who looks at a page: in which language, and in a demonstration as which department.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use city::kinds::Department;

use super::desk::Desk;
use crate::pages::Language;

/// As whom a visitor acts unless they choose.
const USUAL: &str = "data-resources";

/// The visitor.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) language: Language,
    /// Whether the language was chosen just now, so that it should be remembered.
    pub(super) chosen: bool,
    /// The department that they act as; nobody outside of a demonstration.
    pub(super) acting: Option<String>,
    /// The page's address without its language, for links back to it.
    pub(super) address: String,
}

impl FromRequestParts<Arc<Desk>> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let asked = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
        let rest: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
            .collect();
        let path = parts.uri.path();
        let address = if rest.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", rest.join("&"))
        };
        let acting = desk
            .data
            .demonstration
            .then(|| acting(parts, desk))
            .flatten();
        Ok(Self {
            language: Language::chosen(asked, &parts.headers),
            chosen: asked.and_then(Language::named).is_some(),
            acting,
            address,
        })
    }
}

/// The department of the cookie, else the usual one, else the operator.
fn acting(parts: &Parts, desk: &Desk) -> Option<String> {
    let city = &desk.compiled().city;
    let known = |id: &str| {
        city.get::<Department>(id)
            .map(|department| department.id.clone())
    };
    let cookies = parts
        .headers
        .get(header::COOKIE)
        .and_then(|cookies| cookies.to_str().ok())
        .unwrap_or_default();
    let chosen = cookies
        .split(';')
        .find_map(|cookie| cookie.trim().strip_prefix("acting="));
    let operator = || {
        city.settings()
            .map(|settings| settings.operator.id().to_owned())
    };
    chosen
        .and_then(known)
        .or_else(|| known(USUAL))
        .or_else(operator)
}
