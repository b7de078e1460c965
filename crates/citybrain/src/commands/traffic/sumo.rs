//! `citybrain traffic … --plant sumo`: our controllers in SUMO, beside SUMO's own.

mod bench;

use plants::sumo::{Outcome, Own, Sensing};
use plants::{BrainFailures, Event};
use serde::Serialize;
use signals::sensing::{self, SensingErrors};
use signals::{Protocol, Safety};

use crate::cli::traffic::{CompareArgs, PlantArgs, RunArgs};
use crate::error::{Error, Exit};
use crate::measure::{deviation, mean};
use crate::printer::{Printer, grouped, properties, table};
use crate::settings::Layers;

pub(super) use bench::brain;
use bench::{Bench, Deciding};

/// Events that are told beside a table.
const EVENTS_TOLD: usize = 10;
/// The scenario's own programs, run by SUMO alone.
const SUMO_PLAN: &str = "sumo-plan";
/// SUMO's actuated control of the same phases.
const SUMO_ACTUATED: &str = "sumo-actuated";
/// What SUMO's own control sees with, as reports say it.
const SUMO_SEES: &str = "own";

/// One run.
#[derive(Debug, Serialize)]
struct Run {
    control: String,
    /// What the controller saw with; "own" where SUMO ran alone.
    sensing: String,
    seed: u32,
    #[serde(flatten)]
    outcome: Outcome,
    /// What the envelope had to do; none where SUMO ran alone.
    safety: Option<Safety>,
    /// How far what was believed was from what was; none where nothing was estimated.
    sensing_errors: Option<SensingErrors>,
    /// What went wrong, and how often.
    events: Vec<Event>,
    event_count: u64,
    /// How the controller failed, if it did; none where SUMO ran alone.
    controller_failures: Option<BrainFailures>,
    wall_seconds: f64,
}

/// A controller over all seeds.
#[derive(Debug, Serialize)]
struct Row {
    control: String,
    sensing: String,
    runs: usize,
    mean_trip: f64,
    mean_trip_deviation: Option<f64>,
    mean_depart_delay: f64,
    mean_waiting: f64,
    teleports: f64,
    finished: f64,
    unfinished: f64,
    /// Mean trip over that under the scenario's own plan, less one.
    against_plan: Option<f64>,
    /// As above, against SUMO's actuated control.
    against_actuated: Option<f64>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    plant: &'static str,
    sumo_version: &'a str,
    network: String,
    begin: f64,
    end: Option<f64>,
    step: f64,
    sensing: Sensing,
    reach: f64,
    protocol: &'a Protocol,
    summary: &'a [Row],
    runs: &'a [Run],
}

/// `citybrain traffic run --plant sumo`.
pub(super) fn run(args: &RunArgs, layers: &Layers, printer: Printer) -> Result<Exit, Error> {
    if args.out.is_some() {
        return Err(unsupported("--out writes what our own simulator does"));
    }
    let settings = layers.settings()?;
    let mut bench = Bench::new(&args.scenario, &args.plant, &settings, printer)?;
    bench.settings.seed = settings.traffic.seed as u32;
    let deciding = match &args.control_program {
        Some(command) => Deciding::Program(super::drive::words(command)),
        None => Deciding::Ours(&settings.traffic.control),
    };
    let runs = [bench.drive(&deciding, &args.sensing)?];
    let run = &runs[0];
    let exit = match &run.controller_failures {
        Some(failures) => super::drive::tell_failures(&run.control, failures, printer),
        None => Exit::Success,
    };
    if printer.json {
        printer.json(&bench.report(&[], &runs))?;
        return Ok(exit);
    }
    for event in run.events.iter().take(EVENTS_TOLD) {
        printer.note(serde_json::to_string(event).map_err(Error::internal)?);
    }
    let seconds = |seconds: f64| format!("{seconds:.2} s");
    let outcome = &run.outcome;
    let safety = run.safety.unwrap_or_default();
    let rows = [
        ("scenario", bench.name()),
        ("controller", run.control.clone()),
        ("seen with", run.sensing.clone()),
        (
            "mean trip",
            format!(
                "{}  of which {} before departure",
                seconds(outcome.mean_trip),
                seconds(outcome.mean_depart_delay)
            ),
        ),
        ("mean waiting", seconds(outcome.mean_waiting)),
        (
            "vehicles",
            format!(
                "{} arrived, {} did not, {} teleports",
                grouped(outcome.finished),
                grouped(outcome.unfinished),
                grouped(outcome.teleports)
            ),
        ),
        (
            "safety",
            format!(
                "{} overrides, {} delays, {} fallbacks, {} events",
                grouped(safety.overrides),
                grouped(safety.delays),
                grouped(safety.fallbacks),
                grouped(run.event_count)
            ),
        ),
        ("cost", format!("{:.1} s wall", run.wall_seconds)),
    ];
    printer.line(properties(rows).trim_fmt())?;
    Ok(exit)
}

/// `citybrain traffic compare --plant sumo`.
pub(super) fn compare(
    args: &CompareArgs,
    layers: &Layers,
    printer: Printer,
    controls: &[String],
    seeds: &[u32],
) -> Result<Exit, Error> {
    if args.out.is_some() {
        return Err(unsupported("--out writes a report of our own simulator"));
    }
    let settings = layers.settings()?;
    let mut bench = Bench::new(&args.scenario, &args.plant, &settings, printer)?;
    let mut runs = Vec::new();
    for &seed in seeds {
        bench.settings.seed = seed;
        for (name, own) in [(SUMO_PLAN, Own::Plan), (SUMO_ACTUATED, Own::Actuated)] {
            printer.note(format_args!("{name}, seed {seed}"));
            runs.push(bench.alone(name, own)?);
        }
        for (name, sensing) in &super::compare::cases(controls, &args.sensing) {
            let seen_with = bench.seen_with(sensing);
            printer.note(format_args!("{name}, {seen_with}, seed {seed}"));
            runs.push(bench.drive(&Deciding::Ours(name), sensing)?);
        }
    }
    let rows = rows(&runs);
    if printer.json {
        printer.json(&bench.report(&rows, &runs))?;
        return Ok(Exit::Success);
    }
    let mut table = table([
        "controller",
        "sensing",
        "mean trip s",
        "depart delay s",
        "waiting s",
        "teleports",
        "arrived",
        "against plan",
        "against actuated",
    ]);
    for row in &rows {
        let percent = |share: Option<f64>| {
            share.map_or_else(String::new, |share| format!("{:+.1} %", share * 100.0))
        };
        let trip = match row.mean_trip_deviation {
            Some(deviation) => format!("{:.1} ± {deviation:.1}", row.mean_trip),
            None => format!("{:.1}", row.mean_trip),
        };
        table.add_row([
            row.control.clone(),
            row.sensing.clone(),
            trip,
            format!("{:.1}", row.mean_depart_delay),
            format!("{:.1}", row.mean_waiting),
            format!("{:.1}", row.teleports),
            format!("{:.0}", row.finished),
            percent(row.against_plan),
            percent(row.against_actuated),
        ]);
    }
    printer.line(table.trim_fmt())?;
    Ok(Exit::Success)
}

fn unsupported(message: &str) -> Error {
    Error::Option {
        message: message.to_owned(),
        help: Some("leave it out with --plant sumo".to_owned()),
    }
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for run in runs {
        let name = (run.control.as_str(), run.sensing.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let samples = |name: (&str, &str), value: fn(&Outcome) -> f64| -> Vec<f64> {
        let own = |run: &&Run| (run.control.as_str(), run.sensing.as_str()) == name;
        let of = runs.iter().filter(own);
        of.map(|run| value(&run.outcome)).collect()
    };
    let trip = |name: &str| mean(&samples((name, SUMO_SEES), |outcome| outcome.mean_trip));
    let (plan, actuated) = (trip(SUMO_PLAN), trip(SUMO_ACTUATED));
    let row = |&name: &(&str, &str)| {
        let mean_of = |value| mean(&samples(name, value));
        let trips = samples(name, |outcome| outcome.mean_trip);
        let against =
            |base: f64, own: &str| (base > 0.0 && name.0 != own).then(|| mean(&trips) / base - 1.0);
        Row {
            control: name.0.to_owned(),
            sensing: name.1.to_owned(),
            runs: trips.len(),
            mean_trip: mean(&trips),
            mean_trip_deviation: deviation(&trips),
            mean_depart_delay: mean_of(|outcome| outcome.mean_depart_delay),
            mean_waiting: mean_of(|outcome| outcome.mean_waiting),
            teleports: mean_of(|outcome| outcome.teleports as f64),
            finished: mean_of(|outcome| outcome.finished as f64),
            unfinished: mean_of(|outcome| outcome.unfinished as f64),
            against_plan: against(plan, SUMO_PLAN),
            against_actuated: against(actuated, SUMO_ACTUATED),
        }
    };
    names.iter().map(row).collect()
}

/// Whether the signals stand in SUMO.
pub(super) fn is_chosen(plant: &PlantArgs) -> bool {
    plant.plant == "sumo"
}

/// Refuses what only SUMO can do, and to see it in two ways at once.
pub(super) fn check(
    plant: &PlantArgs,
    program: Option<&String>,
    sensing: &[sensing::Sensing],
) -> Result<(), Error> {
    if let Some(sensing) = sensing.iter().find(|sensing| !sensing.is_full())
        && plant.detectors
    {
        return Err(Error::Option {
            message: format!("--sensing {sensing} and --detectors, which are SUMO's own sensors"),
            help: Some("give one of them".to_owned()),
        });
    }
    if !is_chosen(plant) && (plant.detectors || program.is_some()) {
        return Err(Error::Option {
            message: "--detectors and --control-program are for --plant sumo".to_owned(),
            help: Some("add --plant sumo".to_owned()),
        });
    }
    Ok(())
}
