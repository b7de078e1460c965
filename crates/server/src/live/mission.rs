//! An emergency mission: which unit goes which way, and what the signals ahead show it; in a half
//! of a comparison also how far it is and what it costs all others.

use std::sync::Arc;

use missions::{Arm, Dispatcher, LiveTimes, Mission, Order, Place, Stage};
use roads::{LinkId, MovementId, Network, SignalId};
use rustc_hash::FxHashMap;
use serde::Serialize;
use signals::priority::Desk;
use signals::{LimitsTable, Runner, SimPlant};
use sim::{BlueLight, VehicleId, World};
use utoipa::ToSchema;

use super::corridor::signals_of_movements;
use super::figures::Figures;
use super::run::Run;
use super::snapshot::Snapshot;
use super::state::State;
use crate::error::Error;

/// What a unit must be able to do.
pub(crate) const ABILITY: &str = "ambulance";
/// Severity of a mission: all are alike, so where two meet who comes first goes first.
const SEVERITY: u8 = 1;
/// Signals ahead that are told.
const AHEAD_MAX: usize = 12;

/// Where a unit is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sending {
    /// The link of the scene.
    pub(crate) scene: LinkId,
    /// Metres from its start; its middle where nothing is said.
    pub(crate) at: Option<f64>,
    /// Where the unit starts, if it is not the city's soonest.
    pub(crate) from: Option<LinkId>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// Which of the city's units goes.
    pub(super) unit: Option<usize>,
    pub(super) order: Order,
    pub(super) times: LiveTimes,
    pub(super) signals: Arc<FxHashMap<MovementId, SignalId>>,
}

/// A signal ahead of a vehicle under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SignalAhead {
    /// Index of the signal.
    pub signal: u32,
    /// Whether it shows green to the vehicle's turn now.
    pub green: bool,
}

/// A mission under way or over. Times are seconds.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct MissionReport {
    /// What it may do: `ordinary`, `blue-light`, or `priority`, where signals clear its way too.
    #[schema(value_type = String)]
    pub arm: Arm,
    /// The unit that goes; `null` when it starts at a link somebody picked.
    pub unit: Option<String>,
    /// Number of the vehicle in messages of vehicles.
    pub vehicle: u32,
    /// `leaving` (it waits to get onto the road), `driving` or `arrived`.
    #[schema(value_type = String)]
    pub stage: Stage,
    /// Simulated second of the order.
    pub ordered: f64,
    /// Simulated second of the arrival.
    pub arrived: Option<f64>,
    /// How often it came to a stand.
    pub stops: u32,
    /// For how long it stood.
    pub stood: f64,
    /// How often it took another way.
    pub rerouted: u32,
    /// Indices of the links of the way that it set out on.
    pub route: Vec<u32>,
    /// The next signals on its way, nearest first.
    pub ahead: Vec<SignalAhead>,
    /// Time that all others have spent since the order beyond what their distance takes at free
    /// flow, waiting to enter included.
    pub others_delay: f64,
}

/// A mission in a world that is driven.
pub(super) struct Under {
    mission: Mission,
    arm: Arm,
    unit: Option<String>,
    desk: Desk,
    times: LiveTimes,
    signals: Arc<FxHashMap<MovementId, SignalId>>,
    ahead: Vec<SignalAhead>,
    /// Vehicle seconds of its own.
    pub(super) own_time: f64,
    /// Seconds that its own way takes others at free flow.
    pub(super) own_free: f64,
    /// What all others have lost, at the last sample.
    pub(super) others_delay: f64,
}

impl Run {
    /// Which unit goes, and which way, under the traffic of now. Units that are out stay out.
    pub(super) fn send(&self, sending: &Sending) -> Result<Sent, Error> {
        let network = &*self.network;
        let known = self.state.fleet.ways();
        let (mut times, signals) = known.unwrap_or_else(|| {
            let signals = signals_of_movements(network);
            (LiveTimes::new(network), Arc::new(signals))
        });
        times.look(self.state.world());
        let length = network.links[sending.scene.index()].length;
        let at = sending.at.unwrap_or(length / 2.0).clamp(0.0, length);
        let scene = Place {
            link: sending.scene,
            at,
        };
        let mut dispatcher = Dispatcher::new();
        let (unit, route) = match sending.from {
            Some(from) => (None, dispatcher.way(&times, from, scene.link)),
            None => self.soonest(&mut dispatcher, &times, scene)?,
        };
        let name = |link: LinkId| network.links[link.index()].id.clone();
        let route = route
            .filter(|route| times.is_open(route))
            .ok_or_else(|| Error::NoWay {
                from: sending.from.map(name),
                to: name(scene.link),
            })?;
        Ok(Sent {
            unit,
            order: Order {
                id: self.missions_last + 1,
                severity: SEVERITY,
                route,
                scene,
            },
            times,
            signals,
        })
    }

    /// The unit that is soonest at a scene, of those that are in, and its way.
    fn soonest(
        &self,
        dispatcher: &mut Dispatcher,
        times: &LiveTimes,
        scene: Place,
    ) -> Result<(Option<usize>, Option<Vec<LinkId>>), Error> {
        let units = &self.config.units;
        let fleet = &self.state.fleet;
        let free = |unit: usize| !fleet.is_out(unit);
        if let Some(found) = dispatcher.nearest(times, units, ABILITY, scene, free) {
            return Ok((Some(found.unit), Some(found.route)));
        }
        let any = dispatcher.nearest(times, units, ABILITY, scene, |_| true);
        match any {
            Some(_) => Err(Error::AllOut { ability: ABILITY }),
            None => Ok((None, None)),
        }
    }
}

impl Under {
    /// Sends the unit off in a world.
    pub(super) fn start(
        state: &mut State,
        (sent, unit): (&Sent, Option<String>),
        arm: Arm,
        limits: &LimitsTable,
    ) -> Result<Self, Error> {
        let desk = if arm == Arm::Priority {
            let desk = state.fleet.shared_desk(&mut state.runner, limits);
            desk.map_err(Error::Signals)?
        } else {
            Desk::new()
        };
        let light = BlueLight::default();
        let mission = Mission::start(&mut state.runner, sent.order.clone(), arm, light)?;
        state.emergency = Some(mission.vehicle().0);
        Ok(Self {
            mission,
            arm,
            unit,
            desk,
            times: sent.times.clone(),
            signals: Arc::clone(&sent.signals),
            ahead: Vec::new(),
            own_time: 0.0,
            own_free: 0.0,
            others_delay: 0.0,
        })
    }

    /// The vehicle's number.
    pub(super) fn vehicle(&self) -> u32 {
        self.mission.vehicle().0
    }

    /// Looks after it between two steps.
    pub(super) fn tend(&mut self, runner: &mut Runner<SimPlant>) -> Result<(), Error> {
        self.mission.tend(runner, &self.desk, &mut self.times)?;
        self.ahead = if self.mission.is_over() {
            Vec::new()
        } else {
            let world = runner.plant().world();
            signals_ahead(world, self.mission.vehicle(), &self.signals)
        };
        Ok(())
    }

    /// Counts a step of its own, so that the rest is others'.
    pub(super) fn count(&mut self, after: &Snapshot, figures: &Figures, interval: f64) {
        if self.mission.is_over() {
            return;
        }
        self.own_time += interval;
        if let Some(mover) = after.find(self.vehicle()) {
            self.own_free += figures.free_share(mover.place, mover.speed) * interval;
        }
    }

    /// What there is to say of it.
    pub(super) fn report(&self) -> MissionReport {
        let progress = self.mission.progress();
        MissionReport {
            arm: self.arm,
            unit: self.unit.clone(),
            vehicle: self.vehicle(),
            stage: progress.stage,
            ordered: progress.ordered,
            arrived: progress.arrived,
            stops: progress.stops,
            stood: progress.stood,
            rerouted: progress.rerouted,
            route: self
                .mission
                .order()
                .route
                .iter()
                .map(|link| link.0)
                .collect(),
            ahead: self.ahead.clone(),
            others_delay: self.others_delay,
        }
    }
}

/// The next signals on the way of a vehicle, nearest first.
pub(super) fn signals_ahead(
    world: &World,
    vehicle: VehicleId,
    signals: &FxHashMap<MovementId, SignalId>,
) -> Vec<SignalAhead> {
    let route = world.route_ahead(vehicle).unwrap_or_default();
    let network = world.network();
    let pairs = route.windows(2);
    pairs
        .filter_map(|pair| {
            let movements = movements_between(network, pair[0], pair[1]);
            let signal = movements.iter().find_map(|one| signals.get(one))?;
            let green = movements.iter().any(|&one| world.aspect(one).is_green());
            Some(SignalAhead {
                signal: signal.0,
                green,
            })
        })
        .take(AHEAD_MAX)
        .collect()
}

/// The movements from one link to another.
fn movements_between(network: &Network, from: LinkId, to: LinkId) -> Vec<MovementId> {
    let leaving = network
        .lanes_of(from)
        .iter()
        .flat_map(|lane| &lane.outgoing);
    leaving
        .copied()
        .filter(|movement| {
            let entered = network.movements[movement.index()].to;
            network.lanes[entered.index()].link == to
        })
        .collect()
}
