//! `/bureau/sql`: questions over all that the acting department may see, for a purpose. They go the
//! way that every question goes: through the same guards, and into the ledger before the answer.

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use city::City;
use city::kinds::{Agreement, Client, Role, Share, Use};
use futures::TryStreamExt;
use lake::Format;
use pool::exchange::Caller;
use serde::Deserialize;

use super::chart::Chart;
use super::desk::Desk;
use super::form::Form;
use super::frame::{Area, Frame, ok};
use super::miss::Miss;
use super::sql_table::{Answered, chart_of, read};
use super::visitor::Visitor;
use crate::questions::Unasked;

/// The purpose that stands there at first.
const PURPOSE: &str = "analysis/bureau";
/// Most examples.
const EXAMPLES: usize = 6;
/// Most purposes that are offered.
const PURPOSES: usize = 40;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    sql: String,
    purpose: String,
    format: String,
}

struct Visible {
    name: String,
    title: String,
    why: String,
    fields: Vec<String>,
}

struct Holder {
    name: String,
    tables: Vec<Visible>,
}

struct Outcome {
    answered: Answered,
    chart: Option<Chart>,
    milliseconds: String,
    reads: Vec<String>,
}

#[derive(Template)]
#[template(path = "bureau/sql.html")]
struct Page {
    frame: Frame,
    sql: String,
    purpose: String,
    purposes: Vec<String>,
    examples: Vec<String>,
    holders: Vec<Holder>,
    visible: usize,
    fault: String,
    outcome: Option<Outcome>,
}

pub(super) async fn form(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let page = page(&desk, &visitor, &asked);
    ok(&visitor, &page)
}

pub(super) async fn ask(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(asked): Form<Asked>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let mut page = page(&desk, &visitor, &asked);
    let download = match asked.format.as_str() {
        "csv" => Some((Format::Csv, "answer.csv")),
        "json" => Some((Format::Json, "answer.json")),
        _ => None,
    };
    let answered = match download {
        Some((format, file)) => match download_of(&desk, &visitor, &page, format, file).await {
            Ok(response) => return Ok(response),
            Err(fault) => Err(fault),
        },
        None => answer(&desk, &visitor, &page).await,
    };
    match answered {
        Ok(outcome) => page.outcome = Some(outcome),
        Err(fault) => page.fault = fault,
    }
    ok(&visitor, &page)
}

fn page(desk: &Desk, visitor: &Visitor, asked: &Asked) -> Page {
    let frame = Frame::new(desk, visitor, Area::Sql);
    let acting = visitor.acting.clone().unwrap_or_default();
    let purposes = purposes(&desk.compiled().city, &acting);
    let purpose = if asked.purpose.is_empty() {
        purposes.first().map_or(PURPOSE, String::as_str)
    } else {
        asked.purpose.as_str()
    };
    let holders = visible(desk, &frame, &acting, purpose);
    let examples = examples(desk, &acting, &holders);
    let sql = if asked.sql.is_empty() {
        examples.first().cloned().unwrap_or_default()
    } else {
        asked.sql.clone()
    };
    Page {
        purpose: purpose.to_owned(),
        visible: holders.iter().map(|holder| holder.tables.len()).sum(),
        sql,
        purposes,
        examples,
        holders,
        fault: String::new(),
        outcome: None,
        frame,
    }
}

/// The purposes for which a department may ask others' data.
fn purposes(city: &City, acting: &str) -> Vec<String> {
    let asks = city
        .all::<Agreement>()
        .filter(|one| one.consumer.id() == acting && one.allows(Use::Query));
    let mut purposes: Vec<String> = asks.flat_map(|one| one.purposes.clone()).collect();
    purposes.push(PURPOSE.to_owned());
    purposes.sort_unstable_by_key(|purpose| (!purpose.starts_with("analysis/"), purpose.clone()));
    purposes.dedup();
    purposes.truncate(PURPOSES);
    purposes
}

/// What a session would see, and why.
fn visible(desk: &Desk, frame: &Frame, acting: &str, purpose: &str) -> Vec<Holder> {
    let compiled = desk.compiled();
    let grants = desk.asker.grants(acting, purpose);
    let mut holders: Vec<Holder> = Vec::new();
    let mut tables: Vec<_> = compiled.tables.iter().collect();
    tables.sort_by_key(|table| (table.department != acting, &table.department));
    for table in tables {
        let name = table.name();
        let granted: Vec<_> = grants.iter().filter(|grant| grant.table == name).collect();
        let offer = compiled.grants.offer(table.id);
        let (why, fields) = if table.department == acting {
            (
                frame.t("本部门数据", "its own records").to_owned(),
                table
                    .definition
                    .fields
                    .iter()
                    .map(|field| field.name.clone())
                    .collect(),
            )
        } else if let Some(first) = granted.first() {
            let mut fields: Vec<String> = granted
                .iter()
                .flat_map(|grant| grant.fields.clone())
                .collect();
            fields.sort_unstable();
            fields.dedup();
            (frame.agreement(&first.agreement), fields)
        } else if let Some(offer) = offer.filter(|offer| offer.share == Share::Unconditional) {
            (
                frame.t("无条件共享", "shared with all").to_owned(),
                offer.names_of(&offer.open),
            )
        } else {
            continue;
        };
        let holder = frame.department(&table.department);
        if holders.last().is_none_or(|last| last.name != holder) {
            holders.push(Holder {
                name: holder,
                tables: Vec::new(),
            });
        }
        let visible = Visible {
            name: name.replace('-', "_").replace('/', "."),
            title: frame.text(&table.definition.title),
            why,
            fields,
        };
        if let Some(last) = holders.last_mut() {
            last.tables.push(visible);
        }
    }
    holders
}

/// Questions over what is seen: how many, and how many of each sort.
fn examples(desk: &Desk, acting: &str, holders: &[Holder]) -> Vec<String> {
    let compiled = desk.compiled();
    let mut examples = Vec::new();
    for table in holders.iter().flat_map(|holder| &holder.tables) {
        let definition = compiled
            .tables
            .iter()
            .find(|one| one.name().replace('-', "_").replace('/', ".") == table.name);
        let Some(definition) = definition else {
            continue;
        };
        let grouped = definition.definition.fields.iter().find(|field| {
            let sorts = !field.one_of.is_empty() || field.name == "district";
            sorts && table.fields.contains(&field.name)
        });
        if let Some(field) = grouped {
            examples.push(format!(
                "SELECT {0}, count(*) AS records\nFROM {1}\nGROUP BY {0}\nORDER BY records DESC",
                field.name, table.name
            ));
        } else if definition.department == acting && examples.is_empty() {
            examples.push(format!("SELECT count(*) AS records\nFROM {}", table.name));
        }
        if examples.len() == EXAMPLES {
            break;
        }
    }
    if examples.is_empty() {
        examples.push("SELECT 1 AS one".to_owned());
    }
    examples
}

/// A made-up system of the department that may ask.
fn caller(desk: &Desk, visitor: &Visitor, purpose: &str) -> Result<Caller, String> {
    let acting = visitor.acting.as_deref().unwrap_or_default();
    let compiled = desk.compiled();
    let of = |client: &&city::Definition<Client>| {
        client.department.as_deref() == Some(acting)
            && client.demonstration
            && client.roles.contains(&Role::Query)
    };
    let client = compiled
        .city
        .all::<Client>()
        .find(of)
        .map(|client| client.id.clone());
    let client = client.ok_or_else(|| {
        let language = visitor.language;
        language
            .pick(
                "该部门没有可以查询的系统：请以其他部门身份试试。",
                "This department has no system that may ask: act as another one.",
            )
            .to_owned()
    })?;
    desk.exchange()
        .engine(&client, purpose, Some("bureau"))
        .map_err(|denial| denial.to_string())
}

/// Asks, and has it in the ledger.
async fn begin(desk: &Desk, visitor: &Visitor, page: &Page) -> Result<lake::Answer, String> {
    let caller = caller(desk, visitor, &page.purpose)?;
    let guest = desk
        .asker
        .session(&caller, None)
        .await
        .map_err(|error| match error {
            Unasked::Denied(denial) => denial.to_string(),
            Unasked::Lake(error) => error.to_string(),
        })?;
    guest
        .ask(&page.sql)
        .await
        .map_err(|error| error.to_string())
}

async fn answer(desk: &Desk, visitor: &Visitor, page: &Page) -> Result<Outcome, String> {
    let began = Instant::now();
    let answer = begin(desk, visitor, page).await?;
    let read_of = |read: &lake::Read| {
        let reasons: Vec<String> = read
            .reasons
            .iter()
            .map(|reason| match reason.as_str() {
                "its own" => page.frame.agreement("own"),
                "shared with all" => page.frame.agreement("unconditional"),
                agreement => page.frame.agreement(agreement),
            })
            .collect();
        format!(
            "{} · {} · {}",
            page.frame.dataset(&read.table),
            read.fields.join(", "),
            reasons.join("; ")
        )
    };
    let reads = answer.reads().iter().map(read_of).collect();
    let answered = read(answer).await.map_err(|error| error.to_string())?;
    let milliseconds = began.elapsed().as_millis().to_string();
    let chart = chart_of(
        &answered,
        page.frame.t("查询结果图", "The answer as a chart"),
    );
    Ok(Outcome {
        answered,
        chart,
        milliseconds,
        reads,
    })
}

async fn download_of(
    desk: &Desk,
    visitor: &Visitor,
    page: &Page,
    format: Format,
    file: &str,
) -> Result<Response, String> {
    let answer = begin(desk, visitor, page).await?;
    let pieces: Vec<bytes::Bytes> = answer
        .written(format)
        .try_collect()
        .await
        .map_err(|error| error.to_string())?;
    let mut response = pieces.concat().into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{file}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
