//! From sensors' samples and what the signals show to whom each lane holds.

use roads::{Aspect, Network};

use super::from_loops::LoopState;
use super::lane::Lane;
use super::learn::Learnt;
use super::sensors::{Readings, Sensors};
use super::spec::Sensing;
use super::streets::{ALL_WAYS, Streets};

/// Slower than this a probe stands, m/s.
pub(super) const STANDING: f64 = 0.5;
/// Ticks after which what is usual is worked out again.
const SETTLE: u64 = 30;
/// Probability that a loop that loses nobody does so all the same.
const LOSS_LEAST: f64 = 0.01;

/// Estimates whom the lanes hold.
#[derive(Clone, Debug)]
pub(super) struct Estimator {
    pub(super) streets: Streets,
    pub(super) lanes: Vec<Lane>,
    pub(super) loops: Vec<LoopState>,
    pub(super) learnt: Learnt,
    pub(super) tick: u64,
    /// Per probe: the lane on which it was last.
    pub(super) at: Vec<Option<u32>>,
    /// Ticks between two reports of a probe; none if there are no probes.
    pub(super) every: Option<u64>,
    /// The probability that a loop misses somebody.
    pub(super) loss: f64,
    /// Vehicles that a loop's count stands for.
    pub(super) count: f64,
    /// Per camera: its lane; and the share that it sees and how far.
    pub(super) cameras: Vec<u32>,
    pub(super) camera: (f64, f64),
    /// Per lane: whether a camera sees it.
    pub(super) filmed: Vec<bool>,
    /// What crosses stop lines in this tick.
    pub(super) crossing: Vec<(usize, f64, u64)>,
}

impl Estimator {
    pub(super) fn new(network: &Network, sensors: &Sensors, sensing: &Sensing, tick: f64) -> Self {
        let streets = Streets::new(network, &sensors.loops, tick);
        let mut filmed = vec![false; streets.lanes.len()];
        for &lane in &sensors.cameras {
            filmed[lane as usize] = true;
        }
        let detectors = sensing.detectors.as_ref();
        let probes_only = detectors.is_none() && sensing.cameras.is_none();
        let ticks = |every: f64| (every / tick).round().max(1.0) as u64;
        Self {
            lanes: streets
                .lanes
                .iter()
                .map(|street| Lane::new(street, probes_only))
                .collect(),
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
            let shows = self.streets.shows(index, shown);
            let share = self.learnt.share(&self.streets, index, shows.ways);
            let mut flow = shows.flow;
            if flow > 0.0 && self.is_full_beyond(index, shows.ways) {
                flow = 1e-6;
            }
            let lane = &mut self.lanes[index];
            let before = lane.queue;
            lane.open(shows.ways, share);
            lane.fit(street.length);
            let mut out = lane.pass(flow, tick);
            if let Some(id) = street.stop_loop {
                let arrived = lane.queue + out - before;
                out = self.stop_line(index, id as usize, readings, (arrived, out));
            }
            if out > 0.0 {
                let ways = if shows.ways == 0 {
                    ALL_WAYS
                } else {
                    shows.ways
                };
                self.crossing.push((index, out, ways));
            }
        }
        for place in 0..self.crossing.len() {
            let (index, out, ways) = self.crossing[place];
            let late = if self.lanes[index].green > 12.0 {
                0.0
            } else {
                self.streets.pick_up()
            };
            let (streets, filmed, lanes) = (&self.streets, &self.filmed, &mut self.lanes);
            let mut coming: Vec<(usize, f64)> = Vec::new();
            self.learnt
                .onward(streets, index, ways, |to, ticks, share| {
                    let ticks = ticks + late + streets.lanes[to].ticks;
                    lanes[to].expect(0, ticks, out * share);
                    if filmed[to] && streets.lanes[to].stop_loop.is_none() {
                        coming.push((to, out * share));
                    }
                });
            for (to, vehicles) in coming {
                self.learnt.enters(to, vehicles);
            }
        }
    }

    /// Whether a lane cannot let anybody go by the ways that are open because there is no room
    /// beyond.
    fn is_full_beyond(&self, index: usize, ways: u64) -> bool {
        let mut full = false;
        self.learnt
            .onward(&self.streets, index, ways, |to, _, share| {
                let held = self.lanes[to].queue + self.lanes[to].probes.len() as f64;
                full |= share > 0.2 && held > self.streets.lanes[to].fills();
            });
        full
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

    /// Share of vehicles that are probes, as it was learnt; none where nobody reports.
    pub(super) fn penetration(&self) -> Option<f64> {
        self.every.map(|_| self.learnt.penetration())
    }
}
