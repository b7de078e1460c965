//! `citybrain traffic penetration`: the index from a few probes beside the index from everybody.

use observe::index::Options;
use observe::penetration::{Outcome as Found, Probing, penetration as study};
use observe::truth::Traffic;
use observe::{Roads, matched};
use serde::Serialize;

use super::index::{refused, with_interval};
use super::scenario::{self, Scenario};
use super::watched::Watched;
use crate::cli::traffic_index::PenetrationArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped, table};
use crate::settings::Layers;

/// A day's run begins at 7 in the morning.
const MORNING: f64 = 7.0 * 3600.0;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    network: &'a str,
    days: u32,
    seed: u32,
    /// Whether every way of probing came within the bound.
    within: bool,
    outcomes: &'a [Found],
}

/// Studies and prints; exit code 1 where an index is off by more than the bound.
pub(crate) fn penetration(args: &PenetrationArgs, mut layers: Layers, printer: Printer) -> Outcome {
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    layers.flag("traffic.control", "--control", args.control.clone())?;
    layers.flag("traffic.seed", "--seed", args.seed.map(i64::from))?;
    let settings = layers.settings()?;
    let scenario = scenario::read(&args.scenario, &settings, printer)?;
    let seed = settings.traffic.seed as u32;
    let options = Options {
        free_flow: args.free_flow.parse().map_err(refused)?,
        weight: args.weight.parse().map_err(refused)?,
        ..Options::default()
    };
    let mut probings = Vec::new();
    for &every_s in &args.every {
        for &seed in &args.probe_seeds {
            probings.push(Probing {
                share: args.share,
                every_s,
                sigma_m: args.noise,
                seed,
            });
        }
    }
    let control = &settings.traffic.control;
    let days = args.days as u32;
    let about = (control.as_str(), seed, days);
    let found = studied(&scenario, about, &probings, &options, printer)?;
    let within = found.iter().all(|outcome| outcome.within);
    if printer.json {
        printer.json(&Report {
            version: env!("CARGO_PKG_VERSION"),
            network: &scenario.network.name,
            days,
            seed,
            within,
            outcomes: &found,
        })?;
    } else {
        let mut rows = table([
            "every s",
            "seed",
            "probes",
            "vehicles",
            "all",
            "from probes",
            "off %",
            "days rms %",
        ]);
        for outcome in &found {
            rows.add_row([
                outcome.probing.every_s.to_string(),
                outcome.probing.seed.to_string(),
                grouped(outcome.probe_vehicles as u64),
                grouped(outcome.vehicles as u64),
                format!("{:.4}", outcome.period.full),
                with_interval(&outcome.period.probes, 4),
                format!("{:+.2}", outcome.period.error * 100.0),
                format!("{:.2}", outcome.rms_day_error * 100.0),
            ]);
        }
        printer.line(rows.trim_fmt())?;
    }
    Ok(if within {
        Exit::Success
    } else {
        Exit::Findings
    })
}

/// Studies a scenario: the controller, the seed of the first day and how many days; all probings
/// have the same noise.
pub(crate) fn studied(
    scenario: &Scenario,
    (control, seed, days): (&str, u32, u32),
    probings: &[Probing],
    options: &Options,
    printer: Printer,
) -> Result<Vec<Found>, Error> {
    let noise = probings.first().map_or(1.0, |probing| probing.sigma_m);
    let roads = Roads::of(&scenario.network);
    let matcher = matched::matcher(&scenario.network, noise.max(1.0)).map_err(refused)?;
    let mut day = |day: u32| -> Result<Box<dyn Traffic>, String> {
        printer.note(format_args!("day {} of {days}", day + 1));
        Watched::new(scenario, control, seed.wrapping_add(day), MORNING)
            .map(|run| Box::new(run) as Box<dyn Traffic>)
            .map_err(|error| error.to_string())
    };
    study(days, &mut day, &roads, &matcher, probings, options).map_err(refused)
}
