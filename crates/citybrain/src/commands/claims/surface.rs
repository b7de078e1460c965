//! T1: the same demand with all lanes open under what the signals did before, and with a share of
//! the lane area closed under what they do now.

use schemes::closure::{Works, share};
use serde::Serialize;

use super::row::{Figure, Row};
use super::runs::{Case, Runs, speed_line};
use crate::cli::claims::TrafficClaimsArgs;
use crate::commands::traffic::scenario::Scenario;
use crate::commands::traffic::{Closed, applied};
use crate::error::Error;
use crate::measure::{deviation, mean};

/// By how much traffic is reported to have become faster: +15 %.
const BAR: f64 = 1.15;

/// One controller on both networks, means over seeds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Pair {
    /// The controller.
    pub(super) control: String,
    /// Mean network speed with all lanes open, m/s.
    pub(super) open: f64,
    /// With the closure, m/s.
    pub(super) closed: f64,
    /// Vehicles that finished with all lanes open, mean over seeds.
    pub(super) finished_open: f64,
    /// With the closure.
    pub(super) finished_closed: f64,
    /// Vehicles of the demand.
    pub(super) vehicles: f64,
    /// Speed of the controller of now with the closure over this one with all lanes open.
    pub(super) ratio: f64,
}

/// T1 on one scenario.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Surface {
    pub(super) scenario: String,
    pub(super) closed: Closed,
    /// The claim's ratio by seed.
    pub(super) ratios: Vec<f64>,
    /// Every controller on both networks.
    pub(super) controls: Vec<Pair>,
}

/// Runs T1 on a scenario.
pub(super) fn try_it(
    args: &TrafficClaimsArgs,
    open_runs: &mut Runs<'_>,
) -> Result<(Row, Surface, Figure), Error> {
    let (scenario, name) = (open_runs.scenario, open_runs.name);
    let network = &scenario.network;
    let which = args.which.into();
    let shared = share(
        network,
        &scenario.demand,
        scenario.horizon,
        args.share,
        which,
    )
    .map_err(|error| Error::Refused {
        message: format!("{name}: {error}"),
        help: None,
    })?;
    let (less, closed) = applied(scenario, &Works::of_lanes(network, &shared.lanes));
    let mut closed_runs = Runs::of(&less, name, open_runs.printer);
    let mut controls: Vec<String> = if args.control.is_empty() {
        crate::control::names()
            .into_iter()
            .map(str::to_owned)
            .collect()
    } else {
        args.control.clone()
    };
    for needed in [&args.before, &args.after] {
        if !controls.contains(needed) {
            controls.push(needed.clone());
        }
    }
    let mut cases: Vec<(String, Vec<Case>, Vec<Case>)> = Vec::new();
    for control in controls {
        let (mut open, mut shut) = (Vec::new(), Vec::new());
        for &seed in &args.seeds {
            open.push(open_runs.case(&control, seed)?);
            shut.push(closed_runs.case(&control, seed)?);
        }
        cases.push((control, open, shut));
    }
    let of = |control: &str| cases.iter().find(|(name, _, _)| name == control);
    let (Some(before), Some(after)) = (of(&args.before), of(&args.after)) else {
        return Err(Error::internal("a controller that was run is missing"));
    };
    let ratios: Vec<f64> = before
        .1
        .iter()
        .zip(&after.2)
        .map(|(before, after)| after.speed / before.speed)
        .collect();
    let now = average(&after.2, |case| case.speed);
    let pairs = cases
        .iter()
        .map(|(control, open, shut)| Pair {
            control: control.clone(),
            open: average(open, |case| case.speed),
            closed: average(shut, |case| case.speed),
            finished_open: average(open, |case| case.finished),
            finished_closed: average(shut, |case| case.finished),
            vehicles: average(open, |case| case.vehicles),
            ratio: now / average(open, |case| case.speed),
        })
        .collect();
    let figure = Figure {
        title: format!("T1 on {name}: mean speed of running vehicles"),
        y: "mean speed, m/s",
        lines: vec![
            speed_line(&format!("{}, all lanes open", args.before), &before.1),
            speed_line(&format!("{}, closed", args.before), &before.2),
            speed_line(&format!("{}, all lanes open", args.after), &after.1),
            speed_line(&format!("{}, closed", args.after), &after.2),
        ],
    };
    let surface = Surface {
        scenario: name.to_owned(),
        closed,
        ratios,
        controls: pairs,
    };
    Ok((row(args, scenario, &surface), surface, figure))
}

/// The mean of a figure over runs.
pub(super) fn average(cases: &[Case], value: fn(&Case) -> f64) -> f64 {
    mean(&cases.iter().map(value).collect::<Vec<_>>())
}

fn row(args: &TrafficClaimsArgs, scenario: &Scenario, surface: &Surface) -> Row {
    let ratio = mean(&surface.ratios);
    let spread = deviation(&surface.ratios).map_or_else(String::new, |d| format!(" ± {d:.3}"));
    let speed = |control: &str, value: fn(&Pair) -> f64| {
        let pair = surface.controls.iter().find(|pair| pair.control == control);
        pair.map_or(f64::NAN, value)
    };
    Row {
        claim: "T1",
        scenario: surface.scenario.clone(),
        reported: "road speed +15 % while nearly 20 % of the road surface was taken",
        measured: format!(
            "{:+.1} %{spread}: {:.2} m/s under {} with {:.1} % of the lane area closed, \
             {:.2} m/s under {} with none",
            100.0 * (ratio - 1.0),
            speed(&args.after, |pair| pair.closed),
            args.after,
            100.0 * surface.closed.share,
            speed(&args.before, |pair| pair.open),
            args.before,
        ),
        value: Some(ratio),
        bar: BAR,
        at_most: false,
        source: format!(
            "our engine, {} vehicles in {} s, seeds {}: distance of all over time of all, waiting \
             to enter included",
            scenario.about.demand_vehicles,
            scenario.horizon,
            seeds(&args.seeds)
        ),
        passed: ratio >= BAR,
    }
}

/// `0, 1, 2`.
pub(super) fn seeds(seeds: &[u32]) -> String {
    let names: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    names.join(", ")
}
