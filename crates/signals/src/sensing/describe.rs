//! What is believed, as an observation.

use super::estimator::{Estimator, STANDING};
use super::lane::SPACING;
use super::sensors::WAITING;
use crate::observation::{Observation, SeenVehicle};

impl Estimator {
    /// Vehicles on a lane, and those of them that wait.
    pub(super) fn counts(&self, index: usize) -> (f64, f64) {
        let lane = &self.lanes[index];
        let stand = lane
            .probes
            .iter()
            .filter(|probe| probe.speed < STANDING)
            .count();
        (
            lane.total(&self.streets.lanes[index]) + lane.probes.len() as f64,
            lane.standing() + stand as f64,
        )
    }

    /// Fills in an observation: whole vehicles, placed so that as many are nearer than any place
    /// as are believed to be, to half a vehicle.
    pub(super) fn describe(&self, seen: &mut Observation) {
        seen.count.clear();
        seen.waiting.clear();
        seen.vehicles.clear();
        seen.first_vehicle.clear();
        seen.first_vehicle.push(0);
        let mut here: Vec<SeenVehicle> = Vec::new();
        for index in 0..self.lanes.len() {
            here.clear();
            self.place(index, &mut here);
            let waiting = here
                .iter()
                .filter(|vehicle| vehicle.speed < WAITING)
                .count();
            seen.count.push(here.len() as u32);
            seen.waiting.push(waiting as u32);
            seen.vehicles.extend_from_slice(&here);
            seen.first_vehicle.push(seen.vehicles.len() as u32);
        }
    }

    /// The vehicles of a lane, front to back.
    fn place(&self, index: usize, here: &mut Vec<SeenVehicle>) {
        let street = &self.streets.lanes[index];
        let lane = &self.lanes[index];
        let reference = lane.reference().map(|probe| probe.to_stop_line);
        let started = lane.queue - lane.standing();
        let first = reference.map_or(lane.queue, |_| lane.queue - lane.behind);
        let speed = |place: f64| {
            if place < started {
                street.speed / 2.0
            } else {
                0.0
            }
        };
        let mut sum = 0.5;
        let before = (first + sum).floor();
        let apart = reference.map_or(SPACING, |at| (at / (before + 1.0)).min(SPACING));
        for place in 0..before as usize {
            here.push(SeenVehicle {
                to_stop_line: (place as f64 * apart).min(street.length),
                speed: speed(place as f64),
            });
        }
        sum += lane.queue;
        let mut tail = reference.map_or(before * SPACING, |at| at + SPACING);
        for place in before as usize..sum.floor() as usize {
            here.push(SeenVehicle {
                to_stop_line: tail.min(street.length),
                speed: speed(place as f64),
            });
            tail += SPACING;
        }
        let mut emitted = sum.floor();
        for ticks in 0..street.ticks.ceil() as usize {
            sum += lane.coming.iter().map(|coming| coming[ticks]).sum::<f64>();
            while emitted + 1.0 <= sum {
                emitted += 1.0;
                here.push(SeenVehicle {
                    to_stop_line: (ticks as f64 * street.step).clamp(0.0, street.length),
                    speed: street.speed,
                });
            }
        }
        here.extend(lane.probes.iter().map(|probe| SeenVehicle {
            to_stop_line: probe.to_stop_line,
            speed: probe.speed,
        }));
        here.sort_by(|a, b| a.to_stop_line.total_cmp(&b.to_stop_line));
    }
}
