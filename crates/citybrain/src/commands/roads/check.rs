//! `citybrain roads check`: every fault of a network and of the demand on it.

use std::path::Path;

use roads::check::{self, Fault, Severity};
use serde::Serialize;

use crate::cli::roads::CheckArgs;
use crate::error::{Exit, Outcome};
use crate::load;
use crate::printer::Printer;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    network: &'a Path,
    demand: Option<&'a Path>,
    errors: usize,
    warnings: usize,
    faults: &'a [Fault],
}

/// Prints the faults.
pub(crate) fn check(args: &CheckArgs, printer: Printer) -> Outcome {
    let network = load::network(&args.network, printer)?;
    let demand = match &args.demand {
        Some(path) => Some(load::demand(path, &network, printer)?),
        None => None,
    };
    let faults = check::check(&network, demand.as_ref());
    let count = |severity| {
        faults
            .iter()
            .filter(|fault| fault.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if printer.json {
        printer.json(&Report {
            network: &args.network,
            demand: args.demand.as_deref(),
            errors,
            warnings,
            faults: &faults,
        })?;
    } else {
        for fault in &faults {
            printer.line(fault)?;
        }
        printer.line(format_args!(
            "{}: {errors} error{}, {warnings} warning{}",
            args.network.display(),
            plural(errors),
            plural(warnings)
        ))?;
    }
    Ok(if errors == 0 {
        Exit::Success
    } else {
        Exit::Findings
    })
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
