//! `/my-data`: who has read my data. For a person by citizen number, for an enterprise by credit
//! code. Numbers are posted, so that none stands in an address or a log.

use std::sync::{Arc, OnceLock};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use city::City;
use city::kinds::{Agreement, Client, Role, Subject, Use};
use city::numbers::{check_citizen_number, check_credit_code};
use pool::Table;
use pool::exchange::{LookUp, SeenTransfer, Standing};
use serde::Deserialize;

use super::desk::Desk;
use super::facts::{Row, row};
use super::form::Form;
use super::frame::{Area, Frame, ok};
use super::miss::Miss;
use super::visitor::Visitor;

/// Transfers that are shown.
const SHOWN: usize = 500;
/// Rounds of indexing that a demonstration's look-up waits for.
const INDEX_ROUNDS: usize = 40;
/// A purpose that no agreement names.
const CURIOSITY: &str = "operation/curiosity";

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    kind: String,
    number: String,
    #[serde(default)]
    purpose: String,
}

/// A reading, with the law that allows it.
struct Reading {
    row: Row,
    law: Vec<String>,
}

#[derive(Template)]
#[template(path = "bureau/my_data.html")]
struct Page {
    frame: Frame,
    kind: String,
    number: String,
    fault: String,
    asked: bool,
    readings: Vec<Reading>,
    example_person: String,
    example_enterprise: String,
    tried: String,
}

pub(super) async fn form(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let frame = Frame::new(&desk, &visitor, Area::MyData);
    let page = desk.blocking(move |desk| Ok(empty(desk, frame))).await?;
    ok(&visitor, &page)
}

pub(super) async fn answer(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(asked): Form<Asked>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let frame = Frame::new(&desk, &visitor, Area::MyData);
    let page = desk
        .blocking(move |desk| readings(desk, frame, &asked, String::new()))
        .await?;
    ok(&visitor, &page)
}

/// In a demonstration: a department reads something about the person or enterprise, so that there
/// is something to see. It goes the way that every look-up goes.
pub(super) async fn attempt(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(asked): Form<Asked>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let frame = Frame::new(&desk, &visitor, Area::MyData);
    let page = desk
        .blocking(move |desk| {
            let tried = look_up(desk, &frame, &asked)?;
            readings(desk, frame, &asked, tried)
        })
        .await?;
    ok(&visitor, &page)
}

fn empty(desk: &Desk, frame: Frame) -> Page {
    // Only what was found is kept: a demonstration that is being filled has nobody at first.
    let kept = |kept: &OnceLock<String>, kind, fits: fn(&str) -> bool| {
        if kept.get().is_none()
            && let Some(found) = example(desk, kind, fits)
        {
            let _ = kept.set(found);
        }
        kept.get().cloned().unwrap_or_default()
    };
    let example_person = kept(&desk.person, Subject::Person, |number| {
        check_citizen_number(number).is_ok()
    });
    let example_enterprise = kept(&desk.enterprise, Subject::Enterprise, |code| {
        check_credit_code(code).is_ok()
    });
    Page {
        kind: "person".to_owned(),
        number: String::new(),
        fault: String::new(),
        asked: false,
        readings: Vec::new(),
        example_person,
        example_enterprise,
        tried: String::new(),
        frame,
    }
}

fn subject(kind: &str) -> Subject {
    if kind == "enterprise" {
        Subject::Enterprise
    } else {
        Subject::Person
    }
}

fn readings(desk: &Desk, frame: Frame, asked: &Asked, tried: String) -> Result<Page, Miss> {
    let number = asked.number.trim().to_uppercase();
    let kind = subject(&asked.kind);
    let checked = if kind == Subject::Person {
        check_citizen_number(&number)
    } else {
        check_credit_code(&number)
    };
    let mut page = empty(desk, frame);
    page.kind.clone_from(&asked.kind);
    page.number.clone_from(&number);
    page.tried = tried;
    // A demonstration's towns may number their people as they like.
    if checked.is_err() && !is_known(desk, kind, &number)? {
        let fault = page.frame.t("号码不正确：公民身份号码和统一社会信用代码均为 18 位，最后一位是校验码。", "This number is not right: both kinds have 18 characters, and the last one checks the others.");
        fault.clone_into(&mut page.fault);
        return Ok(page);
    }
    let seen = desk
        .exchange()
        .transfers_of_subject(kind, &number, None, SHOWN)?;
    let city = Arc::clone(&desk.compiled().city);
    page.readings = seen
        .iter()
        .map(|seen| Reading {
            row: row(&page.frame, seen),
            law: law(&page.frame, &city, seen),
        })
        .collect();
    page.asked = true;
    Ok(page)
}

fn law(frame: &Frame, city: &City, seen: &SeenTransfer) -> Vec<String> {
    let agreement = seen
        .agreement
        .as_deref()
        .and_then(|id| city.get::<Agreement>(id));
    agreement
        .map(|agreement| {
            agreement
                .legal_basis
                .iter()
                .map(|law| frame.text(law))
                .collect()
        })
        .unwrap_or_default()
}

fn of_kind(table: &Table, kind: Subject) -> bool {
    table.definition.subject == kind
}

fn is_known(desk: &Desk, kind: Subject, number: &str) -> Result<bool, Miss> {
    for table in desk
        .compiled()
        .tables
        .iter()
        .filter(|table| of_kind(table, kind))
    {
        if !number.is_empty()
            && !desk
                .exchange()
                .pool()
                .of_subject(table, number, 1)?
                .is_empty()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Somebody of whom there are records: the subject of the first record of the first table that has
/// one record for each.
fn example(desk: &Desk, kind: Subject, fits: fn(&str) -> bool) -> Option<String> {
    let pool = desk.exchange().pool();
    let compiled = desk.compiled();
    let one_each = |table: &&Arc<Table>| {
        of_kind(table, kind)
            && table.key == [table.subject]
            && table.definition.updates <= city::kinds::Cycle::Daily
    };
    let of_any = |table: &&Arc<Table>| of_kind(table, kind);
    let tables = compiled
        .tables
        .iter()
        .filter(one_each)
        .chain(compiled.tables.iter().filter(of_any));
    let mut spare = None;
    for table in tables {
        let Some(Ok(batch)) = pool.scan(table).ok()?.next() else {
            continue;
        };
        let column = batch.column(table.subject);
        for at in 0..column.len().min(200) {
            let Some(number) = text_at(column, at) else {
                break;
            };
            if fits(&number) {
                return Some(number);
            }
            spare.get_or_insert(number);
        }
    }
    spare
}

fn text_at(column: &arrow::array::ArrayRef, at: usize) -> Option<String> {
    let texts = column
        .as_any()
        .downcast_ref::<arrow::array::StringArray>()?;
    Some(texts.value(at).to_owned())
}

/// One look-up by a department that may, or for a purpose that none may.
fn look_up(desk: &Desk, frame: &Frame, asked: &Asked) -> Result<String, Miss> {
    let exchange = desk.exchange();
    let city = Arc::clone(&desk.compiled().city);
    let kind = subject(&asked.kind);
    let number = asked.number.trim().to_uppercase();
    let mut candidates = Vec::new();
    for one in exchange
        .agreements()?
        .into_iter()
        .filter(|one| one.standing == Standing::Active && one.definition.allows(Use::LookUp))
    {
        let compiled = desk.compiled();
        let Some(table) = compiled
            .tables
            .get(one.definition.dataset.id())
            .filter(|table| of_kind(table, kind))
        else {
            continue;
        };
        let has = !exchange.pool().of_subject(table, &number, 1)?.is_empty();
        if let Some(client) = reader(&city, &one.consumer) {
            candidates.push((has, client, table.name(), one));
        }
    }
    if candidates.iter().any(|(has, ..)| *has) {
        candidates.retain(|(has, ..)| *has);
    }
    let count = candidates.len().max(1) as u64;
    let pick = usize::try_from(exchange.ledger().size() % count).unwrap_or(0);
    let Some((_, client, dataset, one)) = candidates.into_iter().nth(pick) else {
        return Ok(frame
            .t("没有适用的协议。", "No agreement covers such a reading.")
            .to_owned());
    };
    let agreed = one.definition.purposes.first().cloned().unwrap_or_default();
    let purpose = if asked.purpose.is_empty() {
        agreed
    } else {
        CURIOSITY.to_owned()
    };
    let caller = exchange
        .engine(&client, &purpose, Some("demonstration"))
        .map_err(|denial| Miss::Conflict(denial.to_string()))?;
    let answer = exchange.look_up_wait(
        &caller,
        &LookUp {
            dataset,
            subject: Some(number),
            ..LookUp::default()
        },
    );
    for _ in 0..INDEX_ROUNDS {
        if exchange.index_transfers()? == 0 {
            break;
        }
    }
    let who = frame.department(&one.consumer);
    Ok(match answer {
        Ok(_) => format!(
            "{who} {}",
            frame.t("刚刚读取了记录。", "has just read records.")
        ),
        Err(denial) => format!(
            "{who} {} {denial}",
            frame.t("的读取被拒绝：", "was refused:")
        ),
    })
}

/// A made-up system of a department that may read.
fn reader(city: &City, department: &str) -> Option<String> {
    let of = |client: &&city::Definition<Client>| {
        client.department.as_deref() == Some(department)
            && client.demonstration
            && client.roles.contains(&Role::Read)
    };
    city.all::<Client>()
        .find(of)
        .map(|client| client.id.clone())
}
