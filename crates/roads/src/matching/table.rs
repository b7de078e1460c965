//! How far it is from one junction to another, and by which link one sets out: reckoned once for
//! all pairs that are not further apart than a bound, and then only looked up.
//!
//! The idea is the upper-bounded origin–destination table of C. Yang and G. Gidófalvi, *Fast map
//! matching, an algorithm integrating hidden Markov model with precomputation*, International
//! Journal of Geographical Information Science 32(3), 2018. Here a pair is eight bytes in a row
//! sorted by destination, and the way itself is found by following the links one sets out by.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::map::Map;
use crate::error::Error;

/// Distances are whole numbers of this unit, metres, so that sums are exact.
pub const UNIT_M: f64 = 1.0 / 16.0;
/// The largest bound, metres: a distance is two bytes.
pub const REACH_MAX_M: f64 = 4_000.0;
/// The bound where nothing else is said, metres: 30 seconds at 180 km/h.
pub const REACH_M: f64 = 1_500.0;
/// Most pairs of a table: a gibibyte.
pub const PAIRS_MAX: u64 = 1 << 27;
/// Junctions that are reckoned before progress is told.
const CHUNK: usize = 512;

/// Distances between junctions, up to a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub(super) fingerprint: u64,
    /// The bound, in units.
    pub(super) reach: u32,
    /// Where the row of each junction starts, and where the last ends.
    pub(super) first: Vec<u32>,
    /// `destination << 32 | distance << 16 | first link << 8 | last link`: the first link by its
    /// place among those that leave the origin, the last among those that enter the destination.
    pub(super) pairs: Vec<u64>,
}

/// The way from one junction to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leg {
    /// Length, in units.
    pub(super) units: u32,
    /// Place of its first link among those that leave the origin.
    pub(super) first: u8,
    /// Place of its last link among those that enter the destination.
    pub(super) last: u8,
}

impl Table {
    /// Reckons the table, on all threads of the pool that calls it; the result does not depend on
    /// their number. `progress` is told how many junctions are done, in any order.
    ///
    /// # Errors
    /// When `reach_m` is out of range, or the table would pass [`PAIRS_MAX`].
    pub fn build(
        map: &Map,
        reach_m: f64,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Self, Error> {
        if !(1.0..=REACH_MAX_M).contains(&reach_m) {
            let message = format!("is {reach_m}; it must be from 1 to {REACH_MAX_M} metres");
            return Err(Error::element("setting of matching", "reach", message));
        }
        let reach = (reach_m / UNIT_M) as u32;
        let lengths: Vec<u32> = map.ways.iter().map(|way| units(way.length)).collect();
        let junctions = map.junction_count();
        let mut first = Vec::with_capacity(junctions + 1);
        first.push(0_u32);
        let mut pairs: Vec<u64> = Vec::new();
        // One chunk after the other, each on all threads: memory beyond the table stays small.
        for start in (0..junctions).step_by(CHUNK * rayon::current_num_threads()) {
            let end = (start + CHUNK * rayon::current_num_threads()).min(junctions);
            let rows: Vec<Vec<u64>> = (start..end)
                .into_par_iter()
                .map_init(Search::default, |search, origin| {
                    search.row(map, &lengths, origin as u32, reach)
                })
                .collect();
            for row in rows {
                pairs.extend_from_slice(&row);
                if pairs.len() as u64 > PAIRS_MAX {
                    return Err(Error::Limit {
                        what: "the number of pairs in the table of distances (a smaller reach \
                               needs fewer)",
                        found: pairs.len() as u64,
                        limit: PAIRS_MAX,
                    });
                }
                first.push(pairs.len() as u32);
            }
            progress(end);
        }
        pairs.shrink_to_fit();
        Ok(Self {
            fingerprint: map.fingerprint(),
            reach,
            first,
            pairs,
        })
    }

    /// The bound, metres.
    pub fn reach_m(&self) -> f64 {
        f64::from(self.reach) * UNIT_M
    }

    /// How many pairs of junctions it holds.
    pub fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// Memory it takes, bytes.
    pub fn bytes(&self) -> usize {
        self.pairs.len() * 8 + self.first.len() * 4
    }

    /// Whether it was made for these lines and junctions.
    pub fn is_of(&self, map: &Map) -> bool {
        self.fingerprint == map.fingerprint() && self.first.len() == map.junction_count() + 1
    }

    /// Length of the shortest way from one junction to another, metres, whatever turns the network
    /// forbids; `None` when it is beyond the bound or there is none.
    pub fn distance(&self, from: u32, to: u32) -> Option<f64> {
        if from == to {
            return ((from as usize) < self.first.len() - 1).then_some(0.0);
        }
        self.leg(from, to).map(|leg| f64::from(leg.units) * UNIT_M)
    }

    /// The way between two different junctions.
    #[inline]
    pub(super) fn leg(&self, from: u32, to: u32) -> Option<Leg> {
        let start = *self.first.get(from as usize)? as usize;
        let end = *self.first.get(from as usize + 1)? as usize;
        let row = &self.pairs[start..end];
        let at = row.partition_point(|pair| ((pair >> 32) as u32) < to);
        let pair = *row.get(at)?;
        ((pair >> 32) as u32 == to).then_some(Leg {
            units: (pair >> 16 & 0xffff) as u32,
            first: (pair >> 8) as u8,
            last: pair as u8,
        })
    }

    /// Appends the links of the shortest way between two junctions; `false` when there is none
    /// within the bound.
    pub(super) fn way(&self, map: &Map, from: u32, to: u32, links: &mut Vec<u32>) -> bool {
        let (mut here, mut left) = (from, u32::MAX);
        while here != to {
            // It gets shorter with every link, or a table that was tampered with would lead round.
            let Some(leg) = self.leg(here, to).filter(|leg| leg.units < left) else {
                return false;
            };
            let Some(&link) = map.out.of(here).get(leg.first as usize) else {
                return false;
            };
            links.push(link);
            left = leg.units;
            here = map.ways[link as usize].to;
        }
        true
    }
}

/// A length in whole units, at least one.
pub(super) fn units(length_m: f32) -> u32 {
    ((f64::from(length_m) / UNIT_M).round() as u32).max(1)
}

/// Dijkstra's algorithm from one junction, bounded; its memory is kept from one to the next.
#[derive(Default)]
struct Search {
    labels: Vec<Label>,
    search: u32,
    queue: BinaryHeap<Reverse<u64>>,
}

#[derive(Clone, Copy, Default)]
struct Label {
    search: u32,
    distance: u32,
    first: u8,
    last: u8,
    settled: bool,
}

impl Search {
    fn row(&mut self, map: &Map, lengths: &[u32], origin: u32, reach: u32) -> Vec<u64> {
        self.labels.resize(map.junction_count(), Label::default());
        self.search += 1;
        self.queue.clear();
        self.queue.push(Reverse(u64::from(origin)));
        self.labels[origin as usize] = Label {
            search: self.search,
            ..Label::default()
        };
        let mut row = Vec::new();
        while let Some(Reverse(entry)) = self.queue.pop() {
            let (distance, here) = ((entry >> 32) as u32, entry as u32);
            let label = &mut self.labels[here as usize];
            if label.settled || label.distance != distance {
                continue;
            }
            label.settled = true;
            let label = *label;
            if here != origin {
                let (first, last) = (u64::from(label.first), u64::from(label.last));
                row.push(u64::from(here) << 32 | u64::from(distance) << 16 | first << 8 | last);
            }
            for (place, &link) in map.out.of(here).iter().enumerate() {
                let to = map.ways[link as usize].to;
                let length = distance.saturating_add(lengths[link as usize]);
                let first = if here == origin {
                    place as u8
                } else {
                    label.first
                };
                self.offer(map, link, to, (length, first), reach);
            }
        }
        row.sort_unstable();
        row
    }

    fn offer(&mut self, map: &Map, link: u32, to: u32, (length, first): (u32, u8), reach: u32) {
        let label = &mut self.labels[to as usize];
        let known = label.search == self.search;
        if length > reach || (known && label.distance <= length) {
            return;
        }
        let last = map.into.of(to).iter().position(|&other| other == link);
        *label = Label {
            search: self.search,
            distance: length,
            first,
            last: last.unwrap_or(0) as u8,
            settled: false,
        };
        self.queue
            .push(Reverse(u64::from(length) << 32 | u64::from(to)));
    }
}
