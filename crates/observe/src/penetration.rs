//! How near the index from a few probes comes to the index from every vehicle (claim T2).
//!
//! Traffic runs once with its truth known. From every vehicle come exact traversals; from a seeded
//! share of them positions at intervals, with Gaussian noise, matched to the network like anybody's
//! and nothing else. Both tables are made and measured the same way. Several days (runs with other
//! seeds, other vehicles drawn) make a period, as the published rankings are of months and
//! quarters; each day's own figure is kept beside the period's.

use std::collections::HashMap;

use roads::generate::Random;
use roads::matching::{Fix, Matcher, Position, Stream, StreamSettings};
use roads::{Network, Point};
use serde::{Deserialize, Serialize};

use crate::areas;
use crate::bins::{Bin, DAY, Window};
use crate::error::Error;
use crate::estimate::{Borrowing, estimate};
use crate::facts::Roads;
use crate::index::{Estimate, Measured, Options, SeenVehicles, measure_seen};
use crate::matched;
use crate::table::{CELLS_MAX, Observations, Traversal};
use crate::truth::{Seen, Tracker, Traffic};

/// Positions that are matched together.
const BATCH: usize = 4096;
/// The bound of claim T2.
pub const WITHIN: f64 = 0.02;

/// How probes are drawn and seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probing {
    /// Share of vehicles that are probes, 0 to 1.
    pub share: f64,
    /// Seconds between two positions of a probe.
    pub every_s: f64,
    /// Standard deviation of a position in x and in y, metres.
    pub sigma_m: f64,
    /// Seed of the draw, of the moments and of the noise.
    pub seed: u64,
}

impl Probing {
    fn check(&self) -> Result<(), Error> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            let wanted = "it must be more than 0 and at most 1";
            return Err(Error::argument("the share of probes", self.share, wanted));
        }
        if !(1.0..=120.0).contains(&self.every_s) {
            let wanted = "it must be 1 to 120 s";
            return Err(Error::argument(
                "the sampling interval",
                self.every_s,
                wanted,
            ));
        }
        if !(0.0..=50.0).contains(&self.sigma_m) {
            let wanted = "it must be 0 to 50 m";
            return Err(Error::argument("the noise", self.sigma_m, wanted));
        }
        Ok(())
    }
}

/// An index from probes beside the one from everybody.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// From every vehicle.
    pub full: f64,
    /// From the probes.
    pub probes: Estimate,
    /// probes / full − 1.
    pub error: f64,
}

/// What a study found for one way of probing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How probes were drawn and seen.
    pub probing: Probing,
    /// The period's indices.
    pub period: Pair,
    /// Whether the period's are within [`WITHIN`].
    pub within: bool,
    /// Each day's.
    pub days: Vec<Pair>,
    /// Root of the mean square of the days' errors.
    pub rms_day_error: f64,
    /// Vehicles seen.
    pub vehicles: usize,
    /// Of those, probes.
    pub probe_vehicles: usize,
    /// Positions that probes sent.
    pub points: u64,
    /// All indices of the period from the probes.
    pub measured: Measured,
}

/// A fleet of probes while traffic runs.
struct Fleet {
    probing: Probing,
    stream: Stream<u64>,
    table: Observations,
    /// Of the day: when each probe sends next.
    next: HashMap<u64, f64>,
    batch: Vec<Position<u64>>,
    noise: Random,
    probes: usize,
    points: u64,
}

impl Fleet {
    fn new(probing: Probing, matcher: &Matcher, roads: &Roads) -> Result<Self, Error> {
        Ok(Self {
            probing,
            stream: matched::stream(matcher.clone(), StreamSettings::default())?,
            table: Observations::new(roads, CELLS_MAX),
            next: HashMap::new(),
            batch: Vec::new(),
            noise: Random::new(probing.seed, 0x006e_6f69_7365),
            probes: 0,
            points: 0,
        })
    }

    /// A vehicle that was not there before: drawn or not.
    fn meet(&mut self, day: u32, vehicle: u64, time: f64) {
        let stream = (u64::from(day) << 40) ^ vehicle ^ 0x7072_6f62_0000_0000;
        let mut random = Random::new(self.probing.seed, stream);
        if random.unit() < self.probing.share {
            self.probes += 1;
            let first = time + random.unit() * self.probing.every_s;
            self.next.insert(vehicle, first.floor());
        }
    }

    fn see(&mut self, seen: &Seen, time: f64, network: &Network) {
        let Some(next) = self.next.get_mut(&seen.vehicle) else {
            return;
        };
        if time < *next {
            return;
        }
        *next = (*next + self.probing.every_s).max(time + 0.5);
        let point = seen.point(network);
        let sigma = self.probing.sigma_m;
        let point = Point::new(
            point.x + sigma * self.noise.normal(),
            point.y + sigma * self.noise.normal(),
        );
        self.points += 1;
        self.batch.push(Position {
            vehicle: seen.vehicle,
            fix: Fix { time, point },
        });
    }

    fn settle(&mut self, day: u32, roads: &Roads, end: bool) {
        if self.batch.len() < BATCH && !end {
            return;
        }
        let mut passages = self.stream.take(&self.batch);
        self.batch.clear();
        if end {
            passages.extend(self.stream.finish());
            self.next.clear();
        }
        let map = std::sync::Arc::clone(self.stream.matcher().map());
        for (vehicle, passage) in &passages {
            if let Some(seen) = matched::traversal(*vehicle, passage, &map, roads) {
                self.table.traversal(&on_day(&seen, day));
            }
        }
    }
}

fn on_day(seen: &Traversal, day: u32) -> Traversal {
    let shift = f64::from(day) * DAY;
    Traversal {
        entered: seen.entered + shift,
        left: seen.left + shift,
        ..*seen
    }
}

/// Runs days of traffic and compares. `day` gives the traffic of a day, its clock between midnight
/// and midnight; all on the same network. `matcher` is one for that network (see
/// [`matched::matcher`]).
///
/// # Errors
/// When a setting is out of range, traffic cannot be moved, or nobody drives.
pub fn penetration(
    days: u32,
    day: &mut dyn FnMut(u32) -> Result<Box<dyn Traffic>, String>,
    roads: &Roads,
    matcher: &Matcher,
    probings: &[Probing],
    options: &Options,
) -> Result<Vec<Outcome>, Error> {
    if days == 0 {
        return Err(Error::argument(
            "the number of days",
            days,
            "it must be at least 1",
        ));
    }
    let mut fleets = Vec::with_capacity(probings.len());
    for probing in probings {
        probing.check()?;
        fleets.push(Fleet::new(*probing, matcher, roads)?);
    }
    let mut full = Observations::new(roads, CELLS_MAX);
    let mut vehicles = 0;
    for number in 0..days {
        let mut traffic = day(number).map_err(Error::Nothing)?;
        vehicles += run(&mut *traffic, number, roads, &mut full, &mut fleets)?;
    }
    let full = indices(&full, roads, days, options)?;
    fleets
        .iter()
        .map(|fleet| outcome(fleet, &full, vehicles, roads, days, options))
        .collect()
}

/// One day; gives how many vehicles drove.
fn run(
    traffic: &mut dyn Traffic,
    day: u32,
    roads: &Roads,
    full: &mut Observations,
    fleets: &mut [Fleet],
) -> Result<usize, Error> {
    let mut tracker = Tracker::default();
    let mut met = std::collections::HashSet::new();
    loop {
        let more = traffic.step().map_err(Error::Nothing)?;
        let time = traffic.time();
        let network = traffic.network();
        traffic.each(&mut |seen| {
            if met.insert(seen.vehicle) {
                for fleet in &mut *fleets {
                    fleet.meet(day, seen.vehicle, time);
                }
            }
            if let Some(ended) = tracker.take(&seen, time, network, roads) {
                full.traversal(&on_day(&ended, day));
            }
            for fleet in &mut *fleets {
                fleet.see(&seen, time, network);
            }
        });
        for ended in tracker.end_before(time, roads) {
            full.traversal(&on_day(&ended, day));
        }
        for fleet in &mut *fleets {
            fleet.settle(day, roads, !more);
        }
        if !more {
            break;
        }
    }
    for ended in tracker.end_before(f64::INFINITY, roads) {
        full.traversal(&on_day(&ended, day));
    }
    Ok(met.len())
}

/// The period's indices and each day's.
fn indices(
    table: &Observations,
    roads: &Roads,
    days: u32,
    options: &Options,
) -> Result<(Measured, Vec<Estimate>), Error> {
    let rows = estimate(table, roads, Borrowing::Credibility)?;
    let city = [areas::city(roads, "city")];
    let day = |day: u32| Window {
        first_day: day,
        end_day: day + 1,
        ..options.window
    };
    let windows = std::iter::once(options.window).chain((0..days).map(day));
    let each: Vec<Options> = windows
        .map(|window| Options {
            window,
            ..options.clone()
        })
        .collect();
    let vehicles = SeenVehicles {
        table,
        borrowing: Borrowing::Credibility,
        since: Bin(0),
    };
    let nothing = || Error::Nothing("nothing was observed on a day".to_owned());
    let mut measured = Vec::new();
    for mut city in measure_seen(&rows, &vehicles, roads, &city, &each)? {
        measured.push(city.pop().ok_or_else(nothing)?);
    }
    let each = measured[1..].iter().map(|day| day.tti).collect();
    Ok((measured.swap_remove(0), each))
}

fn outcome(
    fleet: &Fleet,
    full: &(Measured, Vec<Estimate>),
    vehicles: usize,
    roads: &Roads,
    days: u32,
    options: &Options,
) -> Result<Outcome, Error> {
    let (measured, each) = indices(&fleet.table, roads, days, options)?;
    let pair = |full: f64, probes: Estimate| Pair {
        full,
        probes,
        error: probes.value / full - 1.0,
    };
    let period = pair(full.0.tti.value, measured.tti);
    let days: Vec<Pair> = full
        .1
        .iter()
        .zip(&each)
        .map(|(full, probes)| pair(full.value, *probes))
        .collect();
    let squares: f64 = days.iter().map(|day| day.error * day.error).sum();
    Ok(Outcome {
        probing: fleet.probing,
        within: period.error.abs() <= WITHIN,
        period,
        rms_day_error: (squares / days.len() as f64).sqrt(),
        days,
        vehicles,
        probe_vehicles: fleet.probes,
        points: fleet.points,
        measured,
    })
}
