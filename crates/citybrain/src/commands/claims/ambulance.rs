//! T3: how much sooner an ambulance is at the scene with priority, and what that costs the others.

use missions::experiment::{Spec, Summary};
use serde::Serialize;

use super::row::Row;
use crate::cli::claims::TrafficClaimsArgs;
use crate::commands::traffic::mission::missions;
use crate::commands::traffic::scenario::Scenario;
use crate::error::Error;
use crate::printer::Printer;

/// By how much the time to the scene is reported to have become shorter.
const BAR: f64 = 0.489;
/// How much more delay others may have.
const OTHERS: f64 = 0.02;

/// T3 on one scenario.
#[derive(Debug, Serialize)]
pub(super) struct Ambulance {
    scenario: String,
    seed: u64,
    control: String,
    summary: Summary,
}

/// Runs T3 on a scenario: missions with the first seed.
pub(super) fn try_it(
    args: &TrafficClaimsArgs,
    scenario: &Scenario,
    name: &str,
    printer: Printer,
) -> Result<(Row, Ambulance), Error> {
    let seed = args.seeds.first().copied().map_or(0, u64::from);
    let spec = Spec {
        missions: args.missions,
        seed,
        horizon: scenario.horizon,
        ..Spec::new(&scenario.protocol)
    };
    printer.note(format_args!(
        "{name}: {} missions under {}",
        args.missions, args.after
    ));
    let report = missions(scenario, &args.after, &spec, &mut |_| {})?;
    let summary = report.summary;
    let (ordinary, light) = (summary.against_ordinary, summary.against_blue_light);
    let shorter = -ordinary.mean;
    let percent = |share: f64| 100.0 * share;
    let row = Row {
        claim: "T3",
        scenario: name.to_owned(),
        reported: "48.9 % less time to the scene with priority for special vehicles",
        measured: format!(
            "{:+.1} ± {:.1} % mean time to the scene against a vehicle like any other \
             ({:+.1} % at the 90th percentile), {:+.1} % against blue light without signals; others \
             {:+.2} % delay; {} conflicting greens",
            percent(ordinary.mean),
            percent(ordinary.mean_interval),
            percent(ordinary.p90),
            percent(light.mean),
            percent(ordinary.others_delay),
            summary.conflicting_greens
        ),
        value: Some(shorter),
        bar: BAR,
        at_most: false,
        source: format!(
            "our engine under {}, {} missions between random places at the peak, seed {seed}, each \
             in forks of one world",
            args.after, summary.missions
        ),
        passed: shorter >= BAR && ordinary.others_delay < OTHERS && summary.conflicting_greens == 0,
    };
    let found = Ambulance {
        scenario: name.to_owned(),
        seed,
        control: args.after.clone(),
        summary,
    };
    Ok((row, found))
}
