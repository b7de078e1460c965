//! `citybrain bench pool`: loads, look-ups and writes of the pool, questions over its history.

use std::path::Path;
use std::sync::Arc;

use pool::{Clock, HistoryUrl, Pool};
use serde::Serialize;
use server::clock::WallClock;

use super::cluster::Started;
use crate::cli::bench_pool::{Part, PoolArgs};
use crate::error::{Error, Exit, Outcome};
use crate::measure::peak_memory;
use crate::printer::{Printer, grouped, properties, table};

/// Records of one load.
const LOAD_ROWS: u64 = 1_000_000;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// Figures of a debug build say little.
    optimised: bool,
    cpus: usize,
    state: Option<pool::bench::Figures>,
    questions: Option<lake::bench::Figures>,
    peak_memory_bytes: u64,
}

/// Measures.
pub(crate) fn pool(args: &PoolArgs, printer: Printer) -> Outcome {
    let scratch = tempfile::tempdir()?;
    let folder = args.data.as_deref().unwrap_or(scratch.path());
    let wanted = |part| args.only.is_none_or(|only| only == part);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        optimised: cfg!(not(debug_assertions)),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        state: wanted(Part::State)
            .then(|| state(args, folder))
            .transpose()?,
        questions: wanted(Part::Questions)
            .then(|| questions(args, folder))
            .transpose()?,
        peak_memory_bytes: peak_memory(),
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(Exit::Success)
}

fn state(args: &PoolArgs, folder: &Path) -> Result<pool::bench::Figures, Error> {
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let opened = Pool::open(
        pool::Options::new(folder.join("state")),
        &pool::bench::city(),
        clock,
    );
    let opened = opened.map_err(|error| failed(&error))?;
    let parameters = pool::bench::Parameters {
        rows: args.records,
        load_rows: LOAD_ROWS.min(args.records),
        sorted: true,
        look_ups: args.look_ups,
        writes: args.writes,
    };
    pool::bench::measure(&opened, parameters, |_| {}).map_err(|error| failed(&error))
}

fn questions(args: &PoolArgs, folder: &Path) -> Result<lake::bench::Figures, Error> {
    let folder = folder.join("questions");
    let history = match &args.history {
        Some(url) => HistoryUrl::Store {
            url: url.clone(),
            options: crate::env::object_store(),
        },
        None => HistoryUrl::Folder(folder.join("history")),
    };
    let parameters = lake::bench::Parameters {
        records: args.records,
        departments: args.departments,
        repeat: args.repeat,
        history: args.history.clone().unwrap_or_else(|| "folder".to_owned()),
        cluster: args
            .executors
            .map(|executors| lake::bench::ClusterParameters {
                executors,
                slots: args.slots,
                partitions: args.partitions,
            }),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let started = parameters
        .cluster
        .map(|cluster| Started::start(cluster, args.history.as_deref(), &folder))
        .transpose()?;
    let engine = started.as_ref().map(Started::engine).transpose()?;
    runtime
        .block_on(lake::bench::run(&history, parameters, engine))
        .map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> Error {
    Error::Program {
        message: pool::chain(error),
        help: None,
    }
}

fn print(report: &Report, printer: Printer) -> Result<(), Error> {
    if let Some(state) = &report.state {
        let us = |spread: &pool::bench::Spread| {
            format!("{:.1} µs, p99 {:.1} µs", spread.p50_us, spread.p99_us)
        };
        printer.line(properties([
            (
                "records loaded a second",
                grouped(state.load_records_per_second as u64),
            ),
            (
                "at the end",
                grouped(state.load_records_per_second_at_the_end as u64),
            ),
            (
                "bytes of history a record",
                format!("{:.1}", state.history_bytes_per_record),
            ),
            (
                "bytes of state a record",
                format!("{:.1}", state.state_bytes_per_record),
            ),
            ("look-up by key", us(&state.look_up)),
            ("look-up by subject", us(&state.of_subject)),
            ("write", us(&state.write)),
        ]))?;
    }
    if let Some(questions) = &report.questions {
        let here = ("this process", Some(&questions.asked));
        let cluster = ("the cluster", questions.asked_of_cluster.as_ref());
        for (who, all) in [here, cluster] {
            let Some(all) = all else { continue };
            let mut grid = table(["question", "first", "then", "rows"]);
            for asked in all {
                grid.add_row([
                    asked.name.to_owned(),
                    format!("{:.3} s", asked.first_s),
                    format!("{:.3} s", asked.median_s),
                    asked.rows.to_string(),
                ]);
            }
            printer.line(format_args!("asked of {who}"))?;
            printer.line(grid)?;
        }
    }
    if !report.optimised {
        printer.note("note: this is a debug build; its figures say little");
    }
    Ok(())
}
