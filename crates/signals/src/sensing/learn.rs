//! What is learnt on line: how many vehicles come onto each lane, and from that the inflow over the
//! boundary and the shares of turns; and which share of vehicles are probes.
//!
//! Few observations are drawn towards what lanes of the same kind do over the whole network, as
//! much as a handful of observations would count (empirical Bayes with gamma and Dirichlet priors).

use std::f64::consts::LN_2;

use super::lane::{HEADWAY, SPACING};
use super::prior::Prior;
use super::streets::{ALL_WAYS, Streets, Way, bit};

/// Half-life of what is learnt, seconds.
const MEMORY: f64 = 1_800.0;
/// How much of the difference between a standing probe's place and the model is learnt, in
/// observations.
const LESSON: f64 = 0.2;
/// Observations for which it counts that lanes of all kinds may be alike.
const KINDS: f64 = 3.0;
/// Vehicles a second on a link, before anything has been seen, and for how many seconds that counts.
const GUESS: (f64, f64) = (0.05, 60.0);
/// Share of probes, before anything has been seen, and for how many vehicles that counts.
const PROBES: (f64, f64) = (0.1, 20.0);
/// Seconds counted after which what is thought says something of the share of probes.
const SETTLED: f64 = 300.0;

/// Seconds from the beginning of a green to the first crossing of two that stood, with half a
/// report's delay.
const STARTED: f64 = 2.3;
/// For how many vehicles the usual room of a standing one counts.
const PLACES: f64 = 20.0;

/// What has been learnt.
#[derive(Clone, Debug)]
pub(super) struct Learnt {
    /// Per lane: vehicles that came onto it, older ones counting less.
    entered: Vec<f64>,
    /// Seconds for which they were counted, older ones counting less.
    counted: f64,
    /// How many vehicles one observation stands for.
    unit: f64,
    /// Observations that what is usual counts for: of shares, and of inflows.
    prior: (f64, f64),
    /// Per kind of lane: what usually comes onto one of its lanes, relative to others of its link.
    usual: [f64; 16],
    /// Vehicles a second that usually come in over a link of the boundary.
    usual_inflow: f64,
    /// Metres from the stop line at which probes have stood, and vehicles that had crossed before
    /// them.
    places: (f64, f64),
    /// Probes among those before standing probes, and all of those.
    probes: (f64, f64),
    /// Probes that should have come where so many others stood before one, and both together.
    others: (f64, f64),
}

impl Learnt {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            entered: vec![0.0; lanes],
            counted: 0.0,
            unit: 1.0,
            prior: (Prior::default().strength(), Prior::default().strength()),
            usual: [1.0; 16],
            usual_inflow: GUESS.0,
            places: (0.0, 0.0),
            probes: (0.0, 0.0),
            others: (0.0, 0.0),
        }
    }

    /// A tick passes.
    pub(super) fn pass(&mut self, streets: &Streets) {
        let keep = 0.5_f64.powf(streets.tick / MEMORY);
        self.counted = self.counted * keep + streets.tick;
        self.entered.iter_mut().for_each(|lane| *lane *= keep);
    }

    /// Works out what is usual.
    pub(super) fn settle(&mut self, streets: &Streets) {
        let (mut sums, mut lanes) = ([0.0; 16], [0.0; 16]);
        let (mut inflow, mut sources) = (0.0, 0.0_f64);
        for (street, entered) in streets.lanes.iter().zip(&self.entered) {
            let kind = street.kind as usize & 15;
            sums[kind] += entered.max(0.0);
            lanes[kind] += 1.0;
        }
        for link in &streets.links {
            if streets.is_source(link) {
                inflow += self.entered[link.clone()].iter().sum::<f64>().max(0.0);
                sources += 1.0;
            }
        }
        let mean = sums.iter().sum::<f64>() / lanes.iter().sum::<f64>().max(1.0);
        for kind in 0..16 {
            let weight = KINDS * self.unit;
            self.usual[kind] = (sums[kind] + weight) / (lanes[kind] * mean + weight);
            self.usual[kind] = self.usual[kind].max(0.01);
        }
        let (guess, seconds) = GUESS;
        self.usual_inflow =
            (inflow + guess * seconds * sources) / ((self.counted + seconds) * sources).max(1.0);
        self.compare(streets);
    }

    /// How much links differ, and so how much what is usual says of one.
    fn compare(&mut self, streets: &Streets) {
        // Sums in which older ones count less vary less than their mean: for each observation there
        // is its weight in the sum, and the square of that in the variance.
        let unit = self.unit * (1.0 - self.counted * LN_2 / (2.0 * MEMORY)).max(0.5);
        let (mut shares, mut inflows) = (Prior::default(), Prior::default());
        let expected = self.usual_inflow * self.counted / unit;
        for link in &streets.links {
            let kinds = streets.lanes[link.clone()].iter();
            let usual: Vec<f64> = kinds
                .map(|lane| self.usual[lane.kind as usize & 15])
                .collect();
            let counts = self.entered[link.clone()].iter().map(|lane| lane / unit);
            let counts: Vec<f64> = counts.collect();
            shares.shares(&counts, &usual);
            if streets.is_source(link) {
                inflows.count(counts.iter().sum(), expected);
            }
        }
        self.prior = (shares.strength(), inflows.strength());
    }

    /// So many vehicles have come onto a lane; less than none if there were fewer than thought.
    pub(super) fn enters(&mut self, lane: usize, vehicles: f64) {
        self.entered[lane] = (self.entered[lane] + vehicles).max(0.0);
    }

    /// On a lane there were so many more than thought, or fewer.
    pub(super) fn lesson(&mut self, lane: usize, vehicles: f64) {
        self.enters(lane, LESSON * self.unit * vehicles);
    }

    /// A probe that had stood so far from the stop line crosses so long after the beginning of its
    /// green: by the headways, so many went before it.
    pub(super) fn crosses(&mut self, place: f64, green: f64) {
        let before = ((green - STARTED) / HEADWAY).max(0.0);
        // Too many for that place: it was held up by something else.
        if place > SPACING && before <= 2.0 * place / SPACING {
            self.places.0 += place;
            self.places.1 += before;
        }
    }

    /// Room that a standing vehicle takes, metres, with what stands open between vehicles.
    pub(super) fn spacing(&self) -> f64 {
        let (places, before) = self.places;
        ((places + SPACING * PLACES) / (before + PLACES)).clamp(SPACING * 0.8, SPACING * 1.6)
    }

    /// A standing probe has so many probes before it among so many vehicles.
    pub(super) fn stands(&mut self, probes: f64, vehicles: f64) {
        self.probes.0 += probes.min(vehicles);
        self.probes.1 += vehicles;
    }

    /// Observations are of probes only: what was counted by the share thought before counts by that
    /// learnt since.
    pub(super) fn count_probes(&mut self) {
        let unit = 1.0 / self.penetration();
        let by = unit / self.unit;
        self.entered.iter_mut().for_each(|lane| *lane *= by);
        self.unit = unit;
    }

    /// Before a standing probe there were so many others, where so many were thought to be.
    ///
    /// Which of those before a probe are probes says too little: a controller that sees probes only
    /// lets lanes go where there are some before another has come to stand behind them. It does not
    /// see the others, so that how many there are does not depend on what it does.
    pub(super) fn waits(&mut self, others: f64, thought: f64) {
        if self.counted > SETTLED {
            let probes = thought / (self.unit - 1.0).max(1e-3);
            self.others.0 += probes;
            self.others.1 += probes + others;
        }
    }

    /// Share of vehicles that are probes.
    pub(super) fn penetration(&self) -> f64 {
        let (guess, weight) = PROBES;
        let share = |(probes, all): (f64, f64)| (probes + guess * weight) / (all + weight);
        let direct = share(self.probes).clamp(0.0, 1.0);
        let blind = if self.others.1 > 0.0 {
            share(self.others)
        } else {
            direct
        };
        // The more are probes, the less a controller can be blind to.
        (direct * direct + (1.0 - direct) * blind).clamp(0.005, 1.0)
    }

    /// What a lane counts among those of its link, whose usual counts are `usual` together.
    fn weight(&self, streets: &Streets, lane: usize, usual: f64) -> f64 {
        let kind = streets.lanes[lane].kind as usize & 15;
        self.entered[lane] + self.prior.0 * self.unit * self.usual[kind] / usual
    }

    /// Vehicles a second that come in onto a lane of the boundary.
    pub(super) fn inflow(&self, streets: &Streets, lane: usize) -> f64 {
        let link = streets.links[streets.lanes[lane].link as usize].clone();
        let entered: f64 = self.entered[link.clone()].iter().sum();
        let prior = self.prior.1 * self.unit;
        let rate = (entered + prior) / (self.counted + prior / self.usual_inflow.max(1e-6));
        let lanes = (link.start as u32..link.end as u32).collect::<Vec<u32>>();
        rate * self.share_among(streets, &lanes, lane)
    }

    fn share_among(&self, streets: &Streets, lanes: &[u32], lane: usize) -> f64 {
        let usual: f64 = lanes
            .iter()
            .map(|&lane| self.usual[streets.lanes[lane as usize].kind as usize & 15])
            .sum();
        let weigh = |lane: usize| self.weight(streets, lane, usual);
        let all: f64 = lanes.iter().map(|&lane| weigh(lane as usize)).sum();
        weigh(lane) / all.max(1e-9)
    }

    /// Which share of a lane's vehicles takes one of these ways, a bit for each.
    pub(super) fn share(&self, streets: &Streets, lane: usize, ways: u64) -> f64 {
        match ways {
            ALL_WAYS => return 1.0,
            // Red: nothing to add up, for most lanes most of the time.
            0 => return 0.0,
            _ => {}
        }
        let (mut open, mut all) = (0.0, 0.0);
        for (place, way) in (0..).zip(&streets.lanes[lane].ways) {
            let weight = self.weigh(streets, way);
            all += weight;
            if ways & bit(place) != 0 {
                open += weight;
            }
        }
        open / all.max(f64::MIN_POSITIVE)
    }

    /// What a way counts among those of its lane.
    fn weigh(&self, streets: &Streets, way: &Way) -> f64 {
        let link = streets.lanes[way.lanes[0] as usize].link as usize;
        let entered = &self.entered[streets.links[link].clone()];
        entered.iter().sum::<f64>() + self.prior.0 * self.unit
    }

    /// Sends a vehicle, or a share of one, on from a lane, by these ways, a bit for each: to which
    /// lanes, in how many ticks to their starts, and which shares.
    pub(super) fn onward(
        &self,
        streets: &Streets,
        lane: usize,
        open: u64,
        mut to: impl FnMut(usize, f64, f64),
    ) {
        let ways = &streets.lanes[lane].ways;
        let open = |place: u32| open & bit(place) != 0;
        let ways = || (0..).zip(ways).filter(|&(place, _)| open(place));
        let all: f64 = ways().map(|(_, way)| self.weigh(streets, way)).sum();
        for (_, way) in ways() {
            let of_way = self.weigh(streets, way) / all;
            for &lane in &way.lanes {
                let share = of_way * self.share_among(streets, &way.lanes, lane as usize);
                to(lane as usize, way.ticks, share);
            }
        }
    }
}
