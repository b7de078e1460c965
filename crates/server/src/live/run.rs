//! One run after the other: the world, its controller, the simulated clock, and what of it is
//! published. Nothing here waits; [`Run::tick`] is told what time it is.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use roads::{LaneId, Network};
use tokio::sync::watch;

use super::answers::status;
use super::corridor::Corridors;
use super::counters::Counters;
use super::encode::{self, GroupState, LinkState};
use super::missions::{MissionFacts, Missions, Reason};
pub(super) use super::pace::Pace;
use super::report::Status;
use super::state::{PLAN, State, build};
use super::tracks::Tracks;
use super::watching::Watch;
use crate::clock::Clock;
use crate::config::Config;
use crate::controllers::ControllerChoice;
use crate::error::Error;
use crate::geo::Projection;

/// Real time from one frame to the next.
pub(crate) const FRAME: Duration = Duration::from_millis(100);
/// Real time a tick may spend on steps; what is left waits, and the real-time factor says so.
pub(super) const STEPS_BUDGET: Duration = Duration::from_millis(80);
/// How long the head start of the first run may take.
const HEAD_START_BUDGET: Duration = Duration::from_secs(5);
/// The longest real time that is made up for after a stall.
const CATCH_UP_MAX: Duration = Duration::from_millis(250);
/// Real time from one status to the next.
const STATUS: Duration = Duration::from_secs(1);
/// Real time that passes at least between two publications of links and signals.
const CHANGES: Duration = Duration::from_millis(200);
/// Changes of controller kept in the history.
const CHANGES_MAX: usize = 1000;

/// The newest state, shared by all clients of the live stream.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// Number of the run.
    pub(crate) run: u64,
    /// A message of all vehicles; empty while nobody looks.
    pub(crate) vehicles: Bytes,
    /// All links.
    pub(crate) links: Arc<Vec<LinkState>>,
    /// All movement groups.
    pub(crate) signals: Arc<Vec<GroupState>>,
    /// The figures.
    pub(crate) status: Arc<Status>,
    /// Missions of the running world; none in a half of a comparison.
    pub(crate) missions: Arc<Missions>,
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
    pub(super) config: Config,
    pub(super) network: Arc<Network>,
    pub(super) projection: Projection,
    pub(super) tracks: Arc<Tracks>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) counters: Arc<Counters>,
    pub(super) sender: watch::Sender<Arc<Published>>,
    pub(super) state: State,
    pub(super) watch: Watch,
    pub(super) pace: Pace,
    pub(super) number: u64,
    /// Corridors that somebody looks at.
    pub(super) corridors: Corridors,
    /// Lanes that are closed, with the second of this run since which they are; they stay closed
    /// when the run starts again.
    pub(super) closed: BTreeMap<LaneId, f64>,
    /// Missions that are over, the newest last.
    pub(super) missions_over: Vec<MissionFacts>,
    /// Number of the last mission.
    pub(super) missions_last: u64,
}

impl Run {
    /// The first run, at second 0, and where its state is published.
    pub(crate) fn new(
        config: Config,
        counters: Arc<Counters>,
        mut watch: Watch,
    ) -> Result<(Self, watch::Receiver<Arc<Published>>), Error> {
        config.check()?;
        let network = Arc::clone(&config.scenario.network);
        let projection = Projection::of(&network);
        let tracks = Arc::new(Tracks::new(&network, &projection));
        let choice = choice_of(&config, &config.controller)?;
        let mut state = State::new(&config, &choice, config.demand_level)?;
        run_ahead(&mut state, &mut watch, &tracks, &config);
        let pace = Pace::starting(
            &config.controller,
            config.demand_level,
            config.speed,
            config.clock.elapsed(),
            state.shown,
        );
        let first = picture(&config, &tracks, &state, &pace, 1);
        let (sender, receiver) = watch::channel(Arc::new(first));
        let run = Self {
            clock: Arc::clone(&config.clock),
            config,
            network,
            projection,
            tracks,
            counters,
            sender,
            state,
            watch,
            pace,
            number: 1,
            corridors: Corridors::default(),
            closed: BTreeMap::new(),
            missions_over: Vec::new(),
            missions_last: 0,
        };
        Ok((run, receiver))
    }

    /// The paths vehicles are drawn on.
    pub(crate) fn tracks(&self) -> Arc<Tracks> {
        Arc::clone(&self.tracks)
    }

    /// The index of its traffic.
    pub(crate) fn seen(&self) -> Arc<Mutex<observe::live::Live>> {
        self.watch.shared()
    }

    /// The incidents in its traffic.
    pub(crate) fn incidents(&self) -> Arc<Mutex<observe::incident::Detection>> {
        self.watch.incidents()
    }

    /// Brings the run up to a moment of real time and publishes what is due.
    pub(crate) fn tick(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.pace.last).min(CATCH_UP_MAX);
        self.pace.last = now;
        self.corridors.tidy(self.clock.elapsed());
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
            self.watch.look(self.state.world());
            self.counters.steps.fetch_add(1, Ordering::Relaxed);
            self.corridors
                .observe(self.state.world(), &self.state.after);
            let stuck = self.state.world().time() <= before;
            if stuck || self.clock.elapsed().saturating_sub(begun) > STEPS_BUDGET {
                break;
            }
        }
        self.state.shown = target.min(self.state.world().time());
        self.keep_ended();
    }

    /// Begins again at second 0.
    pub(crate) fn restart(&mut self, demand: f64) -> Result<(), Error> {
        let choice = choice_of(&self.config, &self.pace.controller)?;
        // All that can fail comes first: a run is the old one or the new one.
        let mut state = State::new(&self.config, &choice, demand)?;
        for &lane in self.closed.keys() {
            let plant = state.runner.plant_mut();
            plant.close_lane(lane).map_err(Error::Signals)?;
        }
        let reason = if (demand - self.pace.demand).abs() > 1e-9 {
            Reason::Demand
        } else {
            Reason::Restart
        };
        let now = self.state.world().time();
        self.state.fleet.end_all(reason, now);
        self.keep_ended();
        self.state = state;
        self.watch.reset(&self.network);
        self.closed.values_mut().for_each(|since| *since = 0.0);
        self.corridors.forget();
        self.number += 1;
        self.pace.demand = demand;
        self.pace.changes_shown = f64::NEG_INFINITY;
        self.pace.measured = self.clock.elapsed();
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
            let limits = self.config.limits_of_signals();
            let state = &mut self.state;
            state.fleet.follow_controller(&mut state.runner, &limits);
            self.keep_ended();
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
        self.pace.measured = self.clock.elapsed();
        self.pace.measured_shown = self.state.shown;
        self.publish_now();
        Ok(Arc::clone(&self.sender.borrow().status))
    }

    /// Publishes everything at once, whatever is due.
    pub(super) fn publish_now(&mut self) {
        let now = self.clock.elapsed();
        self.pace.next_status = now;
        self.pace.next_changes = now;
        self.publish(now);
    }

    fn publish(&mut self, now: Duration) {
        let last = Arc::clone(&self.sender.borrow());
        let status_due = now >= self.pace.next_status;
        if status_due {
            self.pace.measure(now, self.state.shown);
            self.pace.next_status = now + STATUS;
        }
        let moved = self.state.shown - self.pace.changes_shown >= 1.0;
        let changes_due = now >= self.pace.next_changes && (moved || status_due);
        if changes_due {
            self.pace.next_changes = now + CHANGES;
            self.pace.changes_shown = self.state.shown;
            self.state.fleet.look(&self.state.runner);
        }
        let watched = self.counters.clients.load(Ordering::Relaxed) > 0;
        let stale = last.run != self.number || last.vehicles.is_empty();
        let frame_due = watched && (!self.pace.paused || status_due || stale);
        if !(status_due || changes_due || frame_due) {
            return;
        }
        let state = &self.state;
        let published = Published {
            run: self.number,
            vehicles: if frame_due {
                self.counters.frames.fetch_add(1, Ordering::Relaxed);
                frame(&self.network, &self.tracks, state)
            } else if watched {
                last.vehicles.clone()
            } else {
                Bytes::new() // nobody looks, and who comes must not see an old one
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
            missions: if changes_due {
                Arc::new(self.missions())
            } else {
                Arc::clone(&last.missions)
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
}

/// Brings the first run to its head start, unless that takes too long.
fn run_ahead(state: &mut State, watch: &mut Watch, tracks: &Tracks, config: &Config) {
    let begun = config.clock.elapsed();
    while state.world().time() < config.head_start
        && config.clock.elapsed().saturating_sub(begun) < HEAD_START_BUDGET
    {
        if let Err(error) = state.step(tracks, config.scenario.horizon) {
            tracing::error!(%error, "the head start ends early");
            break;
        }
        watch.look(state.world());
    }
    state.shown = state.world().time().min(config.head_start);
}

pub(super) fn choice_of(config: &Config, id: &str) -> Result<ControllerChoice, Error> {
    config
        .controllers
        .iter()
        .find(|choice| choice.id == id)
        .cloned()
        .ok_or_else(|| Error::Config(format!("there is no controller {id:?}")))
}

/// Everything that is shown of a world.
pub(super) fn picture(
    config: &Config,
    tracks: &Tracks,
    state: &State,
    pace: &Pace,
    run: u64,
) -> Published {
    Published {
        run,
        vehicles: frame(&config.scenario.network, tracks, state),
        links: Arc::new(state.figures.states().collect()),
        signals: Arc::new(state.heads.states(state.world())),
        status: Arc::new(status(config, state, pace, run)),
        missions: Arc::default(),
    }
}

pub(super) fn frame(network: &Network, tracks: &Tracks, state: &State) -> Bytes {
    let (before, after) = (&state.before, &state.after);
    let moment = (state.share(), state.shown);
    let emergencies = state.emergencies();
    encode::vehicles(network, tracks, (before, after), moment, &emergencies)
}
