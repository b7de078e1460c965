//! `citybrain bench engine`: what the engine does in a CPU-second, and what it weighs.

use serde::Serialize;

use super::case::{Case, Measured};
use super::sumo::{self, Comparison};
use crate::cli::bench::{EngineArgs, LaneChange};
use crate::commands::traffic::scenario;
use crate::error::{Error, Exit, Outcome};
use crate::load;
use crate::measure::Spread;
use crate::printer::{Printer, bytes, grouped, table};
use crate::settings::Layers;

/// Signals of the grids when none are asked for: a district, a borough, a city.
const SIGNALS: [u64; 3] = [16, 200, 900];

/// Steps measured on a grid.
const GRID_STEPS: u64 = 300;

/// Steps measured on a network with demand of its own: the hour, from the start.
const NETWORK_STEPS: u64 = 3600;

/// A million vehicles, on a grid of as many signals as a large city has.
const MILLION: (u64, u64, u64) = (10_000, 1_000_000, 120);

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// Figures of a debug build say little.
    optimised: bool,
    cpus: usize,
    repetitions: u64,
    cases: Vec<Measured>,
    sumo: Option<Comparison>,
}

/// Measures and prints.
pub(crate) fn engine(args: &EngineArgs, layers: &Layers, printer: Printer) -> Outcome {
    if cfg!(debug_assertions) {
        printer.note("note: this is a development build; measure with a release build");
    }
    let settings = layers.settings()?;
    let threads: Vec<usize> = args
        .threads
        .iter()
        .map(|threads| *threads as usize)
        .collect();
    let lane_changes: &[bool] = match args.lane_change {
        LaneChange::On => &[true],
        LaneChange::Off => &[false],
        LaneChange::Both => &[false, true],
    };
    let mut measured = Vec::new();
    let mut comparison = None;
    if let Some(path) = &args.network {
        let loaded = load::scenario(path, args.demand.as_deref(), None, printer)?;
        let demand = match loaded.demand {
            Some(demand) => demand,
            None => load::random_demand(path, &loaded.network, &settings.traffic, printer)?,
        };
        let network = loaded.network;
        if args.sumo {
            printer.note("SUMO and our engine on the same scenario");
            let files = sumo::Files {
                network: path,
                demand: args.demand.as_deref(),
            };
            let span = (loaded.begin, args.sumo_horizon);
            comparison = Some(sumo::compare(&files, &network, &demand, span)?);
        }
        let case = Case {
            name: network.name.clone(),
            rules: scenario::rules(settings.traffic.rules, loaded.benchmark),
            network,
            demand,
            warm_up: 0,
            steps: args.steps.unwrap_or(NETWORK_STEPS),
            repeat: args.repeat,
            alone: false,
        };
        run(&case, lane_changes, &threads, &mut measured, printer)?;
    } else {
        for (signals, vehicles) in sizes(args)? {
            let steps = args.steps.unwrap_or(GRID_STEPS);
            let case = Case::grid(signals, vehicles, steps, args.repeat)?;
            run(&case, lane_changes, &threads, &mut measured, printer)?;
        }
        if args.million {
            let (signals, vehicles, steps) = MILLION;
            let steps = args.steps.unwrap_or(steps);
            let case = Case {
                alone: true,
                ..Case::grid(signals, vehicles, steps, 1)?
            };
            // Once, with the last of each: two worlds at a time would be another measurement.
            let (lane_change, threads) = (
                &lane_changes[lane_changes.len() - 1..],
                &threads[threads.len() - 1..],
            );
            run(&case, lane_change, threads, &mut measured, printer)?;
        }
    }
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        optimised: !cfg!(debug_assertions),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        repetitions: args.repeat,
        cases: measured,
        sumo: comparison,
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(Exit::Success)
}

fn run(
    case: &Case,
    lane_changes: &[bool],
    threads: &[usize],
    measured: &mut Vec<Measured>,
    printer: Printer,
) -> Result<(), Error> {
    for &lane_change in lane_changes {
        let word = if lane_change { "on" } else { "off" };
        printer.note(format_args!("{}, lane change {word}", case.name));
        measured.push(case.measure(lane_change, threads)?);
    }
    Ok(())
}

/// Signals and vehicles of each grid.
fn sizes(args: &EngineArgs) -> Result<Vec<(u64, u64)>, Error> {
    let signals = if args.signals.is_empty() {
        &SIGNALS[..]
    } else {
        &args.signals
    };
    if !args.vehicles.is_empty() && args.vehicles.len() != signals.len() {
        return Err(Error::Option {
            message: format!(
                "--vehicles has {} numbers, but there are {} grids",
                args.vehicles.len(),
                signals.len()
            ),
            help: Some("give one number of vehicles for each number of signals".to_owned()),
        });
    }
    let usual = |signals: u64| match signals {
        16 => 700,
        200 => 8_000,
        900 => 24_000,
        signals => signals * 27,
    };
    Ok(signals
        .iter()
        .enumerate()
        .map(|(index, &signals)| {
            (
                signals,
                args.vehicles
                    .get(index)
                    .copied()
                    .unwrap_or_else(|| usual(signals)),
            )
        })
        .collect())
}

fn median(spread: Option<&Spread>, decimals: usize) -> String {
    spread.map_or_else(
        || "–".to_owned(),
        |spread| format!("{:.decimals$}", spread.median),
    )
}

fn print(report: &Report, printer: Printer) -> std::io::Result<()> {
    let mut speed = table([
        "scenario",
        "signals",
        "vehicles",
        "lane change",
        "threads",
        "M updates/CPU-s",
        "min",
        "max",
        "× real time",
    ]);
    let mut weight = table([
        "scenario",
        "lane change",
        "vehicles at peak",
        "fork µs",
        "save ms",
        "restore ms",
        "bytes/vehicle",
        "peak memory",
        "2nd ÷ 1st threads",
    ]);
    for case in &report.cases {
        let lane_change = if case.lane_change { "on" } else { "off" };
        for run in &case.threads {
            let million = run.million_updates_per_cpu_second.as_ref();
            let show = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.2}"));
            speed.add_row([
                case.name.clone(),
                grouped(case.signals as u64),
                format!("{:.0}", case.vehicles_mean),
                lane_change.to_owned(),
                run.threads.to_string(),
                median(million, 2),
                show(million.map(|spread| spread.min)),
                show(million.map(|spread| spread.max)),
                median(run.real_time_factor.as_ref(), 1),
            ]);
        }
        weight.add_row([
            case.name.clone(),
            lane_change.to_owned(),
            grouped(case.vehicles_peak),
            median(case.fork_us.as_ref(), 1),
            median(case.save_ms.as_ref(), 2),
            median(case.restore_ms.as_ref(), 2),
            format!("{:.0}", case.bytes_per_vehicle),
            bytes(case.peak_rss_bytes),
            median(case.speed_up.as_ref(), 2),
        ]);
    }
    printer.line(speed.trim_fmt())?;
    printer.line(weight.trim_fmt())?;
    if let Some(comparison) = &report.sumo {
        print_comparison(comparison, printer)?;
    }
    Ok(())
}

fn print_comparison(comparison: &Comparison, printer: Printer) -> std::io::Result<()> {
    let mut both = table([
        "",
        "M updates/CPU-s",
        "CPU s",
        "finished",
        "trip s",
        "trip with waiting s",
    ]);
    for (name, side) in [
        (comparison.sumo_version.as_str(), &comparison.sumo),
        ("City Brain", &comparison.ours),
    ] {
        let seconds =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |s| format!("{s:.1}"));
        both.add_row([
            name.to_owned(),
            format!("{:.3}", side.updates_per_cpu_second / 1e6),
            format!("{:.2}", side.cpu_seconds),
            grouped(side.finished),
            seconds(side.mean_trip_s),
            seconds(side.mean_trip_with_waiting_s),
        ]);
    }
    printer.line(both.trim_fmt())?;
    printer.line(format_args!("ours ÷ SUMO: {:.1}", comparison.speed_ratio))
}
