//! How much of a trip was found again, as `city.md` and others count it: by samples of the paths,
//! so that engines with other links can be compared; and by links, for ours.

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::trips::Trip;
use crate::geometry::{self, Point};
use crate::matching::grid::Grid;
use crate::matching::map::Map;
use crate::matching::passage::Passage;
use crate::model::LinkId;

/// Distance between samples of a path, metres.
pub const SAMPLE_M: f64 = 5.0;
/// A sample this near to the other path is on it, metres.
pub const NEAR_M: f64 = 6.0;

/// How much was found again; sums over trips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// Samples of the matched paths, and those of them that are on the true path.
    matched: (u64, u64),
    /// Samples of the true paths, and those of them that are on the matched path.
    truth: (u64, u64),
    /// Metres of matched links, and of those that the trip did drive, in that direction.
    matched_links: (f64, f64),
    /// Metres of true links, and of those that were matched.
    true_links: (f64, f64),
    /// Links matched as driven whole that the trip did drive; the sum of their travel times; the
    /// sum of the absolute errors of these.
    times: (u64, f64, f64),
}

fn share((all, right): (f64, f64)) -> f64 {
    if all > 0.0 { right / all } else { 0.0 }
}

impl Score {
    /// Counts one trip.
    pub fn add(&mut self, map: &Map, trip: &Trip, passages: &[Passage]) {
        let matched = lines(map, passages);
        let truth = vec![trip.path.clone()];
        count(&mut self.matched, &matched, &truth);
        count(&mut self.truth, &truth, &matched);
        let mut driven: FxHashMap<LinkId, (f64, f64, f64)> = FxHashMap::default();
        for one in &trip.traversals {
            let length = map.length(one.link);
            driven.insert(one.link, (length, 0.0, one.left - one.entered));
            self.true_links.0 += length;
        }
        for passage in passages {
            let length = passage.to_m - passage.from_m;
            let time = passage.traversal.left - passage.traversal.entered;
            self.matched_links.0 += length;
            if let Some((whole, found, seconds)) = driven.get_mut(&passage.traversal.link) {
                self.matched_links.1 += length;
                let more = length.min(*whole - *found).max(0.0);
                *found += more;
                self.true_links.1 += more;
                if passage.traversal.whole {
                    self.times.0 += 1;
                    self.times.1 += *seconds;
                    self.times.2 += (time - *seconds).abs();
                }
            }
        }
    }

    /// Share of the matched path that is on the true path.
    pub fn precision(&self) -> f64 {
        share((self.matched.0 as f64, self.matched.1 as f64))
    }

    /// Share of the true path that is on the matched path.
    pub fn recall(&self) -> f64 {
        share((self.truth.0 as f64, self.truth.1 as f64))
    }

    /// Share, by length, of matched links that the trip did drive, in that direction.
    pub fn link_precision(&self) -> f64 {
        share(self.matched_links)
    }

    /// Share, by length, of the trip's links that were matched.
    pub fn link_recall(&self) -> f64 {
        share(self.true_links)
    }

    /// Mean absolute error of travel times of whole links, as a share of them.
    pub fn time_error(&self) -> f64 {
        share((self.times.1, self.times.2))
    }
}

/// The paths of passages, one for each chain.
pub fn lines(map: &Map, passages: &[Passage]) -> Vec<Vec<Point>> {
    let mut lines: Vec<Vec<Point>> = Vec::new();
    for passage in passages {
        let part = map.part(passage.traversal.link, passage.from_m, passage.to_m);
        match lines.last_mut() {
            Some(line) if !passage.starts => line.extend(part),
            _ => lines.push(part),
        }
    }
    lines
}

fn count(sums: &mut (u64, u64), of: &[Vec<Point>], on: &[Vec<Point>]) {
    let (mut points, mut along, mut first) = (Vec::new(), Vec::new(), vec![0_u32]);
    for line in on {
        points.extend_from_slice(line);
        along.resize(points.len(), 0.0);
        first.push(points.len() as u32);
    }
    let Ok(grid) = Grid::new(&points, &along, &first) else {
        return; // a trip of more points than a whole country's map
    };
    let mut found = Vec::new();
    for line in of {
        let length = geometry::length(line);
        let samples = (length / SAMPLE_M).floor() as usize + 1;
        let (mut segment, mut behind) = (0, 0.0);
        for sample in 0..samples {
            let at = sample as f64 * SAMPLE_M;
            while segment + 2 < line.len()
                && behind + line[segment].distance(line[segment + 1]) < at
            {
                behind += line[segment].distance(line[segment + 1]);
                segment += 1;
            }
            let point = geometry::point_at(&line[segment..], at - behind);
            grid.near(point, NEAR_M, 1, &mut found);
            sums.0 += 1;
            sums.1 += u64::from(!found.is_empty());
        }
    }
}
