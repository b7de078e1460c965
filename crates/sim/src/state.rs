//! What changes while a world runs.

use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::blue_light::BlueLight;
use crate::departures::Repeat;

/// Bits of [`Vehicle::flags`].
pub(crate) mod flag {
    /// Let in by the entry queue in this step.
    pub(crate) const FRESH: u32 = 1;
    /// Came from another row in this step.
    pub(crate) const ARRIVED: u32 = 2;
    /// Has a copy in the lane it is changing to.
    pub(crate) const CHANGING: u32 = 4;
    /// Is such a copy.
    pub(crate) const SHADOW: u32 = 8;
    /// Was asked to make room for another's lane change ([`super::State::room`]).
    pub(crate) const ASKED: u32 = 16;
    /// Its speed for this step was set from outside ([`super::State::custom_speeds`]).
    pub(crate) const CUSTOM: u32 = 32;
    /// Its lane does not lead on along its route.
    pub(crate) const ASTRAY: u32 = 64;
    /// Its lane is the last one of its route.
    pub(crate) const LAST: u32 = 128;
    /// The lane next to its own on the outside leads on, too.
    pub(crate) const OUTER: u32 = 256;
    /// The lane next to its own on the inside leads on, too.
    pub(crate) const INNER: u32 = 512;
    /// Another lane of its link suits its route better (street rules).
    pub(crate) const KEEN: u32 = 1024;
    /// It drives under blue light ([`super::State::blue_lights`]).
    pub(crate) const BLUE: u32 = 2048;
}

/// A vehicle on a row: what every step touches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Vehicle {
    /// Front bumper from the start of the row, metres.
    pub(crate) distance: f64,
    /// m/s.
    pub(crate) speed: f64,
    /// Gap to the leader when there last was one, metres. Kept only where lanes are changed.
    pub(crate) gap: f64,
    /// Its record in [`State::records`].
    pub(crate) id: u32,
    /// Index of its type.
    pub(crate) kind: u32,
    /// The row it goes on to: on a lane the movement, on a movement the lane; or none.
    pub(crate) next: u32,
    /// The row it came from.
    pub(crate) previous: u32,
    /// Step in which it entered the movement it is on; `u32::MAX` on a lane.
    pub(crate) entered: u32,
    /// The vehicle it gave way to in the last step.
    pub(crate) blocker: u32,
    /// Random number that settles ties.
    pub(crate) priority: i32,
    /// See [`flag`].
    pub(crate) flags: u32,
}

impl Vehicle {
    #[inline]
    pub(crate) const fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// What is known of a vehicle apart from its motion.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Creation, seconds.
    pub(crate) created: f64,
    /// Flow it belongs to, or [`Record::ADDED`].
    pub(crate) flow: u32,
    /// Its number in the flow, or index in [`State::names`].
    pub(crate) number: u32,
    /// Index in the table of routes.
    pub(crate) route: u32,
    /// Position in the route: of the lane's link, or of the link before the movement.
    pub(crate) leg: u32,
    /// Row it is on, or one of the constants below.
    pub(crate) row: u32,
    /// Step in which it came to the approach it is on, for `att_lit`.
    pub(crate) approach: u32,
    /// Index of its type, and [`Record::SEEN`] and [`Record::AGAIN`].
    pub(crate) bits: u32,
}

impl Record {
    /// `flow` of a vehicle that was added from outside.
    pub(crate) const ADDED: u32 = u32::MAX;
    /// `row` of a vehicle that waits to enter.
    pub(crate) const WAITING: u32 = u32::MAX - 1;
    /// `row` of a vehicle that has finished or was taken away.
    pub(crate) const GONE: u32 = u32::MAX;
    /// It has been on an approach to a signal.
    pub(crate) const SEEN: u32 = 1 << 31;
    /// It has been on its present approach before.
    pub(crate) const AGAIN: u32 = 1 << 30;
    /// The type in `bits`.
    pub(crate) const KIND: u32 = (1 << 30) - 1;
}

/// A lane change under way.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The vehicle.
    pub(crate) original: u32,
    /// Its copy in the target lane.
    pub(crate) shadow: u32,
    /// Row of the target lane.
    pub(crate) target: u32,
    /// +1 outwards, −1 inwards.
    pub(crate) direction: f64,
    /// Lateral shift so far, metres, not negative.
    pub(crate) offset: f64,
}

/// A signal in operation.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct SignalState {
    /// Phase shown, or [`crate::map::NONE`].
    pub(crate) phase: u32,
    /// Seconds until the plan goes on.
    pub(crate) remaining: f64,
}

/// Sums over the run so far.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) created: u64,
    /// Sum of the creation times of all vehicles that have not finished, seconds.
    pub(crate) live_created: f64,
    pub(crate) finished: u64,
    /// Sum of the travel times of the finished, seconds.
    pub(crate) finished_time: f64,
    /// Copies that ended with an aborted lane change; the published simulator counts them as
    /// finished vehicles.
    pub(crate) aborted: u64,
    pub(crate) aborted_time: f64,
    pub(crate) removed: u64,
    /// Vehicles that took another way because their lane did not lead on.
    pub(crate) rerouted: u64,
    /// Vehicles set down further on because they held up a queue without end.
    pub(crate) relocated: u64,
    pub(crate) updates: u64,
    pub(crate) distance: f64,
    pub(crate) time_spent: f64,
    /// Steps spent on approaches, for `att_lit`.
    pub(crate) approach_steps: u64,
    /// Vehicles ever seen on an approach.
    pub(crate) seen: u64,
    pub(crate) running: u32,
    pub(crate) shadows: u32,
    pub(crate) waiting: u32,
    pub(crate) invalid_flows: u64,
}

/// All that changes while a world runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) step: u32,
    /// Vehicles of each row, front to back.
    pub(crate) rows: Vec<Vec<Vehicle>>,
    /// Which rows hold vehicles, a run of words for each block.
    pub(crate) occupied: Vec<u64>,
    /// Per row: a movement has green. Lanes are always set.
    pub(crate) green: Vec<bool>,
    /// Per movement of the network: what it is shown.
    pub(crate) aspects: Vec<roads::Aspect>,
    pub(crate) signals: Vec<SignalState>,
    pub(crate) records: Vec<Record>,
    /// Names of vehicles that were added from outside.
    pub(crate) names: Vec<String>,
    /// Vehicles that wait to enter, by lane of the network.
    pub(crate) entries: BTreeMap<u32, VecDeque<u32>>,
    /// Priorities in use.
    pub(crate) priorities: FxHashSet<i32>,
    /// Priorities of those that wait to enter.
    pub(crate) waiting_priorities: FxHashMap<u32, i32>,
    /// Flows already started, in the shared table of first departures.
    pub(crate) departed: u32,
    pub(crate) repeats: BinaryHeap<std::cmp::Reverse<Repeat>>,
    pub(crate) changes: Vec<Change>,
    /// Speed at which an asked vehicle makes room, by vehicle.
    pub(crate) room: FxHashMap<u32, f64>,
    /// Speeds set from outside for the next step.
    pub(crate) custom_speeds: FxHashMap<u32, f64>,
    /// Closed lanes, by row; empty when none is.
    pub(crate) closed: FxHashSet<u32>,
    /// Speed limits set from outside, by lane row.
    pub(crate) limits: FxHashMap<u32, f64>,
    /// When a vehicle on a route that comes back to a junction last left its approach.
    pub(crate) revisits: FxHashMap<(u32, u32), u32>,
    /// Steps that vehicles have stood at the end of a lane that does not lead on (street rules).
    pub(crate) stuck: FxHashMap<u32, u32>,
    /// Steps that vehicles at the head of a row have stood there without red (street rules).
    pub(crate) standing: FxHashMap<u32, u32>,
    /// Vehicles under blue light, by number; empty in the published model.
    pub(crate) blue_lights: BTreeMap<u32, BlueLight>,
    pub(crate) seed: u32,
    /// Random numbers drawn since the seed.
    pub(crate) draws: u64,
    pub(crate) tally: Tally,
}
