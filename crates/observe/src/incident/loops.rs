//! Loops in the lanes of a simulated road, as a city has them: what they read, interval by interval.

use roads::Network;

use super::{Reading, Station};
use crate::table::PACE_MAX;
use crate::truth::{Place, Seen};

/// Length of a loop, metres.
const LOOP_M: f64 = 2.0;
/// It begins at this share of the lane: before the queues of most red lights.
const AT: f64 = 0.6;
/// Shorter lanes have none, metres: a vehicle drives past within a step.
const LANE_LEAST: f64 = 40.0;
/// Slower than this a vehicle stands, m/s.
const STANDS: f64 = 0.1;

/// A loop in each lane.
#[derive(Clone, Debug)]
pub struct Loops {
    /// By lane: seconds in which it was covered, and metres that were driven over it meanwhile.
    sums: Vec<[f64; 2]>,
    seconds: f64,
}

impl Loops {
    /// That have seen nothing.
    pub fn new(network: &Network) -> Self {
        Self {
            sums: vec![[0.0; 2]; network.lanes.len()],
            seconds: 0.0,
        }
    }

    /// A step of `dt` seconds is over; [`Loops::see`] has told who is where, or will.
    pub const fn step(&mut self, dt: f64) {
        self.seconds += dt;
    }

    /// A vehicle at the end of a step of `dt` seconds.
    pub fn see(&mut self, network: &Network, seen: &Seen, dt: f64) {
        let Place::Lane(lane) = seen.place else {
            return;
        };
        let facts = &network.lanes[lane.index()];
        if facts.length < LANE_LEAST {
            return;
        }
        let speed = seen.speed;
        let beyond = seen.distance - facts.length * AT;
        let long = seen.length + LOOP_M;
        // The part of the step in which it was above the loop.
        let share = if speed > STANDS {
            let way = beyond.min(long) - (beyond - speed * dt).max(0.0);
            (way / (speed * dt)).clamp(0.0, 1.0)
        } else {
            f64::from(u8::from((0.0..long).contains(&beyond)))
        };
        let sums = &mut self.sums[lane.index()];
        sums[0] += share * dt;
        sums[1] += share * dt * speed;
    }

    /// Seconds since the interval began.
    pub const fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Ends an interval: the readings of all lanes that have a loop, and of their links.
    pub fn end(&mut self, network: &Network) -> Vec<(Station, Reading)> {
        let mut readings = Vec::with_capacity(self.sums.len() * 2);
        let seconds = std::mem::take(&mut self.seconds);
        if seconds <= 0.0 {
            return readings;
        }
        let reading = |[covered, metres]: [f64; 2], lanes: usize| Reading {
            occupancy: (covered / (seconds * lanes as f64)).min(1.0),
            speed: Some(metres / covered).filter(|&speed| speed * PACE_MAX >= 1.0),
        };
        for (index, link) in network.links.iter().enumerate() {
            let (mut all, mut lanes) = ([0.0; 2], 0);
            for lane in link.lanes.range() {
                let facts = &network.lanes[lane];
                if facts.length < LANE_LEAST {
                    continue;
                }
                let sums = std::mem::take(&mut self.sums[lane]);
                all = [all[0] + sums[0], all[1] + sums[1]];
                lanes += 1;
                let station = Station::lane(index.into(), facts.index);
                readings.push((station, reading(sums, 1)));
            }
            if lanes > 1 {
                readings.push((Station::link(index.into()), reading(all, lanes)));
            }
        }
        readings
    }
}
