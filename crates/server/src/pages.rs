//! The pages: shells in Chinese or English in which the page's script unfolds. Without the script
//! the figures are still there, as a table that is loaded anew every ten seconds.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::app::App;
use crate::assets::{COMMAND_CENTRE, Entry};
use crate::live::report::Status;
use crate::problem::Problem;

/// Only what comes from this server; `blob:` because the map starts its workers from one.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; \
     manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    /// From `?lang=`, else the cookie `lang`, else what the browser prefers, else Chinese.
    pub(crate) fn chosen(query: Option<&str>, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let cookie = text(header::COOKIE).and_then(|cookies| {
            cookies
                .split(';')
                .find_map(|cookie| cookie.trim().strip_prefix("lang="))
        });
        query
            .and_then(Self::named)
            .or_else(|| cookie.and_then(Self::named))
            .or_else(|| text(header::ACCEPT_LANGUAGE).and_then(Self::preferred))
            .unwrap_or(Self::Chinese)
    }

    pub(crate) fn named(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Chinese)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::English)
        } else {
            None
        }
    }

    /// The first of our languages by the weights of `Accept-Language`.
    fn preferred(list: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for item in list.split(',').take(20) {
            let (tag, weight) = item.split_once(";q=").unwrap_or((item, "1"));
            let weight = weight.trim().parse().unwrap_or(0.0);
            if let Some(language) = Self::named(tag)
                && weight > best.map_or(0.0, |(weight, _)| weight)
            {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-Hans",
            Self::English => "en",
        }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    pub(crate) fn pick<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

#[derive(Template)]
#[template(path = "command_centre.html")]
struct CommandCentre<'a> {
    language: Language,
    city: &'a str,
    entry: Option<Entry>,
    /// Whether there are the Bureau's pages to go to.
    bureau: bool,
    figures: Vec<(&'a str, String)>,
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound {
    language: Language,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PageQuery {
    lang: Option<String>,
}

/// The Command centre.
pub(crate) async fn command_centre(
    State(app): State<Arc<App>>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = Language::chosen(query.lang.as_deref(), &headers);
    let page = CommandCentre {
        language,
        city: language.pick(&app.title.zh, &app.title.en),
        entry: app.assets.entry(COMMAND_CENTRE),
        bureau: app.bureau.is_some(),
        figures: figures(&app.live.status(), language),
    };
    let mut response = html(StatusCode::OK, &page)?;
    if query.lang.as_deref().and_then(Language::named).is_some() {
        let cookie = format!(
            "lang={}; Path=/; Max-Age=31536000; SameSite=Lax",
            language.code()
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

/// Files of the page; otherwise that there is nothing here, to people as a page.
pub(crate) async fn file_or_not_found(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = app.assets.file(path) {
        return Ok(file);
    }
    let accepts_html = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    if accepts_html && !path.starts_with("api/") {
        let language = Language::chosen(None, &headers);
        return html(StatusCode::NOT_FOUND, &NotFound { language });
    }
    Err(Problem::not_found("there is nothing at this address"))
}

pub(crate) fn html(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be written");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the page could not be written",
        )
    })?;
    let mut response = (status, Html(text)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::VARY,
        HeaderValue::from_static("accept-language, cookie, accept-encoding"),
    );
    Ok(response)
}

/// The figures for people without scripts.
fn figures(status: &Status, language: Language) -> Vec<(&'static str, String)> {
    let kmh = status.mean_speed.map_or_else(
        || "–".to_owned(),
        |speed| format!("{:.1} km/h", speed * 3.6),
    );
    [
        ("模拟时间", "Simulated time", status.clock.clone()),
        (
            "路上车辆",
            "Vehicles on the road",
            status.running.to_string(),
        ),
        (
            "已完成车辆",
            "Vehicles finished",
            status.finished.to_string(),
        ),
        (
            "等待进入",
            "Waiting to enter",
            status.waiting_to_enter.to_string(),
        ),
        ("平均速度", "Mean speed", kmh),
        (
            "延时指数",
            "Delay index",
            format!("{:.2}", status.delay_index),
        ),
        (
            "每小时通过",
            "Finished per hour",
            format!("{:.0}", status.throughput_per_hour),
        ),
        ("信号控制", "Signal control", status.controller.clone()),
        ("需求水平", "Demand level", format!("{}", status.demand)),
    ]
    .into_iter()
    .map(|(chinese, english, value)| (language.pick(chinese, english), value))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accept: &'static str, cookie: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        }
        headers
    }

    #[test]
    fn the_language_is_asked_for_remembered_or_preferred_in_this_order() {
        use Language::{Chinese, English};
        let german = headers("de-DE,de;q=0.9,en;q=0.8,zh;q=0.7", None);
        assert_eq!(Language::chosen(None, &german), English);
        assert_eq!(Language::chosen(Some("zh-CN"), &german), Chinese);
        let cookie = headers("en", Some("a=b; lang=zh"));
        assert_eq!(Language::chosen(None, &cookie), Chinese);
        assert_eq!(Language::chosen(Some("en"), &cookie), English);
        assert_eq!(Language::chosen(Some("xx"), &cookie), Chinese);
        assert_eq!(
            Language::chosen(None, &headers("fr;q=nonsense", None)),
            Chinese
        );
    }
}
