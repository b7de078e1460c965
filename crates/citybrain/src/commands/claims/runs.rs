//! Runs of a scenario, each made once: T1 and T4 ask for the same ones.

use std::collections::HashMap;

use schemes::LinkWatch;

use crate::commands::traffic::plots::Line;
use crate::commands::traffic::scenario::Scenario;
use crate::commands::traffic::simulate::{named, simulate_watched};
use crate::error::Error;
use crate::printer::Printer;

/// One run, as far as claims need it.
#[derive(Clone)]
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

/// Runs of a scenario by controller and seed.
pub(super) struct Runs<'a> {
    pub(super) scenario: &'a Scenario,
    /// What the scenario is called.
    pub(super) name: &'a str,
    pub(super) printer: Printer,
    done: HashMap<(String, u32), Case>,
}

impl<'a> Runs<'a> {
    /// None so far.
    pub(super) fn of(scenario: &'a Scenario, name: &'a str, printer: Printer) -> Self {
        Self {
            scenario,
            name,
            printer,
            done: HashMap::new(),
        }
    }

    /// Runs it under a controller, unless that has been done.
    pub(super) fn case(&mut self, control: &str, seed: u32) -> Result<Case, Error> {
        let key = (control.to_owned(), seed);
        if let Some(case) = self.done.get(&key) {
            return Ok(case.clone());
        }
        let case = self.run(control, seed)?;
        self.done.insert(key, case.clone());
        Ok(case)
    }

    fn run(&self, control: &str, seed: u32) -> Result<Case, Error> {
        let (scenario, printer) = (self.scenario, self.printer);
        let mut watch = LinkWatch::new(&scenario.network);
        let built = named(scenario, control)?;
        let run = simulate_watched(scenario, control, built, seed, printer, |world| {
            watch.look(world);
        })?;
        let results = &run.results;
        printer.note(format_args!(
            "{}: {control}, seed {seed}, {} lanes: {:.3} m/s, {} of {} finished",
            self.name,
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
            watch,
            series: run
                .series
                .iter()
                .filter_map(|sample| Some((sample.time, sample.mean_speed?)))
                .collect(),
        })
    }
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
