//! The table of observations: by link and quarter hour, what probes drove and detectors counted.
//!
//! Speeds are space means in Edie's general form (Edie 1963: total distance over total time), so a
//! stretch of a link counts by its length, and splitting a link changes nothing.

use std::collections::BTreeMap;

use roads::LinkId;
use serde::{Deserialize, Serialize};

use crate::bins::Bin;
use crate::facts::Roads;
use crate::parts::{Part, group_of};
use crate::sketch::Sketch;

/// Most cells (link and quarter hour) that a table keeps unless told otherwise; at some 200 bytes
/// each, and 20 more for each group of vehicles in it.
pub const CELLS_MAX: usize = 4_000_000;
/// Stretches shorter than this say nothing of a link's speed, metres.
const STRETCH_MIN: f64 = 1.0;
/// Paces above this are parking, s/m: 100 m in an hour.
pub(crate) const PACE_MAX: f64 = 36.0;
/// Speeds above this are faults of a clock, m/s.
pub(crate) const SPEED_MAX: f64 = 85.0;

/// A probe's way over a link, or over a stretch of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traversal {
    /// Which vehicle; only whether two are the same matters.
    pub vehicle: u64,
    /// The link.
    pub link: LinkId,
    /// When it came onto the stretch, seconds since the table's first midnight.
    pub entered: f64,
    /// When it left it.
    pub left: f64,
    /// Where the stretch begins, metres from the link's start.
    pub from_m: f64,
    /// Where it ends.
    pub to_m: f64,
}

/// What a detector or camera counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// The link.
    pub link: LinkId,
    /// The middle of the time it counted, seconds since the first midnight.
    pub at: f64,
    /// Vehicles that passed.
    pub vehicles: f64,
    /// Their speed there, m/s, if it was measured: the harmonic mean where the detector gives one.
    pub speed: Option<f64>,
    /// The lane that was counted alone, 0 the innermost; none for all together.
    pub lane: Option<u32>,
    /// Share of the time in which the detector was covered, 0 to 1, if it was measured.
    pub occupancy: Option<f64>,
}

/// What a link had in a quarter hour.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Traversals, a stretch by its share of the link.
    pub n: f64,
    /// Distance driven by probes, metres.
    pub metres: f64,
    /// Time they took, seconds.
    pub seconds: f64,
    /// Sum of n · pace², (s/m)².
    pub squares: f64,
    /// Paces, s/km.
    pub paces: Sketch,
    /// What each group of vehicles has of it.
    pub parts: Vec<Part>,
    /// Vehicles that detectors counted.
    pub counted: f64,
    /// Of those, with a speed.
    pub spot: f64,
    /// Sum of their paces, s/m.
    pub spot_pace: f64,
}

impl Cell {
    fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.metres += other.metres;
        self.seconds += other.seconds;
        self.squares += other.squares;
        self.paces.merge(&other.paces);
        for part in &other.parts {
            self.take(part);
        }
        self.counted += other.counted;
        self.spot += other.spot;
        self.spot_pace += other.spot_pace;
    }

    fn take(&mut self, part: &Part) {
        match self.parts.iter_mut().find(|own| own.group == part.group) {
            Some(own) => own.add(part),
            None => self.parts.push(*part),
        }
    }

    /// What it has without a group of vehicles.
    pub fn without(&self, group: u8) -> Part {
        let mut rest = Part::default();
        for part in self.parts.iter().filter(|part| part.group != group) {
            rest.add(part);
        }
        rest
    }
}

/// What was done with an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in the table.
    Counted,
    /// It says nothing: no such link, no time or way, or a speed that nothing drives.
    Refused,
}

/// Observations by quarter hour and link, in bounded memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Observations {
    cells: BTreeMap<(Bin, u32), Cell>,
    lengths: Vec<f64>,
    cells_max: usize,
    refused: u64,
    dropped: u64,
}

impl Observations {
    /// An empty table of at most `cells_max` cells; the oldest quarter hours make room.
    pub fn new(roads: &Roads, cells_max: usize) -> Self {
        Self {
            cells: BTreeMap::new(),
            lengths: roads.links.iter().map(|link| link.length_m).collect(),
            cells_max: cells_max.max(1),
            refused: 0,
            dropped: 0,
        }
    }

    /// Adds a traversal, to the quarter hour in which it ended.
    pub fn traversal(&mut self, seen: &Traversal) -> Taken {
        let time = seen.left - seen.entered;
        let way = seen.to_m - seen.from_m;
        let length = self.lengths.get(seen.link.index()).copied();
        let (Some(length), Some(bin)) = (length, Bin::at(seen.left)) else {
            return self.refuse();
        };
        let pace = time / way;
        let sound = way >= STRETCH_MIN
            && way <= length * 1.05 + STRETCH_MIN
            && (1.0 / SPEED_MAX..=PACE_MAX).contains(&pace);
        if !sound {
            return self.refuse();
        }
        let share = (way / length).min(1.0);
        let cell = self.cell(bin, seen.link);
        cell.n += share;
        cell.metres += way;
        cell.seconds += time;
        cell.squares += share * pace * pace;
        cell.paces.add(pace * 1000.0, share);
        cell.take(&Part {
            group: group_of(seen.vehicle),
            n: share as f32,
            metres: way as f32,
            seconds: time as f32,
            squares: (share * pace * pace) as f32,
        });
        Taken::Counted
    }

    /// Adds a count.
    pub fn count(&mut self, seen: &Count) -> Taken {
        let known = seen.link.index() < self.lengths.len();
        let sound = known && seen.vehicles.is_finite() && seen.vehicles >= 0.0;
        let Some(bin) = Bin::at(seen.at).filter(|_| sound) else {
            return self.refuse();
        };
        let speed = seen
            .speed
            .filter(|v| (1.0 / PACE_MAX..=SPEED_MAX).contains(v));
        let cell = self.cell(bin, seen.link);
        cell.counted += seen.vehicles;
        if let Some(speed) = speed {
            cell.spot += seen.vehicles;
            cell.spot_pace += seen.vehicles / speed;
        }
        Taken::Counted
    }

    fn refuse(&mut self) -> Taken {
        self.refused += 1;
        Taken::Refused
    }

    fn cell(&mut self, bin: Bin, link: LinkId) -> &mut Cell {
        if self.cells.len() >= self.cells_max && !self.cells.contains_key(&(bin, link.0)) {
            let oldest = self.cells.first_key_value().map(|(key, _)| key.0);
            if let Some(oldest) = oldest {
                self.forget_before(Bin(oldest.0 + 1));
            }
        }
        self.cells.entry((bin, link.0)).or_default()
    }

    /// Forgets all quarter hours before `bin`.
    pub fn forget_before(&mut self, bin: Bin) {
        let kept = self.cells.split_off(&(bin, 0));
        let gone = std::mem::replace(&mut self.cells, kept);
        self.dropped += gone.len() as u64;
    }

    /// A copy of the quarter hours from `bin` on.
    #[must_use]
    pub fn since(&self, bin: Bin) -> Self {
        let kept = self.cells.range((bin, 0)..);
        Self {
            cells: kept.map(|(key, cell)| (*key, cell.clone())).collect(),
            lengths: self.lengths.clone(),
            cells_max: self.cells_max,
            refused: self.refused,
            dropped: self.dropped,
        }
    }

    /// Adds all of another table of the same network.
    pub fn merge(&mut self, other: &Self) {
        for (&(bin, link), cell) in &other.cells {
            self.cell(bin, LinkId(link)).merge(cell);
        }
        self.refused += other.refused;
        self.dropped += other.dropped;
    }

    /// All cells, by quarter hour and then link.
    pub fn cells(&self) -> impl DoubleEndedIterator<Item = (Bin, LinkId, &Cell)> {
        self.cells
            .iter()
            .map(|(&(bin, link), cell)| (bin, LinkId(link), cell))
    }

    /// The groups of vehicles that a link has in a quarter hour, a bit each.
    pub(crate) fn groups_in(&self, bin: Bin, link: LinkId) -> u32 {
        let parts = self.cells.get(&(bin, link.0)).map(|cell| &cell.parts);
        let each = parts.into_iter().flatten();
        each.fold(0, |bits, part| bits | 1 << part.group)
    }

    /// How many cells it holds.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Observations that were refused.
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Cells that were forgotten to keep within the limit.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roads::generate::{GridSpec, grid};

    fn roads() -> Roads {
        Roads::of(&grid(&GridSpec::default()).unwrap())
    }

    fn drive(link: u32, entered: f64, left: f64, from_m: f64, to_m: f64) -> Traversal {
        Traversal {
            vehicle: 1,
            link: LinkId(link),
            entered,
            left,
            from_m,
            to_m,
        }
    }

    #[test]
    fn a_stretch_counts_by_its_length() {
        let roads = roads();
        let length = roads.links[0].length_m;
        let mut whole = Observations::new(&roads, 100);
        whole.traversal(&drive(0, 0.0, 100.0, 0.0, length));
        let mut halves = Observations::new(&roads, 100);
        halves.traversal(&drive(0, 0.0, 50.0, 0.0, length / 2.0));
        halves.traversal(&drive(0, 50.0, 100.0, length / 2.0, length));
        let cell = |table: &Observations| table.cells().next().map(|c| c.2.clone()).unwrap();
        let (whole, halves) = (cell(&whole), cell(&halves));
        assert!((whole.n - halves.n).abs() < 1e-12 && (whole.n - 1.0).abs() < 1e-12);
        assert!((whole.metres / whole.seconds - halves.metres / halves.seconds).abs() < 1e-12);
    }

    #[test]
    fn nonsense_is_refused_and_counted() {
        let roads = roads();
        let length = roads.links[0].length_m;
        let mut table = Observations::new(&roads, 100);
        let nonsense = [
            drive(9999, 0.0, 100.0, 0.0, length),
            drive(0, 100.0, 0.0, 0.0, length),
            drive(0, 0.0, 0.001, 0.0, length),
            drive(0, 0.0, 80_000.0, 0.0, length),
            drive(0, 0.0, 100.0, 0.0, length * 2.0),
            drive(0, f64::NAN, 100.0, 0.0, length),
            drive(0, 0.0, f64::INFINITY, 0.0, length),
            drive(0, 0.0, 100.0, 5.0, 5.0),
        ];
        for seen in &nonsense {
            assert_eq!(table.traversal(seen), Taken::Refused, "{seen:?}");
        }
        assert_eq!((table.len(), table.refused()), (0, nonsense.len() as u64));
    }

    #[test]
    fn the_oldest_quarter_hours_make_room() {
        let roads = roads();
        let length = roads.links[0].length_m;
        let mut table = Observations::new(&roads, 4);
        for bin in 0..10 {
            let start = f64::from(bin) * 900.0;
            table.traversal(&drive(0, start, start + 100.0, 0.0, length));
            table.traversal(&drive(1, start, start + 100.0, 0.0, length));
        }
        assert_eq!(table.len(), 4);
        assert_eq!(table.dropped(), 16);
        assert_eq!(table.cells().next().map(|cell| cell.0), Some(Bin(8)));
    }

    #[test]
    fn tables_of_parts_add_up_in_any_order() {
        let roads = roads();
        let length = roads.links[0].length_m;
        let seen: Vec<Traversal> = (0..40)
            .map(|i| {
                drive(
                    i % 5,
                    f64::from(i) * 60.0,
                    f64::from(i) * 60.0 + 80.0,
                    0.0,
                    length,
                )
            })
            .collect();
        let table = |range: std::ops::Range<usize>| {
            let mut table = Observations::new(&roads, 1000);
            for seen in &seen[range] {
                table.traversal(seen);
            }
            table
        };
        let whole = table(0..40);
        let (mut one, mut two) = (table(0..17), table(17..40));
        two.merge(&one);
        one.merge(&table(17..40));
        for ((_, _, a), ((_, _, b), (_, _, c))) in whole.cells().zip(one.cells().zip(two.cells())) {
            assert!((a.seconds - b.seconds).abs() < 1e-9 && (a.seconds - c.seconds).abs() < 1e-9);
            assert_eq!(a.paces, b.paces);
        }
    }
}
