//! `citybrain ledger witness`: cosigns the newest checkpoint, if it continues the one before.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ledger::storage::Disk;
use ledger::{Folder, LocalWitness, Witness, WitnessRefusal, WitnessRequest};
use pool::Clock;
use serde::Serialize;
use server::clock::WallClock;

use super::keys;
use crate::cli::ledger::WitnessArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    witness: &'a str,
    cosigned: bool,
    old_size: u64,
    size: u64,
    reason: Option<String>,
}

/// Cosigns.
pub(crate) fn witness(args: &WitnessArgs, printer: Printer) -> Outcome {
    let unreadable = |error| keys::unreadable(&args.folder, error);
    let log = keys::public("--log", &args.log)?;
    let witness = local(args, log)?;
    let folder = Folder::open(&args.folder).map_err(unreadable)?;
    let last = witness.last().map_err(|error| Error::Input {
        what: "what was cosigned last",
        path: seen(args),
        source: Box::new(error),
        help: None,
    })?;
    let old_size = last.map_or(0, |last| last.size);
    let size = folder.checkpoint().size;
    let answer = if old_size > size {
        Err(WitnessRefusal::Refuses(format!(
            "{} entries were cosigned before, the checkpoint is of {}: the ledger was cut back",
            grouped(old_size),
            grouped(size)
        )))
    } else {
        // Where the tree is broken there is no proof to make; the witness says so.
        let consistency = folder.consistency(old_size, size).unwrap_or_default();
        witness.cosign(&WitnessRequest {
            old_size,
            consistency,
            checkpoint: folder.note().to_string(),
        })
    };
    let reason = match answer {
        Ok(line) => {
            let mut note = folder.note().clone();
            let name = witness.key().name();
            note.signatures.retain(|signature| signature.name() != name);
            note.signatures.push(line.parse().map_err(Error::internal)?);
            folder
                .add_cosigned(&note)
                .map_err(|error| Error::output(&args.folder, error))?;
            None
        }
        Err(WitnessRefusal::Away(outage)) => {
            return Err(Error::output(&seen(args), outage));
        }
        Err(refusal) => Some(refusal.to_string()),
    };
    let report = Report {
        witness: witness.key().name(),
        cosigned: reason.is_none(),
        old_size,
        size,
        reason,
    };
    print(&report, printer)?;
    Ok(if report.cosigned {
        Exit::Success
    } else {
        Exit::Findings
    })
}

/// Where it is kept what was cosigned last.
fn seen(args: &WitnessArgs) -> PathBuf {
    args.seen.clone().unwrap_or_else(|| {
        let mut path = args.key.clone().into_os_string();
        path.push(".seen");
        PathBuf::from(path)
    })
}

fn local(args: &WitnessArgs, log: ledger::VerifierKey) -> Result<LocalWitness, Error> {
    let wrong = |message: String| Error::Option {
        message,
        help: None,
    };
    let seen = seen(args);
    let name = seen
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| wrong(format!("--seen {} is no file", seen.display())))?;
    let folder = seen
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let memory = Box::new(Disk::new(folder.unwrap_or(Path::new("."))));
    let clock = Arc::new(|| WallClock.now().0);
    LocalWitness::new(keys::secret(&args.key)?, log, clock, memory, &name)
        .map_err(|error| wrong(format!("--key {}: {error}", args.key.display())))
}

fn print(report: &Report<'_>, printer: Printer) -> std::io::Result<()> {
    if printer.json {
        return printer.json(report);
    }
    match &report.reason {
        None => printer.line(format_args!(
            "{} has cosigned {} entries, {} of them new",
            report.witness,
            grouped(report.size),
            grouped(report.size - report.old_size)
        )),
        Some(reason) => printer.line(format_args!("not cosigned: {reason}")),
    }
}
