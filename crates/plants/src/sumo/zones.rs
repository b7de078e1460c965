//! What lane-area detectors tell, and where those whom they count are taken to be.
//!
//! A detector's zone says who comes into it, who leaves it and how many halt in it, as a camera at
//! the kerb does, and no more: neither places nor speeds. So they are placed. Whoever has come in
//! drives at the limit until he reaches the place that is his in the queue, in the order of coming;
//! those who halt stand at the front, or, while vehicles leave over the stop line, at the back.

use std::collections::{BTreeMap, HashMap};

use roads::{LaneId, Network};
use signals::SeenVehicle;

use crate::traci::names;
use crate::traci::{Told, Value};

/// What is asked of each lane-area detector.
pub(super) const OF_DETECTOR: &[u8] = &[
    names::LAST_STEP_VEHICLE_ID_LIST,
    names::LAST_STEP_VEHICLE_HALTING_NUMBER,
];

/// Room that a standing vehicle takes, metres: SUMO's passenger car and the gap before it.
const SPACING: f64 = 7.5;
/// Longest time between two that leave a queue one after the other, seconds.
const DISCHARGES: f64 = 4.0;
/// Share of the limit at which those drive who start or close up.
const ROLLS: f64 = 0.5;

/// One detector.
#[derive(Clone, Debug)]
struct Zone {
    lane: Option<LaneId>,
    /// From the lane's end to the zone's nearer and farther end, metres.
    near: f64,
    far: f64,
    /// Whom it holds, in the order of coming, and since when.
    here: Vec<(String, f64)>,
    waiting: u32,
    /// When somebody left it last.
    left: f64,
}

/// All detectors, by their names.
#[derive(Debug, Default)]
pub(super) struct Zones {
    // Ordered, so that the same run gives the same observations.
    zones: BTreeMap<String, Zone>,
}

impl Zones {
    /// Adds a detector that lies on a lane from `near` to `far` metres before its end; one on a
    /// lane that no car may use sees nothing of ours.
    pub(super) fn add(&mut self, id: &str, lane: Option<LaneId>, (near, far): (f64, f64)) {
        let zone = Zone {
            lane,
            near: near.max(0.0),
            far,
            here: Vec::new(),
            waiting: 0,
            left: f64::NEG_INFINITY,
        };
        self.zones.insert(id.to_owned(), zone);
    }

    /// How many lie on our lanes.
    pub(super) fn len(&self) -> usize {
        let ours = |zone: &&Zone| zone.lane.is_some();
        self.zones.values().filter(ours).count()
    }

    /// Takes in what is told of a detector at a time, seconds.
    pub(super) fn tell(&mut self, told: &Told, now: f64) {
        let Some(zone) = self.zones.get_mut(&told.id) else {
            return;
        };
        for (variable, value) in &told.values {
            match (*variable, value) {
                (names::LAST_STEP_VEHICLE_ID_LIST, Value::Texts(ids)) => zone.hold(ids, now),
                (names::LAST_STEP_VEHICLE_HALTING_NUMBER, value) => {
                    zone.waiting = value.as_integer().unwrap_or(0).max(0).cast_unsigned();
                }
                _ => {}
            }
        }
    }

    /// Adds whom they hold, with their places. Who stands across the end of one and the start of the
    /// next is in the one that he came into last.
    pub(super) fn place(&self, network: &Network, now: f64, to: &mut Vec<(LaneId, SeenVehicle)>) {
        let mut last: HashMap<&str, f64> = HashMap::new();
        for (id, since) in self.zones.values().flat_map(|zone| &zone.here) {
            let known = last.entry(id).or_insert(*since);
            *known = known.max(*since);
        }
        for zone in self.zones.values() {
            let Some(lane) = zone.lane else { continue };
            let own = zone
                .here
                .iter()
                .filter(|(id, since)| last.get(id.as_str()).is_none_or(|known| since >= known));
            let since: Vec<f64> = own.map(|(_, since)| *since).collect();
            let speed = network.lanes[lane.index()].speed_limit.max(1.0);
            to.extend(zone.placed(&since, now, speed).map(|seen| (lane, seen)));
        }
    }
}

impl Zone {
    fn hold(&mut self, ids: &[String], now: f64) {
        let before = self.here.len();
        self.here.retain(|(known, _)| ids.contains(known));
        if self.here.len() < before {
            self.left = now;
        }
        for id in ids {
            if !self.here.iter().any(|(known, _)| known == id) {
                self.here.push((id.clone(), now));
            }
        }
    }

    /// Places those who have come in `since` then, front to back.
    fn placed(&self, since: &[f64], now: f64, speed: f64) -> impl Iterator<Item = SeenVehicle> {
        let standing = (self.waiting as usize).min(since.len());
        let (near, far) = (self.near, self.far);
        let stop = move |place: usize| (near + place as f64 * SPACING).min(far.max(near));
        let drives: Vec<f64> = since
            .iter()
            .map(|since| far - speed * (now - since))
            .collect();
        let arrived = (0..drives.len()).take_while(|&place| drives[place] <= stop(place));
        let queued = arrived.count().max(standing);
        let discharging = now - self.left < DISCHARGES;
        let stands = move |place: usize| {
            if discharging {
                (queued - standing..queued).contains(&place)
            } else {
                place < standing
            }
        };
        let place = move |(place, drive): (usize, f64)| SeenVehicle {
            to_stop_line: if place < queued { stop(place) } else { drive },
            speed: if stands(place) {
                0.0
            } else if place < queued {
                speed * ROLLS
            } else {
                speed
            },
        };
        drives.into_iter().enumerate().map(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        Zone {
            lane: Some(LaneId(0)),
            near: 0.0,
            far: 100.0,
            here: Vec::new(),
            waiting: 0,
            left: f64::NEG_INFINITY,
        }
    }

    fn at(zone: &Zone, now: f64) -> Vec<(f64, f64)> {
        let since: Vec<f64> = zone.here.iter().map(|(_, since)| *since).collect();
        zone.placed(&since, now, 10.0)
            .map(|seen| (seen.to_stop_line, seen.speed))
            .collect()
    }

    fn names(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn who_comes_in_drives_up_to_his_place_and_stands_there() {
        let mut zone = zone();
        zone.hold(&names(&["a"]), 0.0);
        zone.hold(&names(&["a", "b"]), 4.0);
        assert_eq!(at(&zone, 4.0), [(60.0, 10.0), (100.0, 10.0)]);
        assert_eq!(at(&zone, 11.0), [(0.0, 5.0), (30.0, 10.0)]);
        zone.waiting = 1;
        assert_eq!(at(&zone, 12.0), [(0.0, 0.0), (20.0, 10.0)]);
        // Both halt, whatever one would have thought.
        zone.waiting = 2;
        assert_eq!(at(&zone, 13.0), [(0.0, 0.0), (7.5, 0.0)]);
    }

    #[test]
    fn while_a_queue_discharges_those_at_its_back_still_stand() {
        let mut zone = zone();
        zone.hold(&names(&["a", "b", "c", "d"]), 0.0);
        zone.waiting = 4;
        zone.hold(&names(&["b", "c", "d"]), 30.0);
        zone.waiting = 1;
        let expected = [(0.0, 5.0), (7.5, 5.0), (15.0, 0.0)];
        assert_eq!(at(&zone, 31.0), expected);
        // Nobody has left for a while: it is the first who stands.
        let expected = [(0.0, 0.0), (7.5, 5.0), (15.0, 5.0)];
        assert_eq!(at(&zone, 35.0), expected);
    }
}
