//! One run of a scenario under one controller, and everything that is counted on the way.

use std::sync::Arc;
use std::time::Duration;

use roads::Network;
use schemes::{Active, Done};
use serde::Serialize;
use signals::sensing::{Scene, Sensed, Sensing, SensingErrors};
use signals::{Controller, Detail, Observation, Plant, Runner, Safety, SimPlant};
use sim::{Metrics, World};

use super::arrivals::Arrivals;
use super::progress::{progress, show};
use super::scenario::Scenario;
use crate::control;
use crate::error::Error;
use crate::measure::{self, Stopwatch, process_cpu};
use crate::printer::Printer;

/// What a run has come to: a line of reports and the whole of `--json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    /// What decided the phases.
    pub(crate) control: String,
    /// Seed of all random numbers.
    pub(crate) seed: u32,
    /// What the controller saw with; `none` for the network's own plan, which looks at nothing.
    pub(crate) sensing: String,
    /// How far what it believed was from what was; none where it saw everything.
    pub(crate) sensing_errors: Option<SensingErrors>,
    /// What came out.
    #[serde(flatten)]
    pub(crate) results: Results,
    /// What it cost.
    #[serde(flatten)]
    pub(crate) cost: Cost,
    /// What the safety envelope had to do; none under the network's own plan, which the plant
    /// itself runs.
    pub(crate) safety: Option<Safety>,
    /// What closures, meters and guidance did, where there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schemes: Option<Done>,
    /// The run as it went on.
    pub(crate) series: Vec<Sample>,
    /// Travel times of finished vehicles, seconds; for the report's distribution.
    #[serde(skip)]
    pub(crate) travel_times: Vec<f64>,
}

/// What came out of a run. Times are seconds, speeds metres per second.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Results {
    /// Mean over all created vehicles of (finish or now) − creation.
    pub(crate) att_engine: f64,
    /// The literature's average travel time.
    pub(crate) att_lit: f64,
    /// Mean over finished vehicles of finish − creation.
    pub(crate) att_finished: f64,
    /// Vehicles that finished.
    pub(crate) throughput: u64,
    /// Vehicles created.
    pub(crate) vehicles: u64,
    /// Vehicles on the network at the end.
    pub(crate) running: u64,
    /// Vehicles that were never let in.
    pub(crate) waiting_to_enter: u64,
    /// Flows given up because their route cannot be driven.
    pub(crate) invalid_flows: u64,
    /// Vehicles moved, summed over all steps.
    pub(crate) vehicle_updates: u64,
    /// Distance driven by all vehicles, kilometres.
    pub(crate) distance_km: f64,
    /// Distance driven by all vehicles over time spent by all, waiting to enter included.
    pub(crate) mean_speed: f64,
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Cost {
    /// CPU time of the engine's steps alone, user and system, all threads, seconds.
    pub(crate) cpu_seconds: f64,
    /// Vehicle updates per second of that.
    pub(crate) updates_per_cpu_second: f64,
    /// CPU time of the controller, of what it makes of sensors, and of the safety envelope, seconds.
    pub(crate) control_cpu_seconds: f64,
    /// CPU time of the process since it started: reading, running, writing.
    pub(crate) process_cpu_seconds: f64,
    /// Wall time of the run, seconds.
    pub(crate) wall_seconds: f64,
    /// Largest resident memory of the process during the run, bytes.
    pub(crate) peak_rss_bytes: u64,
}

/// The run at one moment.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    /// Simulated seconds.
    pub(crate) time: f64,
    /// Vehicles on the network.
    pub(crate) running: u64,
    /// Vehicles that wait outside.
    pub(crate) waiting_to_enter: u64,
    /// Vehicles that have finished.
    pub(crate) throughput: u64,
    /// As in the results, so far.
    pub(crate) att_engine: f64,
    /// Mean speed of the running vehicles at this moment; none when there are none.
    pub(crate) mean_speed: Option<f64>,
}

/// What looks at the world after each step.
pub(crate) type Look<'a> = &'a mut dyn FnMut(&World) -> Result<(), Error>;

/// Runs a scenario and shows progress.
pub(crate) fn simulate(
    scenario: &Scenario,
    control: &str,
    (seed, sensing): (u32, &Sensing),
    track_arrivals: bool,
    printer: Printer,
    look: Option<Look<'_>>,
) -> Result<Run, Error> {
    let controller = named(scenario, control)?;
    simulate_with(
        scenario,
        control,
        controller,
        (seed, sensing),
        track_arrivals,
        printer,
        look,
    )
}

/// Runs a scenario under a controller that sees everything, and looks at the world after each step.
pub(crate) fn simulate_watched(
    scenario: &Scenario,
    control: &str,
    controller: Option<Box<dyn Controller>>,
    seed: u32,
    printer: Printer,
    mut look: impl FnMut(&World),
) -> Result<Run, Error> {
    let mut look = |world: &World| {
        look(world);
        Ok(())
    };
    simulate_with(
        scenario,
        control,
        controller,
        (seed, &Sensing::default()),
        false,
        printer,
        Some(&mut look),
    )
}

/// The controller of this name; `None` for the network's own plan, which the plant itself runs.
pub(crate) fn named(
    scenario: &Scenario,
    control: &str,
) -> Result<Option<Box<dyn Controller>>, Error> {
    if control == control::PLAN {
        return Ok(None);
    }
    let (network, demand) = (&scenario.network, &scenario.demand);
    control::build(control, network, demand, &scenario.protocol).map(Some)
}

/// Runs a scenario under a controller that has been built; `control` is what it is called.
fn simulate_with(
    scenario: &Scenario,
    control: &str,
    controller: Option<Box<dyn Controller>>,
    (seed, sensing): (u32, &Sensing),
    track_arrivals: bool,
    printer: Printer,
    mut look: Option<Look<'_>>,
) -> Result<Run, Error> {
    let bar = progress(printer, scenario, control);
    measure::reset_peak_memory();
    let watch = Stopwatch::start();
    let mut drive = Drive::new(scenario, controller, seed, sensing)?;
    let mut schemes = match &scenario.schemes {
        plan if plan.is_empty() => None,
        plan => Some(Active::new(&scenario.network, plan, seed).map_err(|error| refused(&error))?),
    };
    let mut arrivals = track_arrivals.then(Arrivals::default);
    let mut series = Vec::new();
    let interval = scenario.config.interval;
    let steps = steps(scenario.horizon, interval);
    let every = (scenario.metrics_every / interval).round().max(1.0) as u64;
    let each = look.is_some() || arrivals.is_some() || schemes.is_some();
    let mut done = 0;
    let mut outside = Duration::ZERO;
    while done < steps {
        let stretch = if each {
            1
        } else {
            (every - done % every).min(steps - done)
        };
        if let Some(schemes) = &mut schemes {
            drive.act(schemes)?;
        }
        drive.steps(stretch)?;
        done += stretch;
        let before = process_cpu();
        if let Some(schemes) = &mut schemes {
            schemes.look(drive.world());
        }
        if let Some(arrivals) = &mut arrivals {
            arrivals.look(drive.world());
        }
        if let Some(look) = &mut look {
            look(drive.world())?;
        }
        if done.is_multiple_of(every) || done == steps {
            let sample = sample(drive.world(), scenario.horizon);
            show(&bar, &sample);
            series.push(sample);
        }
        outside += process_cpu().saturating_sub(before);
    }
    let metrics = drive.world().metrics(scenario.horizon);
    let cost = cost(&watch, &drive, outside, metrics.vehicle_updates);
    bar.finish_and_clear();
    Ok(Run {
        control: control.to_owned(),
        seed,
        sensing: sensing_of(control, sensing),
        sensing_errors: drive.sensing_errors(),
        results: results(&metrics),
        cost,
        safety: drive.safety(),
        schemes: schemes.as_ref().map(Active::done),
        series,
        travel_times: arrivals
            .map(Arrivals::into_travel_times)
            .unwrap_or_default(),
    })
}

/// What a run has cost so far; `outside` of it was spent on counting and looking.
fn cost(watch: &Stopwatch, drive: &Drive, outside: Duration, updates: u64) -> Cost {
    let stepping = drive.stepping().as_secs_f64();
    let control = watch.cpu().saturating_sub(outside).as_secs_f64() - stepping;
    Cost {
        cpu_seconds: stepping,
        updates_per_cpu_second: updates as f64 / stepping.max(1e-9),
        control_cpu_seconds: control.max(0.0),
        process_cpu_seconds: process_cpu().as_secs_f64(),
        wall_seconds: watch.wall().as_secs_f64(),
        peak_rss_bytes: measure::peak_memory(),
    }
}

/// What a controller sees with, as reports say it.
pub(crate) fn sensing_of(control: &str, sensing: &Sensing) -> String {
    if control == control::PLAN {
        "none".to_owned()
    } else {
        sensing.to_string()
    }
}

/// Steps of `interval` seconds until `horizon`.
pub(super) fn steps(horizon: f64, interval: f64) -> u64 {
    (horizon / interval - 1e-9).ceil().max(1.0) as u64
}

fn results(metrics: &Metrics) -> Results {
    Results {
        att_engine: metrics.att_engine,
        att_lit: metrics.att_lit,
        att_finished: metrics.att_finished,
        throughput: metrics.throughput,
        vehicles: metrics.vehicles,
        running: metrics.running,
        waiting_to_enter: metrics.waiting_to_enter,
        invalid_flows: metrics.invalid_flows,
        vehicle_updates: metrics.vehicle_updates,
        distance_km: metrics.distance / 1000.0,
        mean_speed: if metrics.time_spent > 0.0 {
            metrics.distance / metrics.time_spent
        } else {
            0.0
        },
    }
}

fn sample(world: &World, horizon: f64) -> Sample {
    let metrics = world.metrics(horizon);
    let (mut count, mut sum) = (0_u64, 0.0);
    for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
        count += 1;
        sum += vehicle.speed;
    }
    Sample {
        time: metrics.time,
        running: metrics.running,
        waiting_to_enter: metrics.waiting_to_enter,
        throughput: metrics.throughput,
        att_engine: metrics.att_engine,
        mean_speed: (count > 0).then(|| sum / count as f64),
    }
}

/// A world with what decides its signals.
pub(super) enum Drive {
    /// The plant runs the network's own plan.
    Plan {
        world: Box<World>,
        stepping: Duration,
    },
    /// A controller decides, behind the safety envelope.
    Controlled(Box<Runner<Sensed<Timed>>>),
}

impl Drive {
    /// At second 0, under a controller; none for the network's own plan.
    pub(super) fn new(
        scenario: &Scenario,
        controller: Option<Box<dyn Controller>>,
        seed: u32,
        sensing: &Sensing,
    ) -> Result<Self, Error> {
        let network = &scenario.network;
        let config = sim::Config {
            seed,
            ..scenario.config.clone()
        };
        let Some(controller) = controller else {
            let config = sim::Config {
                signals: sim::Signals::Plan,
                ..config
            };
            let world = World::new(Arc::clone(network), Arc::clone(&scenario.demand), config)
                .map_err(|error| refused(&error))?;
            return Ok(Self::Plan {
                world: Box::new(world),
                stepping: Duration::ZERO,
            });
        };
        let plant = SimPlant::new(Arc::clone(network), Arc::clone(&scenario.demand), config)
            .map_err(|error| refused(&error))?;
        let plant = Timed {
            plant,
            stepping: Duration::ZERO,
        };
        let plant =
            Sensed::new(plant, sensing, u64::from(seed)).map_err(|error| refused(&error))?;
        let runner =
            Runner::new(plant, controller, &scenario.protocol).map_err(|error| refused(&error))?;
        Ok(Self::Controlled(Box::new(runner)))
    }

    /// Goes on by some steps.
    pub(super) fn steps(&mut self, count: u64) -> Result<(), Error> {
        match self {
            Self::Plan { world, stepping } => {
                let before = process_cpu();
                for _ in 0..count {
                    world.step();
                }
                *stepping += process_cpu().saturating_sub(before);
                Ok(())
            }
            Self::Controlled(runner) => {
                (0..count).try_for_each(|_| runner.step().map_err(|error| refused(&error)))
            }
        }
    }

    /// Lets closures, meters and guidance do what is due.
    pub(super) fn act(&mut self, schemes: &mut Active) -> Result<(), Error> {
        match self {
            Self::Plan { world, .. } => schemes.act(world.as_mut()),
            Self::Controlled(runner) => schemes.act(&mut runner.plant_mut().inner_mut().plant),
        }
        .map_err(|error| refused(&error))
    }

    /// The world, to look at.
    pub(super) fn world(&self) -> &World {
        match self {
            Self::Plan { world, .. } => world,
            Self::Controlled(runner) => runner.plant().inner().plant.world(),
        }
    }

    fn stepping(&self) -> Duration {
        match self {
            Self::Plan { stepping, .. } => *stepping,
            Self::Controlled(runner) => runner.plant().inner().stepping,
        }
    }

    fn sensing_errors(&self) -> Option<SensingErrors> {
        match self {
            Self::Plan { .. } => None,
            Self::Controlled(runner) => runner.plant().errors(),
        }
    }

    fn safety(&self) -> Option<Safety> {
        match self {
            Self::Plan { .. } => None,
            Self::Controlled(runner) => Some(runner.safety()),
        }
    }
}

fn refused(error: &dyn std::error::Error) -> Error {
    Error::Refused {
        message: format!("the scenario cannot be run: {error}"),
        help: None,
    }
}

/// Our simulator as a plant that counts the CPU time of its steps.
pub(super) struct Timed {
    plant: SimPlant,
    stepping: Duration,
}

impl Plant for Timed {
    fn network(&self) -> &Arc<Network> {
        self.plant.network()
    }

    fn time(&self) -> f64 {
        self.plant.time()
    }

    fn tick(&self) -> f64 {
        self.plant.tick()
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), signals::Error> {
        self.plant.observe(detail, seen)
    }

    fn scene(&self, scene: &mut Scene) -> Result<bool, signals::Error> {
        self.plant.scene(scene)
    }

    fn show(&mut self, command: signals::Command<'_>) -> Result<(), signals::Error> {
        self.plant.show(command)
    }

    fn advance(&mut self) -> Result<(), signals::Error> {
        let before = process_cpu();
        let result = self.plant.advance();
        self.stepping += process_cpu().saturating_sub(before);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_reaches_the_horizon() {
        assert_eq!(steps(3600.0, 1.0), 3600);
        assert_eq!(steps(0.5, 1.0), 1);
        assert_eq!(steps(1.0, 0.1), 10);
    }
}
