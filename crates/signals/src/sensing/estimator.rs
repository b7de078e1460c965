//! From sensors' samples and what the signals show to whom each lane holds.

use roads::{Aspect, Network};

use super::lane::tune;
use super::lane::{Lane, ProbeHere, SPACING, STARTS};
use super::learn::Learnt;
use super::sensors::{Readings, Report, Sensors};
use super::spec::Sensing;
use super::streets::Streets;
use crate::observation::{Observation, SeenVehicle};

/// Seconds by which a vehicle may pass a loop earlier or later than expected.
const WINDOW: f64 = 4.0;
/// Vehicles that have to be expected at a loop that counts nobody before it is not believed.
const STUCK: f64 = 8.0;
/// Seconds of green for which a stop line has to be empty besides.
const STUCK_GREEN: f64 = 20.0;
/// Seconds in green after which an empty stop line says that nobody waits.
const SILENT: f64 = 3.5;
/// Seconds of a loop occupied after which somebody stands on it.
const STANDS: f64 = 6.0;
/// Probability that somebody is there whom a loop upstream has counted.
const TRUST: f64 = 0.99;
/// Slower than this a probe stands, m/s.
const STANDING: f64 = 0.5;
/// Above this share of the limit a probe drives freely.
const FREE: f64 = 0.75;
/// Metres in which a probe brakes before a queue.
const BRAKES: f64 = 12.0;
/// How fast the start of a queue runs back from the stop line, m/s.
const WAVE: f64 = SPACING / STARTS;
/// Room that a vehicle takes that drives off from a queue, metres.
const APART: f64 = 18.0;
/// How much of the difference between a standing probe's place and the model is learnt.
const LESSON: f64 = 0.5;
/// How far a camera's count pulls, a second.
const PULL: f64 = 0.2;
/// Ticks after which what is usual is worked out again.
const SETTLE: u64 = 30;
/// Probability that a loop that loses nobody does so all the same.
const LOSS_LEAST: f64 = 0.01;

/// What is believed of a loop.
#[derive(Clone, Copy, Debug, Default)]
struct LoopState {
    /// Probes that have passed it and may be among its counts.
    probes: f64,
    /// Vehicles expected since its last count.
    expected: f64,
    /// Seconds of green since its last count.
    green: f64,
    /// Seconds for which it has been occupied.
    occupied: f64,
    /// Seconds for which it has not.
    empty: f64,
    /// Vehicles that should have come of late, and may be late.
    fresh: f64,
}

impl LoopState {
    fn believed(&self) -> bool {
        self.expected < STUCK
    }
}

/// Estimates whom the lanes hold.
#[derive(Clone, Debug)]
pub(super) struct Estimator {
    streets: Streets,
    lanes: Vec<Lane>,
    loops: Vec<LoopState>,
    learnt: Learnt,
    tick: u64,
    /// Per probe: the lane on which it was last.
    at: Vec<Option<u32>>,
    /// Ticks between two reports of a probe; none if there are no probes.
    every: Option<u64>,
    /// The probability that a loop misses somebody.
    loss: f64,
    /// Vehicles that a loop's count stands for.
    count: f64,
    /// Per camera: its lane; and the share that it sees and how far.
    cameras: Vec<u32>,
    camera: (f64, f64),
    /// Per lane: whether a camera sees it.
    filmed: Vec<bool>,
    /// What crosses stop lines in this tick.
    crossing: Vec<(usize, f64)>,
}

impl Estimator {
    pub(super) fn new(network: &Network, sensors: &Sensors, sensing: &Sensing, tick: f64) -> Self {
        let streets = Streets::new(network, &sensors.loops, tick);
        let mut filmed = vec![false; streets.lanes.len()];
        for &lane in &sensors.cameras {
            filmed[lane as usize] = true;
        }
        let detectors = sensing.detectors.as_ref();
        let ticks = |every: f64| (every / tick).round().max(1.0) as u64;
        Self {
            lanes: streets.lanes.iter().map(Lane::new).collect(),
            loops: vec![LoopState::default(); sensors.loops.len()],
            learnt: Learnt::new(streets.lanes.len()),
            tick: 0,
            at: Vec::new(),
            every: sensing.probes.as_ref().map(|probes| ticks(probes.every)),
            loss: detectors.map_or(0.0, |loops| loops.loss).max(LOSS_LEAST),
            count: 1.0 / (1.0 + detectors.map_or(0.0, |loops| loops.noise)),
            cameras: sensors.cameras.clone(),
            camera: sensing
                .cameras
                .as_ref()
                .map_or((1.0, 0.0), |cameras| (cameras.share, cameras.range)),
            filmed,
            crossing: Vec::new(),
            streets,
        }
    }

    /// A tick has passed, at the end of which the sensors say this; in it the movements were shown
    /// that.
    pub(super) fn take_in(&mut self, readings: &Readings, shown: &[Aspect]) {
        self.tick += 1;
        self.learnt.pass(&self.streets);
        if self.tick % SETTLE == 1 {
            self.learnt.settle(&self.streets);
        }
        self.flow(readings, shown);
        self.see_probes(&readings.probes);
        self.come_in();
        self.pass_loops(readings);
        self.see_cameras(readings);
    }

    /// Vehicles cross the stop lines and come to the lanes beyond.
    fn flow(&mut self, readings: &Readings, shown: &[Aspect]) {
        let tick = self.streets.tick;
        self.crossing.clear();
        for index in 0..self.lanes.len() {
            let street = &self.streets.lanes[index];
            let mut flow = self.streets.flow(index, shown);
            if flow > 0.0 && self.is_full_beyond(index) {
                flow = 1e-6;
            }
            let lane = &mut self.lanes[index];
            let before = lane.queue;
            let mut out = lane.pass(flow, tick);
            if let Some(id) = street.stop_loop {
                let arrived = lane.queue + out - before;
                out = self.stop_line(index, id as usize, readings, (arrived, out));
            }
            if out > 0.0 {
                self.crossing.push((index, out));
            }
        }
        for place in 0..self.crossing.len() {
            let (index, out) = self.crossing[place];
            let late = if self.lanes[index].green > 12.0 { 0.0 } else { self.streets.pick_up() };
            let (streets, lanes) = (&self.streets, &mut self.lanes);
            let mut coming: Vec<(usize, f64)> = Vec::new();
            self.learnt.onward(streets, index, |to, ticks, share| {
                let ticks = ticks + late + streets.lanes[to].ticks;
                lanes[to].expect(0, ticks, out * share);
                coming.push((to, out * share));
            });
            for (to, vehicles) in coming {
                if self.filmed[to] && self.streets.lanes[to].stop_loop.is_none() {
                    self.learnt.enters(to, vehicles);
                }
            }
        }
    }

    /// Whether a lane cannot let anybody go because there is no room beyond.
    fn is_full_beyond(&self, index: usize) -> bool {
        let mut full = false;
        self.learnt.onward(&self.streets, index, |to, _, share| {
            let street = &self.streets.lanes[to];
            let held = self.lanes[to].queue + self.lanes[to].probes.len() as f64;
            full |= share > 0.2 && held * SPACING > street.length - SPACING;
        });
        full
    }

    /// What the loop at a stop line says of those who were thought to cross. Returns how many have.
    fn stop_line(
        &mut self,
        index: usize,
        id: usize,
        readings: &Readings,
        (arrived, out): (f64, f64),
    ) -> f64 {
        let tick = self.streets.tick;
        let reading = readings.loops[id];
        let lane = &mut self.lanes[index];
        let state = &mut self.loops[id];
        state.expected += arrived;
        if lane.green > 0.0 {
            state.green += tick;
        }
        if reading.count > 0 {
            state.expected = 0.0;
            state.green = 0.0;
        }
        if state.green < STUCK_GREEN {
            state.expected = state.expected.min(STUCK - 0.1);
        }
        if !state.believed() {
            return out;
        }
        let counted = f64::from(reading.count);
        let probes = state.probes.min(counted);
        state.probes = (state.probes - probes) * 0.5;
        let counted = (counted - probes) * self.count;
        let missed = self.loss * out;
        let crossed = counted + missed;
        lane.correct(crossed - out);
        if self.streets.lanes[index].advance.is_empty() {
            self.learnt.enters(index, crossed);
        }
        let over = reading.occupancy > 0.0 || reading.count > 0;
        state.empty = if over { 0.0 } else { state.empty + tick };
        state.occupied = if reading.occupancy > 0.9 { state.occupied + tick } else { 0.0 };
        let at_line = lane.probes.first().is_some_and(|probe| probe.to_stop_line < SPACING);
        state.fresh = (state.fresh * (1.0 - tick / tune("LATE", 12.0)) + arrived).min(lane.queue);
        let stale = (lane.queue - state.fresh).max(0.0);
        if lane.green > SILENT && state.empty > SILENT {
            let doubt = 1.0 - self.loss.powf(tick / super::lane::HEADWAY);
            lane.set_queue(lane.queue - stale * doubt);
        } else if lane.green <= 0.0 && state.empty > SILENT && lane.queue < 1.5 {
            let doubt = (stale * 0.25).min((lane.queue - self.loss).max(0.0));
            lane.set_queue(lane.queue - doubt);
        } else if lane.green <= 0.0 && state.occupied > 2.0 && !at_line {
            lane.queue = lane.queue.max(1.0);
        }
        crossed
    }

    /// Vehicles come in over the boundary.
    fn come_in(&mut self) {
        for index in 0..self.lanes.len() {
            let street = &self.streets.lanes[index];
            if !street.source {
                continue;
            }
            let mut vehicles = self.learnt.inflow(&self.streets, index) * self.streets.tick;
            if self.every.is_some() {
                vehicles *= 1.0 - self.learnt.penetration();
            }
            let ticks = street.ticks + self.streets.pick_up();
            self.lanes[index].expect(0, ticks, vehicles);
            if self.filmed[index] && street.stop_loop.is_none() {
                self.learnt.enters(index, vehicles);
            }
        }
    }

    /// What advance loops have counted.
    fn pass_loops(&mut self, readings: &Readings) {
        let tick = self.streets.tick;
        for index in 0..self.lanes.len() {
            for place in 0..self.streets.lanes[index].advance.len() {
                let street = &self.streets.lanes[index];
                let id = street.advance[place] as usize;
                let at = self.streets.loops[id].at;
                let here = (at / street.step).round() as usize;
                let reach = ((tune("WINDOW", WINDOW) / tick).round() as usize).min(here);
                let state = &mut self.loops[id];
                let reading = readings.loops[id];
                let counted = f64::from(reading.count);
                let probes = state.probes.min(counted);
                state.probes = (state.probes - probes) * 0.5;
                let counted = (counted - probes) * self.count;
                if reading.count > 0 {
                    state.expected = 0.0;
                }
                state.occupied = if reading.occupancy > 0.95 { state.occupied + tick } else { 0.0 };
                let stands = state.occupied > STANDS && reading.count == 0;
                let believed = state.believed();
                let known = place > 0 || !street.source;
                if counted > 0.0 && believed {
                    if known {
                        self.claim(index, place, here, (reach, counted));
                    }
                    self.lanes[index].expect(place + 1, here as f64, counted);
                }
                let lane = &mut self.lanes[index];
                let missed = std::mem::take(&mut lane.coming[place][here - reach]);
                let state = &mut self.loops[id];
                state.expected += missed;
                // Of those who come in over the boundary only their usual number is known; whom a
                // loop upstream has counted is there, unless something went wrong.
                let stays = if known {
                    let unseen = TRUST * self.loss;
                    unseen / (unseen + 1.0 - TRUST)
                } else {
                    self.loss
                };
                let missed = if believed { missed * stays } else { missed };
                lane.expect(place + 1, (here - reach) as f64, missed);
                if believed && stands {
                    lane.queue = lane.queue.max(at / SPACING - lane.probes.len() as f64);
                } else if believed && reading.occupancy < 0.5 {
                    let most = at / SPACING + 2.0;
                    lane.set_queue(lane.queue.min(most));
                }
                if place == 0 {
                    self.learnt.enters(index, counted + missed);
                }
            }
        }
    }

    /// Takes a counted vehicle from those expected on the lane, or else beside it.
    fn claim(&mut self, index: usize, loops: usize, here: usize, (reach, most): (usize, f64)) {
        let mut left = most - self.lanes[index].claim(loops, here, reach, most);
        let link = self.streets.links[self.streets.lanes[index].link as usize].clone();
        for other in link {
            let same = self.streets.lanes[other].advance.len() == self.lanes[index].coming.len() - 1;
            if other != index && same && left > 0.0 {
                left -= self.lanes[other].claim(loops, here, reach, left);
            }
        }
    }

    /// Where the probes are.
    fn see_probes(&mut self, reports: &[Report]) {
        let Some(every) = self.every else {
            return;
        };
        let seconds = every as f64 * self.streets.tick;
        let alone = self.loops.is_empty() && self.cameras.is_empty();
        if alone {
            self.learnt.count_probes();
        }
        for report in reports {
            let lane = report.lane as usize;
            let probe = report.probe as usize;
            if self.at.len() <= probe {
                self.at.resize(probe + 1, None);
            }
            let was = self.at[probe].replace(report.lane);
            let (mut stood, mut stands, mut place) = (false, 0.0, None);
            let mut from = f64::INFINITY;
            if let Some(was) = was {
                let probes = &mut self.lanes[was as usize].probes;
                if let Some(at) = probes.iter().position(|known| known.probe == report.probe) {
                    let known = probes.remove(at);
                    if was == report.lane {
                        (stood, stands, from) = (known.stood, known.stands, known.to_stop_line);
                        place = known.place;
                    }
                }
            }
            let beside = was.is_some_and(|was| {
                was != report.lane
                    && self.streets.lanes[was as usize].link == self.streets.lanes[lane].link
            });
            if was != Some(report.lane) && !beside {
                if alone {
                    self.learnt.enters(lane, 1.0 / self.learnt.penetration());
                } else if self.filmed[lane] && self.streets.lanes[lane].stop_loop.is_none() {
                    self.learnt.enters(lane, 1.0);
                }
            }
            if !beside {
                for &id in &self.streets.lanes[lane].advance {
                    let at = self.streets.loops[id as usize].at;
                    if from > at && report.to_stop_line <= at {
                        self.loops[id as usize].probes += 1.0;
                    }
                }
            }
            let here = ProbeHere {
                probe: report.probe,
                to_stop_line: report.to_stop_line,
                speed: report.speed,
                stands: if report.speed < STANDING { stands + seconds } else { 0.0 },
                stood,
                place,
                tick: self.tick,
            };
            self.lanes[lane].probes.push(here);
        }
        for index in 0..self.lanes.len() {
            self.probes_of(index, every);
        }
    }

    /// What the probes of a lane tell of the others on it.
    fn probes_of(&mut self, index: usize, every: u64) {
        let alone = self.loops.is_empty() && self.cameras.is_empty();
        let street = &self.streets.lanes[index];
        let lane = &mut self.lanes[index];
        if lane.probes.is_empty() {
            return;
        }
        let order = |a: &ProbeHere, b: &ProbeHere| a.to_stop_line.total_cmp(&b.to_stop_line);
        for probe in &mut lane.probes {
            if probe.tick < self.tick {
                probe.to_stop_line = (probe.to_stop_line - probe.speed * self.streets.tick).max(0.0);
            }
        }
        lane.probes.sort_by(order);
        // Those not heard of have crossed: nobody was left before them.
        while let Some(place) = lane.probes.iter().position(|it| it.tick + every <= self.tick) {
            let gone = lane.probes.remove(place);
            self.at[gone.probe as usize] = None;
            lane.probe_crosses();
            if let Some(place) = gone.place.filter(|_| lane.green > 0.0) {
                self.learnt.crosses(place, lane.green);
            }
            if let Some(id) = street.stop_loop {
                self.loops[id as usize].probes += 1.0;
            }
            if lane.reference().is_none() {
                let left = if gone.stood { lane.behind } else { 0.0 };
                if alone && lane.queue > left && !gone.stood {
                    self.learnt.enters(index, tune("CROSS", 0.0) * (left - lane.queue));
                }
                lane.set_queue(left.min(lane.queue));
                lane.behind = 0.0;
            }
        }
        for place in 0..lane.probes.len() {
            let probe = lane.probes[place];
            let last = !lane.probes[place + 1..].iter().any(|other| other.stood);
            if probe.speed < STANDING {
                // In green those near the stop line drive, and farther apart.
                let driving = (lane.green * WAVE).min(probe.to_stop_line);
                let standing = probe.to_stop_line - driving;
                let before = (standing / self.learnt.spacing() + driving / APART).round();
                let unseen = (before - place as f64).max(0.0);
                let first = !probe.stood;
                // Those whom the model has before it.
                let since = (probe.to_stop_line / street.step - probe.stands / self.streets.tick)
                    .max(0.0)
                    .floor() as usize;
                let thought = if first {
                    lane.queue + lane.within(since)
                } else {
                    lane.queue - lane.behind
                };
                // The more it surprises, the longer it has to stand: it may stand for another
                // reason than a queue.
                let surprise = (before - thought - place as f64 - 3.0).max(0.0);
                if probe.stands < 2.0 + 0.3 * surprise {
                    continue;
                }
                lane.probes[place].stood = true;
                if lane.green <= 0.0 {
                    lane.probes[place].place = Some(probe.to_stop_line);
                }
                if first && before >= 1.0 && lane.green <= 0.0 {
                    self.learnt.stands(place as f64, before);
                }
                if last && (first || lane.green <= 0.0) {
                    if first {
                        lane.scale(since, 0.0);
                        lane.behind = 0.0;
                        self.learnt.enters(index, tune("LESSON", LESSON) * (unseen - thought));
                    }
                    lane.queue = unseen + lane.behind;
                }
            } else if !probe.stood && probe.speed > FREE * street.speed {
                let most = (probe.to_stop_line - BRAKES).max(0.0) / SPACING;
                if last && lane.reference().is_none() && lane.queue > most {
                    self.learnt.enters(index, tune("LESSON", LESSON) * (most - lane.queue));
                    lane.set_queue(most);
                }
            }
        }
    }

    /// Pulls what is believed of a camera's sight towards its counts.
    fn see_cameras(&mut self, readings: &Readings) {
        let (share, range) = self.camera;
        let pull = 1.0 - (1.0 - tune("PULL", PULL)).powf(self.streets.tick);
        for (camera, reading) in readings.cameras.iter().enumerate() {
            let index = self.cameras[camera] as usize;
            let street = &self.streets.lanes[index];
            let lane = &mut self.lanes[index];
            let ticks = (range.min(street.length) / street.step).floor() as usize;
            let (mut probes, mut standing) = (0.0, 0.0);
            for probe in lane.probes.iter().filter(|probe| probe.to_stop_line <= range) {
                probes += 1.0;
                standing += f64::from(u8::from(probe.speed < STANDING));
            }
            let most = range / SPACING;
            let waits = (lane.standing() + standing).min(most);
            let off = pull * (reading.waiting / share - waits);
            let before = lane.queue;
            lane.set_queue(lane.queue + off);
            let moves = (lane.queue - lane.standing()).min(most) + lane.within(ticks);
            let seen = (reading.count - reading.waiting) / share - (probes - standing);
            let off = pull * (seen.max(0.0) - moves);
            let coming = lane.within(ticks);
            let mut change = lane.queue - before;
            if coming + off > 0.05 && coming > 0.05 {
                lane.scale(ticks, ((coming + off) / coming).clamp(0.5, 2.0));
                change += lane.within(ticks) - coming;
            } else if off > 0.0 {
                let loops = lane.coming.len() - 1;
                lane.expect(loops, ticks as f64 / 2.0, off);
                change += off;
            }
            if street.stop_loop.is_none() {
                self.learnt.enters(index, change);
            }
        }
    }

    /// Vehicles on a lane, and those of them that wait.
    pub(super) fn counts(&self, index: usize) -> (f64, f64) {
        let lane = &self.lanes[index];
        let stand = lane.probes.iter().filter(|probe| probe.speed < STANDING).count();
        (
            lane.total(&self.streets.lanes[index]) + lane.probes.len() as f64,
            lane.standing() + stand as f64,
        )
    }

    /// Fills in an observation: whole vehicles, placed so that as many are nearer than any place
    /// as are believed to be, to half a vehicle.
    pub(super) fn describe(&self, places: bool, seen: &mut Observation) {
        seen.count.clear();
        seen.waiting.clear();
        seen.vehicles.clear();
        seen.first_vehicle.clear();
        seen.first_vehicle.push(0);
        let mut here: Vec<SeenVehicle> = Vec::new();
        for index in 0..self.lanes.len() {
            here.clear();
            self.place(index, &mut here);
            let waiting = here.iter().filter(|vehicle| vehicle.speed < 0.1).count();
            seen.count.push(here.len() as u32);
            seen.waiting.push(waiting as u32);
            if places {
                seen.vehicles.extend_from_slice(&here);
            }
            seen.first_vehicle.push(seen.vehicles.len() as u32);
        }
    }

    /// Share of vehicles that are probes, as it was learnt; none where nobody reports.
    pub(super) fn penetration(&self) -> Option<f64> {
        self.every.map(|_| self.learnt.penetration())
    }

    /// The vehicles of a lane, front to back.
    fn place(&self, index: usize, here: &mut Vec<SeenVehicle>) {
        let street = &self.streets.lanes[index];
        let lane = &self.lanes[index];
        let reference = lane.reference().map(|probe| probe.to_stop_line);
        let started = lane.queue - lane.standing();
        let first = reference.map_or(lane.queue, |_| lane.queue - lane.behind);
        let speed = |place: f64| if place < started { street.speed / 2.0 } else { 0.0 };
        let mut sum = tune("ROUND", 0.5);
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
