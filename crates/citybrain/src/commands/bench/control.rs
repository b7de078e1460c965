//! `citybrain bench control`: how long a controller takes to decide for many signals at once.

use std::sync::Arc;
use std::time::Instant;

use roads::generate::{GridDemandSpec, GridSpec, GridStart, grid, grid_demand};
use serde::Serialize;
use signals::Protocol;
use signals::brain::decision_times;

use crate::cli::bench_control::ControlArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped, table};

/// Seconds in which the grid fills before anything is timed.
const FILL_SECONDS: f64 = 300.0;
/// Vehicles for each signal, where nothing is said: the density of the published networks' peaks.
const VEHICLES_A_SIGNAL: u64 = 23;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// Figures of a debug build say little.
    optimised: bool,
    threads: usize,
    signals: usize,
    /// What the controllers see with.
    sensing: String,
    seconds: u64,
    measured: Vec<Measured>,
}

/// One controller under one protocol.
#[derive(Serialize)]
struct Measured {
    control: String,
    protocol: &'static str,
    /// Seconds between decisions, within which each has to be there.
    tick_s: f64,
    /// Vehicles on the road at the end.
    vehicles: u64,
    decisions: usize,
    median_ms: f64,
    p99_ms: f64,
    slowest_ms: f64,
    /// What it takes to take the sensors' samples and to estimate from them whom the lanes hold,
    /// every second; median.
    sensing_ms: f64,
    within_tick: bool,
}

/// Measures and prints.
pub(crate) fn control(args: &ControlArgs, printer: Printer) -> Outcome {
    if cfg!(debug_assertions) {
        printer.note("note: this is a development build; measure with a release build");
    }
    let report = measure(args, printer)?;
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(if report.measured.iter().all(|one| one.within_tick) {
        Exit::Success
    } else {
        Exit::Findings
    })
}

fn measure(args: &ControlArgs, printer: Printer) -> Result<Report, Error> {
    let side = (args.signals as f64).sqrt().round().max(1.0) as u32;
    let spec = GridSpec {
        columns: side,
        rows: side,
        ..GridSpec::default()
    };
    let network = Arc::new(grid(&spec).map_err(Error::internal)?);
    let signals = network.signals.len();
    let vehicles = args.vehicles.unwrap_or(signals as u64 * VEHICLES_A_SIGNAL);
    let demand = GridDemandSpec {
        vehicles: vehicles as usize,
        horizon: FILL_SECONDS,
        start: GridStart::Everywhere,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(&network, &demand).map_err(Error::internal)?);
    let mut measured = Vec::new();
    for (name, protocol) in [
        ("literature", Protocol::literature()),
        ("street", Protocol::street()),
    ] {
        for control in &args.control {
            printer.note(format_args!(
                "{control} under the {name}'s protocol, {signals} signals"
            ));
            let controller = crate::control::build(control, &network, &demand, &protocol)?;
            let began = Instant::now();
            let times = decision_times(
                &network,
                &demand,
                sim::Config::default(),
                (controller, &protocol, &args.sensing),
                (FILL_SECONDS, args.seconds as f64),
                Box::new(move || began.elapsed().as_secs_f64()),
            )
            .map_err(Error::internal)?;
            let slowest = times.quantile(1.0);
            measured.push(Measured {
                control: control.clone(),
                protocol: name,
                tick_s: protocol.action_interval,
                vehicles: times.vehicles,
                decisions: times.seconds.len(),
                median_ms: times.quantile(0.5) * 1e3,
                p99_ms: times.quantile(0.99) * 1e3,
                slowest_ms: slowest * 1e3,
                sensing_ms: times.sensing * 1e3,
                within_tick: slowest <= protocol.action_interval,
            });
        }
    }
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        optimised: !cfg!(debug_assertions),
        threads: rayon::current_num_threads(),
        signals,
        sensing: args.sensing.to_string(),
        seconds: args.seconds,
        measured,
    })
}

fn print(report: &Report, printer: Printer) -> std::io::Result<()> {
    let mut lines = table([
        "controller",
        "protocol",
        "tick s",
        "vehicles",
        "decisions",
        "median ms",
        "p99 ms",
        "slowest ms",
        "sensing ms",
    ]);
    for one in &report.measured {
        lines.add_row([
            one.control.clone(),
            one.protocol.to_owned(),
            one.tick_s.to_string(),
            grouped(one.vehicles),
            one.decisions.to_string(),
            format!("{:.1}", one.median_ms),
            format!("{:.1}", one.p99_ms),
            format!("{:.1}", one.slowest_ms),
            format!("{:.1}", one.sensing_ms),
        ]);
    }
    printer.line(lines)?;
    printer.line(format_args!(
        "{} signals, {} thread(s), sensing {}",
        report.signals, report.threads, report.sensing
    ))
}
