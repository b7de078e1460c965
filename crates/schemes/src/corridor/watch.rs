//! What a corridor does while a world runs: how long it takes, how often one stops, who drove where
//! when.

use std::collections::HashMap;

use roads::{LaneId, LinkId, Network};
use serde::Serialize;
use sim::{VehicleId, World};

use super::way::Corridor;

/// Slower than this a vehicle stands, m/s.
const STANDS: f64 = 0.5;
/// Faster than this it drives again, m/s.
const DRIVES: f64 = 5.0;

/// One direction of a corridor over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DirectionFigures {
    /// Seconds from the first signal to the last at the mean speeds of the links between.
    pub travel_time: f64,
    /// Times that a vehicle came to a stand, for each kilometre driven.
    pub stops_per_km: f64,
    /// Kilometres driven.
    pub distance_km: f64,
}

/// A vehicle's way along the corridor: metres from the first signal by time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trajectory {
    /// Outbound or inbound.
    pub outbound: bool,
    /// Seconds and metres.
    pub points: Vec<(f64, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    link: LinkId,
    outbound: bool,
    length: f64,
    /// Metres of its start from the first signal.
    start: f64,
    /// Metres from the first signal that one comes further for each metre driven.
    slope: f64,
    distance: f64,
    time: f64,
    stops: u64,
}

/// Watches a corridor.
#[derive(Clone, Debug)]
pub struct CorridorWatch {
    segments: Vec<Segment>,
    standing: HashMap<VehicleId, bool>,
    window: (f64, f64),
    drawn: HashMap<(VehicleId, bool), Vec<(f64, f64)>>,
}

impl CorridorWatch {
    /// Of a corridor; trajectories are kept between two times, seconds.
    pub fn new(network: &Network, corridor: &Corridor, window: (f64, f64)) -> Self {
        let mut segments = Vec::new();
        for (index, pair) in corridor.stations.windows(2).enumerate() {
            let apart = pair[1].distance - pair[0].distance;
            for (outbound, links) in [(true, &corridor.out[index]), (false, &corridor.back[index])]
            {
                let length = |link: &LinkId| network.links[link.index()].length;
                let all: f64 = links.iter().map(length).sum();
                let scale = apart / all.max(f64::MIN_POSITIVE);
                let (mut start, slope) = if outbound {
                    (pair[0].distance, scale)
                } else {
                    (pair[1].distance, -scale)
                };
                for link in links {
                    segments.push(Segment {
                        link: *link,
                        outbound,
                        length: length(link),
                        start,
                        slope,
                        distance: 0.0,
                        time: 0.0,
                        stops: 0,
                    });
                    start += slope * length(link);
                }
            }
        }
        Self {
            segments,
            standing: HashMap::new(),
            window,
            drawn: HashMap::new(),
        }
    }

    /// Looks at the world after a step.
    pub fn look(&mut self, world: &World) {
        let dt = world.config().interval;
        let now = world.time();
        let draws = now >= self.window.0 && now <= self.window.1;
        for segment in &mut self.segments {
            let lanes = world.network().links[segment.link.index()].lanes.range();
            for vehicle in lanes.flat_map(|lane| world.lane_vehicles(LaneId::from(lane))) {
                if vehicle.shadow {
                    continue;
                }
                segment.distance += vehicle.speed * dt;
                segment.time += dt;
                let stood = self.standing.entry(vehicle.id).or_insert(false);
                if !*stood && vehicle.speed < STANDS {
                    *stood = true;
                    segment.stops += 1;
                } else if vehicle.speed > DRIVES {
                    *stood = false;
                }
                if draws {
                    let at = segment.start + segment.slope * vehicle.distance;
                    let key = (vehicle.id, segment.outbound);
                    self.drawn.entry(key).or_default().push((now, at));
                }
            }
        }
    }

    /// One direction's figures.
    pub fn figures(&self, outbound: bool) -> DirectionFigures {
        let own = || self.segments.iter().filter(|one| one.outbound == outbound);
        let distance: f64 = own().map(|one| one.distance).sum();
        let stops: u64 = own().map(|one| one.stops).sum();
        let seconds = |one: &Segment| {
            let speed = one.distance / one.time.max(1e-9);
            one.length / speed.max(0.01)
        };
        DirectionFigures {
            travel_time: own().filter(|one| one.time > 0.0).map(seconds).sum(),
            stops_per_km: stops as f64 / (distance / 1e3).max(1e-9),
            distance_km: distance / 1e3,
        }
    }

    /// The ways of those who were on it in the window, in the order of their numbers.
    pub fn trajectories(&self) -> Vec<Trajectory> {
        let mut all: Vec<_> = self.drawn.iter().collect();
        all.sort_by_key(|(key, _)| **key);
        all.into_iter()
            .map(|((_, outbound), points)| Trajectory {
                outbound: *outbound,
                points: points.clone(),
            })
            .collect()
    }
}
