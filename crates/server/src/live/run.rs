//! One run after the other: the world, its controller, the simulated clock, and what of it is
//! published. Nothing here waits or reads the time; [`Run::tick`] is told how late it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use roads::{LinkId, Network, SignalId, TurnId};
use signals::{Controller, Runner, SimPlant};
use sim::{Place, World};
use tokio::sync::watch;

use super::counters::Counters;
use super::encode::{self, GroupState, LinkState, WAITING_SPEED};
use super::figures::{Figures, speed_limit};
use super::heads::{Heads, phase_reports};
use super::report::{HISTORY_COLUMNS, History, LinkReport, Safety, SignalReport, Status};
use super::snapshot::Snapshot;
use super::tracks::Tracks;
use crate::clock::Clock;
use crate::config::Config;
use crate::controllers::ControllerChoice;
use crate::error::Error;
use crate::geo::Projection;

/// Real time from one frame to the next.
pub(crate) const FRAME: Duration = Duration::from_millis(100);
/// Real time a tick may spend on steps; what is left waits, and the real-time factor says so.
const STEPS_BUDGET: Duration = Duration::from_millis(80);
/// The longest real time that is made up for after a stall.
const CATCH_UP_MAX: Duration = Duration::from_millis(250);
/// Real time from one status to the next.
const STATUS: Duration = Duration::from_secs(1);
/// Real time that passes at least between two publications of links and signals.
const CHANGES: Duration = Duration::from_millis(200);
/// Simulated seconds in a row of the history.
const MINUTE: f64 = 60.0;
/// Rows of history kept.
const HISTORY_MAX: usize = 24 * 60;
/// The id of the controller that follows the network's own plan, whose phases have a known end.
const PLAN: &str = "plan";
/// Changes of controller kept in the history.
const CHANGES_MAX: usize = 1000;
/// Simulated seconds between two looks at how many vehicles have finished.
const FINISHED_EVERY: f64 = 10.0;

/// The newest state, shared by all clients of the live stream.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// Number of the run.
    pub(crate) run: u64,
    /// A message of all vehicles.
    pub(crate) vehicles: Bytes,
    /// All links.
    pub(crate) links: Arc<Vec<LinkState>>,
    /// All movement groups.
    pub(crate) signals: Arc<Vec<GroupState>>,
    /// The figures.
    pub(crate) status: Arc<Status>,
}

/// What a visitor wants to be different; already validated.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Change {
    pub(crate) controller: Option<String>,
    pub(crate) demand: Option<f64>,
    pub(crate) speed: Option<f64>,
    pub(crate) paused: Option<bool>,
    pub(crate) restart: bool,
}

/// The run in progress.
pub(crate) struct Run {
    config: Config,
    network: Arc<Network>,
    projection: Projection,
    tracks: Arc<Tracks>,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    sender: watch::Sender<Arc<Published>>,
    state: State,
    pace: Pace,
    number: u64,
}

/// Everything that begins afresh with a run.
struct State {
    runner: Runner<SimPlant>,
    demand: Arc<roads::Demand>,
    before: Snapshot,
    after: Snapshot,
    figures: Figures,
    heads: Heads,
    history: Vec<[Option<f64>; 7]>,
    /// When which controller took over.
    controllers: Vec<(f64, String)>,
    /// The simulated second that is shown: at most one step behind the world.
    shown: f64,
    next_minute: f64,
    next_finished: f64,
}

/// What is wanted, and when what is due.
struct Pace {
    controller: String,
    demand: f64,
    speed: f64,
    paused: bool,
    last: Duration,
    next_status: Duration,
    next_changes: Duration,
    changes_shown: f64,
    measured: Duration,
    measured_shown: f64,
    real_time_factor: f64,
    fault_reported: bool,
}

impl State {
    fn new(config: &Config, choice: &ControllerChoice, demand: f64) -> Result<Self, Error> {
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
            demand,
        };
        state.heads.observe(state.runner.envelope(), 0.0);
        Ok(state)
    }

    fn world(&self) -> &World {
        self.runner.plant().world()
    }

    /// One step of the engine.
    fn step(&mut self, tracks: &Tracks, horizon: f64) -> Result<(), signals::Error> {
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
    fn share(&self) -> f32 {
        let interval = self.after.time() - self.before.time();
        if interval > 0.0 {
            ((self.shown - self.before.time()) / interval).clamp(0.0, 1.0) as f32
        } else {
            1.0
        }
    }
}

fn build(
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

impl Run {
    /// The first run, at second 0, and where its state is published.
    pub(crate) fn new(
        config: Config,
        counters: Arc<Counters>,
    ) -> Result<(Self, watch::Receiver<Arc<Published>>), Error> {
        config.check()?;
        let network = Arc::clone(&config.scenario.network);
        let projection = Projection::of(&network);
        let tracks = Arc::new(Tracks::new(&network, &projection));
        let choice = choice_of(&config, &config.controller)?;
        let state = State::new(&config, &choice, config.demand_level)?;
        let now = config.clock.elapsed();
        let pace = Pace {
            controller: config.controller.clone(),
            demand: config.demand_level,
            speed: config.speed,
            paused: false,
            last: now,
            next_status: now,
            next_changes: now,
            changes_shown: f64::NEG_INFINITY,
            measured: now,
            measured_shown: 0.0,
            real_time_factor: 0.0,
            fault_reported: false,
        };
        let status = status(&config, &state, &pace, 1);
        let (sender, receiver) = watch::channel(Arc::new(Published {
            run: 1,
            vehicles: frame(&network, &tracks, &state),
            links: Arc::new(state.figures.states().collect()),
            signals: Arc::new(state.heads.states(state.world())),
            status: Arc::new(status),
        }));
        let run = Self {
            clock: Arc::clone(&config.clock),
            config,
            network,
            projection,
            tracks,
            counters,
            sender,
            state,
            pace,
            number: 1,
        };
        Ok((run, receiver))
    }

    /// The paths vehicles are drawn on.
    pub(crate) fn tracks(&self) -> Arc<Tracks> {
        Arc::clone(&self.tracks)
    }

    /// Brings the run up to a moment of real time and publishes what is due.
    pub(crate) fn tick(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.pace.last).min(CATCH_UP_MAX);
        self.pace.last = now;
        if !self.pace.paused {
            self.advance(passed.as_secs_f64() * self.pace.speed);
        }
        if self.state.shown >= self.config.scenario.horizon
            && let Err(error) = self.restart(self.pace.demand)
        {
            tracing::error!(%error, "the run could not start again; it is paused");
            self.pace.paused = true;
        }
        self.publish(now);
    }

    /// Moves the shown moment on by `seconds` of simulated time, as far as the machine can.
    fn advance(&mut self, seconds: f64) {
        let horizon = self.config.scenario.horizon;
        let target = (self.state.shown + seconds).min(horizon);
        let begun = self.clock.elapsed();
        while self.state.world().time() < target {
            let before = self.state.world().time();
            if let Err(error) = self.state.step(&self.tracks, horizon)
                && !std::mem::replace(&mut self.pace.fault_reported, true)
            {
                tracing::error!(controller = %self.pace.controller, %error, "the step failed");
            }
            self.counters.steps.fetch_add(1, Ordering::Relaxed);
            let stuck = self.state.world().time() <= before;
            if stuck || self.clock.elapsed().saturating_sub(begun) > STEPS_BUDGET {
                break;
            }
        }
        self.state.shown = target.min(self.state.world().time());
    }

    /// Begins again at second 0.
    pub(crate) fn restart(&mut self, demand: f64) -> Result<(), Error> {
        let choice = choice_of(&self.config, &self.pace.controller)?;
        self.state = State::new(&self.config, &choice, demand)?;
        self.number += 1;
        self.pace.demand = demand;
        self.pace.changes_shown = f64::NEG_INFINITY;
        self.pace.measured_shown = 0.0;
        self.pace.fault_reported = false;
        self.counters.restarts.fetch_add(1, Ordering::Relaxed);
        tracing::info!(run = self.number, demand, "the run starts at second 0");
        Ok(())
    }

    /// Begins again with the same demand.
    pub(crate) fn restart_as_it_was(&mut self) -> Result<(), Error> {
        self.restart(self.pace.demand)
    }

    /// Does what a visitor wants.
    pub(crate) fn change(&mut self, change: &Change) -> Result<Arc<Status>, Error> {
        if let Some(id) = &change.controller
            && *id != self.pace.controller
        {
            let choice = choice_of(&self.config, id)?;
            let controller = build(&self.config, &choice, &self.state.demand)?;
            self.state
                .runner
                .set_controller(controller)
                .map_err(|source| Error::Controller {
                    id: id.clone(),
                    source,
                })?;
            if self.state.controllers.len() >= CHANGES_MAX {
                self.state.controllers.remove(0);
            }
            self.state
                .controllers
                .push((self.state.world().time(), id.clone()));
            self.pace.controller.clone_from(id);
            self.state.heads.follow_plan(id == PLAN);
            self.pace.fault_reported = false;
        }
        let demand = change.demand.unwrap_or(self.pace.demand);
        if change.restart || (demand - self.pace.demand).abs() > 1e-9 {
            self.restart(demand)?;
        }
        if let Some(speed) = change.speed {
            self.pace.speed = speed;
        }
        if let Some(paused) = change.paused {
            self.pace.paused = paused;
        }
        let now = self.clock.elapsed();
        self.pace.next_status = now;
        self.pace.next_changes = now;
        self.publish(now);
        Ok(Arc::clone(&self.sender.borrow().status))
    }

    fn publish(&mut self, now: Duration) {
        let last = Arc::clone(&self.sender.borrow());
        let status_due = now >= self.pace.next_status;
        if status_due {
            self.measure(now);
            self.pace.next_status = now + STATUS;
        }
        let moved = self.state.shown - self.pace.changes_shown >= 1.0;
        let changes_due = now >= self.pace.next_changes && (moved || status_due);
        if changes_due {
            self.pace.next_changes = now + CHANGES;
            self.pace.changes_shown = self.state.shown;
        }
        let watched = self.counters.clients.load(Ordering::Relaxed) > 0;
        let frame_due = watched && (!self.pace.paused || status_due || last.run != self.number);
        if !(status_due || changes_due || frame_due) {
            return;
        }
        let state = &self.state;
        let published = Published {
            run: self.number,
            vehicles: if frame_due {
                self.counters.frames.fetch_add(1, Ordering::Relaxed);
                frame(&self.network, &self.tracks, state)
            } else {
                last.vehicles.clone()
            },
            links: if changes_due {
                Arc::new(state.figures.states().collect())
            } else {
                Arc::clone(&last.links)
            },
            signals: if changes_due {
                Arc::new(state.heads.states(state.world()))
            } else {
                Arc::clone(&last.signals)
            },
            status: if status_due {
                let status = status(&self.config, state, &self.pace, self.number);
                self.counters.note(&status);
                Arc::new(status)
            } else {
                Arc::clone(&last.status)
            },
        };
        self.sender.send_replace(Arc::new(published));
    }

    /// Measures how fast simulated time passes; at least half a second of real time counts.
    fn measure(&mut self, now: Duration) {
        let seconds = now.saturating_sub(self.pace.measured).as_secs_f64();
        if seconds >= 0.5 {
            let shown = self.state.shown - self.pace.measured_shown;
            self.pace.real_time_factor = shown.max(0.0) / seconds;
            self.pace.measured = now;
            self.pace.measured_shown = self.state.shown;
        }
    }

    /// The figures of each minute so far.
    pub(crate) fn history(&self) -> History {
        History {
            columns: HISTORY_COLUMNS,
            rows: self.state.history.clone(),
            changes: self.state.controllers.clone(),
        }
    }

    /// A link and its traffic.
    pub(crate) fn link(&self, id: LinkId) -> LinkReport {
        let link = &self.network.links[id.index()];
        let figures = &self.state.figures;
        let now = figures.link(id.index());
        let middle =
            roads::geometry::point_at(&link.shape, roads::geometry::length(&link.shape) / 2.0);
        LinkReport {
            index: id.0,
            id: link.id.clone(),
            name: link.name.clone(),
            class: link.class,
            lanes: link.lanes.len() as u32,
            length: link.length,
            limit: speed_limit(&self.network, link.lanes.range()),
            speed: now.speed,
            free_speed: figures.free_speed(id.index()),
            count: now.count,
            waiting: now.waiting,
            flow_per_hour: now.flow_per_hour,
            centre: self.projection.degrees(middle),
            history: figures
                .minutes_of(id.index())
                .map(|(t, minute)| {
                    [
                        Some(t),
                        minute.speed.is_finite().then(|| f64::from(minute.speed)),
                        Some(f64::from(minute.count)),
                        Some(f64::from(minute.flow_per_hour)),
                    ]
                })
                .collect(),
        }
    }

    /// A signal as it stands.
    pub(crate) fn signal(&self, id: SignalId) -> SignalReport {
        let signal = &self.network.signals[id.index()];
        let state = &self.state;
        let t = state.world().time();
        let head = state.heads.phase(id);
        let junction = |id: &roads::JunctionId| &self.network.junctions[id.index()];
        let sum = signal
            .junctions
            .iter()
            .map(|id| junction(id).point)
            .fold(roads::Point::default(), |sum, point| sum + point);
        SignalReport {
            index: id.0,
            id: signal.id.clone(),
            junctions: signal
                .junctions
                .iter()
                .map(|id| junction(id).id.clone())
                .collect(),
            centre: self
                .projection
                .degrees(sum * (1.0 / signal.junctions.len().max(1) as f64)),
            phase: head.phase,
            elapsed: head.elapsed,
            clearing: head.clearing,
            remaining: self.state.heads.remaining(id, t),
            controller: self.pace.controller.clone(),
            phases: phase_reports(&self.network, id),
            groups: state
                .heads
                .group_reports(state.world(), id, |turn| self.approaching(turn)),
            history: head.history,
        }
    }

    /// Vehicles on a lane that are going to take a turn: waiting, and all.
    fn approaching(&self, turn: TurnId) -> (u32, u32) {
        let mut counts = (0, 0);
        for mover in self.state.after.movers() {
            let takes = mover.movement.is_some_and(|movement| {
                self.network.movements[movement.index()].turn == turn
                    && matches!(self.tracks.at(mover.place), Place::Lane(_))
            });
            if takes {
                counts.0 += u32::from(mover.speed < WAITING_SPEED);
                counts.1 += 1;
            }
        }
        counts
    }
}

fn choice_of(config: &Config, id: &str) -> Result<ControllerChoice, Error> {
    config
        .controllers
        .iter()
        .find(|choice| choice.id == id)
        .cloned()
        .ok_or_else(|| Error::Config(format!("there is no controller {id:?}")))
}

fn frame(network: &Network, tracks: &Tracks, state: &State) -> Bytes {
    let (before, after) = (&state.before, &state.after);
    encode::vehicles(network, tracks, before, after, state.share(), state.shown)
}

fn status(config: &Config, state: &State, pace: &Pace, run: u64) -> Status {
    let metrics = state.world().metrics(config.scenario.horizon);
    let safety = state.runner.safety();
    Status {
        run,
        t: state.shown,
        clock: time_of_day(config.scenario.day_start + state.shown),
        paused: pace.paused,
        speed: pace.speed,
        controller: pace.controller.clone(),
        demand: pace.demand,
        running: metrics.running,
        finished: metrics.throughput,
        waiting_to_enter: metrics.waiting_to_enter,
        mean_speed: state.figures.mean_speed(),
        delay_index: state.figures.delay_index(),
        throughput_per_hour: state.figures.throughput_per_hour(),
        att_engine: metrics.att_engine,
        real_time_factor: if pace.paused {
            0.0
        } else {
            pace.real_time_factor
        },
        safety: Safety {
            overrides: safety.overrides,
            fallbacks: safety.fallbacks,
            in_fallback: safety.in_fallback,
        },
    }
}

/// `HH:MM:SS` of a second of the day; the day after midnight begins again at 00:00:00.
fn time_of_day(seconds: f64) -> String {
    let seconds = (seconds.max(0.0) as u64) % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_the_city_wraps_at_midnight() {
        assert_eq!(time_of_day(7.0 * 3600.0 + 750.9), "07:12:30");
        assert_eq!(time_of_day(86_400.0 + 61.0), "00:01:01");
    }
}
