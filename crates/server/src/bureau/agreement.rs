//! `/bureau/agreements/{id}`: what was agreed, which steps were signed by whom, and the next step.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use city::City;
use city::kinds::{Client, Role};
use pool::exchange::{Listed, Refused, Signer, Standing, Statement, Step};
use serde::Deserialize;

use super::desk::Desk;
use super::form::Form;
use super::frame::{Area, Frame, grouped, ok};
use super::miss::Miss;
use super::visitor::Visitor;
use super::words;

struct Taken {
    step: &'static str,
    client: String,
    at: String,
    entry: u64,
}

/// A step that comes next.
struct Next {
    word: &'static str,
    name: &'static str,
    /// The department that has to take it.
    by: String,
    /// Whether the visitor acts as it.
    yours: bool,
    grave: bool,
}

struct Version {
    hash: String,
    short: String,
    current: bool,
    standing: &'static str,
    standing_id: &'static str,
    facts: Vec<(&'static str, String)>,
    fields: Vec<(String, String, &'static str, &'static str)>,
    law: Vec<String>,
    purposes: Vec<String>,
    steps: Vec<Taken>,
    next: Vec<Next>,
}

#[derive(Template)]
#[template(path = "bureau/agreement.html")]
struct Page {
    frame: Frame,
    id: String,
    title: String,
    provider: String,
    consumer: String,
    dataset: String,
    dataset_id: String,
    versions: Vec<Version>,
}

pub(super) async fn agreement(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Agreements);
    let page = desk.blocking(move |desk| page(desk, frame, &id)).await?;
    ok(&visitor, &page)
}

fn page(desk: &Desk, frame: Frame, id: &str) -> Result<Page, Miss> {
    let mut listed: Vec<Listed> = desk
        .exchange()
        .agreements()?
        .into_iter()
        .filter(|one| one.id == id)
        .collect();
    listed.sort_by_key(|one| !one.current);
    let first = listed
        .first()
        .ok_or_else(|| Miss::Nothing(format!("there is no agreement {id:?}")))?;
    let dataset_id = first.definition.dataset.id().to_owned();
    Ok(Page {
        id: first.id.clone(),
        title: frame.text(&first.definition.title),
        provider: frame.department(&first.provider),
        consumer: frame.department(&first.consumer),
        dataset: frame.dataset(&dataset_id),
        dataset_id,
        versions: listed
            .iter()
            .map(|one| version(desk, &frame, one))
            .collect(),
        frame,
    })
}

fn version(desk: &Desk, frame: &Frame, one: &Listed) -> Version {
    let definition = &one.definition;
    let compiled = desk.compiled();
    let table = compiled.tables.get(definition.dataset.id());
    let field = |name: &String| {
        let field = table.and_then(|table| table.definition.field(name));
        let sensitivity = field.map(|field| field.sensitivity).unwrap_or_default();
        let title = field
            .map(|field| frame.text(&field.title))
            .unwrap_or_default();
        (
            name.clone(),
            title,
            words::sensitivity(frame.language, sensitivity),
            words::sensitivity_id(sensitivity),
        )
    };
    let uses: Vec<&str> = definition
        .uses
        .iter()
        .map(|usage| words::usage(frame.language, *usage))
        .collect();
    let rows = definition
        .rows
        .clone()
        .unwrap_or_else(|| frame.t("全部记录", "all of them").to_owned());
    let rate = format!(
        "{} {} · {} {}",
        definition.rate.per_second,
        frame.t("次/秒", "calls a second"),
        grouped(definition.rate.per_day),
        frame.t("条/日", "records a day")
    );
    let taken = |step: &pool::exchange::TakenStep| Taken {
        step: words::step(frame.language, step.step),
        client: step.client.clone(),
        at: words::clock(&step.at),
        entry: step.entry,
    };
    Version {
        short: one.version.chars().take(19).collect(),
        hash: one.version.clone(),
        current: one.current,
        standing: words::standing(frame.language, one.standing),
        standing_id: words::standing_id(one.standing),
        facts: vec![
            (frame.t("记录范围", "Records"), rows),
            (frame.t("使用方式", "Ways of use"), uses.join(", ")),
            (
                frame.t("期限", "Term"),
                format!("{} – {}", definition.from, definition.until),
            ),
            (frame.t("限额", "Rate"), rate),
        ],
        fields: definition.fields.iter().map(field).collect(),
        law: definition
            .legal_basis
            .iter()
            .map(|law| frame.text(law))
            .collect(),
        purposes: definition.purposes.clone(),
        steps: one.steps.iter().map(taken).collect(),
        next: next(frame, one),
    }
}

fn next(frame: &Frame, one: &Listed) -> Vec<Next> {
    let step = |step: Step, department: &String, name| Next {
        word: step.word(),
        name,
        by: frame.department(department),
        yours: frame.acting.as_ref() == Some(department),
        grave: step == Step::Revoke,
    };
    let revoke = frame.t("撤销", "Revoke");
    match one.standing {
        Standing::Draft if one.current => vec![step(
            Step::Propose,
            &one.consumer,
            frame.t("提议", "Propose"),
        )],
        Standing::Proposed if one.current => vec![
            step(Step::Approve, &one.provider, frame.t("批准", "Approve")),
            step(Step::Revoke, &one.provider, frame.t("拒绝", "Decline")),
            step(Step::Revoke, &one.consumer, frame.t("撤回", "Withdraw")),
        ],
        Standing::Proposed | Standing::Approved | Standing::Active => {
            vec![
                step(Step::Revoke, &one.provider, revoke),
                step(Step::Revoke, &one.consumer, revoke),
            ]
        }
        _ => Vec::new(),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct StepForm {
    step: Step,
    version: String,
}

/// In a demonstration: signs as the office of the department that the visitor acts as.
pub(super) async fn step(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<StepForm>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let acting = visitor.acting.clone().unwrap_or_default();
    let back = format!("/bureau/agreements/{id}");
    desk.blocking(move |desk| {
        let exchange = desk.exchange();
        let role = match form.step {
            Step::Propose => Role::Propose,
            Step::Approve => Role::Approve,
            Step::Revoke => revoking_role(desk, &id, &acting)?,
        };
        let office = office(&exchange.compiled().city, &acting, role).ok_or_else(|| {
            Miss::Conflict(format!(
                "{acting} has no client of the demonstration that may sign this"
            ))
        })?;
        let signer = Signer::demonstration(&office, 0).map_err(|error| Miss::broken(&error))?;
        let statement = Statement::sign(&signer, &id, &form.version, form.step, exchange.now());
        match exchange.step(&statement) {
            Ok(_) => Ok(()),
            Err(Refused::Step(fault)) => Err(Miss::Conflict(fault.to_string())),
            Err(error) => Err(Miss::broken(&error)),
        }
    })
    .await?;
    Ok(Redirect::to(&back).into_response())
}

/// As the provider one revokes by the role that approves, as the consumer by that which proposes.
fn revoking_role(desk: &Desk, id: &str, acting: &str) -> Result<Role, Miss> {
    let listed = desk
        .exchange()
        .agreements()?
        .into_iter()
        .find(|one| one.id == id);
    let listed = listed.ok_or_else(|| Miss::Nothing(format!("there is no agreement {id:?}")))?;
    Ok(if listed.provider == acting {
        Role::Approve
    } else {
        Role::Propose
    })
}

/// A made-up client of a department that may sign as `role`.
fn office(city: &City, department: &str, role: Role) -> Option<String> {
    let of = |client: &&city::Definition<Client>| {
        client.department.as_deref() == Some(department)
            && client.demonstration
            && client.roles.contains(&role)
    };
    city.all::<Client>()
        .find(of)
        .map(|client| client.id.clone())
}
