//! Missions of the running world as others see them, and the orders to begin and end them. Nothing
//! of them is kept beyond the server's life.

use missions::{Arm, forecast};
use roads::{LinkId, Network};
use serde::Serialize;
use sim::BlueLight;
use utoipa::ToSchema;

use super::answers::time_of_day;
use super::mission::{Sending, SignalAhead};
use super::run::Run;
use crate::error::Error;

/// Missions kept to look at after their end.
const KEPT_MAX: usize = 20;

/// How far a mission of the running world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MissionState {
    /// The vehicle waits to get onto the road.
    Dispatched,
    /// It is driving.
    OnTheWay,
    /// It has arrived, and the unit is busy there.
    AtScene,
    /// The unit is free again.
    Cleared,
    /// It has ended before it arrived; the reason says why.
    Cancelled,
}

/// Why a mission has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// The work at the scene was done.
    Done,
    /// Somebody ended it.
    Asked,
    /// The run started again.
    Restart,
    /// The run started again with another demand.
    Demand,
    /// A controller took over before which priority cannot stand.
    Controller,
    /// Closed lanes left no way.
    Closure,
    /// It did not arrive in the longest time that it may take.
    Overdue,
    /// The engine refused.
    Fault,
}

/// A mission of the running world. Times are simulated seconds.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct MissionFacts {
    /// Its number.
    pub id: u64,
    /// Number of the run in which it was ordered.
    pub run: u64,
    /// How far it is.
    pub state: MissionState,
    /// Why it has ended.
    pub reason: Option<Reason>,
    /// Whether signals clear its way.
    pub priority: bool,
    /// The unit that goes; `null` when it starts at a link somebody picked.
    pub unit: Option<String>,
    /// Number of the vehicle in messages of vehicles.
    pub vehicle: u32,
    /// Index of the link of the scene.
    pub scene: u32,
    /// The street of the scene.
    pub street: String,
    /// Longitude and latitude of the scene.
    pub scene_place: [f64; 2],
    /// Second of the order.
    pub ordered: f64,
    /// That second as a time of day, `HH:MM:SS`.
    pub ordered_clock: String,
    /// Time to the scene as forecast at the order, under blue light and, with priority, through
    /// signals that clear the way.
    pub estimate: f64,
    /// Second of the arrival.
    pub arrived: Option<f64>,
    /// Time from the order to the arrival, as measured.
    pub time_to_scene: Option<f64>,
    /// Second of the end.
    pub ended: Option<f64>,
    /// How often it came to a stand.
    pub stops: u32,
    /// For how long it stood.
    pub stood: f64,
    /// How often it took another way.
    pub rerouted: u32,
    /// Longitude and latitude of the vehicle, while it is on the road.
    pub place: Option<[f64; 2]>,
    /// Indices of the links of its way, from the start or from where it took another way.
    pub route: Vec<u32>,
    /// How many of them, at the end, it has still to pass.
    pub to_go: u32,
    /// The next signals on its way, nearest first.
    pub ahead: Vec<SignalAhead>,
    /// Indices of the signals that are held for it just now.
    pub held: Vec<u32>,
}

impl MissionFacts {
    /// What is true of no vehicle that is not on the road.
    pub(super) fn leave_signals(&mut self) {
        self.place = None;
        self.to_go = 0;
        self.ahead.clear();
        self.held.clear();
    }

    /// Ends it.
    pub(super) fn end(&mut self, reason: Reason, now: f64) {
        self.state = if self.arrived.is_some() {
            MissionState::Cleared
        } else {
            MissionState::Cancelled
        };
        self.reason = Some(reason);
        self.ended = Some(now);
        self.leave_signals();
    }
}

/// What a mission of the running world may do.
pub(super) const fn arm_of(priority: bool) -> Arm {
    if priority {
        Arm::Priority
    } else {
        Arm::BlueLight
    }
}

/// All missions of the running world.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Missions {
    /// By number; those that are over last for a while.
    pub missions: Vec<MissionFacts>,
    /// Indices of the signals that give others back the green they lost.
    pub paying_back: Vec<u32>,
}

impl Run {
    /// Sends the soonest free unit, or a vehicle from a link, through the running world.
    pub(super) fn dispatch(
        &mut self,
        sending: &Sending,
        priority: bool,
    ) -> Result<MissionFacts, Error> {
        let limit = self.config.limits.missions_max;
        if self.state.fleet.len() >= limit {
            return Err(Error::MissionsMax { limit });
        }
        let sent = self.send(sending)?;
        let now = self.state.world().time();
        let facts = self.ordered(&sent, priority, now);
        let limits = self.config.limits_of_signals();
        let state = &mut self.state;
        let facts = state.fleet.send(&mut state.runner, sent, &limits, facts)?;
        self.missions_last = facts.id;
        tracing::info!(
            mission = facts.id,
            unit = facts.unit,
            priority,
            "a unit is sent"
        );
        self.publish_now();
        Ok(facts)
    }

    fn ordered(&self, sent: &super::mission::Sent, priority: bool, now: f64) -> MissionFacts {
        let scene = sent.order.scene;
        let link = &self.network.links[scene.link.index()];
        let point = roads::geometry::point_at(&link.shape, scene.at);
        let order = &sent.order;
        MissionFacts {
            id: order.id,
            run: self.number,
            state: MissionState::Dispatched,
            reason: None,
            priority,
            unit: sent
                .unit
                .map(|unit| self.config.units.units[unit].id.clone()),
            vehicle: 0, // known once it is sent
            scene: scene.link.0,
            street: super::heads::street(&self.network, scene.link),
            scene_place: self.projection.degrees(point),
            ordered: now,
            ordered_clock: time_of_day(self.config.scenario.day_start + now),
            estimate: self.estimate(sent, arm_of(priority)),
            arrived: None,
            time_to_scene: None,
            ended: None,
            stops: 0,
            stood: 0.0,
            rerouted: 0,
            place: None,
            route: order.route.iter().map(|link| link.0).collect(),
            to_go: order.route.len() as u32,
            ahead: Vec::new(),
            held: Vec::new(),
        }
    }

    /// Seconds from the order to the scene, as the missions of the experiment are forecast.
    fn estimate(&self, sent: &super::mission::Sent, arm: Arm) -> f64 {
        let way = (sent.order.route.as_slice(), sent.order.scene);
        let (world, light) = (self.state.world(), BlueLight::default());
        forecast(world, &sent.times, way, arm, &light)
    }

    /// Ends a mission; one that is over stays as it is. `None` where there is none of this number.
    pub(super) fn end_mission(&mut self, id: u64) -> Option<MissionFacts> {
        let state = &mut self.state;
        state.fleet.end(&mut state.runner, id);
        self.keep_ended();
        self.publish_now();
        self.missions_over.iter().find(|one| one.id == id).cloned()
    }

    /// Keeps what has ended to look at, the newest of it.
    pub(super) fn keep_ended(&mut self) {
        self.missions_over.extend(self.state.fleet.take_over());
        let extra = self.missions_over.len().saturating_sub(KEPT_MAX);
        self.missions_over.drain(..extra);
    }

    /// All missions, by number.
    pub(super) fn missions(&self) -> Missions {
        let fleet = &self.state.fleet;
        let mut missions = self.missions_over.clone();
        missions.extend(fleet.facts().map(|facts| MissionFacts {
            place: self.place_of(facts.vehicle),
            ..facts.clone()
        }));
        missions.sort_by_key(|one| one.id);
        Missions {
            missions,
            paying_back: fleet.paying_back().to_vec(),
        }
    }

    /// Where a vehicle is at the last step, if it is on the road.
    fn place_of(&self, vehicle: u32) -> Option<[f64; 2]> {
        let mover = self.state.after.find(vehicle)?;
        let shape = match self.tracks.at(mover.place) {
            sim::Place::Lane(lane) => &self.network.lanes[lane.index()].shape,
            sim::Place::Movement(movement) => &self.network.movements[movement.index()].shape,
        };
        let point = roads::geometry::point_at(shape, f64::from(mover.distance));
        Some(self.projection.degrees(point))
    }
}

/// Metres around a place in which a street is looked for.
pub(crate) const PLACE_REACH: f64 = 300.0;

/// The link nearest to a point of the plane and how far along it, both in metres; `None` when none
/// is within [`PLACE_REACH`].
pub(crate) fn link_at(network: &Network, point: roads::Point) -> Option<(LinkId, f64)> {
    let near = |index: usize| roads::geometry::nearest_on(&network.links[index].shape, point);
    let feet = (0..network.links.len()).filter_map(|index| Some((near(index)?, index)));
    let ((away, at), index) = feet.min_by(|one, other| one.0.0.total_cmp(&other.0.0))?;
    let length = network.links[index].length;
    (away <= PLACE_REACH).then(|| (LinkId::from(index), at.min(length)))
}
