//! `citybrain roads generate`: a network made up, a grid or a city from its description.

use std::path::{Path, PathBuf};

use roads::cityflow;
use roads::generate::{self, GridDemandSpec, GridSpec};
use roads::{Demand, Network};
use serde::Serialize;

use crate::cli::roads::GenerateArgs;
use crate::error::{Error, Exit, Outcome};
use crate::load;
use crate::output::to_file;
use crate::printer::{Printer, grouped};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    network: &'a Path,
    junctions: usize,
    links: usize,
    signals: usize,
    demand: Option<&'a PathBuf>,
    vehicles: Option<usize>,
}

/// Draws the network and writes it.
pub(crate) fn generate(args: &GenerateArgs, printer: Printer) -> Outcome {
    let (network, demand) = match (&args.spec, args.grid) {
        (Some(spec), _) => described(spec, args, printer)?,
        (None, Some(size)) => grid(size, args)?,
        (None, None) => return Err(Error::internal("neither --spec nor --grid")),
    };
    to_file(&args.out, |out| cityflow::write_network(&network, out))?;
    if let (Some(path), Some(demand)) = (&args.demand_out, &demand) {
        to_file(path, |out| cityflow::write_demand(&network, demand, out))?;
    }
    let report = Report {
        network: &args.out,
        junctions: network.junctions.len(),
        links: network.links.len(),
        signals: network.signals.len(),
        demand: args.demand_out.as_ref(),
        vehicles: demand.as_ref().map(|demand| demand.flows.len()),
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        printer.line(format_args!(
            "{}: {} junctions, {} links, {} signals",
            args.out.display(),
            grouped(report.junctions as u64),
            grouped(report.links as u64),
            grouped(report.signals as u64)
        ))?;
        if let (Some(path), Some(vehicles)) = (report.demand, report.vehicles) {
            printer.line(format_args!(
                "{}: {} flows",
                path.display(),
                grouped(vehicles as u64)
            ))?;
        }
    }
    Ok(Exit::Success)
}

type Made = (Network, Option<Demand>);

fn described(spec: &Path, args: &GenerateArgs, printer: Printer) -> Result<Made, Error> {
    let network = load::network(spec, printer)?;
    let demand = match args.demand_out {
        Some(_) => Some(
            generate::random_demand(&network, args.vehicles, HOUR, args.seed)
                .map_err(|error| refused(&error))?,
        ),
        None => None,
    };
    Ok((std::sync::Arc::unwrap_or_clone(network), demand))
}

/// Seconds over which the vehicles of a made-up demand appear.
const HOUR: f64 = 3600.0;

fn grid((columns, rows): (usize, usize), args: &GenerateArgs) -> Result<Made, Error> {
    let usual = GridSpec::default();
    let spacing = |usual| args.spacing.unwrap_or(usual);
    let spec = GridSpec {
        columns: columns as u32,
        rows: rows as u32,
        spacing_x: spacing(usual.spacing_x),
        spacing_y: spacing(usual.spacing_y),
        lanes: args.lanes.unwrap_or(usual.lanes),
        ..usual
    };
    let network = generate::grid(&spec).map_err(|error| refused(&error))?;
    let demand = match args.demand_out {
        Some(_) => {
            let spec = GridDemandSpec {
                vehicles: args.vehicles,
                horizon: HOUR,
                seed: args.seed,
                ..GridDemandSpec::default()
            };
            Some(generate::grid_demand(&network, &spec).map_err(|error| refused(&error))?)
        }
        None => None,
    };
    Ok((network, demand))
}

fn refused(error: &roads::Error) -> Error {
    Error::Refused {
        message: format!("the network cannot be generated: {error}"),
        help: None,
    }
}
