//! Two futures of the same second: the running world is forked twice, each half goes on under a
//! controller of its own (and, if wanted, with lanes closed), and both are measured and shown side
//! by side. A thread drives both halves in step; the running world itself is not touched.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use missions::Arm;
use roads::LaneId;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::answers::time_of_day;
use super::driver::Driver;
use super::mission::{MissionReport, Sending, Under};
use super::run::{FRAME, Published, Run, choice_of};
use super::state::State;
use super::tracks::Tracks;
use crate::config::Config;
use crate::error::Error;

/// Real time from one picture of links, signals and figures to the next.
const PICTURE: Duration = Duration::from_millis(250);

/// Names of the values of a row.
pub(crate) const COLUMNS: [&str; 7] = [
    "t",
    "running",
    "waiting_to_enter",
    "standing",
    "mean_speed",
    "delay_per_vehicle",
    "finished",
];

/// Figures of one half at one second, in the order of [`COLUMNS`].
pub(super) type Row = [Option<f64>; 7];

/// How one half goes on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HalfPlan {
    /// Id of its controller.
    pub(crate) controller: String,
    /// Lanes that are closed in it, besides those closed in the running world.
    pub(crate) close: Vec<LaneId>,
    /// What the mission may do in it, if there is one.
    pub(crate) arm: Option<Arm>,
}

/// How both halves go on: left, right.
pub(crate) type HalfPlans = [HalfPlan; 2];

/// The running world, twice.
pub(crate) struct Forked {
    pub(super) halves: [(State, Option<Under>); 2],
    pub(super) run: u64,
    pub(super) demand: f64,
}

impl Run {
    /// Two worlds that go on from this second, each with the same unit under way if one is sent.
    /// Missions of the running world are under way in both.
    pub(crate) fn fork(
        &self,
        plans: &HalfPlans,
        sending: Option<&Sending>,
    ) -> Result<Forked, Error> {
        let sent = sending.map(|sending| self.send(sending)).transpose()?;
        let half = |plan: &HalfPlan| {
            let choice = choice_of(&self.config, &plan.controller)?;
            let mut state = self.state.fork(&self.config, &choice)?;
            for &lane in &plan.close {
                self.refuse_last_lane(lane, &plan.close)?;
                let plant = state.runner.plant_mut();
                plant.close_lane(lane).map_err(Error::Signals)?;
            }
            let mission = match (&sent, plan.arm) {
                (Some(sent), Some(arm)) => {
                    let limits = self.config.limits_of_signals();
                    let units = &self.config.units.units;
                    let unit = sent.unit.map(|unit| units[unit].id.clone());
                    Some(Under::start(&mut state, (sent, unit), arm, &limits)?)
                }
                _ => None,
            };
            Ok::<_, Error>((state, mission))
        };
        Ok(Forked {
            halves: [half(&plans[0])?, half(&plans[1])?],
            run: self.number,
            demand: self.pace.demand,
        })
    }
}

/// How far a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// Both halves go on.
    Running,
    /// It has come to its end.
    Finished,
    /// Nobody asked for it any more, or it was ended.
    Ended,
    /// A half failed.
    Failed,
}

/// One half of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct HalfReport {
    /// Id of its controller.
    pub controller: String,
    /// Indices of the lanes closed in this half only.
    pub closed_lanes: Vec<u32>,
    /// One row every ten simulated seconds, the first at the second of the fork.
    #[schema(value_type = Vec<Vec<Option<f64>>>)]
    pub rows: Vec<Row>,
    /// The mission in it, if there is one.
    pub mission: Option<MissionReport>,
}

/// Two futures of the same second.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct ComparisonReport {
    /// Its number.
    pub id: u64,
    /// How far it is.
    pub state: Stage,
    /// Simulated second at which both halves began.
    pub from: f64,
    /// That second as a time of day, `HH:MM:SS`.
    pub from_clock: String,
    /// Simulated second at which it ends.
    pub until: f64,
    /// Simulated second that is shown.
    pub t: f64,
    /// Simulated seconds wanted in a real second.
    pub speed: f64,
    /// Names of the values of a row. `standing` are vehicles on the network slower than 0.1 m/s;
    /// `delay_per_vehicle` is, since the fork, the time spent by all vehicles (waiting to enter
    /// included) less the time that the distance driven takes at free flow, divided by the
    /// vehicles that were there at the fork or came since, seconds; `finished` counts from the
    /// fork.
    #[schema(value_type = Vec<String>)]
    pub columns: [&'static str; 7],
    /// The left half.
    pub left: HalfReport,
    /// The right half.
    pub right: HalfReport,
}

/// A comparison as others see it: they ask for its report, follow its pictures, or end it.
pub(crate) struct Session {
    id: u64,
    from: f64,
    until: f64,
    from_clock: String,
    speed: f64,
    plans: HalfPlans,
    published: [watch::Sender<Arc<Published>>; 2],
    progress: Mutex<Progress>,
    stopped: AtomicBool,
    /// Real time at which somebody last asked, milliseconds of the clock.
    asked: AtomicU64,
}

struct Progress {
    stage: Stage,
    t: f64,
    rows: [Vec<Row>; 2],
    missions: [Option<MissionReport>; 2],
}

impl Session {
    /// A comparison that goes on for `seconds` of simulated time, and its driver.
    pub(crate) fn new(
        id: u64,
        plans: HalfPlans,
        forked: Forked,
        (seconds, speed): (f64, f64),
        config: Arc<Config>,
        tracks: Arc<Tracks>,
    ) -> (Self, Driver) {
        let now = config.clock.elapsed();
        let from = forked.halves[0].0.world().time();
        let mut driver = Driver::new(&plans, forked, speed, config, tracks);
        let rows = [0, 1].map(|side| driver.sample(side).into_iter().collect());
        let published = [0, 1].map(|side| watch::channel(Arc::new(driver.picture(side))).0);
        let session = Self {
            id,
            from,
            until: from + seconds,
            from_clock: time_of_day(driver.config().scenario.day_start + from),
            speed,
            plans,
            published,
            progress: Mutex::new(Progress {
                stage: Stage::Running,
                t: from,
                rows,
                missions: driver.missions(),
            }),
            stopped: AtomicBool::new(false),
            asked: AtomicU64::new(milliseconds(now)),
        };
        (session, driver)
    }

    /// Its number.
    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far it is.
    pub(crate) fn stage(&self) -> Stage {
        self.progress().stage
    }

    /// Says that somebody asked for it at real time `now`.
    pub(crate) fn touch(&self, now: Duration) {
        self.asked.store(milliseconds(now), Ordering::Relaxed);
    }

    /// Whether nobody looks at it and nobody has asked for it for `idle_max`.
    pub(crate) fn is_forgotten(&self, now: Duration, idle_max: Duration) -> bool {
        let asked = Duration::from_millis(self.asked.load(Ordering::Relaxed));
        let watched = self.published.iter().any(|side| side.receiver_count() > 0);
        !watched && now.saturating_sub(asked) > idle_max
    }

    /// Ends it.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The pictures of a half: 0 left, 1 right.
    pub(crate) fn published(&self, side: usize) -> watch::Receiver<Arc<Published>> {
        self.published[side].subscribe()
    }

    /// What there is to say of it.
    pub(crate) fn report(&self) -> ComparisonReport {
        let progress = self.progress();
        let half = |side: usize| HalfReport {
            controller: self.plans[side].controller.clone(),
            closed_lanes: self.plans[side].close.iter().map(|lane| lane.0).collect(),
            rows: progress.rows[side].clone(),
            mission: progress.missions[side].clone(),
        };
        ComparisonReport {
            id: self.id,
            state: progress.stage,
            from: self.from,
            from_clock: self.from_clock.clone(),
            until: self.until,
            t: progress.t,
            speed: self.speed,
            columns: COLUMNS,
            left: half(0),
            right: half(1),
        }
    }

    /// Drives both halves to the end; to be called in a thread of its own.
    pub(crate) fn drive(&self, mut driver: Driver, idle_max: Duration) {
        let driven = catch_unwind(AssertUnwindSafe(|| self.go_on(&mut driver, idle_max)));
        let stage = match driven {
            Ok(Ok(stage)) => stage,
            Ok(Err(error)) => {
                tracing::error!(comparison = self.id, %error, "the comparison failed");
                Stage::Failed
            }
            Err(_) => {
                tracing::error!(comparison = self.id, "the comparison panicked");
                Stage::Failed
            }
        };
        self.progress().stage = stage;
    }

    fn go_on(&self, driver: &mut Driver, idle_max: Duration) -> Result<Stage, Error> {
        let clock = Arc::clone(&driver.config().clock);
        let (mut next, mut next_picture) = (clock.elapsed(), clock.elapsed());
        let mut shown = self.from;
        loop {
            let now = clock.elapsed();
            if self.stopped.load(Ordering::Relaxed) || self.is_forgotten(now, idle_max) {
                return Ok(Stage::Ended);
            }
            let target = (shown + self.speed * FRAME.as_secs_f64()).min(self.until);
            shown = driver.step_to(target, |side, row| self.progress().rows[side].push(row))?;
            {
                let mut progress = self.progress();
                progress.t = shown;
                progress.missions = driver.missions();
            }
            let ends = shown >= self.until;
            let whole = ends || now >= next_picture;
            if whole {
                next_picture = now + PICTURE;
                driver.measure(now);
            }
            for (side, sender) in self.published.iter().enumerate() {
                if whole || sender.receiver_count() > 0 {
                    let last = Arc::clone(&sender.borrow());
                    sender.send_replace(Arc::new(driver.next_picture(side, whole, &last)));
                }
            }
            if ends {
                return Ok(Stage::Finished);
            }
            next = (next + FRAME).max(clock.elapsed());
            std::thread::sleep(next.saturating_sub(clock.elapsed()));
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
