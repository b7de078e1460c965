//! Where SUMO's vehicles are, as its subscriptions tell, and what a controller sees of them.

use std::collections::{BTreeMap, HashMap};

use roads::{LaneId, Network};
use signals::sensing::{Scene, SceneVehicle};
use signals::{Detail, Observation, SeenVehicle};

use super::approaches::{Feeder, feeders};
use super::zones::Zones;
use crate::traci::names;
use crate::traci::{Told, Value};

/// Below this speed a vehicle waits, m/s; as in our own simulator.
const WAITING: f64 = 0.1;

/// What is asked of each vehicle.
pub(super) const OF_VEHICLE: &[u8] = &[
    names::VAR_SPEED,
    names::VAR_LANE_POSITION,
    names::VAR_LANE_ID,
    names::VAR_LENGTH,
];

#[derive(Clone, Copy, Debug, Default)]
struct Vehicle {
    /// In the order of departure.
    number: u64,
    lane: Option<LaneId>,
    /// The lane of ours on which it was last.
    last: Option<LaneId>,
    /// A lane with a stop line that it has passed within a step, so that nobody saw it there.
    passed: Option<LaneId>,
    /// Distance of its front from the start of the lane, metres.
    position: f64,
    speed: f64,
    length: f64,
}

/// All vehicles, or all detectors where nothing else is to be seen.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    lane_named: HashMap<String, LaneId>,
    // Ordered, so that the same run gives the same observations.
    vehicles: BTreeMap<String, Vehicle>,
    /// Vehicles that have been told of so far.
    numbered: u64,
    zones: Zones,
    /// Per lane: how far back from its end detectors see it; empty where there are none.
    sight: Vec<f64>,
    /// Per lane: whether a signal stands at its end.
    held: Vec<bool>,
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
            held: network.lanes_at_signals(),
            feeders: feeders(network, reach),
            reach,
            ..Self::default()
        }
    }

    /// Adds a detector on a lane, from `start` metres after its start on for so many metres; one on
    /// a lane that no car may use sees nothing of ours.
    pub(super) fn add_detector(&mut self, network: &Network, id: &str, place: (&str, f64, f64)) {
        let (lane, start, length) = place;
        let lane = self.lane_named.get(lane).copied();
        let far = lane.map_or(0.0, |lane| network.lanes[lane.index()].length - start);
        self.zones.add(id, lane, (far - length, far));
        self.sight.resize(network.lanes.len(), 0.0);
        if let Some(lane) = lane {
            let sight = &mut self.sight[lane.index()];
            *sight = sight.max(far);
        }
    }

    /// How many detectors lie on our lanes.
    pub(super) fn detectors(&self) -> usize {
        self.zones.len()
    }

    /// The lane of ours that has this name in SUMO.
    pub(super) fn lane(&self, name: &str) -> Option<LaneId> {
        self.lane_named.get(name).copied()
    }

    /// Takes vehicles away.
    pub(super) fn forget(&mut self, ids: &[String]) {
        for id in ids {
            self.vehicles.remove(id);
        }
    }

    /// Takes in what is told of a vehicle.
    pub(super) fn tell_vehicle(&mut self, network: &Network, told: &Told) {
        let next = self.numbered;
        let vehicle = self.vehicles.entry(told.id.clone()).or_insert(Vehicle {
            number: next,
            ..Vehicle::default()
        });
        self.numbered += u64::from(vehicle.number == next);
        for (variable, value) in &told.values {
            match (*variable, value) {
                (names::VAR_SPEED, Value::Double(speed)) => vehicle.speed = *speed,
                (names::VAR_LANE_POSITION, Value::Double(at)) => vehicle.position = *at,
                (names::VAR_LENGTH, Value::Double(length)) => vehicle.length = *length,
                (names::VAR_LANE_ID, Value::Text(lane)) => {
                    vehicle.lane = self.lane_named.get(lane).copied();
                }
                _ => {}
            }
        }
        let between = |(last, lane)| between(network, &self.held, last, lane);
        vehicle.passed = vehicle.last.zip(vehicle.lane).and_then(between);
        vehicle.last = vehicle.lane.or(vehicle.last);
    }

    /// Takes in what is told of a detector at a time, seconds.
    pub(super) fn tell_detector(&mut self, told: &Told, now: f64) {
        self.zones.tell(told, now);
    }

    /// Fills in who is where. Who has come past a stop line in one step from the lane before is, for
    /// that step, at the stop line.
    pub(super) fn scene(&self, network: &Network, scene: &mut Scene) {
        let place = |vehicle: &Vehicle| {
            let lane = vehicle.passed.or(vehicle.lane)?;
            let to_end = network.lanes[lane.index()].length - vehicle.position;
            let there = vehicle.passed.is_none();
            let seen = SceneVehicle {
                vehicle: vehicle.number,
                to_stop_line: if there { to_end.max(0.0) } else { 0.0 },
                speed: vehicle.speed,
                length: vehicle.length,
            };
            Some((lane, seen))
        };
        let mut placed: Vec<_> = self.vehicles.values().filter_map(place).collect();
        by_lane(&mut placed, |vehicle| vehicle.to_stop_line);
        let mut rest = placed.as_slice();
        scene.clear();
        for lane in 0..network.lanes.len() {
            let here = rest.partition_point(|(on, _)| on.index() <= lane);
            let (own, others) = rest.split_at(here);
            scene.lane(own.iter().map(|(_, vehicle)| *vehicle));
            rest = others;
        }
    }

    /// What is seen of it at a time, seconds.
    pub(super) fn observe(
        &self,
        network: &Network,
        now: f64,
        detail: Detail,
        seen: &mut Observation,
    ) {
        let mut placed = self.placed(network);
        self.zones.place(network, now, &mut placed);
        self.fill(placed, network.lanes.len(), detail, seen);
        seen.see_all();
        seen.sight.extend_from_slice(&self.sight);
    }

    /// Adds to what is seen of lanes with a stop line who is seen on those behind them.
    pub(super) fn see_behind(&self, lanes: usize, detail: Detail, seen: &mut Observation) {
        let on = |lane: usize| {
            let here = seen.vehicles_on(LaneId::from(lane));
            here.iter()
                .map(move |vehicle| (LaneId::from(lane), *vehicle))
        };
        let placed = (0..lanes).flat_map(on).collect();
        self.fill(placed, lanes, detail, seen);
    }

    /// Fills in an observation with vehicles on their lanes, and those behind stop lines.
    fn fill(
        &self,
        mut placed: Vec<(LaneId, SeenVehicle)>,
        lanes: usize,
        detail: Detail,
        seen: &mut Observation,
    ) {
        by_lane(&mut placed, |vehicle| vehicle.to_stop_line);
        self.add_behind(&mut placed, lanes);
        by_lane(&mut placed, |vehicle| vehicle.to_stop_line);
        seen.count.clear();
        seen.count.resize(lanes, 0);
        seen.waiting.clear();
        seen.waiting.resize(lanes, 0);
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

    /// Vehicles with their lanes.
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
        self.vehicles.values().filter_map(place).collect()
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

/// Lane by lane, front to back.
fn by_lane<T>(placed: &mut [(LaneId, T)], to_stop_line: impl Fn(&T) -> f64) {
    placed.sort_by(|a, b| {
        let places = to_stop_line(&a.1).total_cmp(&to_stop_line(&b.1));
        a.0.cmp(&b.0).then(places)
    });
}

/// The lane with a stop line that leads from one lane to another, if the first leads to it alone or
/// among others, and not to the other itself.
fn between(network: &Network, held: &[bool], from: LaneId, to: LaneId) -> Option<LaneId> {
    let link = |lane: LaneId| network.lanes[lane.index()].link;
    if link(from) == link(to) || held[from.index()] {
        return None;
    }
    let next = |lane: LaneId| {
        let out = network.lanes[lane.index()].outgoing.iter();
        out.map(|movement| network.movements[movement.index()].to)
    };
    let leads = |lane: LaneId| next(lane).any(|beyond| link(beyond) == link(to));
    if leads(from) {
        return None;
    }
    next(from).find(|&lane| held[lane.index()] && leads(lane))
}
