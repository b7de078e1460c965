//! `citybrain pool quarantine …`: records that are not right.

use pool::Pool;
use pool::ingest::Code;
use pool::quarantine::{self, Correction, Filter, Held, State};
use serde::Serialize;

use super::open::{open, refused};
use crate::cli::pool::{QuarantineCommand, QuarantineListArgs, QuarantineSomeArgs, Which};
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, flush_left, grouped, properties, table as grid};
use crate::settings::Layers;

/// Most records that are discarded at once.
const DISCARDED_MAX: usize = 1_000_000;

/// What `list --json` prints.
#[derive(Serialize)]
struct List {
    counts: Vec<quarantine::Count>,
    records: Vec<Held>,
}

/// Does what the command says.
pub(crate) fn quarantine(command: &QuarantineCommand, layers: Layers, printer: Printer) -> Outcome {
    match command {
        QuarantineCommand::List(args) => {
            let pool = open(&args.place, layers)?;
            list(&pool, args, printer)
        }
        QuarantineCommand::Show(args) => {
            let pool = open(&args.place, layers)?;
            show(&pool, args.id, printer)
        }
        QuarantineCommand::Correct(args) => {
            let pool = open(&args.place, layers)?;
            let correction =
                quarantine::correct(&pool, args.id, &args.record, &args.note, args.force);
            corrected(correction.map_err(wrong)?, printer)
        }
        QuarantineCommand::Replay(args) => {
            let pool = open(&args.place, layers)?;
            replay(&pool, args, printer)
        }
        QuarantineCommand::Discard(args) => {
            let pool = open(&args.place, layers)?;
            discard(&pool, args, printer)
        }
    }
}

fn wrong(error: pool::ingest::Error) -> Error {
    refused("the quarantine", error)
}

fn filter(which: &Which) -> Result<Filter, Error> {
    let code = match &which.code {
        None => None,
        Some(word) => {
            let code: Option<Code> =
                serde_json::from_value(serde_json::Value::String(word.clone())).ok();
            Some(code.ok_or_else(|| Error::Option {
                message: format!("--code {word:?} is no sort of fault"),
                help: Some("`citybrain pool quarantine list` names those there are".to_owned()),
            })?)
        }
    };
    Ok(Filter {
        dataset: which.dataset.clone(),
        load: which.load.clone(),
        code,
        ..Filter::default()
    })
}

fn list(pool: &Pool, args: &QuarantineListArgs, printer: Printer) -> Outcome {
    let mut filter = filter(&args.which)?;
    filter.state = (!args.all).then_some(State::Waiting);
    let records = quarantine::list(pool.meta(), &filter, args.limit).map_err(wrong)?;
    let mut counts = quarantine::counts(pool.meta()).map_err(wrong)?;
    counts.retain(|count| args.all || count.state == State::Waiting.word());
    if printer.json {
        printer.json(&List { counts, records })?;
        return Ok(Exit::Success);
    }
    if counts.is_empty() {
        printer.line("the quarantine is empty")?;
        return Ok(Exit::Success);
    }
    let mut grid = grid(["dataset", "records"]);
    grid.set_header(["dataset", "records", "state", "first fault"]);
    for count in &counts {
        grid.add_row([
            count.dataset.clone(),
            grouped(count.records),
            count.state.clone(),
            count.code.clone(),
        ]);
    }
    flush_left(&mut grid);
    printer.line(grid.trim_fmt())?;
    printer.line("")?;
    for held in &records {
        let fault = held
            .faults
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        printer.line(format_args!(
            "{:>6}  {}:{}  {fault}",
            held.id, held.source, held.place
        ))?;
    }
    Ok(Exit::Success)
}

fn show(pool: &Pool, id: u64, printer: Printer) -> Outcome {
    let held = quarantine::get(pool.meta(), id)
        .map_err(wrong)?
        .ok_or_else(|| Error::Refused {
            message: format!("there is no quarantined record {id}"),
            help: Some("`citybrain pool quarantine list --all` lists them".to_owned()),
        })?;
    if printer.json {
        printer.json(&held)?;
        return Ok(Exit::Success);
    }
    let rows = vec![
        ("record", held.id.to_string()),
        ("dataset", held.dataset.clone()),
        ("source", format!("{}:{}", held.source, held.place)),
        ("came", held.at.rfc3339()),
        ("state", held.state.word().to_owned()),
        ("note", held.note.clone().unwrap_or_default()),
    ];
    printer.line(properties(rows).trim_fmt())?;
    for fault in &held.faults {
        printer.line(format_args!("  {fault}"))?;
    }
    match &held.record {
        Some(record) => printer.json(record)?,
        None => printer.line(&held.raw)?,
    }
    Ok(Exit::Success)
}

fn corrected(correction: Correction, printer: Printer) -> Outcome {
    if printer.json {
        printer.json(&correction)?;
    }
    match correction {
        Correction::Taken { .. } => {
            printer.note("it is in the pool now");
            Ok(Exit::Success)
        }
        Correction::Wrong { faults } => {
            for fault in faults {
                printer.note(format_args!("still not right: {fault}"));
            }
            Ok(Exit::Findings)
        }
        Correction::Outdated { since } => {
            printer.note(format_args!(
                "the pool has a newer record with this key, since {}; discard this one, or take it with --force",
                since.rfc3339()
            ));
            Ok(Exit::Findings)
        }
    }
}

/// All records must be asked for in so many words.
fn not_everything_by_accident(args: &QuarantineSomeArgs) -> Result<(), Error> {
    let which = &args.which;
    let some = which.dataset.is_some() || which.load.is_some() || which.code.is_some();
    if some || args.all || !args.ids.is_empty() {
        return Ok(());
    }
    Err(Error::Option {
        message: "no records are named".to_owned(),
        help: Some("give numbers, or --dataset, --load or --code, or --all".to_owned()),
    })
}

fn replay(pool: &std::sync::Arc<Pool>, args: &QuarantineSomeArgs, printer: Printer) -> Outcome {
    not_everything_by_accident(args)?;
    if !args.ids.is_empty() {
        return Err(Error::Option {
            message: "single records are not replayed".to_owned(),
            help: Some("`citybrain pool quarantine correct` takes one".to_owned()),
        });
    }
    let replayed = quarantine::replay(pool, &filter(&args.which)?, &args.note).map_err(wrong)?;
    if printer.json {
        printer.json(&replayed)?;
    } else {
        let rows = vec![
            ("in the pool now", grouped(replayed.taken)),
            ("still not right", grouped(replayed.wrong)),
            ("the pool has newer ones", grouped(replayed.outdated)),
            ("to be corrected by hand", grouped(replayed.unreadable)),
        ];
        printer.line(properties(rows).trim_fmt())?;
    }
    let left = replayed.wrong + replayed.outdated + replayed.unreadable;
    Ok(if left == 0 {
        Exit::Success
    } else {
        Exit::Findings
    })
}

fn discard(pool: &Pool, args: &QuarantineSomeArgs, printer: Printer) -> Outcome {
    not_everything_by_accident(args)?;
    let ids = if args.ids.is_empty() {
        let filter = Filter {
            state: Some(State::Waiting),
            ..filter(&args.which)?
        };
        let records = quarantine::list(pool.meta(), &filter, DISCARDED_MAX).map_err(wrong)?;
        records.into_iter().map(|held| held.id).collect()
    } else {
        args.ids.clone()
    };
    let discarded =
        quarantine::discard(pool.meta(), &ids, pool.clock().now(), &args.note).map_err(wrong)?;
    if printer.json {
        printer.json(&serde_json::json!({ "discarded": discarded }))?;
    } else {
        printer.line(format_args!("{} discarded", grouped(discarded)))?;
    }
    Ok(Exit::Success)
}
