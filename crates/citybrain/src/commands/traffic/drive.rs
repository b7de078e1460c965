//! `citybrain traffic drive`: the signals of another program, or of controllers at the kerb.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plants::lines::LinesPlant;
use plants::ntcip::{ASTRAY_AFTER, Cabinet, NtcipPlant};
use plants::{BrainFailures, Driver, Event, Watch};
use roads::Demand;
use serde::Serialize;
use signals::{Limits, LimitsTable, Plant, Protocol, Safety};

use super::sumo::brain;
use crate::cli::traffic::DriveArgs;
use crate::error::{Error, Exit, Outcome};
use crate::load;
use crate::printer::{Printer, grouped, properties};
use crate::settings::Layers;
use crate::sumo::plant_failed;

/// Most bytes of a file of controllers: some ten thousand of them.
const CABINETS_BYTES_MAX: u64 = 16 << 20;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    control: String,
    /// Seconds of the plant's clock.
    seconds: f64,
    safety: Safety,
    events: &'a [Event],
    event_count: u64,
    controller_failures: &'a BrainFailures,
}

/// Drives the plant until it ends.
pub(crate) fn drive(args: &DriveArgs, mut layers: Layers, printer: Printer) -> Outcome {
    layers.flag("traffic.control", "--control", args.control.clone())?;
    layers.flag("protocol.action", "--action", args.action)?;
    let settings = layers.settings()?;
    let protocol = super::scenario::protocol(&settings, sim::Rules::Street);
    let job = Job {
        args,
        control: &settings.traffic.control,
        protocol,
        printer,
    };
    if let Some(file) = &args.ntcip {
        return job.kerb(file);
    }
    let patience = Duration::from_secs_f64(args.patience);
    let command = args.plant.as_deref().map(words);
    let start = move || match &command {
        Some(command) => LinesPlant::start(command, patience),
        None => LinesPlant::serve(std::io::stdin(), std::io::stdout(), patience),
    };
    let plant = start().map_err(|error| plant_failed(&error))?;
    let limits = LimitsTable::from(plant.limits().clone());
    let driver = job.driver(plant, limits, Watch::default())?;
    // A plant that has started us starts us again if it wants to.
    let driver = if args.stdio {
        driver
    } else {
        driver.with_revival(Box::new(start))
    };
    job.run(driver, LinesPlant::has_ended)
}

struct Job<'a> {
    args: &'a DriveArgs,
    control: &'a str,
    protocol: Protocol,
    printer: Printer,
}

impl Job<'_> {
    fn kerb(&self, file: &Path) -> Outcome {
        let wrong = |message: String| Error::Refused {
            message: format!("{}: {message}", file.display()),
            help: Some("docs/plants.md shows what such a file holds".to_owned()),
        };
        let text = load::bytes(file, CABINETS_BYTES_MAX)
            .map_err(|error| wrong(error.to_string()))?
            .ok_or_else(|| wrong(format!("it has more than {CABINETS_BYTES_MAX} bytes")))?;
        let cabinets: Vec<Cabinet> =
            serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let network = self.args.network.as_deref().unwrap_or(Path::new(""));
        let network = load::network(network, self.printer)?;
        let plant =
            NtcipPlant::connect(network, &cabinets).map_err(|error| plant_failed(&error))?;
        let watch = Watch {
            astray_after: ASTRAY_AFTER,
            ..Watch::default()
        };
        let driver = self.driver(plant, Limits::default().into(), watch)?;
        self.run(driver, |_| false)
    }

    fn driver<P: Plant>(
        &self,
        plant: P,
        limits: LimitsTable,
        watch: Watch,
    ) -> Result<Driver<P>, Error> {
        let program = self.args.control_program.as_deref().map(words);
        let brain = brain(
            self.control,
            program.as_deref(),
            plant.network(),
            &Arc::new(Demand::default()),
            &self.protocol,
            plant.tick(),
        )?;
        Driver::new(plant, brain, &self.protocol, limits, watch)
            .map_err(|error| plant_failed(&error))
    }

    fn run<P: Plant>(&self, mut driver: Driver<P>, ended: impl Fn(&P) -> bool) -> Outcome {
        let until = self
            .args
            .duration
            .map_or(f64::INFINITY, |seconds| driver.plant().time() + seconds);
        let mut told = 0;
        while !ended(driver.plant()) && driver.plant().time() < until {
            match driver.step() {
                Ok(()) => {}
                // The plant that has started us needs no goodbye.
                Err(plants::Error::Gone { .. }) if self.args.stdio => break,
                Err(error) => return Err(plant_failed(&error)),
            }
            for event in driver.events().iter().skip(told) {
                let line = serde_json::to_string(event).map_err(Error::internal)?;
                self.printer.note(line);
            }
            told = driver.events().len();
        }
        let control = self.args.control_program.as_deref().unwrap_or(self.control);
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            control: control.to_owned(),
            seconds: driver.plant().time(),
            safety: driver.safety(),
            events: driver.events(),
            event_count: driver.event_count(),
            controller_failures: driver.brain_failures(),
        };
        let exit = tell_failures(control, driver.brain_failures(), self.printer);
        if self.args.stdio {
            // Standard output is the plant's.
            return Ok(exit);
        }
        if self.printer.json {
            self.printer.json(&report)?;
        } else {
            let safety = report.safety;
            let rows = [
                ("controller", report.control.clone()),
                ("driven", format!("{:.0} s", report.seconds)),
                (
                    "safety",
                    format!(
                        "{} overrides, {} delays, {} fallbacks",
                        grouped(safety.overrides),
                        grouped(safety.delays),
                        grouped(safety.fallbacks)
                    ),
                ),
                ("events", grouped(report.event_count)),
            ];
            self.printer.line(properties(rows).trim_fmt())?;
        }
        Ok(exit)
    }
}

/// Tells how the controller failed, if it did, and says with what to end: another's program that
/// died or does not answer is no success, though the signals went on by their plans.
pub(super) fn tell_failures(control: &str, failures: &BrainFailures, printer: Printer) -> Exit {
    let Some(first) = failures.first else {
        return Exit::Success;
    };
    let how = failures.message.as_deref();
    let how = how.map_or_else(String::new, |how| format!("; the last time: {how}"));
    let until = match failures.silent_since {
        Some(since) => format!(
            "it has not answered since {since:.0} s, and all signals have followed their plans since then"
        ),
        None => format!(
            "it answers again; for {:.0} s all signals followed their plans",
            failures.silent
        ),
    };
    printer.note(format_args!(
        "controller {control:?} died {} times and was late {} times, first at {first:.0} s: {until}{how}",
        failures.died, failures.late,
    ));
    if failures.died > 0 || failures.silent_since.is_some() {
        Exit::Outside
    } else {
        Exit::Success
    }
}

/// The words of a command, parted by spaces.
pub(super) fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(str::to_owned).collect()
}
