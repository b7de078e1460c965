//! `citybrain roads convert`: a network, and demand along with it, in another format.

use std::path::Path;

use roads::issue::Issue;
use roads::{cityflow, geojson};
use serde::Serialize;

use crate::cli::roads::{ConvertArgs, Format};
use crate::error::{Exit, Outcome};
use crate::load;
use crate::output::to_file;
use crate::printer::Printer;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    written: Vec<&'a Path>,
    /// What the format could not hold.
    lost: Vec<Issue>,
}

/// Converts and writes.
pub(crate) fn convert(args: &ConvertArgs, printer: Printer) -> Outcome {
    let network = load::network(&args.network, printer)?;
    let demand = match &args.demand {
        Some(path) => Some(load::demand(path, &network, printer)?),
        None => None,
    };
    let mut report = Report {
        written: vec![&args.out],
        lost: Vec::new(),
    };
    match args.to {
        Format::Cityflow => {
            let lost = to_file(&args.out, |out| cityflow::write_network(&network, out))?;
            report.lost.extend(lost);
        }
        Format::Geojson => to_file(&args.out, |out| geojson::write_network(&network, out))?,
    }
    if let (Some(demand), Some(path)) = (&demand, &args.demand_out) {
        report.lost.extend(to_file(path, |out| {
            cityflow::write_demand(&network, demand, out)
        })?);
        report.written.push(path);
    }
    if printer.json {
        printer.json(&report)?;
    } else {
        for issue in &report.lost {
            printer.note(format_args!("note: {issue}"));
        }
        for path in &report.written {
            printer.note(path.display());
        }
    }
    Ok(Exit::Success)
}
