//! `citybrain claims traffic`: T1 to T4.

use std::path::PathBuf;

use serde::Serialize;

use super::row::{Figure, Row};
use super::runs::Runs;
use super::surface::{self, Surface};
use super::together::{self, Together};
use super::written;
use super::{ambulance, congestion};
use crate::cli::claims::{Claim, TrafficClaimsArgs};
use crate::cli::traffic::ScenarioArgs;
use crate::commands::traffic::scenario::{self, About};
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
        let mut runs = Runs::of(&scenario, &name, printer);
        if wanted(Claim::T1) {
            let (row, surface, figure) = surface::try_it(args, &mut runs)?;
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
            let (row, together) = together::try_it(args, &mut runs)?;
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
