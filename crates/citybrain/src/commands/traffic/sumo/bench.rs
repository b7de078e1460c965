//! A scenario in SUMO, ready to be run again and again: by SUMO alone, or under a controller.

use std::sync::Arc;
use std::time::Duration;

use plants::lines::ProcessBrain;
use plants::sumo::{Own, Scenario, Sensing, Settings, SumoPlant, run_alone};
use plants::{Brain, Driver, ThreadBrain, Watch};
use roads::{Demand, Network};
use signals::sensing::{self, Sensed};
use signals::{Plant, Protocol};

use super::{Report, Row, Run, SUMO_SEES};
use crate::cli::traffic::{PlantArgs, ScenarioArgs};
use crate::commands::traffic::scenario;
use crate::error::Error;
use crate::measure::Stopwatch;
use crate::printer::Printer;
use crate::{control, load, sumo};

/// How long after the last departure is waited for the last arrival, seconds of SUMO's clock.
const DRAIN: f64 = 7_200.0;
/// How long SUMO or a controller may take for an answer. A run is not real time, and machines are
/// busy.
const PATIENCE: Duration = Duration::from_mins(2);
/// Events that a report repeats.
const EVENTS_SHOWN: usize = 100;

/// A scenario that is ready to run.
pub(super) struct Bench {
    scenario: Scenario,
    pub(super) settings: Settings,
    sensing: Sensing,
    protocol: Protocol,
    demand: Arc<Demand>,
    version: String,
}

/// Who decides.
pub(super) enum Deciding<'a> {
    Ours(&'a str),
    Program(Vec<String>),
}

impl Bench {
    pub(super) fn new(
        scenario: &ScenarioArgs,
        plant: &PlantArgs,
        settings: &crate::settings::Settings,
        printer: Printer,
    ) -> Result<Self, Error> {
        let program = sumo::program()?;
        let loaded = load::scenario(
            &scenario.network,
            scenario.demand.as_deref(),
            scenario.begin,
            printer,
        )?;
        let demand = loaded.demand.ok_or_else(|| Error::Option {
            message: "SUMO needs demand, and there is none".to_owned(),
            help: Some("name a .sumocfg, or a .rou.xml with --demand".to_owned()),
        })?;
        let files = match &scenario.demand {
            Some(demand) => {
                let routes = [demand.clone()];
                Scenario::of_files(&scenario.network, &routes, loaded.begin, None)
            }
            None => Scenario::read(&scenario.network).map_err(|error| sumo::failed(&error))?,
        };
        let protocol = scenario::protocol(settings, sim::Rules::Street);
        Ok(Self {
            version: sumo::version(&program)?,
            settings: Settings {
                patience: PATIENCE,
                reach: plant.reach,
                ..Settings::new(program)
            },
            scenario: files,
            sensing: if plant.detectors {
                Sensing::Detectors
            } else {
                Sensing::Vehicles
            },
            protocol,
            demand,
        })
    }

    pub(super) fn name(&self) -> String {
        let file = self.scenario.configuration.as_ref();
        file.unwrap_or(&self.scenario.network).display().to_string()
    }

    /// A run of SUMO without us.
    pub(super) fn alone(&self, name: &str, own: Own) -> Result<Run, Error> {
        let watch = Stopwatch::start();
        let outcome = run_alone(&self.scenario, &self.settings, own);
        Ok(Run {
            control: name.to_owned(),
            sensing: SUMO_SEES.to_owned(),
            seed: self.settings.seed,
            outcome: outcome.map_err(|error| sumo::failed(&error))?,
            safety: None,
            sensing_errors: None,
            events: Vec::new(),
            event_count: 0,
            controller_failures: None,
            wall_seconds: watch.wall().as_secs_f64(),
        })
    }

    /// A run under a controller.
    pub(super) fn drive(
        &self,
        deciding: &Deciding,
        sensing: &sensing::Sensing,
    ) -> Result<Run, Error> {
        let watch = Stopwatch::start();
        let failed = |error: plants::Error| sumo::failed(&error);
        let plant =
            SumoPlant::start(&self.scenario, &self.settings, self.sensing).map_err(failed)?;
        let (network, limits) = (Arc::clone(plant.network()), plant.limits().clone());
        let plant = Sensed::new(plant, sensing, u64::from(self.settings.seed))
            .map_err(|error| failed(error.into()))?;
        let brain = self.brain(deciding, &network, plant.tick())?;
        let name = match deciding {
            Deciding::Ours(name) => (*name).to_owned(),
            Deciding::Program(command) => command.join(" "),
        };
        let patience = Watch {
            brain_patience: PATIENCE,
            ..Watch::default()
        };
        let end = self.end();
        let mut driver = Driver::new(plant, brain, &self.protocol, limits, patience)
            .map_err(failed)?
            .with_reach(self.settings.reach);
        while driver.plant().inner().expected() > 0 && driver.plant().time() < end {
            driver.step().map_err(failed)?;
        }
        let (safety, event_count) = (driver.safety(), driver.event_count());
        let controller_failures = Some(driver.brain_failures().clone());
        let events = driver.events().iter().take(EVENTS_SHOWN).cloned().collect();
        let plant = driver.into_plant();
        Ok(Run {
            control: name,
            sensing: self.seen_with(sensing),
            seed: self.settings.seed,
            sensing_errors: plant.errors(),
            outcome: plant.into_inner().finish().map_err(failed)?,
            safety: Some(safety),
            events,
            event_count,
            controller_failures,
            wall_seconds: watch.wall().as_secs_f64(),
        })
    }

    /// What a controller sees with, as reports say it.
    pub(super) fn seen_with(&self, sensing: &sensing::Sensing) -> String {
        match self.sensing {
            Sensing::Detectors => "lane-area detectors".to_owned(),
            Sensing::Vehicles => sensing.to_string(),
        }
    }

    /// When to give up on the last vehicle, seconds after the beginning.
    fn end(&self) -> f64 {
        let last = self
            .demand
            .flows
            .iter()
            .map(|flow| flow.end.unwrap_or(flow.start));
        let last = last.filter(|time| time.is_finite()).fold(0.0, f64::max);
        let end = self
            .scenario
            .end
            .map_or(last, |end| end - self.scenario.begin);
        end.max(0.0) + DRAIN
    }

    fn brain(
        &self,
        deciding: &Deciding,
        network: &Arc<Network>,
        tick: f64,
    ) -> Result<Box<dyn Brain>, Error> {
        brain(
            deciding.ours(),
            deciding.program(),
            network,
            &self.demand,
            &self.protocol,
            tick,
        )
    }

    pub(super) fn report<'a>(&'a self, summary: &'a [Row], runs: &'a [Run]) -> Report<'a> {
        Report {
            version: env!("CARGO_PKG_VERSION"),
            plant: "sumo",
            sumo_version: &self.version,
            network: self.name(),
            begin: self.scenario.begin,
            end: self.scenario.end,
            step: self.scenario.step,
            sensing: self.sensing,
            reach: self.settings.reach,
            protocol: &self.protocol,
            summary,
            runs,
        }
    }
}

impl Deciding<'_> {
    fn ours(&self) -> &str {
        match self {
            Self::Ours(name) => name,
            Self::Program(_) => "",
        }
    }

    fn program(&self) -> Option<&[String]> {
        match self {
            Self::Ours(_) => None,
            Self::Program(command) => Some(command),
        }
    }
}

/// A controller of ours on a thread of its own, or another's program.
pub(crate) fn brain(
    name: &str,
    program: Option<&[String]>,
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    protocol: &Protocol,
    tick: f64,
) -> Result<Box<dyn Brain>, Error> {
    let failed = |error: plants::Error| sumo::plant_failed(&error);
    if let Some(program) = program {
        let brain = ProcessBrain::start(program, Arc::clone(network), tick).map_err(failed)?;
        return Ok(Box::new(brain));
    }
    // The first is made here, so that what is wrong is said as of any other option.
    let mut first = Some(control::build(name, network, demand, protocol)?);
    let (name, network) = (name.to_owned(), Arc::clone(network));
    let (demand, protocol) = (Arc::clone(demand), protocol.clone());
    let build = move || match first.take() {
        Some(controller) => Ok(controller),
        None => signals::controllers::by_name(&name, &network, &demand, &protocol),
    };
    Ok(Box::new(ThreadBrain::new(Box::new(build)).map_err(failed)?))
}
