//! What is believed, as an observation.

use super::estimator::{Estimator, STANDING};
use super::lane::SPACING;
use super::sensors::WAITING;
use crate::observation::{ExpectedVehicle, Observation, SeenVehicle};

/// Shares of vehicles that come are put together to at least this much of one.
const PIECE: f64 = 0.25;
/// Less of a vehicle is left out.
const LEAST: f64 = 0.01;

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
    /// as are believed to be, to half a vehicle; and, if asked for, the `shares` of vehicles that
    /// those round.
    pub(super) fn describe(&self, shares: bool, seen: &mut Observation) {
        seen.count.clear();
        seen.waiting.clear();
        seen.vehicles.clear();
        seen.first_vehicle.clear();
        seen.first_vehicle.push(0);
        seen.expected.clear();
        seen.first_expected.clear();
        seen.first_expected.push(0);
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
            if shares {
                self.expect(index, &mut seen.expected);
            }
            seen.first_expected.push(seen.expected.len() as u32);
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

    /// Whom a lane is believed to hold, front to back, in shares of vehicles.
    fn expect(&self, index: usize, here: &mut Vec<ExpectedVehicle>) {
        let street = &self.streets.lanes[index];
        let lane = &self.lanes[index];
        let from = here.len();
        let started = lane.queue - lane.standing();
        let reference = lane.reference().map(|probe| probe.to_stop_line);
        let first = reference.map_or(lane.queue, |_| lane.queue - lane.behind);
        let apart = reference.map_or(SPACING, |at| (at / (first.ceil() + 1.0)).min(SPACING));
        let mut put = |place: f64, to_stop_line: f64, weight: f64| {
            let speed = if place < started {
                street.speed / 2.0
            } else {
                0.0
            };
            here.push(ExpectedVehicle {
                vehicle: SeenVehicle {
                    to_stop_line: to_stop_line.min(street.length),
                    speed,
                },
                weight,
            });
        };
        let known = if lane.backlog.is_some() && reference.is_none() {
            0.0
        } else {
            first
        };
        for (place, weight) in pieces(known) {
            put(place, place * apart, weight);
        }
        let tail = reference.map_or(known * SPACING, |at| at + SPACING);
        let mut behind = |place: f64, weight| put(known + place, tail + place * SPACING, weight);
        if let Some(backlog) = &lane.backlog {
            let places = (0_u32..).map(f64::from).zip(backlog.at_least());
            places
                .take_while(|&(_, weight)| weight >= LEAST)
                .for_each(|(place, weight)| behind(place, weight));
        } else {
            pieces(lane.queue - known).for_each(|(place, weight)| behind(place, weight));
        }
        let (mut sum, mut moment) = (0.0, 0.0);
        let last = street.ticks.ceil() as usize;
        for ticks in 0..last {
            let more: f64 = lane.coming.iter().map(|coming| coming[ticks]).sum();
            sum += more;
            moment += more * ticks as f64;
            if sum >= PIECE || (ticks + 1 == last && sum >= LEAST) {
                here.push(ExpectedVehicle {
                    vehicle: SeenVehicle {
                        to_stop_line: (moment / sum * street.step).clamp(0.0, street.length),
                        speed: street.speed,
                    },
                    weight: sum,
                });
                (sum, moment) = (0.0, 0.0);
            }
        }
        here.extend(lane.probes.iter().map(|probe| ExpectedVehicle {
            vehicle: SeenVehicle {
                to_stop_line: probe.to_stop_line,
                speed: probe.speed,
            },
            weight: 1.0,
        }));
        let place = |one: &ExpectedVehicle| one.vehicle.to_stop_line;
        here[from..].sort_by(|a, b| place(a).total_cmp(&place(b)));
    }
}

/// So many vehicles one by one, with the places before them; the last is what is left of one.
fn pieces(vehicles: f64) -> impl Iterator<Item = (f64, f64)> {
    (0..vehicles.max(0.0).ceil() as u32)
        .map(f64::from)
        .map(move |place| (place, (vehicles - place).min(1.0)))
        .filter(|&(_, weight)| weight >= LEAST)
}
