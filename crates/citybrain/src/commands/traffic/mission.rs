//! `citybrain traffic mission`: what priority gains emergency missions, and what it costs others.

use std::path::Path;
use std::sync::Arc;

use missions::experiment::{self, Change, Report, Spec};
use missions::{Arm, Place, Units, UnitsFile};
use roads::Network;
use serde::Serialize;
use signals::{Runner, SimPlant};
use sim::BlueLight;

use super::scenario::{self, About, Scenario};
use crate::cli::traffic::MissionArgs;
use crate::control;
use crate::error::{Error, Exit, Outcome, nearest};
use crate::printer::{Printer, grouped, properties, table};
use crate::settings::Layers;

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    version: &'static str,
    network: &'a str,
    settings: &'a About,
    window: f64,
    at_once: usize,
    blue_light: BlueLight,
    #[serde(flatten)]
    report: &'a Report,
}

/// Runs the missions and prints what came out; exit code 1 if greens ever conflicted.
pub(crate) fn mission(args: &MissionArgs, mut layers: Layers, printer: Printer) -> Outcome {
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    let settings = layers.settings()?;
    let scenario = scenario::read(&args.scenario, &settings, printer)?;
    let spec = spec(args, &scenario)?;
    let bar = printer.bar(
        spec.missions as u64,
        "missions {bar:30} {pos:>5}/{len}  {eta} left",
    );
    let report = missions(&scenario, &args.control, &spec, &mut |done| {
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    if printer.json {
        printer.json(&Printed {
            version: env!("CARGO_PKG_VERSION"),
            network: &scenario.network.name,
            settings: &scenario.about,
            window: spec.window,
            at_once: spec.at_once,
            blue_light: spec.light,
            report: &report,
        })?;
    } else {
        print(&scenario, &spec, &report, printer)?;
    }
    Ok(if report.summary.conflicting_greens > 0 {
        Exit::Findings
    } else {
        Exit::Success
    })
}

/// Runs missions on a scenario under a controller; `progress` hears how many are done.
pub(crate) fn missions(
    scenario: &Scenario,
    control: &str,
    spec: &Spec,
    progress: &mut dyn FnMut(usize),
) -> Result<Report, Error> {
    // Names are checked once; what else may go wrong is the engine's.
    control::build(
        control,
        &scenario.network,
        &scenario.demand,
        &scenario.protocol,
    )?;
    let start = || -> Result<Runner<SimPlant>, missions::Error> {
        let controller = signals::controllers::by_name(
            control,
            &scenario.network,
            &scenario.demand,
            &scenario.protocol,
        )?;
        let plant = SimPlant::new(
            Arc::clone(&scenario.network),
            Arc::clone(&scenario.demand),
            scenario.config.clone(),
        )?;
        Ok(Runner::new(plant, controller, &scenario.protocol)?)
    };
    let mut watcher = |done: usize, _: usize| progress(done);
    experiment::run(
        &scenario.network,
        &scenario.demand,
        &start,
        spec,
        &mut watcher,
    )
    .map_err(|error| Error::Refused {
        message: format!("the missions cannot be run: {error}"),
        help: None,
    })
}

fn spec(args: &MissionArgs, scenario: &Scenario) -> Result<Spec, Error> {
    let base = Spec::new(&scenario.protocol);
    let between = match (&args.from, &args.to) {
        (Some(from), Some(to)) => {
            let from = link(&scenario.network, from, &args.scenario.network)?;
            let to = link(&scenario.network, to, &args.scenario.network)?;
            let at = scenario.network.links[to.index()].length / 2.0;
            Some((
                Place {
                    link: from,
                    at: 0.0,
                },
                Place { link: to, at },
            ))
        }
        _ => None,
    };
    let units = args
        .units
        .as_deref()
        .map(|path| units(path, &scenario.network))
        .transpose()?;
    if let Some(units) = &units
        && units.able(&args.ability).next().is_none()
    {
        let known = units.units.iter().flat_map(|unit| unit.abilities.iter());
        return Err(Error::Refused {
            message: format!("no unit is able to do {:?}", args.ability),
            help: nearest(&args.ability, known.map(String::as_str)),
        });
    }
    Ok(Spec {
        missions: args.missions,
        at_once: args.at_once,
        seed: args.seed,
        horizon: scenario.horizon,
        window: args.window,
        between,
        units: units.map(|units| (units, args.ability.clone())),
        light: BlueLight {
            speed_factor: args.speed_factor,
            ..BlueLight::default()
        },
        ..base
    })
}

fn link(network: &Network, name: &str, path: &Path) -> Result<roads::LinkId, Error> {
    network.link_named(name).ok_or_else(|| Error::Name {
        what: "link",
        name: name.to_owned(),
        path: path.to_owned(),
        help: nearest(name, network.links.iter().map(|link| link.id.as_str())),
    })
}

/// Reads a file of units and puts them on a network.
pub(crate) fn units(path: &Path, network: &Network) -> Result<Units, Error> {
    let wrong = |source: Box<dyn std::error::Error + Send + Sync>| Error::Input {
        what: "units",
        path: path.to_owned(),
        source,
        help: Some(
            "units are a list: `units: [{ id: a1, abilities: [ambulance], at: [200, 100] }]`"
                .to_owned(),
        ),
    };
    let file: UnitsFile =
        roads::generate::read_spec(path).map_err(|error| wrong(Box::new(error)))?;
    Units::new(network, &file).map_err(|error| wrong(Box::new(error)))
}

const fn title(arm: Arm) -> &'static str {
    match arm {
        Arm::Ordinary => "like anybody",
        Arm::BlueLight => "blue light",
        Arm::Priority => "with priority",
    }
}

fn print(scenario: &Scenario, spec: &Spec, report: &Report, printer: Printer) -> Result<(), Error> {
    let summary = &report.summary;
    let mut times = table([
        "to the scene",
        "mean s",
        "median s",
        "90 % s",
        "stops",
        "stood s",
    ]);
    for (&arm, total) in report.arms.iter().zip(&summary.arms) {
        times.add_row([
            title(arm).to_owned(),
            format!("{:.1}", total.mean),
            format!("{:.1}", total.median),
            format!("{:.1}", total.p90),
            format!("{:.2}", total.stops),
            format!("{:.1}", total.stood),
        ]);
    }
    printer.line(times.trim_fmt())?;
    let change = |change: &Change| {
        format!(
            "{:+.1} % ± {:.1} mean, {:+.1} % at the 90th percentile",
            100.0 * change.mean,
            100.0 * change.mean_interval,
            100.0 * change.p90
        )
    };
    let others = |change: &Change| {
        format!(
            "{:+.0} ± {:.0} vehicle seconds a mission, {:+.2} % of their time, {:+.2} % of their delay",
            change.others_seconds,
            change.others_seconds_interval,
            100.0 * change.others_time,
            100.0 * change.others_delay
        )
    };
    let clearance = summary.shortest_clearance.map_or_else(
        || "none seen".to_owned(),
        |seconds| format!("{seconds:.0} s at least"),
    );
    printer.line(
        properties([
            ("network", scenario.network.name.clone()),
            ("controller", report.control.clone()),
            (
                "missions",
                format!(
                    "{}, {} at once, from second {:.0} to {:.0}, seed {}; others counted {:.0} s on",
                    summary.missions, spec.at_once, report.peak.0, report.peak.1, report.seed, spec.window
                ),
            ),
            ("against like anybody", change(&summary.against_ordinary)),
            ("others", others(&summary.against_ordinary)),
            ("against blue light", change(&summary.against_blue_light)),
            ("others", others(&summary.against_blue_light)),
            (
                "conflicting greens",
                format!(
                    "{} in {} seconds of the whole network; from green to conflicting green {clearance}",
                    grouped(summary.conflicting_greens),
                    grouped(summary.looks)
                ),
            ),
        ])
        .trim_fmt(),
    )?;
    Ok(())
}
