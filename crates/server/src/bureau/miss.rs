//! Why a page is not shown. What goes wrong is an answer without a body, marked with a [`Miss`];
//! the layer around all routes turns it into a page in the visitor's language.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

use askama::Template;

use super::desk::Desk;
use super::frame::{Area, Frame, show};
use super::visitor::Visitor;
use crate::api;
use crate::problem::Problem;

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// There is no such thing.
    Nothing(String),
    /// The page shows personal data, and nobody has logged in.
    NoLogin,
    /// Only this department may see or do it.
    OnlyFor(String),
    /// A browser sent it from a page of another site.
    Foreign,
    /// The request is not right.
    Wrong(String),
    /// It contradicts how things stand.
    Conflict(String),
    /// Too much at once.
    Busy(String),
    /// Our own fault; the log says which.
    Broken,
}

impl Miss {
    /// Something of ours failed. People are told no more than that; the log is told all.
    pub(super) fn broken(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a page of the bureau could not be made");
        Self::Broken
    }

    /// What exactly, for those who can use it.
    fn detail(&self) -> String {
        match self {
            Self::Nothing(detail)
            | Self::Wrong(detail)
            | Self::Conflict(detail)
            | Self::Busy(detail) => detail.clone(),
            Self::NoLogin | Self::OnlyFor(_) | Self::Foreign | Self::Broken => String::new(),
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Nothing(_) => StatusCode::NOT_FOUND,
            Self::NoLogin | Self::OnlyFor(_) | Self::Foreign => StatusCode::FORBIDDEN,
            Self::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Miss {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<pool::Error> for Miss {
    fn from(error: pool::Error) -> Self {
        Self::broken(&error)
    }
}

impl From<pool::ingest::Error> for Miss {
    fn from(error: pool::ingest::Error) -> Self {
        match error {
            pool::ingest::Error::Quarantine(detail) => Self::Conflict(detail),
            error => Self::broken(&error),
        }
    }
}

impl From<ledger::Error> for Miss {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::NoEntry { .. } => Self::Nothing(error.to_string()),
            error => Self::broken(&error),
        }
    }
}

impl From<Problem> for Miss {
    fn from(problem: Problem) -> Self {
        tracing::error!(
            detail = problem.detail,
            "a page of the bureau could not be made"
        );
        Self::Broken
    }
}

#[derive(Template)]
#[template(path = "bureau/miss.html")]
struct Page {
    frame: Frame,
    title: &'static str,
    reason: String,
    detail: String,
    /// The department that one would have to act as.
    act_as: Option<(String, String)>,
}

/// The layer around all routes: refuses what other sites' pages send, and turns misses into pages.
pub(super) async fn layer(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if changes && api::is_foreign(request.headers()) {
        Miss::Foreign.into_response()
    } else {
        next.run(request).await
    };
    let miss = response
        .extensions_mut()
        .remove::<Miss>()
        .or_else(|| rejected(&response));
    match miss {
        Some(miss) => page(&desk, &visitor, &miss),
        None => response,
    }
}

/// What axum's extractors refuse comes as plain text.
fn rejected(response: &Response) -> Option<Miss> {
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => None,
        StatusCode::PAYLOAD_TOO_LARGE => Some(Miss::Wrong("the request is too large".to_owned())),
        status if status.is_client_error() && plain => {
            Some(Miss::Wrong("the request cannot be read".to_owned()))
        }
        _ => None,
    }
}

fn page(desk: &Desk, visitor: &Visitor, miss: &Miss) -> Response {
    let frame = Frame::new(desk, visitor, Area::None);
    let status = miss.status();
    let (title, mut reason) = words(&frame, miss);
    let mut act_as = None;
    if let Miss::OnlyFor(department) = miss {
        let name = frame.department(department);
        reason.push_str(&name);
        act_as = frame.demonstration.then(|| (department.clone(), name));
    }
    let page = Page {
        title,
        reason,
        detail: miss.detail(),
        act_as,
        frame,
    };
    show(visitor, status, &page).unwrap_or_else(|_| status.into_response())
}

/// What it is called, and what to do about it.
fn words(frame: &Frame, miss: &Miss) -> (&'static str, String) {
    let (title, reason) = match miss {
        Miss::Nothing(_) => (
            frame.t("没有这个页面", "There is no such page"),
            frame.t("请核对地址或编号。", "Check the address or the number."),
        ),
        Miss::NoLogin => (
            frame.t("此页含个人信息，不能显示", "This page shows personal data"),
            frame.t(
                "City Brain 还没有登录功能，因此在真实城市中不对任何人显示个人信息。请使用命令行工具，或在演示城市中查看此页。",
                "City Brain has no login yet, so in a real city nobody is shown personal data here. Use the commands, or see this page in a demonstration city.",
            ),
        ),
        Miss::OnlyFor(_) => (
            frame.t("只有持有该数据的部门可以查看", "Only the department that holds it may do this"),
            frame.t("所属部门：", "It belongs to: "),
        ),
        Miss::Foreign => (
            frame.t("请求来自其他网站", "Another site sent this"),
            frame.t("出于安全原因已拒绝。请在本页面上操作。", "It was refused. Use the forms of these pages."),
        ),
        Miss::Wrong(_) => (
            frame.t("请求有误", "Something in the request is not right"),
            frame.t("请返回上一页修改后重试。", "Go back, change it, and try again."),
        ),
        Miss::Conflict(_) => (
            frame.t("现在不能这样做", "This cannot be done now"),
            frame.t("情况可能已经改变，请重新加载后再看。", "Things may have changed; load the page again."),
        ),
        Miss::Busy(_) => (
            frame.t("服务器繁忙", "The server is busy"),
            frame.t("请稍后再试。", "Try again in a moment."),
        ),
        Miss::Broken => (
            frame.t("出了问题", "Something went wrong"),
            frame.t(
                "是我们的问题，服务器日志记录了原因。请稍后再试。",
                "It is our fault; the server's log says what. Try again later.",
            ),
        ),
    };
    (title, reason.to_owned())
}
