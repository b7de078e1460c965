//! What callers see of a world: vehicles, places, metrics.

use roads::{LaneId, LinkId, MovementId, VehicleType};
use serde::{Deserialize, Serialize};

/// A vehicle of one world, for as long as the world lives: numbers are given in the order of
/// creation and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VehicleId(pub u32);

/// Where a vehicle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Place {
    /// On a lane.
    Lane(LaneId),
    /// Inside a junction, on a movement.
    Movement(MovementId),
}

/// A running vehicle as it stands between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct VehicleView {
    /// Which vehicle.
    pub id: VehicleId,
    /// Where it is.
    pub place: Place,
    /// Front bumper from the start of the place, metres.
    pub distance: f64,
    /// Speed, m/s.
    pub speed: f64,
    /// Length, metres.
    pub length: f64,
    /// The movement it takes at the end of its lane (`None` on its last link), or is on.
    pub movement: Option<MovementId>,
    /// Lateral shift towards the lane it is changing to, metres, outwards positive.
    pub lateral: f64,
    /// The vehicle it gave way to in the last step.
    pub blocker: Option<VehicleId>,
    /// It is the copy in the target lane of a vehicle that is changing lanes.
    pub shadow: bool,
}

/// A vehicle to add to a running world.
#[derive(Clone, Debug)]
pub struct NewVehicle {
    /// Its name; must not be in use. `None` makes one up.
    pub name: Option<String>,
    /// How it moves.
    pub kind: VehicleType,
    /// Links to pass in order; gaps are filled by the shortest way.
    pub route: Vec<LinkId>,
}

/// What a run has come to so far. Times in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Simulated time.
    pub time: f64,
    /// Mean over all created vehicles of (finish or now) − creation; waiting to enter counts.
    pub att_engine: f64,
    /// The literature's average travel time: time on entering lanes of signalised junctions, per
    /// vehicle seen; a missing leave counts as the horizon.
    pub att_lit: f64,
    /// Mean over finished vehicles of finish − creation.
    pub att_finished: f64,
    /// Vehicles created.
    pub vehicles: u64,
    /// Vehicles that finished.
    pub throughput: u64,
    /// Vehicles on the network now.
    pub running: u64,
    /// Vehicles created that have not yet been let in.
    pub waiting_to_enter: u64,
    /// Vehicles moved, summed over all steps.
    pub vehicle_updates: u64,
    /// Flows given up because their route cannot be driven.
    pub invalid_flows: u64,
    /// Vehicles that took another way because their lane did not lead on (street rules).
    pub rerouted: u64,
    /// Vehicles set down further on because they held up a queue for minutes of green (street
    /// rules): none in a sound run.
    pub relocated: u64,
    /// Vehicles taken away from outside.
    pub removed: u64,
    /// Distance driven by all vehicles, metres.
    pub distance: f64,
    /// Time spent by all vehicles on the network, waiting to enter included.
    pub time_spent: f64,
}
