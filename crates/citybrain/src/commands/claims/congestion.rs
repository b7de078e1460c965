//! T2: how congested a city is, from the positions of a few vehicles alone, beside the index from
//! every vehicle.

use observe::index::Options;
use observe::penetration::{Outcome, Probing};
use serde::Serialize;

use super::row::Row;
use super::surface::seeds;
use crate::cli::claims::TrafficClaimsArgs;
use crate::commands::traffic::penetration::studied;
use crate::commands::traffic::scenario::Scenario;
use crate::error::Error;
use crate::printer::Printer;

/// How far off the index may be.
const BAR: f64 = 0.02;
/// Seconds between two positions of a vehicle, and their standard deviation in metres.
const POSITIONS: (f64, f64) = (5.0, 5.0);

/// T2 on one scenario.
#[derive(Debug, Serialize)]
pub(super) struct Congestion {
    scenario: String,
    /// Draws of the probes, for each seed.
    outcomes: Vec<Outcome>,
}

/// Runs T2 on a scenario.
pub(super) fn try_it(
    args: &TrafficClaimsArgs,
    scenario: &Scenario,
    name: &str,
    printer: Printer,
) -> Result<(Row, Congestion), Error> {
    let (every_s, sigma_m) = POSITIONS;
    let probings: Vec<Probing> = args
        .seeds
        .iter()
        .map(|&seed| Probing {
            share: args.probes,
            every_s,
            sigma_m,
            seed: u64::from(seed),
        })
        .collect();
    let options = Options::default();
    let about = (args.before.as_str(), 0, 1);
    let outcomes = studied(scenario, about, &probings, &options, printer)?;
    let errors = outcomes.iter().map(|outcome| outcome.period.error.abs());
    let worst = errors.fold(f64::NAN, f64::max);
    let full = outcomes.first().map_or(f64::NAN, |one| one.period.full);
    let row = Row {
        claim: "T2",
        scenario: name.to_owned(),
        reported: "from rank 5 to rank 57 among the most congested cities, by a map service's index",
        measured: format!(
            "index {full:.3} from every vehicle; from {:.0} % of them off by {:.2} % at most",
            100.0 * args.probes,
            100.0 * worst
        ),
        value: worst.is_finite().then_some(worst),
        bar: BAR,
        at_most: true,
        source: format!(
            "our engine under {}, one run of {} s; positions every {every_s} s with {sigma_m} m of \
             noise, matched; probes drawn by seeds {}",
            args.before,
            scenario.horizon,
            seeds(&args.seeds)
        ),
        passed: worst <= BAR,
    };
    let found = Congestion {
        scenario: name.to_owned(),
        outcomes,
    };
    Ok((row, found))
}
