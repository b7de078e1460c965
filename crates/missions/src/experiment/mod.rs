//! What priority gains missions and what it costs all others: many missions at the peak, each in
//! forks of one world at one second, with and without.
//!
//! One base run goes through the demand under the chosen controller. At each mission's second it is
//! forked, once for each [`Arm`]; controllers, too, with all that they have learnt. The forks have
//! the same vehicles, departures, random numbers, route and scene, and go on until every arm's
//! mission has arrived and a window for recovery has passed after the last, so that what others lose
//! is counted over the same seconds in each. The base run knows nothing of missions.

mod draw;
mod fork;
mod stats;

use std::sync::Arc;

use rayon::prelude::*;
use roads::{Demand, Network};
use serde::Serialize;
use signals::{LimitsTable, Protocol, Runner, SimPlant, priority};
use sim::BlueLight;

use self::draw::Draw;
use crate::error::Error;
use crate::live::LiveTimes;
use crate::mission::Arm;
use crate::units::{Place, Units};
use crate::watch::{Conflict, GreenWatch};

pub use fork::{ArmResult, Others};
pub use stats::{Change, Summary, Total};

/// Arms in the order of results.
pub const ARMS: [Arm; 3] = [Arm::Ordinary, Arm::BlueLight, Arm::Priority];
/// Forks that run side by side before the base run goes on.
const BATCH: usize = 8;
/// Most missions of an experiment.
const MISSIONS_MAX: usize = 100_000;

/// What to run.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How many missions.
    pub missions: usize,
    /// How many of them at the same second in the same world.
    pub at_once: usize,
    /// Seed of places and times.
    pub seed: u64,
    /// Seconds for which demand lasts; missions begin in its busiest half.
    pub horizon: f64,
    /// Between which seconds missions are ordered; the busiest half where nothing is said.
    pub peak: Option<(f64, f64)>,
    /// Seconds after the last arrival over which others' delay is counted.
    pub window: f64,
    /// A mission that has not arrived after so many seconds is given up.
    pub longest: f64,
    /// Between which links; random ones where nothing is said.
    pub between: Option<(Place, Place)>,
    /// Units that may go; without them a mission starts at a random place.
    pub units: Option<(Units, String)>,
    /// How the vehicle drives.
    pub light: BlueLight,
    /// What priority reckons with.
    pub priority: priority::Settings,
    /// The limits that the safety envelope keeps.
    pub limits: LimitsTable,
}

impl Spec {
    /// Two hundred missions, one at a time.
    pub fn new(protocol: &Protocol) -> Self {
        Self {
            missions: 200,
            at_once: 1,
            seed: 1,
            horizon: protocol.horizon,
            peak: None,
            window: 900.0,
            longest: 3_600.0,
            between: None,
            units: None,
            light: BlueLight::default(),
            priority: priority::Settings::default(),
            limits: protocol.limits().into(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let fault = |message: String| Err(Error::Experiment(message));
        if self.missions == 0 || self.missions > MISSIONS_MAX {
            return fault(format!(
                "{} missions; there must be 1 to {MISSIONS_MAX}",
                self.missions
            ));
        }
        if self.at_once == 0 || self.at_once > self.missions {
            return fault(format!(
                "{} missions at once of {} in all; there must be 1 at least and no more than in all",
                self.at_once, self.missions
            ));
        }
        for (what, seconds) in [
            ("horizon", self.horizon),
            ("window", self.window),
            ("longest mission", self.longest),
        ] {
            if !(1.0..=1e6).contains(&seconds) {
                return fault(format!(
                    "the {what} is {seconds} s; it must be from 1 to 1000000 s"
                ));
            }
        }
        Ok(())
    }
}

/// One mission in every arm.
#[derive(Clone, Debug, Serialize)]
pub struct MissionResult {
    /// Its number.
    pub id: u64,
    /// When it was ordered, seconds.
    pub ordered: f64,
    /// Name of the link it starts on.
    pub from: String,
    /// Name of the scene's link.
    pub to: String,
    /// The unit, where units were given.
    pub unit: Option<String>,
    /// Links on its way.
    pub links: usize,
    /// Metres on its way.
    pub metres: f64,
    /// Time on the empty road at the limits, seconds, with the plan's mean waits at signals.
    pub free: f64,
    /// By arm, in the order of [`ARMS`].
    pub arms: Vec<ArmResult>,
}

/// Missions that ran in one world, and what they did to all others there.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// When they were ordered, seconds.
    pub ordered: f64,
    /// Seconds over which others were counted.
    pub seconds: f64,
    /// All others, by arm.
    pub others: Vec<Others>,
    /// Greens that conflicted, over all arms.
    pub conflicting_greens: u64,
    /// The first of them.
    pub conflicts: Vec<Conflict>,
    /// Seconds of signals that were checked, over all arms.
    pub looks: u64,
    /// Shortest time between conflicting greens, seconds.
    pub shortest_clearance: Option<f64>,
    /// The missions.
    pub missions: Vec<MissionResult>,
}

/// What came out.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What decided the phases.
    pub control: String,
    /// Seed of places and times.
    pub seed: u64,
    /// Between which seconds missions were ordered: the busiest half of the demand.
    pub peak: (f64, f64),
    /// The arms, in the order of all results by arm.
    pub arms: [Arm; 3],
    /// The figures.
    pub summary: Summary,
    /// Every group with its missions.
    pub groups: Vec<Group>,
}

/// Hears how many missions are done, of how many.
pub type Watcher<'a> = &'a mut dyn FnMut(usize, usize);

/// Starts a base run; called twice, once to find the peak.
pub type Start<'a> = &'a dyn Fn() -> Result<Runner<SimPlant>, Error>;

/// Runs an experiment.
///
/// # Errors
/// When it is out of range, no missions can be drawn, or the engine refuses.
pub fn run(
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    start: Start<'_>,
    spec: &Spec,
    progress: Watcher<'_>,
) -> Result<Report, Error> {
    spec.check()?;
    let peak = match spec.peak {
        Some(peak) => peak,
        None => draw::peak(start, demand, spec)?,
    };
    let mut times = LiveTimes::new(network);
    let watch = GreenWatch::new(network);
    let mut draw = Draw::new(network, &times, spec)?;
    let groups = spec.missions.div_ceil(spec.at_once);
    let moments = draw.moments(groups, peak);
    let mut base = start()?;
    let control = base.controller().to_owned();
    let mut done = Vec::with_capacity(groups);
    let mut batch = Vec::new();
    let mut next_id = 0;
    for (index, &moment) in moments.iter().enumerate() {
        base.run_until(moment)?;
        times.look(base.plant().world());
        let count = spec.at_once.min(spec.missions - index * spec.at_once);
        let mut orders = Vec::with_capacity(count);
        for _ in 0..count {
            orders.push(draw.next(network, &times, spec, next_id, &orders)?);
            next_id += 1;
        }
        let forked = base.fork().ok_or_else(|| {
            Error::Experiment(format!(
                "the controller {control} cannot be run twice from one moment"
            ))
        })?;
        batch.push((forked, orders));
        if batch.len() == BATCH || index + 1 == groups {
            let ran: Vec<Result<Group, Error>> = std::mem::take(&mut batch)
                .into_par_iter()
                .map(|(forked, orders)| fork::run(&forked, orders, spec, &times, &watch))
                .collect();
            for group in ran {
                done.push(group?);
            }
            progress(
                done.iter().map(|group: &Group| group.missions.len()).sum(),
                spec.missions,
            );
        }
    }
    Ok(Report {
        control,
        seed: spec.seed,
        peak,
        arms: ARMS,
        summary: Summary::of(&done),
        groups: done,
    })
}
