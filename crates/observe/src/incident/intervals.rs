//! From files of counts and traversals to the readings of detectors, interval by interval.
//!
//! Of vehicles, occupancy and speed at a detector any two give the third: occupancy is density times
//! the length of a vehicle and the loop (Athol 1965; the "g-factor" of single loops, Hall and
//! Persaud 1989). Probes give density and speed in Edie's form: time spent and distance driven over
//! the road's length and the interval.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use super::settings::check_interval;
use super::{Reading, Station};
use crate::bins::DAY;
use crate::error::Error;
use crate::facts::Roads;
use crate::files::{each_count, each_traversal};
use crate::table::{CELLS_MAX, Count, PACE_MAX, SPEED_MAX, Traversal};

/// Length of a vehicle and the loop below it, metres: a car of 5 m, and 1.5 m.
pub const VEHICLE_M: f64 = 6.5;
/// Most intervals that a vehicle needs for a link; one that needs more is parked.
const INTERVALS_MAX: u64 = 500;

/// What a detector or the probes had.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    records: f64,
    vehicles: f64,
    timed: f64,
    pace: f64,
    covered: f64,
    occupancy: f64,
    probe_seconds: f64,
    probe_metres: f64,
}

/// A reading as a detector's count in a file.
pub fn counted(
    begin: f64,
    interval_s: f64,
    (station, reading): (Station, Reading),
    roads: &Roads,
) -> Count {
    let covered = reading.occupancy * interval_s * f64::from(lanes(station, roads));
    Count {
        link: station.link,
        at: begin + interval_s / 2.0,
        vehicles: reading
            .speed
            .map_or(0.0, |speed| covered * speed / VEHICLE_M),
        speed: reading.speed,
        lane: station.lane,
        occupancy: Some(reading.occupancy),
    }
}

/// Readings in the making.
#[derive(Clone, Debug)]
pub struct Intervals {
    interval_s: f64,
    /// Vehicles that a probe stands for.
    expansion: f64,
    cells: BTreeMap<(u64, Station), Sums>,
    /// Links that probes drove on some time.
    probed: BTreeSet<Station>,
    refused: u64,
}

impl Intervals {
    /// Nothing read yet. A probe stands for `expansion` vehicles.
    ///
    /// # Errors
    /// When the interval is not 1 to 3600 s or the expansion not 1 or more.
    pub fn new(interval_s: f64, expansion: f64) -> Result<Self, Error> {
        check_interval(interval_s)?;
        if !(expansion.is_finite() && expansion >= 1.0) {
            let wanted = "it must be 1 or more";
            return Err(Error::argument("the expansion", expansion, wanted));
        }
        Ok(Self {
            interval_s,
            expansion,
            cells: BTreeMap::new(),
            probed: BTreeSet::new(),
            refused: 0,
        })
    }

    /// Adds a file of counts; each needs a speed or an occupancy where vehicles passed.
    ///
    /// # Errors
    /// At the first record that is wrong, with its line.
    pub fn read_counts(
        &mut self,
        input: impl Read,
        path: &Path,
        roads: &Roads,
    ) -> Result<(), Error> {
        each_count(input, path, roads, &mut |count, line| {
            if count.vehicles > 0.0 && count.speed.is_none() && count.occupancy.is_none() {
                let message = "is missing and so is occupancy; where vehicles passed an incident is seen by one of them";
                return Err(Error::record(path, line, "speed", message));
            }
            self.count(&count, roads)
        })
    }

    /// Adds a file of traversals by probes.
    ///
    /// # Errors
    /// At the first record that is wrong, with its line.
    pub fn read_traversals(
        &mut self,
        input: impl Read,
        path: &Path,
        roads: &Roads,
    ) -> Result<(), Error> {
        each_traversal(input, path, roads, &mut |seen, _| self.traversal(&seen))
    }

    fn sums(&mut self, interval: u64, station: Station) -> Result<&mut Sums, Error> {
        let found = self.cells.len();
        if found >= CELLS_MAX && !self.cells.contains_key(&(interval, station)) {
            return Err(Error::Limit {
                what: "number of detectors times intervals (longer intervals or shorter files make fewer)",
                found: found as u64 + 1,
                limit: CELLS_MAX as u64,
            });
        }
        Ok(self.cells.entry((interval, station)).or_default())
    }

    fn count(&mut self, seen: &Count, roads: &Roads) -> Result<(), Error> {
        let interval = (seen.at / self.interval_s) as u64;
        let one = Station {
            link: seen.link,
            lane: seen.lane,
        };
        let full = self.interval_s * f64::from(lanes(one, roads)) / VEHICLE_M;
        let sums = self.sums(interval, one)?;
        sums.records += 1.0;
        sums.vehicles += seen.vehicles;
        if let Some(speed) = seen.speed {
            sums.timed += seen.vehicles;
            sums.pace += seen.vehicles / speed;
        }
        match (seen.occupancy, seen.speed) {
            // Shares of each record's own part of the interval.
            (Some(share), _) => sums.covered += share,
            // Shares of the whole interval, one after the other.
            (None, Some(speed)) => sums.occupancy += (seen.vehicles / (speed * full)).min(1.0),
            (None, None) => {}
        }
        Ok(())
    }

    fn traversal(&mut self, seen: &Traversal) -> Result<(), Error> {
        let (first, last) = (
            (seen.entered / self.interval_s) as u64,
            (seen.left / self.interval_s) as u64,
        );
        let pace = (seen.left - seen.entered) / (seen.to_m - seen.from_m);
        let sound = (1.0 / SPEED_MAX..=PACE_MAX).contains(&pace);
        if !sound || last - first > INTERVALS_MAX {
            self.refused += 1;
            return Ok(());
        }
        let station = Station::link(seen.link);
        self.probed.insert(station);
        let metres_a_second = 1.0 / pace;
        for interval in first..=last {
            let begin = interval as f64 * self.interval_s;
            let seconds = seen.left.min(begin + self.interval_s) - seen.entered.max(begin);
            let sums = self.sums(interval, station)?;
            sums.probe_seconds += seconds.max(0.0);
            sums.probe_metres += seconds.max(0.0) * metres_a_second;
        }
        Ok(())
    }

    /// Traversals that were left out: parked, or with a speed that nothing drives.
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Hands over each interval's first second and readings, in their order. Where lanes were
    /// counted one by one their link has a reading as well; where probes drive some time and none
    /// does now, nobody passes.
    ///
    /// # Errors
    /// What `take` gives.
    pub fn each(
        &self,
        roads: &Roads,
        take: &mut dyn FnMut(f64, &[(Station, Reading)]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (Some(first), Some(last)) = (
            self.cells.first_key_value().map(|cell| cell.0.0),
            self.cells.last_key_value().map(|cell| cell.0.0),
        ) else {
            return Ok(());
        };
        let day = |interval: u64| (interval as f64 * self.interval_s / DAY) as u64;
        let mut readings = BTreeMap::new();
        let mut next = first;
        while next <= last {
            let interval = next;
            next += 1;
            readings.clear();
            let cells = || self.cells.range((interval, LOWEST)..(interval + 1, LOWEST));
            if cells().next().is_none() && self.pauses(interval, day(interval), &day) {
                // Files may be years long with nothing in between.
                let after = self.cells.range((interval, LOWEST)..).next();
                next = after.map_or(last + 1, |cell| cell.0.0);
                continue;
            }
            for station in &self.probed {
                let nobody = Reading {
                    occupancy: 0.0,
                    speed: None,
                };
                readings.insert(*station, nobody);
            }
            let mut by_link: BTreeMap<Station, Vec<Reading>> = BTreeMap::new();
            for ((_, station), sums) in cells() {
                let reading = self.reading(*station, sums, roads);
                readings.insert(*station, reading);
                let link = Station::link(station.link);
                if *station != link && lanes(link, roads) > 1 {
                    by_link.entry(link).or_default().push(reading);
                }
            }
            for (link, lanes) in by_link {
                readings.entry(link).or_insert_with(|| together(&lanes));
            }
            let all: Vec<(Station, Reading)> = readings.iter().map(|(&s, &r)| (s, r)).collect();
            take(interval as f64 * self.interval_s, &all)?;
        }
        Ok(())
    }

    /// Whether nothing was observed for the rest of a day or since it began, so that silence says
    /// nothing.
    fn pauses(&self, interval: u64, today: u64, day: &dyn Fn(u64) -> u64) -> bool {
        let before = self.cells.range(..(interval, LOWEST)).next_back();
        let after = self.cells.range((interval, LOWEST)..).next();
        let same = |cell: Option<(&(u64, Station), &Sums)>| {
            cell.is_some_and(|cell| day(cell.0.0) == today)
        };
        self.probed.is_empty() || !(same(before) && same(after))
    }

    fn reading(&self, station: Station, sums: &Sums, roads: &Roads) -> Reading {
        let across = f64::from(lanes(station, roads));
        if sums.records > 0.0 {
            let occupancy = (sums.occupancy + sums.covered / sums.records).min(1.0);
            let timed = (sums.timed > 0.0).then(|| sums.timed / sums.pace);
            let by_occupancy = || {
                let covered = occupancy * self.interval_s * across;
                (covered > 0.0).then(|| sums.vehicles * VEHICLE_M / covered)
            };
            let speed = timed.or_else(by_occupancy);
            return Reading {
                occupancy,
                speed: speed.filter(|_| sums.vehicles > 0.0),
            };
        }
        let facts = roads.get(station.link);
        let length_m = facts.map_or(1.0, |facts| facts.length_m);
        let vehicles = sums.probe_seconds * self.expansion / self.interval_s;
        Reading {
            occupancy: (vehicles * VEHICLE_M / (length_m * across)).min(1.0),
            speed: (sums.probe_seconds > 0.0).then(|| sums.probe_metres / sums.probe_seconds),
        }
    }
}

/// Lanes that a detector lies across.
fn lanes(station: Station, roads: &Roads) -> u32 {
    match (station.lane, roads.get(station.link)) {
        (None, Some(facts)) => facts.lanes.max(1),
        _ => 1,
    }
}

/// Before all stations.
const LOWEST: Station = Station::link(roads::LinkId(0));

/// Lanes as one detector.
fn together(lanes: &[Reading]) -> Reading {
    let occupancy: f64 = lanes.iter().map(|lane| lane.occupancy).sum();
    let (mut metres, mut seconds) = (0.0, 0.0);
    for lane in lanes {
        if let Some(speed) = lane.speed {
            metres += lane.occupancy.max(f64::MIN_POSITIVE) * speed;
            seconds += lane.occupancy.max(f64::MIN_POSITIVE);
        }
    }
    Reading {
        occupancy: occupancy / lanes.len() as f64,
        speed: (seconds > 0.0).then(|| metres / seconds),
    }
}
