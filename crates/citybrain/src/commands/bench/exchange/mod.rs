//! `citybrain bench exchange`: look-ups a second over HTTP, and what they cost.

mod city;
mod client;
mod figures;
mod freshness;
mod pool;
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use self::figures::{Latencies, Threads};
use self::pool::Bench;
use crate::cli::bench_exchange::ExchangeArgs;
use crate::error::{Error, Exit, Outcome};
use crate::measure::{Stopwatch, peak_memory};
use crate::printer::{Printer, bytes, grouped, properties};

/// Look-ups that are answered before the measurement, to warm up.
const WARM_UP: u64 = 2_000;
/// In-process look-ups that are measured.
const IN_PROCESS: u64 = 200_000;
/// In-process look-ups with the ledger's disk that are measured: each waits for it alone.
const IN_PROCESS_DURABLE: u64 = 500;
/// Tokens whose check is measured.
const TOKENS: u64 = 20_000;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// Figures of a debug build say little.
    optimised: bool,
    cpus: usize,
    requests: u64,
    connections: u64,
    agreements: u64,
    records: u64,
    server_threads: u64,
    client_threads: u64,
    /// Seconds for all requests.
    seconds: f64,
    requests_per_second: f64,
    /// Answers that were not 200.
    errors: u64,
    /// Of a request, from before its first byte is sent until its answer is read; without signing.
    latency: Latencies,
    /// CPU microseconds of the whole process for one request, load generator included.
    cpu_us_per_request: f64,
    /// The same, by what the threads do.
    cpu_us_by_threads: Threads,
    ledger: LedgerReport,
    /// A look-up without HTTP, token and disk: agreement, record, answer, ledger entry.
    in_process: Latencies,
    /// The same, waiting for the ledger's disk.
    in_process_durable: Latencies,
    /// Checking one token, microseconds.
    token_us: f64,
    /// From an acknowledged update until another department's look-up over HTTP has it.
    freshness: Latencies,
    peak_memory_bytes: u64,
}

/// What the ledger holds at the end.
#[derive(Serialize)]
struct LedgerReport {
    /// Transfers that were answered over HTTP and are in the ledger.
    transfers: u64,
    /// Whether those are the transfers of exactly the tokens that were answered.
    every_answer_recorded: bool,
    /// Groups of entries that became durable together.
    groups: u64,
    entries: u64,
}

/// Measures and prints.
pub(crate) fn exchange(args: &ExchangeArgs, printer: Printer) -> Outcome {
    if cfg!(debug_assertions) {
        printer.note("note: this is a development build; measure with a release build");
    }
    let (folder, _temporary) = folder(args)?;
    printer.note(format_args!(
        "{} agreements, {} records",
        args.agreements,
        grouped(args.records)
    ));
    let bench = Bench::open(&folder, args)?;
    printer.note("look-ups in this process");
    let in_process = bench.rehearse(IN_PROCESS)?;
    let in_process_durable = bench.look_up(IN_PROCESS_DURABLE)?;
    let token_us = bench.tokens(TOKENS)?;
    printer.note("look-ups over HTTP");
    let server = server::start(&bench, args)?;
    client::run(&bench, server.address, args, WARM_UP.min(args.requests))?;
    let before = bench.transfers_evidence()?;
    let (groups, threads, watch) = (
        bench.ledger.status().groups,
        Threads::now(),
        Stopwatch::start(),
    );
    let run = client::run(&bench, server.address, args, args.requests)?;
    let (wall, cpu) = (watch.wall(), watch.cpu());
    let threads = Threads::now().since(&threads, args.requests);
    let groups = bench.ledger.status().groups - groups;
    printer.note("what the ledger holds");
    let after = bench.transfers_evidence()?;
    printer.note("freshness");
    let freshness = freshness::measure(&bench, server.address, args.updates)?;
    server.stop()?;
    let transfers = after.count - before.count;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        optimised: !cfg!(debug_assertions),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        requests: args.requests,
        connections: args.connections,
        agreements: args.agreements,
        records: args.records,
        server_threads: args.server_threads,
        client_threads: args.client_threads,
        seconds: wall.as_secs_f64(),
        requests_per_second: args.requests as f64 / wall.as_secs_f64(),
        errors: run.errors,
        latency: Latencies::of(run.latencies_us),
        cpu_us_per_request: per(cpu, args.requests),
        cpu_us_by_threads: threads,
        ledger: LedgerReport {
            transfers,
            every_answer_recorded: transfers == run.answered
                && after.sum.wrapping_sub(before.sum) == run.evidence,
            groups,
            entries: bench.ledger.size(),
        },
        in_process,
        in_process_durable,
        token_us,
        freshness,
        peak_memory_bytes: peak_memory(),
    };
    let sound = report.ledger.every_answer_recorded && report.errors == 0;
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(if sound { Exit::Success } else { Exit::Findings })
}

fn per(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

fn folder(args: &ExchangeArgs) -> Result<(PathBuf, Option<tempfile::TempDir>), Error> {
    if let Some(folder) = &args.data {
        std::fs::create_dir_all(folder).map_err(|error| Error::output(folder, error))?;
        return Ok((folder.clone(), None));
    }
    let temporary = tempfile::tempdir()
        .map_err(|error| Error::output(Path::new("a temporary folder"), error))?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

fn print(report: &Report, printer: Printer) -> std::io::Result<()> {
    let us = |latencies: &Latencies| {
        format!(
            "p50 {:.0} µs, p99 {:.0} µs, p99.9 {:.0} µs",
            latencies.p50_us, latencies.p99_us, latencies.p999_us
        )
    };
    let rows = [
        (
            "look-ups a second",
            format!("{:.0}", report.requests_per_second),
        ),
        ("latency", us(&report.latency)),
        ("errors", grouped(report.errors)),
        (
            "CPU for a look-up",
            format!(
                "{:.1} µs, load generator included",
                report.cpu_us_per_request
            ),
        ),
        ("by threads", report.cpu_us_by_threads.to_string()),
        ("transfers in the ledger", grouped(report.ledger.transfers)),
        (
            "every answer recorded",
            report.ledger.every_answer_recorded.to_string(),
        ),
        ("groups", grouped(report.ledger.groups)),
        ("in process, without the disk", us(&report.in_process)),
        ("in process, with the disk", us(&report.in_process_durable)),
        ("check of a token", format!("{:.1} µs", report.token_us)),
        ("freshness", us(&report.freshness)),
        ("peak memory", bytes(report.peak_memory_bytes)),
    ];
    printer.line(properties(rows).trim_fmt())
}
