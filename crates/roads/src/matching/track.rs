//! One vehicle: positions in, passages out, with a bounded memory of what is not settled.

use serde::{Deserialize, Serialize};

use super::chain::{Chain, Observation, Outcome, Scratch};
use super::drive::Drive;
use super::hop::Context;
use super::passage::Passage;
use crate::geometry::Point;

/// A position of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// When, seconds of any clock that goes forward.
    pub time: f64,
    /// Where, in the network's plane.
    pub point: Point,
}

/// What became of positions. Every one is counted in [`Counts::positions`] and in one of the
/// others up to [`Counts::observed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Positions that came.
    pub positions: u64,
    /// Time or place is not an ordinary number.
    pub not_numbers: u64,
    /// Outside the network's area.
    pub outside: u64,
    /// Older than what was matched already.
    pub late: u64,
    /// At a time for which there is a position already.
    pub repeated: u64,
    /// No road is near.
    pub off_road: u64,
    /// No way leads there in that time or within the table's bound.
    pub misfits: u64,
    /// Part of a chain, as one observation with their neighbours or alone.
    pub observed: u64,
    /// Observations that these became.
    pub observations: u64,
    /// Chains that began.
    pub chains: u64,
}

impl Counts {
    /// Adds those of another.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.positions, other.positions),
            (&mut self.not_numbers, other.not_numbers),
            (&mut self.outside, other.outside),
            (&mut self.late, other.late),
            (&mut self.repeated, other.repeated),
            (&mut self.off_road, other.off_road),
            (&mut self.misfits, other.misfits),
            (&mut self.observed, other.observed),
            (&mut self.observations, other.observations),
            (&mut self.chains, other.chains),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
    }
}

/// What vehicles share while they are worked on: memory, counts and results.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    pub(super) scratch: Scratch,
    links: Vec<u32>,
    pub(super) counts: Counts,
    pub(super) passages: Vec<Passage>,
}

/// Positions that are near one another, until one comes that is not.
#[derive(Clone, Copy, Debug)]
struct Gathering {
    first: Fix,
    last: f64,
    count: u32,
    /// Sums relative to the first: of x and y, of the time, its square, and the products of
    /// time and place.
    place: Point,
    time: f64,
    time_square: f64,
    product: Point,
}

impl Gathering {
    fn new(fix: Fix) -> Self {
        Self {
            first: fix,
            last: fix.time,
            count: 1,
            place: Point::default(),
            time: 0.0,
            time_square: 0.0,
            product: Point::default(),
        }
    }

    fn mean(&self) -> Point {
        self.first.point + self.place * (1.0 / f64::from(self.count))
    }

    fn add(&mut self, fix: Fix) {
        let (place, time) = (fix.point - self.first.point, fix.time - self.first.time);
        self.last = fix.time;
        self.count += 1;
        self.place = self.place + place;
        self.time += time;
        self.time_square += time * time;
        self.product = self.product + place * time;
    }

    /// One observation: over the whole time for a vehicle that stood, in the middle of it for one
    /// that moved by more than `still` metres (its speed by least squares).
    fn observation(&self, still: f64) -> Observation {
        let count = f64::from(self.count);
        let point = self.mean();
        let (mut since, mut until) = (self.first.time, self.last);
        let spread = self.time_square - self.time * self.time / count;
        if spread > 0.0 {
            let speed = (self.product - self.place * (self.time / count)) * (1.0 / spread);
            if speed.norm() * (until - since) > still {
                since = self.first.time + self.time / count;
                until = since;
            }
        }
        Observation {
            point,
            since,
            until,
            count: self.count,
        }
    }
}

/// One vehicle's state.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    gathering: Option<Gathering>,
    chain: Chain,
    drive: Drive,
    misfits: u32,
    /// Late positions since one that was not.
    late: u32,
}

/// After so many positions in a row that are older than the latest, the latest is taken to be
/// wrong: the vehicle's clock was set.
const LATE_IN_A_ROW: u32 = 16;

impl Track {
    /// Positions and observations that are not settled.
    pub(super) fn unsettled(&self) -> usize {
        self.gathering
            .map_or(0, |gathering| gathering.count as usize)
            + self.chain.len()
    }

    /// Time of the latest position taken.
    pub(super) fn latest(&self) -> Option<f64> {
        self.gathering.as_ref().map(|gathering| gathering.last)
    }

    /// Takes the next position. With a `lag`, what is older than so many observations is settled
    /// at once.
    pub(super) fn take(
        &mut self,
        context: Context<'_>,
        fix: Fix,
        lag: Option<usize>,
        desk: &mut Desk,
    ) {
        let settings = context.settings;
        desk.counts.positions += 1;
        if !(fix.time.is_finite() && fix.point.is_finite()) {
            desk.counts.not_numbers += 1;
            return;
        }
        if !context.map.covers(fix.point, settings.radius_m) {
            desk.counts.outside += 1;
            return;
        }
        let Some(gathering) = &mut self.gathering else {
            self.gathering = Some(Gathering::new(fix));
            return;
        };
        let silence = fix.time - gathering.last;
        self.late = if silence < 0.0 { self.late + 1 } else { 0 };
        if self.late > LATE_IN_A_ROW {
            self.finish(context, desk);
            self.gathering = Some(Gathering::new(fix));
        } else if silence < 0.0 {
            desk.counts.late += 1;
        } else if silence == 0.0 {
            desk.counts.repeated += 1;
        } else if silence > settings.gap_s {
            self.finish(context, desk);
            self.gathering = Some(Gathering::new(fix));
        } else if fix.point.distance(gathering.mean()) < settings.collapse_m {
            gathering.add(fix);
        } else {
            let observation = gathering.observation(settings.collapse_m);
            *gathering = Gathering::new(fix);
            self.observe(context, observation, lag, desk);
        }
    }

    /// The vehicle is gone, or silent: settles everything.
    pub(super) fn finish(&mut self, context: Context<'_>, desk: &mut Desk) {
        if let Some(gathering) = self.gathering.take() {
            let observation = gathering.observation(context.settings.collapse_m);
            self.observe(context, observation, None, desk);
        }
        self.end_chain(context, desk);
    }

    fn observe(
        &mut self,
        context: Context<'_>,
        observation: Observation,
        lag: Option<usize>,
        desk: &mut Desk,
    ) {
        let count = u64::from(observation.count);
        let settings = context.settings;
        if self
            .chain
            .latest()
            .is_some_and(|latest| observation.since - latest.until > settings.gap_s)
        {
            self.end_chain(context, desk);
        }
        let fits = self.chain.latest().is_none_or(|latest| {
            let straight = latest.point.distance(observation.point);
            let slack = 4.0 * settings.sigma_m;
            straight - slack <= settings.speed_max * (observation.since - latest.until)
        });
        let outcome = if fits {
            self.chain.add(context, observation, &mut desk.scratch)
        } else {
            Outcome::Unreachable
        };
        match outcome {
            Outcome::OffRoad => desk.counts.off_road += count,
            Outcome::Unreachable if self.misfits < settings.misfits_max => {
                self.misfits += 1;
                desk.counts.misfits += count;
            }
            Outcome::Unreachable => {
                self.end_chain(context, desk);
                self.observe(context, observation, lag, desk);
            }
            Outcome::Taken => {
                self.misfits = 0;
                desk.counts.observed += count;
                desk.counts.observations += 1;
                desk.counts.chains += u64::from(self.chain.is_one());
                if let Some(lag) = lag {
                    let Self { chain, drive, .. } = self;
                    let Desk {
                        links, passages, ..
                    } = desk;
                    chain.settle(lag, &mut |place, observation| {
                        drive.go(context, (place, observation), links, passages);
                    });
                }
            }
        }
    }

    fn end_chain(&mut self, context: Context<'_>, desk: &mut Desk) {
        let Self { chain, drive, .. } = self;
        let Desk {
            links, passages, ..
        } = desk;
        chain.finish(&mut |place, observation| {
            drive.go(context, (place, observation), links, passages);
        });
        drive.finish(passages);
        (self.misfits, self.late) = (0, 0);
    }
}
