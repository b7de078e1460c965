//! One run: the world under control, what it did in its last step, and what is remembered of it.

use std::sync::Arc;

use signals::{Controller, Runner, SimPlant};
use sim::World;

use super::figures::Figures;
use super::fleet::Fleet;
use super::heads::Heads;
use super::snapshot::Snapshot;
use super::tracks::Tracks;
use crate::config::Config;
use crate::controllers::ControllerChoice;
use crate::error::Error;

/// Simulated seconds in a row of the history.
const MINUTE: f64 = 60.0;
/// Rows of history kept.
const HISTORY_MAX: usize = 24 * 60;
/// The id of the controller that follows the network's own plan, whose phases have a known end.
pub(super) const PLAN: &str = "plan";
/// Simulated seconds between two looks at how many vehicles have finished.
const FINISHED_EVERY: f64 = 10.0;

/// Everything that begins afresh with a run.
pub(super) struct State {
    pub(super) runner: Runner<SimPlant>,
    pub(super) demand: Arc<roads::Demand>,
    pub(super) before: Snapshot,
    pub(super) after: Snapshot,
    pub(super) figures: Figures,
    pub(super) heads: Heads,
    pub(super) history: Vec<[Option<f64>; 7]>,
    /// When which controller took over.
    pub(super) controllers: Vec<(f64, String)>,
    /// The simulated second that is shown: at most one step behind the world.
    pub(super) shown: f64,
    pub(super) next_minute: f64,
    pub(super) next_finished: f64,
    /// Missions under way in this world.
    pub(super) fleet: Fleet,
    /// Number of the vehicle whose mission a comparison follows.
    pub(super) emergency: Option<u32>,
}

impl State {
    pub(super) fn new(
        config: &Config,
        choice: &ControllerChoice,
        demand: f64,
    ) -> Result<Self, Error> {
        let network = Arc::clone(&config.scenario.network);
        let demand = config
            .scenario
            .demand
            .at(demand)
            .ok_or_else(|| Error::Config(format!("there is no demand level {demand}")))?;
        let controller = build(config, choice, &demand)?;
        let plant = SimPlant::new(
            Arc::clone(&network),
            Arc::clone(&demand),
            config.engine.clone(),
        )
        .map_err(Error::Signals)?;
        let runner = match &config.signal_limits {
            Some(limits) => Runner::with_limits(plant, controller, &config.protocol, limits),
            None => Runner::new(plant, controller, &config.protocol),
        }
        .map_err(Error::Signals)?;
        let mut state = Self {
            runner,
            before: Snapshot::default(),
            after: Snapshot::default(),
            figures: Figures::new(&network, &demand, config.limits.history_points_max),
            heads: Heads::new(&network, choice.id == PLAN),
            history: Vec::new(),
            controllers: vec![(0.0, choice.id.clone())],
            shown: 0.0,
            next_minute: MINUTE,
            next_finished: FINISHED_EVERY,
            fleet: Fleet::default(),
            emergency: None,
            demand,
        };
        state.heads.observe(state.runner.envelope(), 0.0);
        Ok(state)
    }

    /// The same second under a controller of its own. It remembers nothing of the minutes before.
    pub(super) fn fork(&self, config: &Config, choice: &ControllerChoice) -> Result<Self, Error> {
        let controller = build(config, choice, &self.demand)?;
        let mut runner =
            self.runner
                .fork_under(controller)
                .map_err(|source| Error::Controller {
                    id: choice.id.clone(),
                    source,
                })?;
        let fleet = self.fleet.fork(&mut runner, &config.limits_of_signals());
        let mut heads = self.heads.clone();
        heads.follow_plan(choice.id == PLAN);
        Ok(Self {
            fleet: fleet.map_err(Error::Signals)?,
            runner,
            demand: Arc::clone(&self.demand),
            before: self.before.clone(),
            after: self.after.clone(),
            figures: self.figures.fork(),
            heads,
            history: Vec::new(),
            controllers: vec![(self.world().time(), choice.id.clone())],
            shown: self.world().time(),
            next_minute: self.next_minute,
            next_finished: self.next_finished,
            emergency: None,
        })
    }

    pub(super) fn world(&self) -> &World {
        self.runner.plant().world()
    }

    /// Numbers of all vehicles that are on emergency missions.
    pub(super) fn emergencies(&self) -> Vec<u32> {
        self.fleet.vehicles().chain(self.emergency).collect()
    }

    /// One step of the engine, missions looked after before it.
    pub(super) fn step(&mut self, tracks: &Tracks, horizon: f64) -> Result<(), signals::Error> {
        self.fleet.tend(&mut self.runner);
        self.runner.step()?;
        std::mem::swap(&mut self.before, &mut self.after);
        self.after.capture(self.runner.plant().world(), tracks);
        self.figures.observe(tracks, &self.before, &self.after);
        let t = self.world().time();
        self.heads.observe(self.runner.envelope(), t);
        if t >= self.next_finished {
            self.next_finished += FINISHED_EVERY;
            let finished = self.world().metrics(horizon).throughput;
            self.figures.note_finished(finished);
        }
        if t >= self.next_minute {
            self.next_minute += MINUTE;
            self.figures.end_minute();
            self.end_minute(horizon);
        }
        Ok(())
    }

    fn end_minute(&mut self, horizon: f64) {
        let metrics = self.world().metrics(horizon);
        if self.history.len() >= HISTORY_MAX {
            self.history.remove(0);
        }
        self.history.push([
            Some(self.world().time()),
            Some(metrics.running as f64),
            Some(metrics.throughput as f64),
            Some(metrics.waiting_to_enter as f64),
            self.figures.mean_speed(),
            Some(self.figures.delay_index()),
            Some(self.figures.throughput_per_hour()),
        ]);
    }

    /// How far between the last two steps the shown moment lies, 0 to 1.
    pub(super) fn share(&self) -> f32 {
        let interval = self.after.time() - self.before.time();
        if interval > 0.0 {
            ((self.shown - self.before.time()) / interval).clamp(0.0, 1.0) as f32
        } else {
            1.0
        }
    }
}

pub(super) fn build(
    config: &Config,
    choice: &ControllerChoice,
    demand: &roads::Demand,
) -> Result<Box<dyn Controller>, Error> {
    (choice.build)(&config.scenario.network, demand, &config.protocol).map_err(|source| {
        Error::Controller {
            id: choice.id.clone(),
            source,
        }
    })
}
