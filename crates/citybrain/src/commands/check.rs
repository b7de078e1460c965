//! `citybrain check`: every fault of a city's definition files at once.

use std::io::Write;
use std::path::PathBuf;

use city::{Definitions, Fault};
use serde::Serialize;

use crate::cli::city::CheckArgs;
use crate::error::{Exit, Outcome};
use crate::printer::Printer;
use crate::settings::Layers;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    city: &'a PathBuf,
    faults: &'a [Fault],
}

/// Prints the faults.
pub(crate) fn check(args: &CheckArgs, layers: &Layers, printer: Printer) -> Outcome {
    let folder = match &args.city {
        Some(folder) => folder.clone(),
        None => layers.settings()?.up.city,
    };
    let (_, faults) = Definitions::read(&folder);
    if printer.json {
        printer.json(&Report {
            city: &folder,
            faults: &faults,
        })?;
    } else {
        let mut out = std::io::stdout().lock();
        for fault in &faults {
            writeln!(out, "{:?}", miette::Report::new(fault.clone()))?;
        }
        match faults.len() {
            0 => writeln!(out, "{}: no faults", folder.display())?,
            1 => writeln!(out, "{}: 1 fault", folder.display())?,
            count => writeln!(out, "{}: {count} faults", folder.display())?,
        }
    }
    Ok(if faults.is_empty() {
        Exit::Success
    } else {
        Exit::Findings
    })
}
