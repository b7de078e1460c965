//! `citybrain claims traffic`: T1 to T4.

use signals::sensing::Sensing;
use std::path::PathBuf;

use indicatif::ProgressBar;
use schemes::LinkWatch;
use serde::Serialize;
use sim::World;

use super::row::{Figure, Row};
use super::surface::{self, Surface};
use super::together::{self, Together};
use super::written;
use super::{ambulance, congestion};
use crate::cli::claims::{Claim, TrafficClaimsArgs};
use crate::cli::traffic::ScenarioArgs;
use crate::commands::traffic::plots::Line;
use crate::commands::traffic::scenario::{self, About, Scenario};
use crate::commands::traffic::simulate::{Observer, Sample, simulate};
use crate::commands::traffic::{progress, show};
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, table};
use crate::settings::Layers;

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) claims: Vec<Row>,
    pub(super) t1: Vec<Surface>,
    pub(super) t2: Vec<congestion::Congestion>,
    pub(super) t3: Vec<ambulance::Ambulance>,
    pub(super) t4: Vec<Together>,
    pub(super) seeds: Vec<u32>,
    pub(super) settings: Vec<About>,
    #[serde(skip)]
    pub(super) figures: Vec<Figure>,
}

/// One run, as far as claims need it.
pub(super) struct Case {
    /// Distance of all over time of all, m/s.
    pub(super) speed: f64,
    pub(super) finished: f64,
    pub(super) vehicles: f64,
    /// Seconds for which a ramp was metered, mean over ramps.
    pub(super) metered: f64,
    pub(super) watch: LinkWatch,
    series: Vec<(f64, f64)>,
}

/// Tries the claims and prints them. Exit code 1 when one is not reached.
pub(crate) fn traffic(args: &TrafficClaimsArgs, mut layers: Layers, printer: Printer) -> Outcome {
    let city = layers.settings()?.up.city;
    let scenarios = scenarios(args, city);
    let Some(first) = scenarios.first() else {
        return Err(Error::internal("there is no scenario"));
    };
    scenario::override_options(&mut layers, first, &args.engine)?;
    let settings = layers.settings()?;
    let wanted = |claim: Claim| args.only.is_empty() || args.only.contains(&claim);
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        claims: Vec::new(),
        t1: Vec::new(),
        t2: Vec::new(),
        t3: Vec::new(),
        t4: Vec::new(),
        seeds: args.seeds.clone(),
        settings: Vec::new(),
        figures: Vec::new(),
    };
    for given in &scenarios {
        let scenario = scenario::read(given, &settings, printer)?;
        let name = name_of(given);
        let run = |scenario: &Scenario, control: &str, seed: u32| {
            case(scenario, control, seed, &name, printer)
        };
        if wanted(Claim::T1) {
            let (row, surface, figure) = surface::try_it(args, &scenario, &name, run)?;
            report.claims.push(row);
            report.t1.push(surface);
            report.figures.push(figure);
        }
        if wanted(Claim::T2) {
            let (row, found) = congestion::try_it(args, &scenario, &name, printer)?;
            report.claims.push(row);
            report.t2.push(found);
        }
        if wanted(Claim::T3) {
            let (row, found) = ambulance::try_it(args, &scenario, &name, printer)?;
            report.claims.push(row);
            report.t3.push(found);
        }
        let has_ramps = !schemes::metering::ramps(&scenario.network).is_empty();
        if wanted(Claim::T4) && (has_ramps || !args.only.is_empty()) {
            let (row, together) = together::try_it(args, &scenario, &name, run)?;
            report.claims.push(row);
            report.t4.push(together);
        } else if wanted(Claim::T4) {
            printer.note(format_args!(
                "note: {name} has no ramps: T4 is not tried on it"
            ));
        }
        report.settings.push(scenario.about);
    }
    written::write(args, &report, printer)?;
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    let all = report.claims.iter().all(|row| row.passed);
    Ok(if all { Exit::Success } else { Exit::Findings })
}

fn scenarios(args: &TrafficClaimsArgs, city: PathBuf) -> Vec<ScenarioArgs> {
    let of = |network: PathBuf, demand: Option<PathBuf>| ScenarioArgs {
        network,
        demand,
        begin: None,
        trips: None,
        scale: None,
    };
    if args.scenario.is_empty() {
        return vec![of(city, None)];
    }
    let split = |text: &String| match text.split_once(',') {
        Some((network, demand)) => of(network.into(), Some(demand.into())),
        None => of(text.into(), None),
    };
    args.scenario.iter().map(split).collect()
}

fn name_of(args: &ScenarioArgs) -> String {
    let network = args.network.display();
    match &args.demand {
        Some(demand) => format!("{network}, {}", demand.display()),
        None => network.to_string(),
    }
}

/// Watches a run for the claims.
struct Watcher {
    bar: ProgressBar,
    watch: LinkWatch,
}

impl Observer for Watcher {
    fn wants_steps(&self) -> bool {
        true
    }

    fn step(&mut self, world: &World) -> Result<(), Error> {
        self.watch.look(world);
        Ok(())
    }

    fn sample(&mut self, sample: &Sample) {
        show(&self.bar, sample);
    }
}

fn case(
    scenario: &Scenario,
    control: &str,
    seed: u32,
    name: &str,
    printer: Printer,
) -> Result<Case, Error> {
    let mut watcher = Watcher {
        bar: progress(printer, scenario, control),
        watch: LinkWatch::new(&scenario.network),
    };
    let run = simulate(
        scenario,
        control,
        (seed, &Sensing::default()),
        false,
        &mut watcher,
    )?;
    watcher.bar.finish_and_clear();
    let results = &run.results;
    printer.note(format_args!(
        "{name}: {control}, seed {seed}, {} lanes: {:.3} m/s, {} of {} finished",
        scenario.network.lanes.len(),
        results.mean_speed,
        results.throughput,
        results.vehicles
    ));
    let meters = run.schemes.and_then(|done| done.metering);
    let metered = meters.map_or(0.0, |meters| {
        let sum: f64 = meters.iter().map(|meter| meter.metered).sum();
        sum / meters.len().max(1) as f64
    });
    Ok(Case {
        speed: results.mean_speed,
        finished: results.throughput as f64,
        vehicles: results.vehicles as f64,
        metered,
        watch: watcher.watch,
        series: run
            .series
            .iter()
            .filter_map(|sample| Some((sample.time, sample.mean_speed?)))
            .collect(),
    })
}

/// Mean speed over time, of the first seed.
pub(super) fn speed_line(name: &str, cases: &[Case]) -> Line {
    Line {
        name: name.to_owned(),
        points: cases
            .first()
            .map(|case| case.series.clone())
            .unwrap_or_default(),
    }
}

fn print(report: &Report, printer: Printer) -> std::io::Result<()> {
    for surface in &report.t1 {
        let mut lines = table([
            "T1 controller",
            "open m/s",
            "closed m/s",
            "finished open",
            "closed",
            "now closed ÷ this open",
        ]);
        for pair in &surface.controls {
            lines.add_row(written::cells(pair));
        }
        printer.line(format_args!(
            "{}: {:.2} % of the lane area closed, {} lanes",
            surface.scenario,
            100.0 * surface.closed.share,
            surface.closed.lanes.len()
        ))?;
        printer.line(lines.trim_fmt())?;
    }
    let mut lines = table(["claim", "bar", "value", "verdict"]);
    for row in &report.claims {
        let value = row
            .value
            .map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        lines.add_row([
            format!("{} on {}", row.claim, row.scenario),
            row.bar(),
            value,
            row.verdict().to_owned(),
        ]);
    }
    printer.line(lines.trim_fmt())?;
    for row in &report.claims {
        printer.line(format_args!("{} reported: {}", row.claim, row.reported))?;
        printer.line(format_args!("   measured: {}", row.measured))?;
        printer.line(format_args!("   from: {}", row.source))?;
    }
    Ok(())
}
