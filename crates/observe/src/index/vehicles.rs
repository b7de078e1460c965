//! Intervals with the vehicle as the unit: one vehicle makes a row on each link that it drives, all
//! of them slow or all fast, so rows say less than their number.
//!
//! Vehicles fall into thirty groups at random; everything, borrowing and free flow too, is made anew
//! without one group after the other, and the variance is (G − 1)/G Σ (θ₍g₎ − θ)²: the delete-a-group
//! jackknife (Kott 2001, Journal of Official Statistics 17; Wolter 2007, chapter 4), which is robust
//! to whatever vehicles do together with themselves (cluster-robust: Cameron and Miller 2015).

use std::collections::BTreeMap;

use super::formulas::{self, DAYS_LEAST, Point, Sample};
use super::{Estimate, Measured, Options, grouped, one};
use crate::areas::Group;
use crate::bins::Bin;
use crate::error::Error;
use crate::estimate::{Borrowing, LinkObs, Z95, estimate_without};
use crate::facts::Roads;
use crate::free_flow::{FreeSpeeds, free_speeds};
use crate::parts::GROUPS;
use crate::table::Observations;

/// Fewer groups than this with vehicles say nothing of how vehicles differ.
const GROUPS_LEAST: u32 = 4;

/// The table that rows were made of, which knows their vehicles.
#[derive(Clone, Copy, Debug)]
pub struct SeenVehicles<'a> {
    /// The table.
    pub table: &'a Observations,
    /// How rows were made of it.
    pub borrowing: Borrowing,
    /// Rows before this quarter hour were left out.
    pub since: Bin,
}

/// A group's figures without one group of vehicles after the other.
pub(super) struct LeftOut {
    points: Vec<Point>,
    /// Groups of vehicles that were seen, a bit each.
    seen: u32,
}

impl LeftOut {
    /// The interval, or the one of the vehicles where that is wider.
    pub(super) fn widened(&self, by_rows: Estimate, pick: fn(&Point) -> f64) -> Estimate {
        let groups = f64::from(GROUPS);
        let off = |point: &Point| (pick(point) - by_rows.value).powi(2);
        let squares: f64 = self.points.iter().map(off).sum();
        let half = t95(self.seen.count_ones() - 1) * ((groups - 1.0) / groups * squares).sqrt();
        Estimate {
            value: by_rows.value,
            low: by_rows.low.min(by_rows.value - half),
            high: by_rows.high.max(by_rows.value + half),
        }
    }
}

/// The 97.5 % point of Student's t (the expansion of Abramowitz and Stegun 26.7.5; within 1 % from
/// three degrees on).
fn t95(degrees: u32) -> f64 {
    let (z, n) = (Z95, f64::from(degrees));
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / n + second / n.powi(2) + third / n.powi(3)
}

/// As [`measure`](super::measure), once for each of several options (windows, say), with intervals
/// that take vehicles and not rows for independent.
///
/// # Errors
/// When an option is out of range.
pub fn measure_seen(
    rows: &[LinkObs],
    vehicles: &SeenVehicles<'_>,
    roads: &Roads,
    groups: &[Group],
    options: &[Options],
) -> Result<Vec<Vec<Measured>>, Error> {
    for one in options {
        one.check()?;
    }
    let ask = |options| Asked::of(rows, vehicles.table, roads, groups, options);
    let mut all: Vec<Asked<'_>> = options.iter().map(ask).collect();
    let wanted = all.iter().any(Asked::hangs_on_vehicles);
    for group in (0..GROUPS).filter(|_| wanted) {
        let mut rows = estimate_without(vehicles.table, roads, vehicles.borrowing, group);
        rows.retain(|row| row.bin >= vehicles.since);
        for asked in all.iter_mut().filter(|asked| asked.hangs_on_vehicles()) {
            asked.leave_out(&rows, roads, groups);
        }
    }
    let measured = all.iter().map(|asked| asked.measured(roads, groups));
    Ok(measured.collect())
}

/// What one of the options asks for.
struct Asked<'a> {
    options: &'a Options,
    free: FreeSpeeds,
    /// The samples of each group that has some, with its number.
    samples: Vec<(usize, Vec<Sample>)>,
    /// Of those, by number, the groups whose intervals hang on which vehicles were seen.
    left_out: BTreeMap<usize, LeftOut>,
}

impl<'a> Asked<'a> {
    fn of(
        rows: &[LinkObs],
        table: &Observations,
        roads: &Roads,
        groups: &[Group],
        options: &'a Options,
    ) -> Self {
        let free = free_speeds(rows, roads, options.free_flow);
        let samples = grouped(rows, roads, groups.iter().enumerate(), &free, options);
        let left_out = |(number, own): &(usize, Vec<Sample>)| {
            // A vehicle makes one row of a link, but for those that come round again; and a day
            // that is drawn has all its vehicles.
            let several = groups[*number].links.len() > 1;
            let by_days = formulas::days(own).len() >= DAYS_LEAST;
            if options.replicates == 0 || !several || by_days {
                return None;
            }
            let each = own.iter().map(|one| table.groups_in(one.bin, one.link));
            let seen: u32 = each.fold(0, |bits, more| bits | more);
            let points = Vec::new();
            (seen.count_ones() >= GROUPS_LEAST).then_some((*number, LeftOut { points, seen }))
        };
        Self {
            options,
            free,
            left_out: samples.iter().filter_map(left_out).collect(),
            samples,
        }
    }

    fn hangs_on_vehicles(&self) -> bool {
        !self.left_out.is_empty()
    }

    /// Takes the figures of rows that were made without one group of vehicles.
    fn leave_out(&mut self, rows: &[LinkObs], roads: &Roads, groups: &[Group]) {
        let free = free_speeds(rows, roads, self.options.free_flow);
        let wanted = self
            .left_out
            .keys()
            .map(|&number| (number, &groups[number]));
        for (number, samples) in grouped(rows, roads, wanted, &free, self.options) {
            let times: Vec<f64> = samples.iter().map(|sample| sample.time_s).collect();
            let once = vec![1.0; samples.len()];
            let point = formulas::point(&samples, &times, &once, false, self.options);
            if let Some(left_out) = self.left_out.get_mut(&number) {
                left_out.points.push(point);
            }
        }
    }

    fn measured(&self, roads: &Roads, groups: &[Group]) -> Vec<Measured> {
        let (free, options) = (&self.free, self.options);
        let measured = self.samples.iter().map(|(number, own)| {
            let left_out = self.left_out.get(number);
            let left_out = left_out.filter(|left_out| !left_out.points.is_empty());
            let (group, stream) = (&groups[*number], *number as u64);
            one(group, stream, own, roads, free, options, left_out)
        });
        measured.collect()
    }
}

#[cfg(test)]
mod tests {
    use roads::LinkId;
    use roads::generate::{GridSpec, Random, grid};

    use super::*;
    use crate::areas;
    use crate::estimate::estimate;
    use crate::index::{Basis, measure};
    use crate::table::{CELLS_MAX, Traversal};

    #[test]
    fn students_t_is_that_of_the_tables() {
        for (degrees, t) in [(3, 3.182), (5, 2.571), (10, 2.228), (29, 2.045)] {
            let found = t95(degrees);
            assert!((found / t - 1.0).abs() < 0.01, "{degrees}: {found}");
        }
    }

    /// An hour of probes, each with a pace of its own on the ten links that it drives.
    fn hour(roads: &Roads, seed: u64) -> Observations {
        let mut random = Random::new(seed, 1);
        let mut table = Observations::new(roads, CELLS_MAX);
        for vehicle in 0..120 {
            let slow = (0.3 * random.normal() - 0.045).exp();
            let mut time = random.unit() * 2000.0;
            for _ in 0..10 {
                let link = random.below(roads.links.len());
                let facts = &roads.links[link];
                let own = (0.1 * random.normal() - 0.005).exp();
                let left = time + 2.0 * slow * own * facts.length_m / facts.limit;
                table.traversal(&Traversal {
                    vehicle: seed << 32 | vehicle,
                    link: LinkId::from(link),
                    entered: time,
                    left,
                    from_m: 0.0,
                    to_m: facts.length_m,
                });
                time = left;
            }
        }
        table
    }

    #[test]
    fn intervals_hold_the_truth_where_one_vehicle_makes_ten_rows() {
        let roads = Roads::of(&grid(&GridSpec::default()).unwrap());
        let city = [areas::city(&roads, "city")];
        let options = Options {
            replicates: 100,
            ..Options::default()
        };
        // The mean pace of all vehicles is twice that of the limit.
        let held = |estimate: Estimate| estimate.low <= 2.0 && 2.0 <= estimate.high;
        let (mut by_rows, mut by_vehicles) = (0, 0);
        for seed in 0..200 {
            let table = hour(&roads, seed);
            let rows = estimate(&table, &roads, Borrowing::Credibility).unwrap();
            let apart = measure(&rows, &roads, &city, &options).unwrap();
            by_rows += usize::from(held(apart[0].tti));
            let vehicles = SeenVehicles {
                table: &table,
                borrowing: Borrowing::Credibility,
                since: Bin(0),
            };
            let own = std::slice::from_ref(&options);
            let seen = measure_seen(&rows, &vehicles, &roads, &city, own).unwrap();
            assert_eq!(seen[0][0].intervals, Basis::Vehicles);
            assert!((seen[0][0].tti.value - apart[0].tti.value).abs() < 1e-12);
            by_vehicles += usize::from(held(seen[0][0].tti));
        }
        println!("rows {by_rows}, vehicles {by_vehicles} of 200");
        assert!(by_rows < 140, "rows apart hold {by_rows} of 200");
        assert!((182..=197).contains(&by_vehicles), "{by_vehicles} of 200");
    }
}
