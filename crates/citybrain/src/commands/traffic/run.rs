//! `citybrain traffic run`: one scenario under one controller.

use std::time::Duration;

use serde::Serialize;
use sim::World;

use super::scenario::{self, About};
use super::simulate::{Look, Run, simulate};
use super::sumo;
use super::trajectories::Trajectories;
use crate::cli::traffic::RunArgs;
use crate::error::{Exit, Outcome};
use crate::printer::{Printer, bytes, grouped, properties};
use crate::settings::Layers;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    network: &'a str,
    #[serde(flatten)]
    run: &'a Run,
    settings: &'a About,
    trajectories: Option<Written>,
}

/// The trajectory file.
#[derive(Serialize)]
struct Written {
    file: String,
    rows: u64,
}

/// Runs the scenario and prints what came out.
pub(crate) fn run(args: &RunArgs, mut layers: Layers, printer: Printer) -> Outcome {
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    layers.flag("traffic.control", "--control", args.control.clone())?;
    layers.flag("traffic.seed", "--seed", args.seed.map(i64::from))?;
    sumo::check(
        &args.plant,
        args.control_program.as_ref(),
        std::slice::from_ref(&args.sensing),
    )?;
    if sumo::is_chosen(&args.plant) {
        return sumo::run(args, &layers, printer);
    }
    let settings = layers.settings()?;
    let mut scenario = scenario::read(&args.scenario, &settings, printer)?;
    if let Some(closed) = super::closing::from_args(&args.schemes, &mut scenario)? {
        printer.note(closed.note());
    }
    let control = &settings.traffic.control;
    let seed = settings.traffic.seed as u32;

    let mut trajectories = match &args.out {
        Some(path) => Some(Trajectories::create(
            path,
            &scenario.network,
            &[
                ("version", env!("CARGO_PKG_VERSION").to_owned()),
                ("network", scenario.network.name.clone()),
                ("control", control.clone()),
                ("seed", seed.to_string()),
            ],
        )?),
        None => None,
    };
    let mut record = trajectories
        .as_mut()
        .map(|trajectories| move |world: &World| trajectories.record(world));
    let run = simulate(
        &scenario,
        control,
        (seed, &args.sensing),
        false,
        printer,
        record.as_mut().map(|record| record as Look<'_>),
    )?;
    let trajectories = match (trajectories, &args.out) {
        (Some(trajectories), Some(path)) => Some(Written {
            rows: trajectories.finish()?,
            file: path.display().to_string(),
        }),
        _ => None,
    };
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        network: &scenario.network.name,
        run: &run,
        settings: &scenario.about,
        trajectories,
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        printer.line(table(&report).trim_fmt())?;
    }
    Ok(Exit::Success)
}

/// What was seen with, and how well.
fn sensing(run: &Run) -> String {
    let errors = run.sensing_errors.map(|errors| {
        format!(
            ", vehicles on a lane wrong by {:.2} (root mean square) of {:.2}, waiting by {:.2}",
            errors.count_rmse, errors.count_mean, errors.waiting_rmse
        )
    });
    format!("{}{}", run.sensing, errors.unwrap_or_default())
}

fn table(report: &Report) -> comfy_table::Table {
    let Report { run, settings, .. } = report;
    let (results, cost) = (&run.results, &run.cost);
    let seconds = |seconds: f64| format!("{seconds:.2} s");
    let mut rows = vec![
        ("network", report.network.to_owned()),
        ("controller", run.control.clone()),
        (
            "settings",
            format!(
                "{} s, seed {}, lane change {}, {} rules, {} thread(s)",
                settings.horizon,
                run.seed,
                if settings.lane_change { "on" } else { "off" },
                match settings.rules {
                    sim::Rules::Benchmark => "benchmark",
                    sim::Rules::Street => "street",
                },
                settings.threads
            ),
        ),
        ("sensing", sensing(run)),
        (
            "att_engine",
            format!(
                "{}  creation to finish or end, waiting outside counts",
                seconds(results.att_engine)
            ),
        ),
        (
            "att_lit",
            format!(
                "{}  the literature's, on lanes before signals",
                seconds(results.att_lit)
            ),
        ),
        (
            "att_finished",
            format!("{}  finished vehicles", seconds(results.att_finished)),
        ),
        (
            "vehicles",
            format!(
                "{} created, {} finished, {} running, {} waiting to enter",
                grouped(results.vehicles),
                grouped(results.throughput),
                grouped(results.running),
                grouped(results.waiting_to_enter)
            ),
        ),
        (
            "mean speed",
            format!(
                "{:.2} m/s over {:.0} km",
                results.mean_speed, results.distance_km
            ),
        ),
        (
            "engine",
            format!(
                "{} vehicle updates in {:.3} CPU-seconds, {:.2} million a second",
                grouped(results.vehicle_updates),
                cost.cpu_seconds,
                cost.updates_per_cpu_second / 1e6
            ),
        ),
        (
            "cost",
            format!(
                "{:.2} s wall, {:.2} s CPU in all, {} peak memory",
                Duration::from_secs_f64(cost.wall_seconds).as_secs_f64(),
                cost.process_cpu_seconds,
                bytes(cost.peak_rss_bytes)
            ),
        ),
    ];
    if results.invalid_flows > 0 {
        rows.push((
            "given up",
            format!(
                "{} flows whose route cannot be driven",
                grouped(results.invalid_flows)
            ),
        ));
    }
    if let Some(safety) = &run.safety {
        rows.push((
            "safety",
            format!(
                "{} overrides, {} fallbacks to the plan",
                grouped(safety.overrides),
                grouped(safety.fallbacks)
            ),
        ));
    }
    if let Some(written) = &report.trajectories {
        rows.push((
            "trajectories",
            format!("{} rows in {}", grouped(written.rows), written.file),
        ));
    }
    properties(rows)
}
