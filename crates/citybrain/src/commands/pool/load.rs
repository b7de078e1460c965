//! `citybrain pool load`: files into the pool.

use std::path::Path;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use pool::Pool;
use pool::ingest::{LoadOptions, Mode, Progress, Summary, load as take, scalar};
use pool::sources::file::{self, Source};
use serde::Serialize;

use super::inputs::{Input, inputs};
use super::open::{open, refused};
use crate::cli::pool::{Encoding, LoadArgs, Mode as ModeWord};
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped, table as grid};
use crate::settings::Layers;
use crate::{env, measure};

/// Kinds of fault that a summary names.
const FAULTS_SHOWN: usize = 5;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    loads: Vec<Summary>,
    records: u64,
    accepted: u64,
    quarantined: u64,
    seconds: f64,
    records_per_second: f64,
}

/// Loads.
pub(crate) fn load(args: &LoadArgs, layers: Layers, printer: Printer) -> Outcome {
    let options = options(args)?;
    let pool = open(&args.place, layers)?;
    let began = measure::Stopwatch::start();
    let mut loads = Vec::new();
    for input in inputs(&pool, &args.files, args.dataset.as_deref())? {
        let summary = one(&pool, &input, &options, printer)?;
        if summary.already {
            printer.note(format_args!(
                "note: {} was loaded before, and was left alone; --again loads it again",
                summary.source
            ));
        }
        loads.push(summary);
    }
    pool.settle()
        .map_err(|error| refused("the pool", error.into()))?;
    let new: Vec<&Summary> = loads.iter().filter(|summary| !summary.already).collect();
    let sum = |of: fn(&Summary) -> u64| new.iter().map(|summary| of(summary)).sum::<u64>();
    let (records, accepted) = (
        sum(|load| load.counts.records),
        sum(|load| load.counts.accepted),
    );
    let quarantined = sum(|load| load.counts.quarantined);
    let seconds = began.wall().as_secs_f64();
    let report = Report {
        records,
        accepted,
        quarantined,
        seconds,
        records_per_second: records as f64 / seconds.max(1e-9),
        loads,
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(if quarantined == 0 {
        Exit::Success
    } else {
        Exit::Findings
    })
}

fn options(args: &LoadArgs) -> Result<LoadOptions, Error> {
    let zone = match &args.zone {
        None => None,
        Some(zone) => Some(
            scalar::offset(zone.as_bytes()).ok_or_else(|| Error::Option {
                message: format!("--zone {zone:?} is no offset from UTC"),
                help: Some("write it as in +08:00".to_owned()),
            })?,
        ),
    };
    Ok(LoadOptions {
        mode: match args.mode {
            ModeWord::Upsert => Mode::Upsert,
            ModeWord::Insert => Mode::Insert,
            ModeWord::Delete => Mode::Delete,
            ModeWord::Snapshot => Mode::Snapshot,
        },
        file: file::Options {
            encoding: args.encoding.map(|encoding| match encoding {
                Encoding::Utf8 => file::Encoding::Utf8,
                Encoding::Gb18030 => file::Encoding::Gb18030,
            }),
            ..file::Options::default()
        },
        zone,
        again: args.again,
        allow_deletes: args.allow_deletes,
        ..LoadOptions::default()
    })
}

fn one(
    pool: &Arc<Pool>,
    input: &Input,
    options: &LoadOptions,
    printer: Printer,
) -> Result<Summary, Error> {
    let wrong = |error| refused(&input.address, error);
    let source = if input.address.contains("://") {
        let fetched = file::fetch(&input.address, &env::object_store(), &std::env::temp_dir())
            .map_err(wrong)?;
        Source::fetched(&input.address, fetched)
    } else {
        Source::file(Path::new(&input.address))
    };
    let source = source.map_err(wrong)?;
    let bar = bar(&input.table.name(), printer);
    let progress = |progress: &Progress| {
        if let (Some(total), None) = (progress.total, bar.length()) {
            bar.set_length(total);
        }
        bar.set_position(progress.records);
        if progress.quarantined > 0 {
            bar.set_message(format!("{} quarantined", grouped(progress.quarantined)));
        }
    };
    let summary = take(pool, &input.table, &source, options, &progress);
    bar.finish_and_clear();
    summary.map_err(wrong)
}

/// Records, their rate, and how many are quarantined.
fn bar(name: &str, printer: Printer) -> ProgressBar {
    if !printer.progress() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{prefix} {human_pos} records, {per_sec}, {elapsed} {msg}");
    let bar = ProgressBar::new_spinner().with_prefix(name.to_owned());
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn print(report: &Report, printer: Printer) -> Result<(), Error> {
    let mut grid = grid([
        "dataset",
        "records",
        "accepted",
        "replaced",
        "unchanged",
        "deleted",
        "quarantined",
    ]);
    for load in &report.loads {
        let numbers = [
            load.counts.records,
            load.counts.accepted,
            load.replaced,
            load.unchanged,
            load.deleted,
            load.counts.quarantined,
        ];
        let mut row = vec![load.dataset.clone()];
        row.extend(numbers.into_iter().map(grouped));
        grid.add_row(row);
    }
    printer.line(grid.trim_fmt())?;
    for load in &report.loads {
        notes(load, printer);
    }
    printer.note(format_args!(
        "{} records in {:.1} s, {} a second",
        grouped(report.records),
        report.seconds,
        grouped(report.records_per_second as u64)
    ));
    if report.quarantined > 0 {
        printer.note(format_args!(
            "{} wait in the quarantine: `citybrain pool quarantine list` shows them",
            grouped(report.quarantined)
        ));
    }
    Ok(())
}

/// What else there is to say about a load.
fn notes(load: &Summary, printer: Printer) {
    let mut faults: Vec<_> = load.counts.faults.iter().collect();
    faults.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let faults: Vec<String> = faults
        .iter()
        .take(FAULTS_SHOWN)
        .map(|(code, count)| format!("{} {}", grouped(**count), code.word()))
        .collect();
    if !faults.is_empty() {
        printer.note(format_args!("{}: {}", load.dataset, faults.join(", ")));
    }
    for (rule, count) in &load.counts.warnings {
        printer.note(format_args!(
            "{}: {} records break the rule `{rule}`, which only warns",
            load.dataset,
            grouped(*count)
        ));
    }
    for name in load.counts.unknown.keys() {
        printer.note(format_args!(
            "{}: column {name:?} is no field of the dataset, and was left out",
            load.dataset
        ));
    }
    if load.resumed > 0 && !load.already {
        printer.note(format_args!(
            "{}: went on behind batch {}",
            load.dataset, load.resumed
        ));
    }
}
