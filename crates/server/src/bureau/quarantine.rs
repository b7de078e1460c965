//! `/bureau/quarantine`: records that are not right, why, and what becomes of them. How many there
//! are is for all to see; the records only for the department that holds the dataset.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use pool::exchange::Compiled;
use pool::ingest::Code;
use pool::quarantine::{self, Correction, Filter, Held, State as Fate};
use serde::Deserialize;

use super::catalogue::encoded;
use super::desk::Desk;
use super::form::Form;
use super::frame::{Area, Frame, grouped, ok};
use super::miss::Miss;
use super::visitor::Visitor;
use super::words;

/// Records on one page.
const PAGE: usize = 50;
/// Characters of a raw record in the list.
const EXCERPT: usize = 120;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    dataset: String,
    code: String,
    after: u64,
    replayed: String,
}

struct Count {
    dataset: String,
    title: String,
    department: String,
    code: String,
    reason: &'static str,
    state: &'static str,
    waiting: bool,
    records: String,
    yours: bool,
}

struct Line {
    id: u64,
    dataset: String,
    source: String,
    place: u64,
    fault: String,
    excerpt: String,
    at: String,
}

#[derive(Template)]
#[template(path = "bureau/quarantine.html")]
struct Page {
    frame: Frame,
    counts: Vec<Count>,
    lines: Vec<Line>,
    next: Option<String>,
    dataset: String,
    dataset_title: String,
    code: String,
    /// Of records that were tried again: how many were taken, and how many not.
    replayed: Option<(u64, u64)>,
}

pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Quarantine);
    let page = desk.blocking(move |desk| page(desk, frame, search)).await?;
    ok(&visitor, &page)
}

fn page(desk: &Desk, frame: Frame, search: Search) -> Result<Page, Miss> {
    let meta = desk.exchange().pool().meta();
    let compiled = desk.compiled();
    let count = |count: &quarantine::Count| {
        let holder = holder(&compiled, &count.dataset);
        Count {
            title: frame.dataset(&count.dataset),
            department: frame.department(&holder),
            code: count.code.clone(),
            reason: reason(&frame, &count.code),
            state: fate(&frame, Fate::of(&count.state)),
            waiting: count.state == Fate::Waiting.word(),
            records: grouped(count.records),
            yours: frame.acting.as_ref() == Some(&holder),
            dataset: count.dataset.clone(),
        }
    };
    let counts = quarantine::counts(meta)?.iter().map(count).collect();
    let yours = frame.demonstration
        && frame.acting.as_deref() == Some(holder(&compiled, &search.dataset).as_str());
    let mut held = Vec::new();
    if yours {
        let filter = Filter {
            state: Some(Fate::Waiting),
            after: search.after,
            ..chosen(&search.dataset, &search.code)
        };
        held = quarantine::list(meta, &filter, PAGE)?;
    }
    let next = held.last().filter(|_| held.len() == PAGE).map(|last| {
        let query = query(&search.dataset, &search.code);
        format!("{query}&after={}", last.id)
    });
    Ok(Page {
        counts,
        lines: held.iter().map(line).collect(),
        next,
        dataset_title: if search.dataset.is_empty() {
            String::new()
        } else {
            frame.dataset(&search.dataset)
        },
        dataset: search.dataset,
        code: search.code,
        replayed: search
            .replayed
            .split_once('-')
            .and_then(|(taken, not)| Some((taken.parse().ok()?, not.parse().ok()?))),
        frame,
    })
}

/// The records of a dataset, or those of them with one sort of fault.
fn chosen(dataset: &str, code: &str) -> Filter {
    Filter {
        dataset: Some(dataset.to_owned()),
        code: self::code(code),
        ..Filter::default()
    }
}

/// The same in an address.
fn query(dataset: &str, code: &str) -> String {
    format!("?dataset={}&code={}", encoded(dataset), encoded(code))
}

/// A code in words; nothing for one that is not known.
fn reason(frame: &Frame, word: &str) -> &'static str {
    code(word).map_or("", |code| words::fault(frame.language, code))
}

fn code(word: &str) -> Option<Code> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}

/// The department that holds a dataset.
fn holder(compiled: &Compiled, dataset: &str) -> String {
    compiled
        .tables
        .get(dataset)
        .map(|table| table.department.clone())
        .unwrap_or_default()
}

fn fate(frame: &Frame, fate: Option<Fate>) -> &'static str {
    match fate {
        Some(Fate::Waiting) => frame.t("待处理", "waiting"),
        Some(Fate::Corrected) => frame.t("已更正", "corrected"),
        Some(Fate::Discarded) => frame.t("已丢弃", "discarded"),
        None => "",
    }
}

fn line(held: &Held) -> Line {
    Line {
        id: held.id,
        dataset: held.dataset.clone(),
        source: held.source.clone(),
        place: held.place,
        fault: held
            .faults
            .first()
            .map(ToString::to_string)
            .unwrap_or_default(),
        excerpt: held.raw.chars().take(EXCERPT).collect(),
        at: words::moment(held.at),
    }
}

struct FaultRow {
    field: String,
    code: &'static str,
    value: String,
    message: String,
    remedy: String,
}

#[derive(Template)]
#[template(path = "bureau/held.html")]
struct HeldPage {
    frame: Frame,
    id: u64,
    dataset: String,
    dataset_title: String,
    source: String,
    place: u64,
    at: String,
    state: &'static str,
    waiting: bool,
    note: String,
    raw: String,
    json: String,
    faults: Vec<FaultRow>,
    /// After a correction that was not one.
    outcome: String,
    outdated: bool,
}

pub(super) async fn held(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<u64>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let frame = Frame::new(&desk, &visitor, Area::Quarantine);
    let page = desk
        .blocking(move |desk| {
            let held = yours(desk, frame.acting.as_deref(), id)?;
            Ok(held_page(frame, &held))
        })
        .await?;
    ok(&visitor, &page)
}

/// The record, if the visitor acts as the department that holds its dataset.
fn yours(desk: &Desk, acting: Option<&str>, id: u64) -> Result<Held, Miss> {
    let held = quarantine::get(desk.exchange().pool().meta(), id)?;
    let held = held.ok_or_else(|| Miss::Nothing(format!("there is no quarantined record {id}")))?;
    let holder = holder(&desk.compiled(), &held.dataset);
    if acting == Some(holder.as_str()) {
        Ok(held)
    } else {
        Err(Miss::OnlyFor(holder))
    }
}

fn faults(frame: &Frame, faults: &[pool::ingest::Fault]) -> Vec<FaultRow> {
    let row = |fault: &pool::ingest::Fault| FaultRow {
        field: fault.field.clone(),
        code: words::fault(frame.language, fault.code),
        value: fault.value.clone(),
        message: fault.message.clone(),
        remedy: fault.remedy.clone(),
    };
    faults.iter().map(row).collect()
}

fn held_page(frame: Frame, held: &Held) -> HeldPage {
    let json = held
        .record
        .as_ref()
        .and_then(|record| serde_json::to_string_pretty(record).ok());
    HeldPage {
        id: held.id,
        dataset_title: frame.dataset(&held.dataset),
        dataset: held.dataset.clone(),
        source: held.source.clone(),
        place: held.place,
        at: words::moment(held.at),
        state: fate(&frame, Some(held.state)),
        waiting: held.state == Fate::Waiting,
        note: held.note.clone().unwrap_or_default(),
        raw: held.raw.clone(),
        json: json.unwrap_or_else(|| "{}".to_owned()),
        faults: faults(&frame, &held.faults),
        outcome: String::new(),
        outdated: false,
        frame,
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Corrected {
    json: String,
    #[serde(default)]
    force: String,
}

/// Takes a corrected record; what is still wrong with it is shown with what was written.
pub(super) async fn correct(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<u64>,
    Form(corrected): Form<Corrected>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let frame = Frame::new(&desk, &visitor, Area::Quarantine);
    let page = desk
        .blocking(move |desk| {
            let held = yours(desk, frame.acting.as_deref(), id)?;
            let note = format!(
                "corrected by {}",
                frame.acting.as_deref().unwrap_or_default()
            );
            let outcome = quarantine::correct(
                desk.exchange().pool(),
                id,
                &corrected.json,
                &note,
                !corrected.force.is_empty(),
            )?;
            let mut page = held_page(frame, &held);
            match outcome {
                Correction::Taken { .. } => return Ok(None),
                Correction::Wrong { faults: wrong } => {
                    page.faults = faults(&page.frame, &wrong);
                    page.frame
                        .t("更正后仍有错误。", "It is still not right.")
                        .clone_into(&mut page.outcome);
                }
                Correction::Outdated { since } => {
                    page.outcome = format!(
                        "{} {}",
                        page.frame.t(
                            "数据池中已有更新的记录，自",
                            "The pool has a newer record, since"
                        ),
                        words::moment(since)
                    );
                    page.outdated = true;
                }
            }
            page.json = corrected.json;
            Ok(Some(page))
        })
        .await?;
    match page {
        Some(page) => ok(&visitor, &page),
        None => Ok(Redirect::to(&format!("/bureau/quarantine/{id}")).into_response()),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Discarded {
    #[serde(default)]
    note: String,
}

pub(super) async fn discard(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<u64>,
    Form(discarded): Form<Discarded>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    desk.blocking(move |desk| {
        yours(desk, visitor.acting.as_deref(), id)?;
        quarantine::discard(
            desk.exchange().pool().meta(),
            &[id],
            desk.exchange().now(),
            &discarded.note,
        )?;
        Ok(())
    })
    .await?;
    Ok(Redirect::to(&format!("/bureau/quarantine/{id}")).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Replay {
    dataset: String,
    #[serde(default)]
    code: String,
}

/// Tries all waiting records of a dataset again, or those with one sort of fault.
pub(super) async fn replay(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(wanted): Form<Replay>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let query = query(&wanted.dataset, &wanted.code);
    let replayed = desk
        .blocking(move |desk| {
            let holder = holder(&desk.compiled(), &wanted.dataset);
            if holder.is_empty() || visitor.acting.as_deref() != Some(holder.as_str()) {
                return Err(Miss::OnlyFor(holder));
            }
            Ok(quarantine::replay(
                desk.exchange().pool(),
                &chosen(&wanted.dataset, &wanted.code),
                "replayed from the page",
            )?)
        })
        .await?;
    let back = format!(
        "/bureau/quarantine{query}&replayed={}-{}",
        replayed.taken,
        replayed.wrong + replayed.outdated + replayed.unreadable
    );
    Ok(Redirect::to(&back).into_response())
}
