//! What stands around every page: navigation, language, as whom one acts.

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use city::kinds::{Agreement, Dataset, Department};
use pool::exchange::Compiled;

use super::desk::Desk;
use super::miss::Miss;
use super::visitor::Visitor;
use crate::assets::{BUREAU, Entry};
use crate::pages::{self, Language};

/// The part of the Bureau that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    Overview,
    Catalogue,
    Agreements,
    Transfers,
    Ledger,
    Quarantine,
    Sql,
    MyData,
    None,
}

/// A link of the navigation.
pub(super) struct Place {
    pub(super) address: &'static str,
    pub(super) name: &'static str,
    pub(super) here: bool,
}

/// Something with an id, for lists to choose from.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

/// What the frame of a page shows.
pub(super) struct Frame {
    pub(super) language: Language,
    pub(super) city: String,
    pub(super) entry: Option<Entry>,
    pub(super) demonstration: bool,
    /// The department that the visitor acts as.
    pub(super) acting: Option<String>,
    /// The page's address.
    pub(super) address: String,
    area: Area,
    compiled: Arc<Compiled>,
}

impl Frame {
    pub(super) fn new(desk: &Desk, visitor: &Visitor, area: Area) -> Self {
        let compiled = desk.compiled();
        let language = visitor.language;
        let title = compiled
            .city
            .settings()
            .map(|settings| settings.title.in_language(language.tag()).to_owned());
        Self {
            language,
            city: title.unwrap_or_default(),
            entry: desk.assets.entry(BUREAU),
            demonstration: desk.data.demonstration,
            acting: visitor.acting.clone(),
            address: visitor.address.clone(),
            area,
            compiled,
        }
    }

    /// The text in the page's language.
    pub(super) fn t<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        self.language.pick(chinese, english)
    }

    pub(super) fn text(&self, text: &city::Text) -> String {
        text.in_language(self.language.tag()).to_owned()
    }

    /// The short name of a department.
    pub(super) fn department(&self, id: &str) -> String {
        let found = self.compiled.city.get::<Department>(id);
        found.map_or_else(|| id.to_owned(), |department| self.text(&department.short))
    }

    /// The title of a dataset, by its id or `department/id`.
    pub(super) fn dataset(&self, name: &str) -> String {
        let id = name.rsplit('/').next().unwrap_or(name);
        let found = self.compiled.city.get::<Dataset>(id);
        found.map_or_else(|| id.to_owned(), |dataset| self.text(&dataset.title))
    }

    /// The title of an agreement, or why none is needed.
    pub(super) fn agreement(&self, id: &str) -> String {
        match id {
            "own" => self.t("本部门数据", "its own records").to_owned(),
            "unconditional" => self.t("无条件共享", "shared with all").to_owned(),
            "bureau" => self.t("数据局", "the bureau").to_owned(),
            id => {
                let found = self.compiled.city.get::<Agreement>(id);
                found.map_or_else(|| id.to_owned(), |agreement| self.text(&agreement.title))
            }
        }
    }

    /// All departments by their short names.
    pub(super) fn departments(&self, chosen: Option<&str>) -> Vec<Choice> {
        let choice = |department: &city::Definition<Department>| Choice {
            id: department.id.clone(),
            name: self.text(&department.short),
            chosen: chosen == Some(department.id.as_str()),
        };
        let mut all: Vec<Choice> = self.compiled.city.all::<Department>().map(choice).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// As which department one may act.
    pub(super) fn acting_choices(&self) -> Vec<Choice> {
        self.departments(self.acting.as_deref())
    }

    /// The areas of the Bureau.
    pub(super) fn places(&self) -> Vec<Place> {
        let places = [
            ("/bureau", "概览", "Overview", Area::Overview),
            ("/bureau/catalogue", "目录", "Catalogue", Area::Catalogue),
            (
                "/bureau/agreements",
                "共享协议",
                "Agreements",
                Area::Agreements,
            ),
            (
                "/bureau/transfers",
                "数据流转",
                "Transfers",
                Area::Transfers,
            ),
            ("/bureau/ledger", "账本", "Ledger", Area::Ledger),
            (
                "/bureau/quarantine",
                "隔离区",
                "Quarantine",
                Area::Quarantine,
            ),
            ("/bureau/sql", "查询", "SQL", Area::Sql),
            ("/my-data", "我的数据", "My data", Area::MyData),
        ];
        let place = |(address, zh, en, area)| Place {
            address,
            name: self.t(zh, en),
            here: area == self.area,
        };
        places.map(place).into()
    }

    /// The same page in the other language.
    pub(super) fn other_language(&self) -> String {
        let mark = if self.address.contains('?') { '&' } else { '?' };
        format!("{}{mark}lang={}", self.address, self.t("en", "zh"))
    }
}

/// A number with its thousands set off.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The page as an answer.
pub(super) fn show(
    visitor: &Visitor,
    status: StatusCode,
    page: &impl Template,
) -> Result<Response, Miss> {
    let mut response = pages::html(status, page)?;
    let headers = response.headers_mut();
    // With `no-referrer`, as elsewhere, browsers would hide the origin of our own forms.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    if visitor.chosen {
        let cookie = format!(
            "lang={}; Path=/; Max-Age=31536000; SameSite=Lax",
            visitor.language.code()
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.insert(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

/// The page, when all is well.
pub(super) fn ok(visitor: &Visitor, page: &impl Template) -> Result<Response, Miss> {
    show(visitor, StatusCode::OK, page)
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_off() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0, 999, 1_000, 12_345_678]
                .map(grouped)
                .each_ref()
                .map(String::as_str)
        );
    }
}
