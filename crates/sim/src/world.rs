//! The world: state and the step. (Interface first; the engine is being built behind it.)

use std::sync::Arc;

use roads::{Aspect, Demand, LaneId, LinkId, MovementId, Network, SignalId};
use serde::{Deserialize, Serialize};

use crate::view::{Metrics, NewVehicle, VehicleId, VehicleView};

/// Who says what signals show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signals {
    /// Each signal cycles through the plan of the network file.
    #[default]
    Plan,
    /// Only [`World::set_phase`] and [`World::set_aspects`] change them.
    External,
}

/// Which rules vehicles follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rules {
    /// Exactly those of the published benchmarks, known faults included.
    #[default]
    Benchmark,
    /// For real networks: lane changes that a route demands, crossings by priority, speed limits
    /// inside junctions, and a way out of knots.
    Street,
}

/// How a world is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Length of a step, seconds.
    pub interval: f64,
    /// Seed of all random numbers.
    pub seed: u32,
    /// Threads that share a step. Results do not depend on it.
    pub threads: usize,
    /// Whether vehicles change lanes for a better gap.
    pub lane_change: bool,
    /// Who says what signals show.
    pub signals: Signals,
    /// Which rules vehicles follow.
    pub rules: Rules,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval: 1.0,
            seed: 0,
            threads: 1,
            lane_change: true,
            signals: Signals::Plan,
            rules: Rules::Benchmark,
        }
    }
}

/// What a world refuses to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration or an argument is out of range.
    #[error("{0}")]
    Invalid(String),
    /// There is no such vehicle, or it has finished.
    #[error("no vehicle {0:?} on the network")]
    NoVehicle(VehicleId),
    /// The route cannot be driven.
    #[error("the route cannot be driven: {0}")]
    Route(String),
    /// A saved world does not fit.
    #[error("the saved world does not fit: {0}")]
    Restore(String),
}

/// A network with its traffic at one moment.
#[derive(Clone, Debug)]
pub struct World {
    network: Arc<Network>,
    demand: Arc<Demand>,
    config: Config,
    metrics: Metrics,
}

impl World {
    /// Builds an empty world at time 0.
    pub fn new(network: Arc<Network>, demand: Arc<Demand>, config: Config) -> Result<Self, Error> {
        Ok(Self {
            network,
            demand,
            config,
            metrics: Metrics::default(),
        })
    }
    /// Moves everything by one interval.
    pub fn step(&mut self) {}
    /// Simulated seconds since the start.
    pub fn time(&self) -> f64 {
        self.metrics.time
    }
    /// Steps since the start.
    pub fn steps(&self) -> u64 {
        0
    }
    /// The network it runs on.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }
    /// The demand it was built with.
    pub fn demand(&self) -> &Arc<Demand> {
        &self.demand
    }
    /// How it is run.
    pub fn config(&self) -> &Config {
        &self.config
    }
    /// The same world once more, to try a future in. Cheap.
    pub fn fork(&self) -> Self {
        self.clone()
    }
    /// All state as bytes, to go on from later.
    pub fn save(&self) -> Vec<u8> {
        Vec::new()
    }
    /// A saved world on the same network.
    pub fn restore(_network: Arc<Network>, _bytes: &[u8]) -> Result<Self, Error> {
        Err(Error::Restore("not yet".to_owned()))
    }
    /// Shows a phase of the signal's own plan, from the next step on.
    pub fn set_phase(&mut self, _signal: SignalId, _phase: usize) -> Result<(), Error> {
        Ok(())
    }
    /// Shows any aspects, in the order of the signal's movements, from the next step on.
    pub fn set_aspects(&mut self, _signal: SignalId, _aspects: &[Aspect]) -> Result<(), Error> {
        Ok(())
    }
    /// The phase last set or reached by the plan; `None` after [`World::set_aspects`].
    pub fn phase(&self, _signal: SignalId) -> Option<usize> {
        None
    }
    /// What a movement is shown; uncontrolled movements have permissive green.
    pub fn aspect(&self, _movement: MovementId) -> Aspect {
        Aspect::Permissive
    }
    /// Vehicles on a lane.
    pub fn lane_count(&self, _lane: LaneId) -> u32 {
        0
    }
    /// Vehicles on a lane slower than 0.1 m/s.
    pub fn lane_waiting(&self, _lane: LaneId) -> u32 {
        0
    }
    /// Vehicles of a lane, front to back.
    pub fn lane_vehicles(&self, _lane: LaneId) -> impl Iterator<Item = VehicleView> + '_ {
        std::iter::empty()
    }
    /// Vehicles inside a junction on a movement, front to back.
    pub fn movement_vehicles(
        &self,
        _movement: MovementId,
    ) -> impl Iterator<Item = VehicleView> + '_ {
        std::iter::empty()
    }
    /// All vehicles on the network, place by place.
    pub fn vehicles(&self) -> impl Iterator<Item = VehicleView> + '_ {
        std::iter::empty()
    }
    /// Vehicles that wait to enter a lane.
    pub fn lane_entry_queue(&self, _lane: LaneId) -> usize {
        0
    }
    /// One vehicle, if it is on the network.
    pub fn vehicle(&self, _vehicle: VehicleId) -> Option<VehicleView> {
        None
    }
    /// The vehicle's name: `flow_<flow>_<count>`, or the one it was added with.
    pub fn vehicle_name(&self, _vehicle: VehicleId) -> String {
        String::new()
    }
    /// The vehicle with this name, if it was ever created.
    pub fn vehicle_named(&self, _name: &str) -> Option<VehicleId> {
        None
    }
    /// The links of the vehicle's route, in order.
    pub fn route(&self, _vehicle: VehicleId) -> Option<&[LinkId]> {
        None
    }
    /// Adds a vehicle; it enters when there is room.
    pub fn add_vehicle(&mut self, _vehicle: NewVehicle) -> Result<VehicleId, Error> {
        Err(Error::Invalid("not yet".into()))
    }
    /// Takes a vehicle away.
    pub fn remove_vehicle(&mut self, _vehicle: VehicleId) -> Result<(), Error> {
        Ok(())
    }
    /// Sends a vehicle another way: anchors to pass after the link it is on.
    pub fn set_route(&mut self, _vehicle: VehicleId, _anchors: &[LinkId]) -> Result<(), Error> {
        Ok(())
    }
    /// Sets a vehicle's desired speed for the next step.
    pub fn set_vehicle_speed(&mut self, _vehicle: VehicleId, _speed: f64) -> Result<(), Error> {
        Ok(())
    }
    /// Lets no vehicle enter a lane any more; those on it drive on.
    pub fn close_lane(&mut self, _lane: LaneId) -> Result<(), Error> {
        Ok(())
    }
    /// Opens a closed lane.
    pub fn open_lane(&mut self, _lane: LaneId) -> Result<(), Error> {
        Ok(())
    }
    /// Whether a lane is closed.
    pub fn is_closed(&self, _lane: LaneId) -> bool {
        false
    }
    /// Sets the speed limit of a link, m/s; `None` restores the network's.
    pub fn set_speed_limit(&mut self, _link: LinkId, _limit: Option<f64>) -> Result<(), Error> {
        Ok(())
    }
    /// Starts the random numbers afresh.
    pub fn set_seed(&mut self, _seed: u32) {}
    /// Mean speed of the vehicles on a link, m/s; `None` when it is empty.
    pub fn link_speed(&self, _link: LinkId) -> Option<f64> {
        None
    }
    /// What the run has come to so far; `horizon` is what a missing leave counts in `att_lit`.
    pub fn metrics(&self, _horizon: f64) -> Metrics {
        self.metrics.clone()
    }
}
