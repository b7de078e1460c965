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
/// Slower than this a vehicle waits, m/s; the engine's own bound.
pub(super) const WAITING: f64 = 0.1;

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
        let held = held(network);
        let mut loops = Vec::new();
        let mut loops_of = vec![0];
        for (index, lane) in network.lanes.iter().enumerate() {
            if let Some(detectors) = sensing.detectors.as_ref().filter(|_| held[index]) {
                let entry = (lane.length - ENTRY).max(lane.length / 2.0);
                let mut at: Vec<f64> = detectors.at.iter().map(|at| at.min(entry)).collect();
                at.push(0.0);
                at.sort_by(f64::total_cmp);
                at.dedup();
                loops.extend(at.into_iter().map(|at| Loop { lane: index as u32, at }));
            }
            loops_of.push(loops.len() as u32);
        }
        let camera = |&lane: &usize| sensing.cameras.is_some() && held[lane];
        let cameras = (0..network.lanes.len()).filter(camera).map(|lane| lane as u32);
        Self {
            sensing: sensing.clone(),
            seed: sensing.seed.unwrap_or(seed),
            tick: 0,
            seconds: tick,
            loops,
            loops_of,
            cameras: cameras.collect(),
            link_of: network.lanes.iter().map(|lane| lane.link.index() as u32).collect(),
            before: HashMap::new(),
            names: HashMap::new(),
            last: Scene::default(),
        }
    }

    /// Takes the samples of a tick.
    pub(super) fn sample(&mut self, scene: &Scene, readings: &mut Readings) {
        self.tick += 1;
        readings.loops.clear();
        readings.loops.resize(self.loops.len(), LoopReading::default());
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
            let passes = if at > 0.0 { from > at && to <= at } else { to < 0.0 };
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
        let stuck = self.sensing.detectors.as_ref().map_or(0.0, |loops| loops.stuck);
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

/// Per lane: whether a signal stands at its end.
pub(super) fn held(network: &Network) -> Vec<bool> {
    let mut held = vec![false; network.lanes.len()];
    for movement in network.signals.iter().flat_map(|signal| &signal.movements) {
        held[network.movements[movement.index()].from.index()] = true;
    }
    held
}

#[cfg(test)]
mod tests {
    use roads::generate::{GridSpec, grid};

    use super::*;

    fn network() -> Network {
        grid(&GridSpec {
            columns: 1,
            rows: 1,
            ..GridSpec::default()
        })
        .unwrap()
    }

    /// Lets vehicles drive over all held lanes, one after the other, and sums what was said of them.
    fn drive(sensing: &str, vehicles: u64) -> (Sensors, Vec<u32>, Readings) {
        let network = network();
        let sensing: Sensing = sensing.parse().unwrap();
        let mut sensors = Sensors::new(&network, &sensing, 1, 1.0);
        let held = held(&network);
        let mut counts = vec![0; sensors.loops.len()];
        let mut readings = Readings::default();
        let mut last = Readings::default();
        for vehicle in 0..vehicles {
            for share in [0.0, 0.5, 0.98, 2.0] {
                let mut scene = Scene::default();
                scene.clear();
                for (index, lane) in network.lanes.iter().enumerate() {
                    let here = SceneVehicle {
                        vehicle: vehicle * 1_000 + index as u64,
                        to_stop_line: lane.length * (1.0 - share),
                        speed: 0.0,
                        length: 5.0,
                    };
                    scene.lane((held[index] && share < 1.0).then_some(here));
                }
                sensors.sample(&scene, &mut readings);
                for (sum, reading) in counts.iter_mut().zip(&readings.loops) {
                    *sum += reading.count;
                }
                if share < 1.0 {
                    last.clone_from(&readings);
                }
            }
        }
        (sensors, counts, last)
    }

    #[test]
    fn loops_without_faults_count_everybody_once() {
        let (sensors, counts, last) = drive("detectors:0,at:40/entry", 50);
        assert_eq!(sensors.loops.len(), 3 * 12);
        assert!(counts.iter().all(|&count| count == 50), "{counts:?}");
        // Everybody stands just before the stop line.
        for (it, reading) in sensors.loops.iter().zip(&last.loops) {
            let over = if it.at > 0.0 { 0.0 } else { 1.0 };
            assert!((reading.occupancy - over).abs() < 1e-9, "{it:?} {reading:?}");
        }
    }

    #[test]
    fn loops_miss_and_double_as_many_as_is_said_each_its_own_share() {
        let vehicles = 2_000;
        let (_, counts, _) = drive("detectors:0.1,noise:0.2", vehicles);
        let shares: Vec<f64> = counts
            .iter()
            .map(|&count| f64::from(count) / vehicles as f64)
            .collect();
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        assert!((mean - 0.9 * 1.2).abs() < 0.02, "{mean}");
        let spread = |share: &f64| (share - mean).abs() > 0.02;
        assert!(shares.iter().any(spread), "loops differ: {shares:?}");
    }

    #[test]
    fn stuck_loops_say_nothing_or_all_the_time() {
        let (_, counts, last) = drive("detectors:0,stuck:1", 20);
        assert!(counts.iter().all(|&count| count == 0));
        let on = last.loops.iter().filter(|it| it.occupancy >= 1.0).count();
        let off = last.loops.iter().filter(|it| it.occupancy <= 0.0).count();
        assert!(on > 2 && off > 2 && on + off == counts.len(), "{on} {off}");
    }

    /// So many vehicles on the first held lane for some ticks; what each tick said.
    fn stand(sensing: &str, vehicles: u64, ticks: usize) -> Vec<Readings> {
        let network = network();
        let sensing: Sensing = sensing.parse().unwrap();
        let mut sensors = Sensors::new(&network, &sensing, 4, 1.0);
        let held = held(&network);
        let first = held.iter().position(|&held| held).unwrap();
        let mut scene = Scene::default();
        scene.clear();
        for index in 0..network.lanes.len() {
            let here = (0..vehicles).filter(|_| index == first);
            scene.lane(here.map(|vehicle| SceneVehicle {
                vehicle,
                to_stop_line: 0.01 * vehicle as f64,
                speed: 0.0,
                length: 5.0,
            }));
        }
        let sample = |_| {
            let mut readings = Readings::default();
            sensors.sample(&scene, &mut readings);
            readings
        };
        (0..ticks).map(sample).collect()
    }

    #[test]
    fn a_probe_stays_a_probe_and_their_share_is_as_said() {
        let said = stand("probes:0.1", 5_000, 3);
        let share = said[0].probes.len() as f64 / 5_000.0;
        assert!((share - 0.1).abs() < 0.015, "{share}");
        assert_eq!(said[0].probes, said[1].probes);
        let names: Vec<u32> = said[2].probes.iter().map(|report| report.probe).collect();
        assert!(names.iter().enumerate().all(|(at, &name)| at == name as usize));
    }

    #[test]
    fn probes_report_as_often_and_as_exactly_as_said() {
        let said = stand("probes:1,error:5,every:4", 4_000, 4);
        let all: Vec<&Report> = said.iter().flat_map(|readings| &readings.probes).collect();
        assert_eq!(all.len(), 4_000);
        // In the order in which they were first heard of.
        let off = |report: &&Report| report.to_stop_line - 0.01 * f64::from(report.probe);
        let far: Vec<f64> = all.iter().filter(|it| it.probe > 2_500).map(off).collect();
        let spread = far.iter().map(|off| off * off).sum::<f64>() / far.len() as f64;
        assert!((spread.sqrt() - 5.0).abs() < 0.4, "{}", spread.sqrt());
    }

    #[test]
    fn cameras_see_the_share_within_their_range_with_the_noise_that_is_said() {
        let said = stand("cameras:0.9,noise:0.1,range:20", 5_000, 400);
        let counts: Vec<f64> = said.iter().map(|readings| readings.cameras[0].count).collect();
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        // Those within 20 m.
        assert!((mean / 2_001.0 - 0.9).abs() < 0.02, "{mean}");
        let spread = counts.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 400.0;
        assert!((spread.sqrt() / mean - 0.1).abs() < 0.015, "{}", spread.sqrt() / mean);
    }
}
