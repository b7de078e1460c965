//! `citybrain traffic corridor`: a green wave in both directions, before and after.

use std::io::Write as _;
use std::path::Path;

use roads::Network;
use schemes::corridor::{
    Coordination, Corridor, CorridorWatch, CorridorsFile, DirectionFigures, coordinate,
};
use serde::Serialize;
use signals::Controller;

use super::closing::FILE_BYTES_MAX;
use super::diagram::{self, Diagram};
use super::scenario::{self, About, Scenario};
use super::simulate::{named, simulate_watched};
use crate::cli::traffic_schemes::CorridorArgs;
use crate::error::{Error, Exit, Outcome, nearest};
use crate::load;
use crate::output::to_file;
use crate::printer::{Printer, table};
use crate::settings::Layers;

/// Cycles that the diagram shows.
const CYCLES_SHOWN: f64 = 4.0;
/// What the coordinated plan is called.
const COORDINATED: &str = "coordinated";

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    network: &'a str,
    corridor: &'a str,
    cycle_s: f64,
    /// Bands in seconds: outbound, inbound.
    bands_s: (f64, f64),
    /// The same with all offsets zero.
    bands_without_offsets_s: (f64, f64),
    stations: Vec<Station>,
    runs: Vec<Measured>,
    diagram: Diagram,
    settings: &'a About,
}

#[derive(Serialize)]
struct Station {
    signal: String,
    distance_m: f64,
    offset_s: f64,
    /// Phases in turn with their seconds, the change before each included.
    phases: Vec<(u32, f64)>,
}

#[derive(Serialize)]
struct Measured {
    control: String,
    out: DirectionFigures,
    back: DirectionFigures,
    mean_speed: f64,
    throughput: u64,
    #[serde(skip)]
    watch: CorridorWatch,
}

/// Makes the plan, runs it and the others, prints and draws.
pub(crate) fn corridor(args: &CorridorArgs, mut layers: Layers, printer: Printer) -> Outcome {
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    layers.flag("traffic.seed", "--seed", args.seed.map(i64::from))?;
    let settings = layers.settings()?;
    let scenario = scenario::read(&args.scenario, &settings, printer)?;
    let (corridor, speed) = find(args, &scenario.network)?;
    let plan = coordinate(
        &scenario.network,
        &scenario.demand,
        &scenario.protocol,
        &corridor,
        (args.cycle, args.speed.or(speed)),
    )
    .map_err(|error| refused(&error, &scenario.network))?;
    let seed = settings.traffic.seed as u32;
    // Whole cycles in the middle of the run.
    let cycle = plan.bands.cycle.max(1.0);
    let start = (scenario.horizon / 2.0 / cycle).floor() * cycle;
    let window = (start, start + CYCLES_SHOWN * cycle);

    let mut runs = Vec::new();
    for control in &args.control {
        let built = named(&scenario, control)?;
        runs.push(measure(
            &scenario, &corridor, control, built, window, seed, printer,
        )?);
    }
    for (name, built) in [
        ("same cycle, no offsets", plan.without_offsets()),
        (COORDINATED, plan.controller()),
    ] {
        let built: Box<dyn Controller> = Box::new(built);
        runs.push(measure(
            &scenario,
            &corridor,
            name,
            Some(built),
            window,
            seed,
            printer,
        )?);
    }
    let driven = runs.last().map(|run| run.watch.trajectories());
    let diagram = Diagram::new(
        &corridor,
        &plan,
        window,
        driven.unwrap_or_default(),
        |signal| scenario.network.signals[signal.index()].id.clone(),
    );
    if let Some(path) = &args.out {
        draw(path, &corridor, &diagram)?;
        printer.note(format_args!("diagram: {}", path.display()));
    }
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        network: &scenario.network.name,
        corridor: &corridor.id,
        cycle_s: plan.bands.cycle,
        bands_s: (plan.bands.out, plan.bands.back),
        bands_without_offsets_s: plan.without,
        stations: stations(&scenario.network, &corridor, &plan),
        runs,
        diagram,
        settings: &scenario.about,
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(Exit::Success)
}

/// The corridor that the command line names, and its own speed.
fn find(args: &CorridorArgs, network: &Network) -> Result<(Corridor, Option<f64>), Error> {
    let wrong = |error: schemes::Error| refused(&error, network);
    if let Some(street) = &args.way.street {
        return Ok((Corridor::along(network, street).map_err(wrong)?, None));
    }
    let Some(path) = &args.way.file else {
        let found = Corridor::through(network, "corridor", &args.way.junctions);
        return Ok((found.map_err(wrong)?, None));
    };
    let input = |source: Box<dyn std::error::Error + Send + Sync>| Error::Input {
        what: "a file of corridors",
        path: path.clone(),
        source,
        help: Some("docs/schemes.md describes them".to_owned()),
    };
    let text = load::text(path, FILE_BYTES_MAX).map_err(|error| input(error.into()))?;
    let file = CorridorsFile::parse(&text).map_err(|error| input(error.into()))?;
    let wanted = args.corridor.as_ref();
    let found = file
        .corridors
        .iter()
        .find(|one| wanted.is_none_or(|wanted| *wanted == one.id));
    let Some(found) = found else {
        let name = wanted.cloned().unwrap_or_default();
        return Err(Error::Name {
            what: "corridor",
            help: nearest(&name, file.corridors.iter().map(|one| one.id.as_str())),
            name,
            path: path.clone(),
        });
    };
    let corridor = Corridor::through(network, &found.id, &found.junctions).map_err(wrong)?;
    Ok((corridor, found.speed))
}

fn refused(error: &schemes::Error, network: &Network) -> Error {
    let help = match error {
        schemes::Error::Unknown { what, name } if *what == "junction" => {
            nearest(name, network.junctions.iter().map(|one| one.id.as_str()))
        }
        schemes::Error::Unknown { name, .. } => {
            let names = network.links.iter().filter_map(|link| link.name.as_deref());
            nearest(name, names)
        }
        _ => None,
    };
    Error::Refused {
        message: format!("the corridor cannot be coordinated: {error}"),
        help,
    }
}

fn measure(
    scenario: &Scenario,
    corridor: &Corridor,
    control: &str,
    built: Option<Box<dyn Controller>>,
    window: (f64, f64),
    seed: u32,
    printer: Printer,
) -> Result<Measured, Error> {
    let mut watch = CorridorWatch::new(&scenario.network, corridor, window);
    let run = simulate_watched(scenario, control, built, seed, printer, |world| {
        watch.look(world);
    })?;
    Ok(Measured {
        control: control.to_owned(),
        out: watch.figures(true),
        back: watch.figures(false),
        mean_speed: run.results.mean_speed,
        throughput: run.results.throughput,
        watch,
    })
}

fn stations(network: &Network, corridor: &Corridor, plan: &Coordination) -> Vec<Station> {
    corridor
        .stations
        .iter()
        .zip(&plan.signals)
        .map(|(station, plan)| Station {
            signal: network.signals[station.signal.index()].id.clone(),
            distance_m: station.distance,
            offset_s: plan.offset,
            phases: plan.slots.clone(),
        })
        .collect()
}

fn draw(path: &Path, corridor: &Corridor, diagram: &Diagram) -> Result<(), Error> {
    let svg = diagram::svg(diagram, &corridor.id)?;
    let is_svg = path.extension().is_some_and(|ending| ending == "svg");
    let text = if is_svg {
        svg
    } else {
        diagram::page(diagram, &corridor.id, &svg)
    };
    to_file(path, |out| out.write_all(text.as_bytes()))
}

fn print(report: &Report, printer: Printer) -> std::io::Result<()> {
    printer.line(format_args!(
        "{}: cycle {:.0} s, bands {:.0} s out and {:.0} s back ({:.0} and {:.0} without offsets)",
        report.corridor,
        report.cycle_s,
        report.bands_s.0,
        report.bands_s.1,
        report.bands_without_offsets_s.0,
        report.bands_without_offsets_s.1
    ))?;
    let mut lines = table(["signal", "at m", "offset s", "phases s"]);
    for station in &report.stations {
        let phases: Vec<String> = station
            .phases
            .iter()
            .map(|(phase, seconds)| format!("{phase}: {seconds:.0}"))
            .collect();
        lines.add_row([
            station.signal.clone(),
            format!("{:.0}", station.distance_m),
            format!("{:.0}", station.offset_s),
            phases.join(", "),
        ]);
    }
    printer.line(lines.trim_fmt())?;
    let mut lines = table([
        "controller",
        "out s",
        "back s",
        "stops/km out",
        "back",
        "network m/s",
    ]);
    for run in &report.runs {
        lines.add_row([
            run.control.clone(),
            format!("{:.1}", run.out.travel_time),
            format!("{:.1}", run.back.travel_time),
            format!("{:.2}", run.out.stops_per_km),
            format!("{:.2}", run.back.stops_per_km),
            format!("{:.2}", run.mean_speed),
        ]);
    }
    printer.line(lines.trim_fmt())
}
