//! T4: elevated roads, arterial roads and ramps guided together. Signals under the controller of
//! now, with ramps metered, against the same without meters; and without either.

use roads::LinkId;
use roads::model::RoadClass;
use schemes::metering::{Alinea, ramps};
use schemes::{LinkFigures, LinkWatch};
use serde::Serialize;

use super::row::Row;
use super::runs::{Case, Runs};
use super::surface::{average, seeds};
use crate::cli::claims::TrafficClaimsArgs;
use crate::commands::traffic::scenario::Scenario;
use crate::error::Error;
use crate::measure::mean;

/// The network's speed with everything together over what it was before.
const BAR: f64 = 1.0;
/// Runs differ by so much from any small change at all.
const NOISE: f64 = 0.005;

/// One way of running the signals and ramps, means over seeds. Speeds in m/s, delays in hours.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Mode {
    pub(super) control: String,
    pub(super) metered: bool,
    pub(super) network_speed: f64,
    pub(super) expressway_speed: f64,
    pub(super) street_speed: f64,
    pub(super) ramp_delay_h: f64,
    pub(super) finished: f64,
    /// Seconds for which a ramp was metered, mean over ramps.
    pub(super) metered_s: f64,
}

/// T4 on one scenario.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Together {
    pub(super) scenario: String,
    pub(super) ramps: usize,
    pub(super) modes: Vec<Mode>,
}

/// Runs T4 on a scenario.
pub(super) fn try_it(
    args: &TrafficClaimsArgs,
    runs: &mut Runs<'_>,
) -> Result<(Row, Together), Error> {
    let (scenario, name) = (runs.scenario, runs.name);
    let found = ramps(&scenario.network);
    let mut metered = scenario.clone();
    metered.schemes.metering = Some(Alinea::default());
    let mut metered_runs = Runs::of(&metered, name, runs.printer);
    let mut modes = Vec::new();
    if !found.is_empty() {
        for (control, with) in [
            (&args.before, false),
            (&args.before, true),
            (&args.after, false),
            (&args.after, true),
        ] {
            let case = |&seed: &u32| {
                if with {
                    metered_runs.case(control, seed)
                } else {
                    runs.case(control, seed)
                }
            };
            let cases = args.seeds.iter().map(case);
            let cases = cases.collect::<Result<Vec<_>, _>>()?;
            modes.push(mode(scenario, control, with, &cases));
        }
    }
    let together = Together {
        scenario: name.to_owned(),
        ramps: found.len(),
        modes,
    };
    Ok((row(args, scenario, &together), together))
}

fn mode(scenario: &Scenario, control: &str, metered: bool, cases: &[Case]) -> Mode {
    let network = &scenario.network;
    let fast = |link: &LinkId| {
        let link = &network.links[link.index()];
        matches!(link.class, RoadClass::Motorway | RoadClass::Trunk) || link.elevated
    };
    let on_ramps: Vec<LinkId> = ramps(network).into_iter().map(|ramp| ramp.link).collect();
    let all = || (0..network.links.len()).map(LinkId::from);
    let of = |links: &dyn Fn(&LinkWatch) -> LinkFigures, value: fn(LinkFigures) -> f64| {
        let each: Vec<f64> = cases.iter().map(|case| value(links(&case.watch))).collect();
        mean(&each)
    };
    let expressway =
        |watch: &LinkWatch| watch.sum(all().filter(|link| fast(link) && !on_ramps.contains(link)));
    let streets = |watch: &LinkWatch| watch.sum(all().filter(|link| !fast(link)));
    let slow = |watch: &LinkWatch| watch.sum(on_ramps.iter().copied());
    let speed = |figures: LinkFigures| figures.speed().unwrap_or(0.0);
    Mode {
        control: control.to_owned(),
        metered,
        network_speed: average(cases, |case| case.speed),
        expressway_speed: of(&expressway, speed),
        street_speed: of(&streets, speed),
        ramp_delay_h: of(&slow, |figures| figures.delay / 3_600.0),
        finished: average(cases, |case| case.finished),
        metered_s: average(cases, |case| case.metered),
    }
}

fn row(args: &TrafficClaimsArgs, scenario: &Scenario, together: &Together) -> Row {
    let find = |control: &str, metered: bool| {
        let modes = &mut together.modes.iter();
        modes.find(|mode| mode.control == control && mode.metered == metered)
    };
    let (before, without, with) = (
        find(&args.before, false),
        find(&args.after, false),
        find(&args.after, true),
    );
    let (measured, value, passed) = match (before, without, with) {
        (Some(before), Some(without), Some(with)) => {
            let ratio = with.network_speed / before.network_speed;
            // Meters must not slow the expressway down, nor the network.
            let pays = with.expressway_speed >= (1.0 - NOISE) * without.expressway_speed
                && with.network_speed >= (1.0 - NOISE) * without.network_speed;
            let text = format!(
                "{} ramps metered for {:.0} s on average. Network {:.2} m/s under {} without \
                 meters, {:.2} under {} without and {:.2} with; expressways {:.2}, {:.2}, {:.2}; \
                 ramp delay {:.1}, {:.1}, {:.1} h",
                together.ramps,
                with.metered_s,
                before.network_speed,
                args.before,
                without.network_speed,
                args.after,
                with.network_speed,
                before.expressway_speed,
                without.expressway_speed,
                with.expressway_speed,
                before.ramp_delay_h,
                without.ramp_delay_h,
                with.ramp_delay_h,
            );
            (text, Some(ratio), pays && ratio > BAR)
        }
        _ => ("no ramp in this network".to_owned(), None, false),
    };
    Row {
        claim: "T4",
        scenario: together.scenario.clone(),
        reported: "elevated roads, arterial roads and ramps guided together",
        measured,
        value,
        bar: BAR,
        at_most: false,
        source: format!(
            "our engine, {} vehicles in {} s, seeds {}; ALINEA at every ramp, {} at signals",
            scenario.about.demand_vehicles,
            scenario.horizon,
            seeds(&args.seeds),
            args.after
        ),
        passed,
    }
}
