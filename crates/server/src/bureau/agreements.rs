//! `/bureau/agreements`: who lets whom read what, as a list and as a matrix.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use pool::exchange::{Listed, Standing};
use serde::Deserialize;

use super::catalogue::{SEARCH_MAX, choice, encoded};
use super::desk::Desk;
use super::frame::{Area, Choice, Frame, ok};
use super::miss::Miss;
use super::visitor::Visitor;
use super::words;

/// Agreements on one page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    dataset: String,
    state: String,
    provider: String,
    consumer: String,
    page: usize,
}

struct Line {
    id: String,
    title: String,
    provider: String,
    consumer: String,
    dataset: String,
    dataset_id: String,
    fields: usize,
    until: String,
    standing: &'static str,
    standing_id: &'static str,
}

#[derive(Template)]
#[template(path = "bureau/agreements.html")]
struct Page {
    frame: Frame,
    states: Vec<Choice>,
    providers: Vec<Choice>,
    consumers: Vec<Choice>,
    q: String,
    /// The dataset to which they are narrowed: id and title.
    dataset: Option<(String, String)>,
    lines: Vec<Line>,
    count: usize,
    previous: Option<String>,
    next: Option<String>,
    at: usize,
    pages: usize,
}

pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Query(filter): Query<Filter>,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Agreements);
    let page = desk
        .blocking(move |desk| page(desk, frame, &filter))
        .await?;
    ok(&visitor, &page)
}

fn page(desk: &Desk, frame: Frame, filter: &Filter) -> Result<Page, Miss> {
    let is = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
    let q: String = filter.q.chars().take(SEARCH_MAX).collect();
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    let mut listed = desk.exchange().agreements()?;
    listed.retain(|one| {
        is(&filter.state, words::standing_id(one.standing))
            && is(&filter.provider, &one.provider)
            && is(&filter.consumer, &one.consumer)
            && is(&filter.dataset, one.definition.dataset.id())
            && matches(&frame, one, &words)
    });
    let pages = listed.len().div_ceil(PAGE).max(1);
    let at = filter.page.clamp(1, pages);
    let link = |page: usize| {
        let text = |name: &str, value: &str| format!("{name}={}", encoded(value));
        let parts = [
            text("q", &q),
            text("dataset", &filter.dataset),
            text("state", &filter.state),
            text("provider", &filter.provider),
            text("consumer", &filter.consumer),
        ];
        format!("?{}&page={page}", parts.join("&"))
    };
    let state = |standing| {
        choice(
            words::standing_id(standing),
            words::standing(frame.language, standing),
            &filter.state,
        )
    };
    Ok(Page {
        states: words::STANDINGS.map(state).into(),
        providers: frame.departments(Some(&filter.provider)),
        consumers: frame.departments(Some(&filter.consumer)),
        lines: listed
            .iter()
            .skip((at - 1) * PAGE)
            .take(PAGE)
            .map(|one| line(&frame, one))
            .collect(),
        count: listed.len(),
        dataset: (!filter.dataset.is_empty())
            .then(|| (filter.dataset.clone(), frame.dataset(&filter.dataset))),
        previous: (at > 1).then(|| link(at - 1)),
        next: (at < pages).then(|| link(at + 1)),
        at,
        pages,
        q,
        frame,
    })
}

/// Whether every word stands somewhere in what an agreement is called and is for.
fn matches(frame: &Frame, one: &Listed, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let title = &one.definition.title;
    let text = format!(
        "{} {} {} {} {} {} {}",
        one.id,
        title.zh,
        title.en,
        frame.dataset(one.definition.dataset.id()),
        frame.department(&one.provider),
        frame.department(&one.consumer),
        one.definition.purposes.join(" ")
    );
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

fn line(frame: &Frame, one: &Listed) -> Line {
    let dataset_id = one.definition.dataset.id().to_owned();
    Line {
        id: one.id.clone(),
        title: frame.text(&one.definition.title),
        provider: frame.department(&one.provider),
        consumer: frame.department(&one.consumer),
        dataset: frame.dataset(&dataset_id),
        dataset_id,
        fields: one.definition.fields.len(),
        until: one.definition.until.to_string(),
        standing: words::standing(frame.language, one.standing),
        standing_id: words::standing_id(one.standing),
    }
}

/// What one department shares with another.
struct Cell {
    consumer: String,
    consumer_name: String,
    /// How many agreements; 0 shows nothing.
    count: usize,
}

struct MatrixRow {
    id: String,
    name: String,
    cells: Vec<Cell>,
    sum: usize,
}

#[derive(Template)]
#[template(path = "bureau/matrix.html")]
struct Matrix {
    frame: Frame,
    consumers: Vec<Choice>,
    rows: Vec<MatrixRow>,
    sum: usize,
}

pub(super) async fn matrix(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Agreements);
    let page = desk
        .blocking(move |desk| {
            let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
            for one in desk
                .exchange()
                .agreements()?
                .into_iter()
                .filter(|one| one.standing == Standing::Active)
            {
                *counts.entry((one.provider, one.consumer)).or_default() += 1;
            }
            let consumers = frame.departments(None);
            let row = |provider: &Choice| {
                let count = |consumer: &Choice| {
                    counts
                        .get(&(provider.id.clone(), consumer.id.clone()))
                        .copied()
                        .unwrap_or(0)
                };
                let cell = |consumer: &Choice| Cell {
                    consumer: consumer.id.clone(),
                    consumer_name: consumer.name.clone(),
                    count: count(consumer),
                };
                let cells: Vec<Cell> = consumers.iter().map(cell).collect();
                let sum = cells.iter().map(|cell| cell.count).sum();
                MatrixRow {
                    id: provider.id.clone(),
                    name: provider.name.clone(),
                    cells,
                    sum,
                }
            };
            let rows: Vec<MatrixRow> = consumers.iter().map(row).collect();
            let sum = rows.iter().map(|row| row.sum).sum();
            Ok(Matrix {
                frame,
                consumers,
                rows,
                sum,
            })
        })
        .await?;
    ok(&visitor, &page)
}
