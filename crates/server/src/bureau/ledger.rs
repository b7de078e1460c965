//! `/bureau/ledger`: the newest entries, one entry with its proof, and how far the log is signed and
//! witnessed. The proof is checked in the browser by `<ledger-proof>`, not here.

use std::sync::Arc;

use ::ledger::Status;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pool::exchange::{Entry, ProfileStep};
use serde::Deserialize;

use super::desk::Desk;
use super::frame::{Area, Frame, grouped, ok};
use super::miss::Miss;
use super::visitor::Visitor;
use super::words;

/// Entries on one page.
const PAGE: u64 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    /// An entry's number.
    index: String,
    before: Option<u64>,
}

/// An entry, as the list shows it.
struct Line {
    index: u64,
    kind: &'static str,
    kind_id: &'static str,
    at: String,
    what: String,
}

#[derive(Template)]
#[template(path = "bureau/ledger.html")]
struct Page {
    frame: Frame,
    state: Vec<(&'static str, String)>,
    lines: Vec<Line>,
    older: Option<u64>,
    key: String,
}

/// A property of an entry.
struct Fact {
    name: String,
    value: String,
    /// Whether it is for machines: a hash, a signature, an id.
    code: bool,
}

#[derive(Template)]
#[template(path = "bureau/entry.html")]
struct EntryPage {
    frame: Frame,
    index: u64,
    size: u64,
    kind: &'static str,
    kind_id: &'static str,
    what: String,
    facts: Vec<Fact>,
    /// The entry's bytes in base64, where they may be shown.
    bytes: String,
    key: String,
    proven: bool,
    agreement: Option<String>,
    dataset: Option<String>,
    newer: Option<u64>,
    older: Option<u64>,
}

/// How far the log is.
pub(super) fn state(frame: &Frame, status: &Status) -> Vec<(&'static str, String)> {
    let of = |covered: u64, name: &'static str| {
        let missing = status.size.saturating_sub(covered);
        let words = match (covered, missing) {
            (0, _) => frame.t("尚无", "none yet").to_owned(),
            (_, 0) => format!("✓ {}", frame.t("全部", "all")),
            _ => format!(
                "{} ({} {})",
                grouped(covered),
                grouped(missing),
                frame.t("条等待", "waiting")
            ),
        };
        (name, words)
    };
    vec![
        (frame.t("条目", "Entries"), grouped(status.size)),
        of(status.signed, frame.t("已签名", "Signed")),
        of(
            status.witnessed,
            frame.t("见证方副署", "Cosigned by the witness"),
        ),
        of(status.stamped, frame.t("时间戳", "Time-stamped")),
    ]
}

pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Response, Miss> {
    let wanted = search.index.trim();
    if !wanted.is_empty() {
        let index: u64 = wanted.parse().map_err(|_no_number| {
            Miss::Wrong(format!("{wanted:?} is no entry: they are numbered from 0"))
        })?;
        return Ok(Redirect::to(&format!("/bureau/ledger/{index}")).into_response());
    }
    let frame = Frame::new(&desk, &visitor, Area::Ledger);
    let page = desk
        .blocking(move |desk| {
            let log = desk.exchange().ledger();
            let until = search.before.unwrap_or(u64::MAX).min(log.size());
            let from = until.saturating_sub(PAGE);
            let entries = log.entries(from..until)?;
            let mut lines: Vec<Line> = (from..)
                .zip(&entries)
                .map(|(index, bytes)| line(&frame, index, bytes))
                .collect();
            lines.reverse();
            Ok(Page {
                state: state(&frame, &log.status()),
                lines,
                older: (from > 0).then_some(from),
                key: desk.data.ledger_key.clone(),
                frame,
            })
        })
        .await?;
    ok(&visitor, &page)
}

fn line(frame: &Frame, index: u64, bytes: &[u8]) -> Line {
    let read = Entry::of_bytes(bytes);
    let (kind_id, kind) = kind(frame, read.as_ref());
    let (at, what) = read.map_or_else(
        || (String::new(), String::new()),
        |entry| summary(frame, &entry),
    );
    Line {
        index,
        kind,
        kind_id,
        at,
        what,
    }
}

fn kind(frame: &Frame, entry: Option<&Entry>) -> (&'static str, &'static str) {
    match entry {
        Some(Entry::Transfer(_)) => ("transfer", frame.t("流转", "transfer")),
        Some(Entry::Denial(_)) => ("denial", frame.t("拒绝", "denial")),
        Some(Entry::AgreementStep(_)) => ("step", frame.t("协议签署", "agreement")),
        Some(Entry::Profile(_)) => ("step", frame.t("批量共享凭证", "sharing profile")),
        None => ("other", frame.t("其他", "other")),
    }
}

fn summary(frame: &Frame, entry: &Entry) -> (String, String) {
    match entry {
        Entry::Transfer(it) => {
            let what = format!(
                "{} → {} · {}",
                frame.department(&it.provider),
                frame.department(&it.consumer),
                frame.dataset(&it.dataset)
            );
            (words::moment(pool::Moment(it.at)), what)
        }
        Entry::Denial(it) => {
            let who = it.consumer.as_deref().map_or_else(
                || frame.t("未知调用方", "an unknown caller").to_owned(),
                |id| frame.department(id),
            );
            let what = it
                .dataset
                .as_deref()
                .map(|dataset| frame.dataset(dataset))
                .unwrap_or_default();
            (
                words::moment(pool::Moment(it.at)),
                format!(
                    "{who} · {what} · {}",
                    words::denial(frame.language, &it.denied)
                ),
            )
        }
        Entry::AgreementStep(it) => {
            let what = format!(
                "{} · {} · {}",
                frame.agreement(&it.agreement),
                words::step(frame.language, it.step),
                it.client
            );
            (words::moment(pool::Moment(it.at)), what)
        }
        Entry::Profile(it) => {
            let step = match it.step {
                ProfileStep::Issue => frame.t("发放", "issued"),
                ProfileStep::Revoke => frame.t("撤销", "revoked"),
            };
            let what = format!(
                "{} · {} · {step}",
                frame.department(&it.consumer),
                it.client
            );
            (words::moment(pool::Moment(it.at)), what)
        }
    }
}

pub(super) async fn entry(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(index): Path<u64>,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Ledger);
    let page = desk
        .blocking(move |desk| entry_page(desk, frame, index))
        .await?;
    ok(&visitor, &page)
}

fn entry_page(desk: &Desk, frame: Frame, index: u64) -> Result<EntryPage, Miss> {
    let log = desk.exchange().ledger();
    let bytes = log.entry(index)?;
    let read = Entry::of_bytes(&bytes);
    let (kind_id, kind) = kind(&frame, read.as_ref());
    let what = read
        .as_ref()
        .map(|entry| summary(&frame, entry).1)
        .unwrap_or_default();
    let agreement = match &read {
        Some(Entry::Transfer(it)) if it.agreement_version.is_some() => Some(it.agreement.clone()),
        Some(Entry::AgreementStep(it)) => Some(it.agreement.clone()),
        _ => None,
    };
    let dataset = match &read {
        Some(Entry::Transfer(it)) => Some(it.dataset.clone()),
        Some(Entry::Denial(it)) => it
            .dataset
            .as_deref()
            .and_then(|name| name.split_once('/'))
            .map(|(_, dataset)| dataset.to_owned()),
        _ => None,
    };
    let status = log.status();
    Ok(EntryPage {
        index,
        size: status.size,
        kind,
        kind_id,
        what,
        facts: facts(&frame, &bytes),
        bytes: if frame.demonstration {
            STANDARD.encode(&bytes)
        } else {
            String::new()
        },
        key: desk.data.ledger_key.clone(),
        proven: index < status.signed,
        agreement,
        dataset: dataset.filter(|id| desk.compiled().tables.get(id).is_some()),
        newer: (index + 1 < status.size).then_some(index + 1),
        older: index.checked_sub(1),
        frame,
    })
}

/// Properties of entries that are for machines.
const CODES: [&str; 8] = [
    "client",
    "fields",
    "subject",
    "purpose",
    "agreement_version",
    "evidence",
    "hash",
    "statement",
];

/// What the entry says, as names and texts. Case numbers only in a demonstration.
fn facts(frame: &Frame, bytes: &[u8]) -> Vec<Fact> {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(bytes) else {
        return Vec::new();
    };
    let fact = |(name, value): (&String, &serde_json::Value)| {
        let text = match value {
            serde_json::Value::Null => return None,
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) if name == "at" => {
                words::moment(pool::Moment(number.as_i64()?))
            }
            serde_json::Value::Array(list) => list
                .iter()
                .filter_map(|one| one.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            other => other.to_string(),
        };
        (frame.demonstration || name != "ref").then(|| Fact {
            name: words::property(frame.language, name),
            value: text,
            code: CODES.contains(&name.as_str()),
        })
    };
    object.iter().filter_map(fact).collect()
}
