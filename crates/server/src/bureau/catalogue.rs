//! `/bureau/catalogue`: all datasets, searched and filtered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use city::kinds::{Openness, Sensitivity, Share};
use pool::quality::{self, Quality};
use pool::{Table, Tables};
use serde::Deserialize;

use super::desk::Desk;
use super::facts::{Freshness, freshness};
use super::frame::{Area, Choice, Frame, grouped, ok};
use super::miss::Miss;
use super::visitor::Visitor;
use super::words;

/// Datasets on one page.
const PAGE: usize = 20;
/// Most characters of a search.
pub(super) const SEARCH_MAX: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    department: String,
    share: String,
    openness: String,
    page: usize,
}

struct Found {
    id: String,
    title: String,
    description: String,
    department: String,
    share: &'static str,
    share_id: &'static str,
    openness: &'static str,
    subject: &'static str,
    records: String,
    fields: usize,
    freshness: Freshness,
    /// Where it holds personal data: how sensitive.
    personal: Option<(&'static str, &'static str)>,
}

#[derive(Template)]
#[template(path = "bureau/catalogue.html")]
struct Page {
    frame: Frame,
    q: String,
    departments: Vec<Choice>,
    shares: Vec<Choice>,
    opennesses: Vec<Choice>,
    found: Vec<Found>,
    count: usize,
    previous: Option<String>,
    next: Option<String>,
    at: usize,
    pages: usize,
}

pub(super) async fn catalogue(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Query(filter): Query<Filter>,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Catalogue);
    let page = desk
        .blocking(move |desk| page(desk, frame, &filter))
        .await?;
    ok(&visitor, &page)
}

fn page(desk: &Desk, frame: Frame, filter: &Filter) -> Result<Page, Miss> {
    let compiled = desk.compiled();
    let q: String = filter.q.chars().take(SEARCH_MAX).collect();
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    let all = fitting(&compiled.tables, &frame, filter, &words);
    let newest: BTreeMap<String, Quality> = quality::latest(desk.exchange().pool().meta())?
        .into_iter()
        .map(|one| (one.dataset.clone(), one))
        .collect();
    let pages = all.len().div_ceil(PAGE).max(1);
    let at = filter.page.clamp(1, pages);
    let mut found = Vec::new();
    for table in all.iter().skip((at - 1) * PAGE).take(PAGE) {
        found.push(one(desk, &frame, table, newest.get(&table.dataset))?);
    }
    let link = |page: usize| {
        let text = |name: &str, value: &str| format!("{name}={}", encoded(value));
        let parts = [
            text("q", &q),
            text("department", &filter.department),
            text("share", &filter.share),
            text("openness", &filter.openness),
        ];
        format!("?{}&page={page}", parts.join("&"))
    };
    Ok(Page {
        departments: frame.departments(Some(&filter.department)),
        shares: [Share::Unconditional, Share::Conditional, Share::NotShared]
            .map(|share| {
                choice(
                    words::share_id(share),
                    words::share(frame.language, share),
                    &filter.share,
                )
            })
            .into(),
        opennesses: [Openness::Open, Openness::OnRequest, Openness::Closed]
            .map(|open| {
                choice(
                    words::openness_id(open),
                    words::openness(frame.language, open),
                    &filter.openness,
                )
            })
            .into(),
        found,
        count: all.len(),
        previous: (at > 1).then(|| link(at - 1)),
        next: (at < pages).then(|| link(at + 1)),
        at,
        pages,
        q,
        frame,
    })
}

/// The datasets that fit, those first in whose titles all that is sought stands.
fn fitting<'a>(
    tables: &'a Tables,
    frame: &Frame,
    filter: &Filter,
    words: &[String],
) -> Vec<&'a Arc<Table>> {
    let is = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
    let fits = |table: &&Arc<Table>| {
        let definition = &table.definition;
        is(&filter.department, &table.department)
            && is(&filter.share, words::share_id(definition.share))
            && is(&filter.openness, words::openness_id(definition.openness))
            && matches(frame, table, words)
    };
    let mut all: Vec<&Arc<Table>> = tables.iter().filter(fits).collect();
    all.sort_by_cached_key(|table| {
        let title = frame.text(&table.definition.title);
        let low = title.to_lowercase();
        (!words.iter().all(|word| low.contains(word.as_str())), title)
    });
    all
}

pub(super) fn choice(id: &str, name: &str, chosen: &str) -> Choice {
    Choice {
        id: id.to_owned(),
        name: name.to_owned(),
        chosen: chosen == id,
    }
}

fn one(desk: &Desk, frame: &Frame, table: &Table, newest: Option<&Quality>) -> Result<Found, Miss> {
    let definition = &table.definition;
    let sensitivity = definition
        .fields
        .iter()
        .map(|field| field.sensitivity)
        .max();
    let personal = sensitivity.filter(|most| *most >= Sensitivity::Personal);
    Ok(Found {
        id: table.dataset.clone(),
        title: frame.text(&definition.title),
        description: frame.text(&definition.description),
        department: frame.department(&table.department),
        share: words::share(frame.language, definition.share),
        share_id: words::share_id(definition.share),
        openness: words::openness(frame.language, definition.openness),
        subject: words::subject(frame.language, definition.subject),
        records: grouped(desk.exchange().pool().count(table)?),
        fields: definition.fields.len(),
        freshness: freshness(frame, table, newest, desk.exchange().now()),
        personal: personal.map(|most| {
            (
                words::sensitivity(frame.language, most),
                words::sensitivity_id(most),
            )
        }),
    })
}

/// Whether every word stands somewhere in what is said about a dataset.
fn matches(frame: &Frame, table: &Table, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let definition = &table.definition;
    let mut text = format!(
        "{} {} {} ",
        table.dataset,
        table.department,
        frame.department(&table.department)
    );
    let texts = [&definition.title, &definition.description];
    let titles = definition.fields.iter().map(|field| &field.title);
    for each in texts.into_iter().chain(titles) {
        text.push_str(&each.zh);
        text.push(' ');
        text.push_str(&each.en);
        text.push(' ');
    }
    for field in &definition.fields {
        text.push_str(&field.name);
        text.push(' ');
    }
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

/// A value as a query of an address has it.
pub(super) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn what_means_something_in_an_address_is_encoded() {
        assert_eq!(encoded("a b&c=住"), "a%20b%26c%3D%E4%BD%8F");
    }
}
