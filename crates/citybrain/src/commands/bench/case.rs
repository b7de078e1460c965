//! One scenario measured: the engine alone, its signals cycling through the network's own plans.

use std::sync::Arc;
use std::time::Instant;

use roads::generate::{self, GridDemandSpec, GridSpec, GridStart};
use roads::{Demand, Network};
use serde::Serialize;
use sim::{Config, World};

use crate::error::Error;
use crate::measure::{self, Spread, Stopwatch};

/// Forks timed for one figure.
const FORKS: usize = 200;

/// The same for a world so large that a copy of it counts.
const FORKS_ALONE: usize = 3;

/// Saves and restores timed for one figure.
const SAVES: usize = 5;

/// Seconds over which the vehicles of a grid appear, before measuring.
const FILL_SECONDS: u64 = 120;

/// Links a vehicle of a grid passes at most: so many that it is still under way when measuring
/// ends.
const GRID_ROUTE_LINKS: usize = 60;

/// What is measured.
pub(super) struct Case {
    /// A name for the table.
    pub(super) name: String,
    /// The network.
    pub(super) network: Arc<Network>,
    /// The demand.
    pub(super) demand: Arc<Demand>,
    /// Rules vehicles follow.
    pub(super) rules: sim::Rules,
    /// Steps to run before measuring.
    pub(super) warm_up: u64,
    /// Steps to measure.
    pub(super) steps: u64,
    /// Repetitions.
    pub(super) repeat: u64,
    /// Never two worlds for one number of threads: the world itself is run on, not forks of it,
    /// so that memory is that of one world.
    pub(super) alone: bool,
}

/// What was measured.
#[expect(
    clippy::struct_field_names,
    reason = "these are the names in the JSON report"
)]
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) signals: usize,
    pub(super) links: usize,
    pub(super) lane_change: bool,
    pub(super) rules: sim::Rules,
    pub(super) warm_up_steps: u64,
    pub(super) measured_steps: u64,
    /// Running vehicles, mean over the measured steps.
    pub(super) vehicles_mean: f64,
    /// Running vehicles when the network was fullest.
    pub(super) vehicles_peak: u64,
    /// One entry for each number of threads, in the order asked for.
    pub(super) threads: Vec<Threads>,
    /// Wall speed of the second number of threads over the first, by repetition.
    pub(super) speed_up: Option<Spread>,
    /// Microseconds of wall time to fork the world at its fullest.
    pub(super) fork_us: Option<Spread>,
    /// Milliseconds to save and to restore it.
    pub(super) save_ms: Option<Spread>,
    pub(super) restore_ms: Option<Spread>,
    /// Size of the saved world.
    pub(super) saved_bytes: usize,
    /// Resident memory that the worlds of this case have added, tables of the network included.
    pub(super) resident_bytes: u64,
    /// Size of the saved world over its running vehicles.
    pub(super) bytes_per_vehicle: f64,
    /// Largest resident memory of the process while the case ran, before forks and saves were
    /// timed.
    pub(super) peak_rss_bytes: u64,
}

/// The speed on a number of threads.
#[expect(
    clippy::struct_field_names,
    reason = "these are the names in the JSON report"
)]
#[derive(Debug, Serialize)]
pub(super) struct Threads {
    pub(super) threads: usize,
    pub(super) vehicle_updates: u64,
    /// Million vehicle updates per CPU-second of the process.
    pub(super) million_updates_per_cpu_second: Option<Spread>,
    /// Million vehicle updates per second of wall time.
    pub(super) million_updates_per_second: Option<Spread>,
    /// Simulated seconds per second of wall time.
    pub(super) real_time_factor: Option<Spread>,
}

impl Case {
    /// A grid with so many signals and so many vehicles on it at the same time.
    pub(super) fn grid(
        signals: u64,
        vehicles: u64,
        steps: u64,
        repeat: u64,
    ) -> Result<Self, Error> {
        let (columns, rows) = sides(signals);
        let spec = GridSpec {
            columns,
            rows,
            ..GridSpec::default()
        };
        let network = generate::grid(&spec).map_err(|error| unbuildable(&error))?;
        let demand = generate::grid_demand(
            &network,
            &GridDemandSpec {
                vehicles: vehicles as usize,
                horizon: FILL_SECONDS as f64,
                start: GridStart::Everywhere,
                route_links: GRID_ROUTE_LINKS,
                ..GridDemandSpec::default()
            },
        )
        .map_err(|error| unbuildable(&error))?;
        Ok(Self {
            name: format!("grid {columns}x{rows}"),
            network: Arc::new(network),
            demand: Arc::new(demand),
            rules: sim::Rules::Benchmark,
            warm_up: FILL_SECONDS,
            steps,
            repeat,
            alone: false,
        })
    }

    /// Measures it with lane change on or off, on each number of threads in turn.
    pub(super) fn measure(&self, lane_change: bool, threads: &[usize]) -> Result<Measured, Error> {
        let config = |threads| Config {
            threads,
            lane_change,
            rules: self.rules,
            signals: sim::Signals::Plan,
            ..Config::default()
        };
        measure::reset_peak_memory();
        let before = measure::memory();
        let build = |threads| -> Result<World, Error> {
            let (network, demand) = (Arc::clone(&self.network), Arc::clone(&self.demand));
            let mut world = World::new(network, demand, config(threads))
                .map_err(|error| unbuildable(&error))?;
            (0..self.warm_up).for_each(|_| world.step());
            Ok(world)
        };
        let mut worlds = threads
            .iter()
            .map(|&threads| build(threads))
            .collect::<Result<Vec<_>, _>>()?;
        let mut laps: Vec<Vec<Lap>> = threads.iter().map(|_| Vec::new()).collect();
        for _ in 0..self.repeat {
            // One repetition of each in turn, so that all share the machine's mood.
            for (world, laps) in worlds.iter_mut().zip(&mut laps) {
                if self.alone {
                    laps.push(lap(world, self.steps));
                } else {
                    laps.push(lap(&mut world.fork(), self.steps));
                }
            }
        }
        let Some(mut world) = worlds.into_iter().next() else {
            return Err(Error::internal("no number of threads to measure"));
        };
        let peak = if self.alone {
            world
        } else {
            fullest(&mut world, self.steps)
        };
        let running = peak.metrics(0.0).running;
        let peak_rss_bytes = measure::peak_memory();
        let grown = measure::memory().saturating_sub(before);
        let forks = if self.alone { FORKS_ALONE } else { FORKS };
        let saved = peak.save().map_err(Error::internal)?;
        Ok(Measured {
            name: self.name.clone(),
            signals: self.network.signals.len(),
            links: self.network.links.len(),
            lane_change,
            rules: self.rules,
            warm_up_steps: self.warm_up,
            measured_steps: self.steps,
            vehicles_mean: laps[0]
                .first()
                .map_or(0.0, |lap| lap.updates as f64 / self.steps as f64),
            vehicles_peak: running,
            speed_up: speed_up(&laps),
            threads: threads
                .iter()
                .zip(&laps)
                .map(|(threads, laps)| self.speed(*threads, laps))
                .collect(),
            fork_us: Spread::of(fork_times(&peak, forks)),
            save_ms: Spread::of(times(SAVES, || peak.save())),
            restore_ms: restore_times(&self.network, &saved)?,
            saved_bytes: saved.len(),
            resident_bytes: grown,
            bytes_per_vehicle: saved.len() as f64 / running.max(1) as f64,
            peak_rss_bytes,
        })
    }

    fn speed(&self, threads: usize, laps: &[Lap]) -> Threads {
        let per = |value: fn(&Lap) -> f64| Spread::of(laps.iter().map(value).collect());
        let steps = self.steps as f64;
        Threads {
            threads,
            vehicle_updates: laps.first().map_or(0, |lap| lap.updates),
            million_updates_per_cpu_second: per(|lap| lap.updates as f64 / lap.cpu / 1e6),
            million_updates_per_second: per(|lap| lap.updates as f64 / lap.wall / 1e6),
            real_time_factor: Spread::of(laps.iter().map(|lap| steps / lap.wall).collect()),
        }
    }
}

fn unbuildable(error: &dyn std::error::Error) -> Error {
    Error::Refused {
        message: format!("the scenario cannot be measured: {error}"),
        help: None,
    }
}

/// Columns and rows of a grid of so many junctions, as square as can be.
fn sides(signals: u64) -> (u32, u32) {
    let root = (signals as f64).sqrt() as u64;
    let rows = (1..=root)
        .rev()
        .find(|rows| signals.is_multiple_of(*rows))
        .unwrap_or(1);
    ((signals / rows) as u32, rows as u32)
}

/// One repetition.
struct Lap {
    updates: u64,
    cpu: f64,
    wall: f64,
}

/// Runs a world on and measures the steps alone.
fn lap(world: &mut World, steps: u64) -> Lap {
    let before = world.metrics(0.0).vehicle_updates;
    let watch = Stopwatch::start();
    for _ in 0..steps {
        world.step();
    }
    let (cpu, wall) = (watch.cpu(), watch.wall());
    Lap {
        updates: world.metrics(0.0).vehicle_updates - before,
        cpu: cpu.as_secs_f64().max(1e-9),
        wall: wall.as_secs_f64().max(1e-9),
    }
}

fn speed_up(laps: &[Vec<Lap>]) -> Option<Spread> {
    let [one, two, ..] = laps else {
        return None;
    };
    Spread::of(
        one.iter()
            .zip(two)
            .map(|(one, two)| one.wall / two.wall)
            .collect(),
    )
}

/// The world at the step at which most vehicles are on it, of those looked at every 10 steps.
fn fullest(world: &mut World, steps: u64) -> World {
    let mut peak = world.fork();
    let mut most = peak.metrics(0.0).running;
    for step in 1..=steps {
        world.step();
        if step.is_multiple_of(10) {
            let running = world.metrics(0.0).running;
            if running > most {
                most = running;
                peak = world.fork();
            }
        }
    }
    peak
}

/// Microseconds of each of many forks; giving the memory back is not counted.
fn fork_times(world: &World, count: usize) -> Vec<f64> {
    (0..count)
        .map(|_| {
            let start = Instant::now();
            let fork = std::hint::black_box(world.fork());
            let taken = start.elapsed();
            drop(fork);
            taken.as_secs_f64() * 1e6
        })
        .collect()
}

/// Milliseconds of each of `count` calls.
fn times<T>(count: usize, mut work: impl FnMut() -> T) -> Vec<f64> {
    (0..count)
        .map(|_| {
            let start = Instant::now();
            let result = std::hint::black_box(work());
            let taken = start.elapsed();
            drop(result);
            taken.as_secs_f64() * 1e3
        })
        .collect()
}

fn restore_times(network: &Arc<Network>, saved: &[u8]) -> Result<Option<Spread>, Error> {
    let restore = || World::restore(Arc::clone(network), saved);
    restore().map_err(Error::internal)?;
    Ok(Spread::of(times(SAVES, restore)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_as_square_as_its_number_allows() {
        assert_eq!(sides(16), (4, 4));
        assert_eq!(sides(200), (20, 10));
        assert_eq!(sides(900), (30, 30));
        assert_eq!(sides(7), (7, 1));
    }
}
