//! `citybrain ledger verify`: a whole ledger, offline.

use ledger::{VerifyOptions, VerifyState, verify_folder};
use serde::Serialize;

use super::keys;
use crate::cli::ledger::VerifyArgs;
use crate::error::{Error, Exit, Outcome};
use crate::measure::Stopwatch;
use crate::output;
use crate::printer::{Printer, grouped};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    folder: &'a std::path::Path,
    #[serde(flatten)]
    report: &'a ledger::Report,
    seconds: f64,
}

/// Verifies, and prints what is wrong.
pub(crate) fn verify(args: &VerifyArgs, printer: Printer) -> Outcome {
    let options = options(args)?;
    let bar = printer.bar(
        0,
        "{bar:30} {human_pos}/{human_len} entries  {per_sec}  {eta} left",
    );
    let watch = Stopwatch::start();
    let report = verify_folder(&args.folder, &options, &mut |progress| {
        bar.set_length(progress.of);
        bar.set_position(progress.entries);
    });
    bar.finish_and_clear();
    let report = report.map_err(|error| keys::unreadable(&args.folder, error))?;
    let seconds = watch.wall().as_secs_f64();
    if let Some(path) = &args.state
        && report.is_clean()
    {
        output::to_file(path, |out| Ok(serde_json::to_writer(out, &report.state)?))?;
    }
    if printer.json {
        printer.json(&Report {
            folder: &args.folder,
            report: &report,
            seconds,
        })?;
    } else {
        print(args, &report, seconds, printer)?;
    }
    Ok(if report.is_clean() {
        Exit::Success
    } else {
        Exit::Findings
    })
}

fn options(args: &VerifyArgs) -> Result<VerifyOptions, Error> {
    let key = args.key.as_ref().map(|key| keys::public("--key", key));
    let witnesses = args
        .witness
        .iter()
        .map(|key| keys::public("--witness", key));
    let known = args.known.as_ref().map(|path| {
        keys::read(path)?.parse().map_err(|error| Error::Input {
            what: "a checkpoint",
            path: path.clone(),
            source: Box::new(error),
            help: Some("a checkpoint is a signed note, like the ledger's own".to_owned()),
        })
    });
    Ok(VerifyOptions {
        log: key.transpose()?,
        witnesses: witnesses.collect::<Result<_, Error>>()?,
        known: known.transpose()?,
        resume: earlier(args)?,
        threads: args.threads.unwrap_or(0) as usize,
    })
}

/// Where an earlier run ended, if there was one.
fn earlier(args: &VerifyArgs) -> Result<Option<VerifyState>, Error> {
    let Some(path) = args.state.as_ref().filter(|path| path.exists()) else {
        return Ok(None);
    };
    serde_json::from_str(&keys::read(path)?).map_err(|error| Error::Input {
        what: "where an earlier run ended",
        path: path.clone(),
        source: Box::new(error),
        help: Some("remove the file to verify from the beginning".to_owned()),
    })
}

fn print(
    args: &VerifyArgs,
    report: &ledger::Report,
    seconds: f64,
    printer: Printer,
) -> std::io::Result<()> {
    for finding in &report.findings {
        printer.line(finding)?;
    }
    if report.more > 0 {
        printer.line(format_args!(
            "and {} more of the like",
            grouped(report.more)
        ))?;
    }
    for seen in &report.witnesses {
        let at = moment(seen.time);
        printer.line(format_args!(
            "{} cosigned size {} at {at}",
            seen.witness,
            grouped(seen.size)
        ))?;
    }
    let count = report.findings.len() as u64 + report.more;
    let verdict = match count {
        0 => "no findings".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{} findings", grouped(count)),
    };
    printer.line(format_args!(
        "{}: {} entries of {} under {} checkpoints, root {}: {verdict}",
        args.folder.display(),
        grouped(report.size),
        report.origin,
        grouped(report.checkpoints),
        report.root,
    ))?;
    printer.note(format_args!(
        "{} entries read in {seconds:.1} s; {} not yet under a checkpoint",
        grouped(report.entries),
        grouped(report.pending)
    ));
    if !report.signatures {
        printer.note("no signature was checked: give the ledger's public key with --key");
    }
    Ok(())
}

/// Seconds since 1970 as a reader understands them.
fn moment(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    pool::Moment(seconds.saturating_mul(1_000_000)).rfc3339()
}
