//! The sensors: loops, probes and cameras, each of which takes its sample of the scene every tick,
//! with the faults that it is said to have.

use std::collections::HashMap;

use roads::Network;

use super::draw::{For, normal, uniform};
use super::scene::{Scene, SceneVehicle};
use super::spec::Sensing;

/// How far after the start of its lane an entry loop is, metres: far enough to be at speed.
pub(super) const ENTRY: f64 = 30.0;
/// How far back from the stop line its loop reaches, metres.
pub(super) const ZONE: f64 = 6.0;
/// How long a loop elsewhere is, metres.
const LOOP: f64 = 2.0;
/// Slower than this a vehicle waits, m/s.
pub(super) const WAITING: f64 = sim::WAITING_SPEED;

/// A loop in a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Loop {
    pub(super) lane: u32,
    /// Metres from the stop line; 0 for the loop at it.
    pub(super) at: f64,
}

/// What a loop has seen since the last tick.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct LoopReading {
    /// Vehicles that have passed it.
    pub(super) count: u32,
    /// Share of the time in which a vehicle was over it.
    pub(super) occupancy: f64,
}

/// What a probe has reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Report {
    /// A number of its own, in the order in which probes were first heard of.
    pub(super) probe: u32,
    pub(super) lane: u32,
    pub(super) to_stop_line: f64,
    pub(super) speed: f64,
}

/// What a camera counts before its stop line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CameraReading {
    pub(super) count: f64,
    pub(super) waiting: f64,
}

/// Everything the sensors say at a tick.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Readings {
    pub(super) loops: Vec<LoopReading>,
    pub(super) probes: Vec<Report>,
    /// Per camera.
    pub(super) cameras: Vec<CameraReading>,
}

/// A vehicle at the last tick.
#[derive(Clone, Copy, Debug)]
struct Before {
    lane: u32,
    to_stop_line: f64,
    /// The tick at which it was there.
    tick: u64,
}

/// All sensors of a city.
#[derive(Clone, Debug)]
pub(super) struct Sensors {
    sensing: Sensing,
    seed: u64,
    tick: u64,
    seconds: f64,
    pub(super) loops: Vec<Loop>,
    /// Per lane, its loops' first, and one past the last at the end.
    loops_of: Vec<u32>,
    /// Per camera, its lane.
    pub(super) cameras: Vec<u32>,
    link_of: Vec<u32>,
    before: HashMap<u64, Before>,
    /// Numbers of the probes heard of.
    names: HashMap<u64, u32>,
    /// Who was on a lane at the last tick.
    last: Scene,
}

impl Sensors {
    /// In the lanes before signals; and probes anywhere.
    pub(super) fn new(network: &Network, sensing: &Sensing, seed: u64, tick: f64) -> Self {
        let held = network.lanes_at_signals();
        let mut loops = Vec::new();
        let mut loops_of = vec![0];
        for (index, lane) in network.lanes.iter().enumerate() {
            if let Some(detectors) = sensing.detectors.as_ref().filter(|_| held[index]) {
                let entry = (lane.length - ENTRY).max(lane.length / 2.0);
                let mut at: Vec<f64> = detectors.at.iter().map(|at| at.min(entry)).collect();
                at.push(0.0);
                at.sort_by(f64::total_cmp);
                at.dedup();
                loops.extend(at.into_iter().map(|at| Loop {
                    lane: index as u32,
                    at,
                }));
            }
            loops_of.push(loops.len() as u32);
        }
        let camera = |&lane: &usize| sensing.cameras.is_some() && held[lane];
        let cameras = (0..network.lanes.len())
            .filter(camera)
            .map(|lane| lane as u32);
        Self {
            sensing: sensing.clone(),
            seed: sensing.seed.unwrap_or(seed),
            tick: 0,
            seconds: tick,
            loops,
            loops_of,
            cameras: cameras.collect(),
            link_of: network
                .lanes
                .iter()
                .map(|lane| lane.link.index() as u32)
                .collect(),
            before: HashMap::new(),
            names: HashMap::new(),
            last: Scene::default(),
        }
    }

    /// Takes the samples of a tick.
    pub(super) fn sample(&mut self, scene: &Scene, readings: &mut Readings) {
        self.tick += 1;
        readings.loops.clear();
        readings
            .loops
            .resize(self.loops.len(), LoopReading::default());
        readings.probes.clear();
        readings.cameras.clear();
        if !self.loops.is_empty() {
            self.sample_loops(scene, readings);
        }
        self.sample_probes(scene, readings);
        self.sample_cameras(scene, readings);
    }

    fn sample_loops(&mut self, scene: &Scene, readings: &mut Readings) {
        for lane in 0..self.link_of.len() {
            for vehicle in scene.on(lane) {
                let was = self.before.get(&vehicle.vehicle).copied();
                let from = match was {
                    Some(before) if before.lane as usize == lane => before.to_stop_line,
                    // From the lane beside it.
                    Some(before) if self.same_link(before.lane as usize, lane) => {
                        vehicle.to_stop_line
                    }
                    _ => f64::INFINITY,
                };
                self.pass(lane, vehicle, from, readings);
                let here = Before {
                    lane: lane as u32,
                    to_stop_line: vehicle.to_stop_line,
                    tick: self.tick,
                };
                self.before.insert(vehicle.vehicle, here);
            }
        }
        // Those who have left their lane over its stop line.
        let last = std::mem::take(&mut self.last);
        for lane in 0..self.link_of.len() {
            for vehicle in last.on(lane) {
                let Some(&now) = self.before.get(&vehicle.vehicle) else {
                    continue;
                };
                let gone = now.tick < self.tick;
                if gone || !self.same_link(now.lane as usize, lane) {
                    let over = SceneVehicle {
                        to_stop_line: f64::NEG_INFINITY,
                        ..*vehicle
                    };
                    self.pass(lane, &over, vehicle.to_stop_line, readings);
                }
                if gone {
                    self.before.remove(&vehicle.vehicle);
                }
            }
        }
        self.last = last;
        self.last.clone_from(scene);
        self.stick(readings);
    }

    fn same_link(&self, one: usize, other: usize) -> bool {
        self.link_of[one] == self.link_of[other]
    }

    /// A vehicle moves in a lane, from so far before its stop line, over its loops.
    fn pass(&self, lane: usize, vehicle: &SceneVehicle, from: f64, readings: &mut Readings) {
        let Some(detectors) = &self.sensing.detectors else {
            return;
        };
        let to = vehicle.to_stop_line;
        let own = self.loops_of[lane] as usize..self.loops_of[lane + 1] as usize;
        for index in own {
            let at = self.loops[index].at;
            let zone = if at > 0.0 { LOOP } else { ZONE };
            let passes = if at > 0.0 {
                from > at && to <= at
            } else {
                to < 0.0
            };
            let over = to <= at + zone && to + vehicle.length >= at;
            if !(passes || over) {
                continue;
            }
            let (one, other) = (index as u64, vehicle.vehicle);
            let bias = 0.5 + uniform(self.seed, For::LoopBias, one, 0);
            if uniform(self.seed, For::LoopMiss, one, other) < detectors.loss * bias {
                continue;
            }
            let reading = &mut readings.loops[index];
            if passes {
                let twice = uniform(self.seed, For::LoopDouble, one, other) < detectors.noise;
                reading.count += 1 + u32::from(twice);
            }
            let moved = vehicle.speed * self.seconds;
            let share = (zone + vehicle.length) / moved.max(zone + vehicle.length);
            reading.occupancy = (reading.occupancy + share).min(1.0);
        }
    }

    fn stick(&self, readings: &mut Readings) {
        let stuck = self
            .sensing
            .detectors
            .as_ref()
            .map_or(0.0, |loops| loops.stuck);
        for (index, reading) in readings.loops.iter_mut().enumerate() {
            let draw = uniform(self.seed, For::LoopStuck, index as u64, 0);
            if draw < stuck {
                *reading = LoopReading {
                    count: 0,
                    occupancy: if draw < stuck / 2.0 { 1.0 } else { 0.0 },
                };
            }
        }
    }

    fn sample_probes(&mut self, scene: &Scene, readings: &mut Readings) {
        let Some(probes) = &self.sensing.probes else {
            return;
        };
        let every = (probes.every / self.seconds).round().max(1.0) as u64;
        for lane in 0..self.link_of.len() {
            for vehicle in scene.on(lane) {
                if uniform(self.seed, For::Probe, vehicle.vehicle, 0) >= probes.share {
                    continue;
                }
                let next = self.names.len() as u32;
                let name = *self.names.entry(vehicle.vehicle).or_insert(next);
                if !(self.tick + u64::from(name)).is_multiple_of(every) {
                    continue;
                }
                let error = if probes.error > 0.0 {
                    let draw = normal(self.seed, For::ProbePlace, vehicle.vehicle, self.tick);
                    draw * probes.error
                } else {
                    0.0
                };
                readings.probes.push(Report {
                    probe: name,
                    lane: lane as u32,
                    to_stop_line: (vehicle.to_stop_line + error).max(0.0),
                    speed: vehicle.speed,
                });
            }
        }
    }

    fn sample_cameras(&self, scene: &Scene, readings: &mut Readings) {
        let Some(cameras) = &self.sensing.cameras else {
            return;
        };
        for &lane in &self.cameras {
            let (mut count, mut waiting) = (0.0, 0.0);
            for vehicle in scene.on(lane as usize) {
                let missed = uniform(
                    self.seed,
                    For::CameraMiss,
                    u64::from(self.link_of[lane as usize]),
                    vehicle.vehicle,
                );
                if vehicle.to_stop_line <= cameras.range && missed < cameras.share {
                    count += 1.0;
                    waiting += f64::from(u8::from(vehicle.speed < WAITING));
                }
            }
            let noise = |salt: u64| {
                let one = u64::from(lane) * 2 + salt;
                1.0 + cameras.noise * normal(self.seed, For::CameraNoise, one, self.tick)
            };
            let rounded = |value: f64| value.round().max(0.0);
            readings.cameras.push(CameraReading {
                count: rounded(count * noise(0)),
                waiting: rounded(waiting * noise(1)),
            });
        }
    }
}

#[cfg(test)]
mod tests;
