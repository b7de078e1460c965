//! `citybrain agreement …`.

use std::collections::{BTreeMap, BTreeSet};

use city::kinds::{Agreement, Client, Role};
use pool::exchange::{Statement, Step};
use serde_json::{Value, json};

use super::{city, now, server, signer};
use crate::cli::exchange::{AgreementListArgs, StepArgs};
use crate::error::{Error, Exit, Outcome, nearest};
use crate::http;
use crate::printer::{Printer, flush_left, table};
use crate::settings::Layers;

/// Prints agreements and how they stand.
pub(crate) fn list(args: &AgreementListArgs, layers: &Layers, printer: Printer) -> Outcome {
    let listed = fetch(args, layers)?;
    if printer.json {
        printer.json(&listed)?;
        return Ok(Exit::Success);
    }
    let mut lines = table([
        "agreement",
        "provider",
        "dataset",
        "consumer",
        "standing",
        "until",
        "",
    ]);
    for one in &listed {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let old = if one["current"] == true {
            ""
        } else {
            "an older version than the file"
        };
        lines.add_row([
            text(&one["id"]),
            text(&one["provider"]),
            text(&one["definition"]["dataset"]),
            text(&one["consumer"]),
            text(&one["standing"]),
            text(&one["definition"]["until"]),
            old.to_owned(),
        ]);
    }
    flush_left(&mut lines);
    printer.line(lines.trim_fmt())?;
    printer.note(format_args!("{} agreements", listed.len()));
    Ok(Exit::Success)
}

/// Prints how many datasets each department shares with each other.
pub(crate) fn matrix(args: &AgreementListArgs, layers: &Layers, printer: Printer) -> Outcome {
    let listed = fetch(args, layers)?;
    let mut shared: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for one in &listed {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let pair = (text(&one["provider"]), text(&one["consumer"]));
        shared
            .entry(pair)
            .or_default()
            .insert(text(&one["definition"]["dataset"]));
    }
    if printer.json {
        let rows: Vec<Value> = shared
            .iter()
            .map(|((provider, consumer), datasets)| json!({ "provider": provider, "consumer": consumer, "datasets": datasets }))
            .collect();
        printer.json(&rows)?;
        return Ok(Exit::Success);
    }
    let consumers: BTreeSet<&str> = shared
        .keys()
        .map(|(_, consumer)| consumer.as_str())
        .collect();
    let providers: BTreeSet<&str> = shared
        .keys()
        .map(|(provider, _)| provider.as_str())
        .collect();
    // Numbers stand for consumers in the head, so that the table fits; their names follow.
    let mut lines = table(["provider"]);
    let head: Vec<String> = std::iter::once("provider".to_owned())
        .chain((1..=consumers.len()).map(|number| number.to_string()))
        .collect();
    lines.set_header(head);
    for provider in providers {
        let count = |consumer: &&str| {
            let datasets = shared.get(&(provider.to_owned(), (*consumer).to_owned()));
            datasets.map_or_else(String::new, |datasets| datasets.len().to_string())
        };
        let row: Vec<String> = std::iter::once(provider.to_owned())
            .chain(consumers.iter().map(count))
            .collect();
        lines.add_row(row);
    }
    flush_left(&mut lines);
    printer.line(lines.trim_fmt())?;
    for (number, consumer) in consumers.iter().enumerate() {
        printer.line(format_args!("{:>3}  {consumer}", number + 1))?;
    }
    Ok(Exit::Success)
}

fn fetch(args: &AgreementListArgs, layers: &Layers) -> Result<Vec<Value>, Error> {
    let answer = http::call(
        &server(args.server.as_ref(), layers)?,
        "GET",
        "/exchange/v1/agreements",
        &[],
        b"",
    )?;
    let content = answer.json()?;
    let all = content
        .as_array()
        .cloned()
        .ok_or_else(|| refused(answer.status, &content))?;
    let kept = |one: &Value| {
        let is = |name: &str, wanted: &String| one[name].as_str() == Some(wanted.as_str());
        args.standing
            .as_ref()
            .is_none_or(|standing| is("standing", standing))
            && args
                .department
                .as_ref()
                .is_none_or(|department| is("provider", department) || is("consumer", department))
    };
    Ok(all.into_iter().filter(kept).collect())
}

/// Signs a step of each agreement, and hands it in.
pub(crate) fn step(step: Step, args: &StepArgs, layers: &Layers, printer: Printer) -> Outcome {
    let city = city(&layers.settings()?.pool.city);
    let server = server(args.server.as_ref(), layers)?;
    let mut done = Vec::new();
    for id in &args.agreements {
        let definition = city.get::<Agreement>(id);
        let version = match (&args.of, definition) {
            (Some(version), _) => version.clone(),
            (None, Some(definition)) => definition.hash.to_string(),
            (None, None) => {
                return Err(Error::Refused {
                    message: format!("there is no agreement {id:?}"),
                    help: nearest(
                        id,
                        city.all::<Agreement>()
                            .map(|agreement| agreement.id.as_str()),
                    ),
                });
            }
        };
        let client = match &args.client {
            Some(client) => client.clone(),
            None => office(step, args, definition, &city)?,
        };
        let signer = signer(&client, args.key.as_deref(), &city)?;
        let statement = Statement::sign(&signer, id, &version, step, now());
        let body = json!({ "statement": statement }).to_string();
        let headers = [("content-type", "application/json")];
        let answer = http::call(
            &server,
            "POST",
            "/exchange/v1/agreements/steps",
            &headers,
            body.as_bytes(),
        )?;
        let content = answer.json()?;
        if answer.status != 200 {
            return Err(refused(answer.status, &content));
        }
        if !printer.json {
            printer.line(format_args!(
                "{id}: {}",
                content["standing"].as_str().unwrap_or_default()
            ))?;
        }
        done.push(content);
    }
    if printer.json {
        printer.json(&done)?;
    }
    Ok(Exit::Success)
}

/// The only client of the department that may sign the step.
fn office(
    step: Step,
    args: &StepArgs,
    definition: Option<&city::Definition<Agreement>>,
    city: &city::City,
) -> Result<String, Error> {
    let provider = definition.and_then(|definition| definition.department.as_deref());
    let consumer = definition.map(|definition| definition.value.consumer.id());
    let as_consumer = step == Step::Propose || (step == Step::Revoke && args.side == "consumer");
    let (department, role) = if as_consumer {
        (consumer, Role::Propose)
    } else {
        (provider, Role::Approve)
    };
    let mut offices = city
        .all::<Client>()
        .filter(|client| {
            client.department.as_deref() == department && client.value.roles.contains(&role)
        })
        .map(|client| client.id.clone());
    match (offices.next(), offices.next()) {
        (Some(office), None) => Ok(office),
        (found, _) => Err(Error::Option {
            message: format!(
                "{} of {} may sign this",
                if found.is_some() {
                    "more than one client"
                } else {
                    "no client"
                },
                department.unwrap_or("the department")
            ),
            help: Some(
                "name the client with --client; `citybrain client list` lists them".to_owned(),
            ),
        }),
    }
}

fn refused(status: u16, content: &Value) -> Error {
    Error::Refused {
        message: content["detail"].as_str().map_or_else(
            || format!("the server answered with status {status}"),
            str::to_owned,
        ),
        help: None,
    }
}
