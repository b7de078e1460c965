//! Where SUMO's vehicles are, as its subscriptions tell, and what a controller sees of them.

use std::collections::{BTreeMap, HashMap};

use roads::{LaneId, Network};
use signals::{Detail, Observation, SeenVehicle};

use super::approaches::{Feeder, feeders};
use crate::traci::names;
use crate::traci::{Told, Value};

/// Below this speed a vehicle waits, m/s; as in our own simulator.
const WAITING: f64 = 0.1;

/// What is asked of each vehicle.
pub(super) const OF_VEHICLE: &[u8] = &[
    names::VAR_SPEED,
    names::VAR_LANE_POSITION,
    names::VAR_LANE_ID,
];

/// What is asked of each lane-area detector.
pub(super) const OF_DETECTOR: &[u8] = &[
    names::LAST_STEP_VEHICLE_NUMBER,
    names::LAST_STEP_VEHICLE_HALTING_NUMBER,
];

#[derive(Clone, Copy, Debug, Default)]
struct Vehicle {
    lane: Option<LaneId>,
    /// Distance of its front from the start of the lane, metres.
    position: f64,
    speed: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Detector {
    lane: Option<LaneId>,
    count: u32,
    waiting: u32,
}

/// All vehicles, or all detectors where nothing else is to be seen.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    lane_named: HashMap<String, LaneId>,
    // Ordered, so that the same run gives the same observations.
    vehicles: BTreeMap<String, Vehicle>,
    detectors: BTreeMap<String, Detector>,
    feeders: Vec<Feeder>,
    /// How far from a stop line vehicles are seen beyond its lane, metres.
    reach: f64,
}

impl Traffic {
    /// None yet, on lanes of these names, seen up to `reach` metres back from a stop line.
    pub(super) fn new(network: &Network, lanes: &[String], reach: f64) -> Self {
        let named = lanes.iter().enumerate();
        Self {
            lane_named: named
                .map(|(index, name)| (name.clone(), LaneId::from(index)))
                .collect(),
            feeders: feeders(network, reach),
            reach,
            ..Self::default()
        }
    }

    /// Adds a detector on a lane; one on a lane that no car may use sees nothing of ours.
    pub(super) fn add_detector(&mut self, id: &str, lane: &str) {
        let lane = self.lane_named.get(lane).copied();
        let detector = Detector {
            lane,
            ..Detector::default()
        };
        self.detectors.insert(id.to_owned(), detector);
    }

    /// How many detectors lie on our lanes.
    pub(super) fn detectors(&self) -> usize {
        let ours = |detector: &&Detector| detector.lane.is_some();
        self.detectors.values().filter(ours).count()
    }

    /// Takes vehicles away.
    pub(super) fn forget(&mut self, ids: &[String]) {
        for id in ids {
            self.vehicles.remove(id);
        }
    }

    /// Takes in what is told of a vehicle.
    pub(super) fn tell_vehicle(&mut self, told: &Told) {
        let vehicle = self.vehicles.entry(told.id.clone()).or_default();
        for (variable, value) in &told.values {
            match (*variable, value) {
                (names::VAR_SPEED, Value::Double(speed)) => vehicle.speed = *speed,
                (names::VAR_LANE_POSITION, Value::Double(at)) => vehicle.position = *at,
                (names::VAR_LANE_ID, Value::Text(lane)) => {
                    vehicle.lane = self.lane_named.get(lane).copied();
                }
                _ => {}
            }
        }
    }

    /// Takes in what is told of a detector.
    pub(super) fn tell_detector(&mut self, told: &Told) {
        let Some(detector) = self.detectors.get_mut(&told.id) else {
            return;
        };
        for (variable, value) in &told.values {
            let count = value.as_integer().unwrap_or(0).max(0).cast_unsigned();
            match *variable {
                names::LAST_STEP_VEHICLE_NUMBER => detector.count = count,
                names::LAST_STEP_VEHICLE_HALTING_NUMBER => detector.waiting = count,
                _ => {}
            }
        }
    }

    /// What is seen of it.
    pub(super) fn observe(&self, network: &Network, detail: Detail, seen: &mut Observation) {
        let lanes = network.lanes.len();
        seen.count.clear();
        seen.count.resize(lanes, 0);
        seen.waiting.clear();
        seen.waiting.resize(lanes, 0);
        for detector in self.detectors.values() {
            if let Some(lane) = detector.lane {
                seen.count[lane.index()] += detector.count;
                // SUMO still counts as halting who has just left.
                seen.waiting[lane.index()] += detector.waiting.min(detector.count);
            }
        }
        let mut placed = self.placed(network);
        self.add_behind(&mut placed, lanes);
        placed.sort_by(|a, b| {
            a.0.cmp(&b.0)
                .then(a.1.to_stop_line.total_cmp(&b.1.to_stop_line))
        });
        for (lane, vehicle) in &placed {
            seen.count[lane.index()] += 1;
            seen.waiting[lane.index()] += u32::from(vehicle.speed < WAITING);
        }
        seen.vehicles.clear();
        seen.first_vehicle.clear();
        seen.first_vehicle.resize(lanes + 1, 0);
        if detail != Detail::Vehicles {
            return;
        }
        for (lane, vehicle) in placed {
            seen.first_vehicle[lane.index() + 1] += 1;
            seen.vehicles.push(vehicle);
        }
        for lane in 0..lanes {
            seen.first_vehicle[lane + 1] += seen.first_vehicle[lane];
        }
    }

    /// Vehicles by lane, front to back.
    fn placed(&self, network: &Network) -> Vec<(LaneId, SeenVehicle)> {
        let place = |vehicle: &Vehicle| {
            let lane = vehicle.lane?;
            let to_stop_line = network.lanes[lane.index()].length - vehicle.position;
            let seen = SeenVehicle {
                to_stop_line: to_stop_line.max(0.0),
                speed: vehicle.speed,
            };
            Some((lane, seen))
        };
        let mut placed: Vec<_> = self.vehicles.values().filter_map(place).collect();
        placed.sort_by(|a, b| {
            a.0.cmp(&b.0)
                .then(a.1.to_stop_line.total_cmp(&b.1.to_stop_line))
        });
        placed
    }

    /// Adds the vehicles behind short lanes with a stop line to those.
    fn add_behind(&self, placed: &mut Vec<(LaneId, SeenVehicle)>, lanes: usize) {
        let mut first = vec![0; lanes + 1];
        for (lane, _) in placed.iter() {
            first[lane.index() + 1] += 1;
        }
        for lane in 0..lanes {
            first[lane + 1] += first[lane];
        }
        for feeder in &self.feeders {
            let behind = first[feeder.behind.index()]..first[feeder.behind.index() + 1];
            for place in behind.skip(feeder.branch).step_by(feeder.of) {
                let mut vehicle = placed[place].1;
                vehicle.to_stop_line += feeder.offset;
                if vehicle.to_stop_line > self.reach {
                    break;
                }
                placed.push((feeder.lane, vehicle));
            }
        }
    }
}
