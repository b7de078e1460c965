//! The index of now: positions come in as they are sent, repeated and out of order as networks make
//! them, and are matched, counted and kept for a day, in bounded memory.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use roads::matching::{Fix, Matcher, Position, Stream, StreamSettings};
use roads::{LinkId, Point};
use serde::{Deserialize, Serialize};

use crate::areas::{self, Group};
use crate::bins::{BIN_SECONDS, Bin, Window};
use crate::error::Error;
use crate::estimate::{Borrowing, estimate};
use crate::facts::Roads;
use crate::free_flow::FreeFlow;
use crate::index::{Measured, Options, Weight, measure};
use crate::matched;
use crate::table::{CELLS_MAX, Observations, Taken, Traversal};

/// Quarter hours that are kept.
pub const BINS_KEPT: u32 = 96;
/// Quarter hours that rows borrow from, for methods that need no history.
const BINS_RECENT: u32 = 8;
/// A quarter hour younger than this is measured together with the one before, seconds.
const YOUNG: f64 = 450.0;
/// A position so much newer than all others is a fault of its clock, seconds …
const LEAP: f64 = 3600.0;
/// … unless so many in a row say the same.
const LEAPS_MAX: u32 = 100;
/// Vehicles whose sequence is remembered.
pub const VEHICLES_MAX: usize = 1_000_000;
/// A vehicle silent for so long has ended its trip, seconds.
const SILENT: f64 = 300.0;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// A position as a vehicle sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbePoint {
    /// The vehicle, by any name.
    pub vehicle: u64,
    /// Number of the message, rising by vehicle; without one the time serves.
    pub sequence: Option<u64>,
    /// Seconds of one clock for all, local time: since midnight, or since any midnight before.
    pub time: f64,
    /// Where, metres in the network's plane.
    pub point: Point,
}

/// A vehicle's name as a number. Names are not kept.
pub fn vehicle_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// What became of positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Positions that came.
    pub received: u64,
    /// Positions that had come before: their sequence is not newer than the vehicle's last.
    pub repeated: u64,
    /// Positions with a time or place that is none.
    pub refused: u64,
}

/// What is asked of the live index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// How the speed of free flow is found.
    pub free_flow: FreeFlow,
    /// What links count with.
    pub weight: Weight,
    /// What it is made for.
    pub by: By,
    /// Most groups in the answer, worst first.
    pub top: usize,
}

/// What an index is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The whole network.
    #[default]
    City,
    /// Districts that were given.
    District,
    /// Streets by name.
    Corridor,
    /// Each link.
    Link,
}

/// A group's indices with what a map needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// All indices.
    #[serde(flatten)]
    pub measured: Measured,
    /// The street's name, for a link that has one.
    pub name: Option<String>,
    /// The link's number, for a link.
    pub link: Option<u32>,
}

/// The city in a quarter hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// The quarter hour's begin, seconds since midnight.
    pub time: f64,
    /// Travel-time index against the limits, by the distance driven.
    pub tti: f64,
    /// Space-mean speed, km/h.
    pub speed_kmh: f64,
    /// Traversals observed.
    pub observations: f64,
}

/// A stretch of time, seconds since midnight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Begin.
    pub from: f64,
    /// End.
    pub to: f64,
}

/// The live index.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveIndex {
    /// Time of the newest observation, seconds since midnight.
    pub time: f64,
    /// The quarter hours that count.
    pub window: Span,
    /// How the speed of free flow was found.
    pub free_flow: FreeFlow,
    /// What links counted with.
    pub weight: Weight,
    /// What it was made for.
    pub by: By,
    /// How many groups have observations.
    pub groups: usize,
    /// The worst of them.
    pub measured: Vec<Shown>,
    /// The city by quarter hour, oldest first.
    pub series: Vec<Moment>,
}

/// The state behind it.
#[derive(Debug)]
pub struct Live {
    roads: Arc<Roads>,
    districts: Vec<Group>,
    table: Observations,
    stream: Option<Stream<u64>>,
    sequences: HashMap<u64, u64>,
    /// Midnight before the first observation, in the senders' clock.
    base: Option<f64>,
    newest: f64,
    leaps: u32,
    swept: f64,
    accepted: Accepted,
}

impl Live {
    /// Nothing seen yet. `matcher` is needed for positions, not for traversals.
    ///
    /// # Errors
    /// When positions cannot be matched with it.
    pub fn new(
        roads: Arc<Roads>,
        districts: Vec<Group>,
        matcher: Option<Matcher>,
    ) -> Result<Self, Error> {
        let stream = matcher
            .map(|matcher| {
                let settings = StreamSettings {
                    vehicles_max: VEHICLES_MAX,
                    ..StreamSettings::default()
                };
                matched::stream(matcher, settings)
            })
            .transpose()?;
        Ok(Self {
            table: Observations::new(&roads, CELLS_MAX),
            roads,
            districts,
            stream,
            sequences: HashMap::new(),
            base: None,
            newest: f64::NEG_INFINITY,
            leaps: 0,
            swept: f64::NEG_INFINITY,
            accepted: Accepted::default(),
        })
    }

    /// Forgets everything, for a clock that begins again.
    pub fn reset(&mut self) {
        self.table = Observations::new(&self.roads, CELLS_MAX);
        if let Some(stream) = &mut self.stream {
            stream.finish();
        }
        self.sequences.clear();
        self.base = None;
        self.newest = f64::NEG_INFINITY;
    }

    /// The roads it observes.
    pub const fn roads(&self) -> &Arc<Roads> {
        &self.roads
    }

    /// Takes positions; those of one vehicle in the order it sent them, as far as that is known.
    /// What has come before changes nothing.
    pub fn accept(&mut self, points: &[ProbePoint]) -> Accepted {
        let mut now = Accepted::default();
        let mut batch = Vec::with_capacity(points.len());
        for point in points {
            now.received += 1;
            let sound = point.time.is_finite() && point.time >= 0.0 && point.point.is_finite();
            if !sound || !self.is_of_now(point.time) {
                now.refused += 1;
                continue;
            }
            // Milliseconds: two positions within one are one.
            let sequence = point.sequence.unwrap_or((point.time * 1000.0) as u64 + 1);
            if !self.is_new(point.vehicle, sequence) {
                now.repeated += 1;
                continue;
            }
            batch.push(Position {
                vehicle: point.vehicle,
                fix: Fix {
                    time: point.time,
                    point: point.point,
                },
            });
        }
        self.accepted.received += now.received;
        self.accepted.repeated += now.repeated;
        self.accepted.refused += now.refused;
        self.match_on(&batch);
        now
    }

    /// Matches positions and counts what is settled; vehicles that fell silent end.
    fn match_on(&mut self, batch: &[Position<u64>]) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let mut passages = stream.take(batch);
        if self.newest - self.swept > SILENT / 5.0 {
            self.swept = self.newest;
            passages.extend(stream.forget_before(self.newest - SILENT));
        }
        let map = Arc::clone(stream.matcher().map());
        for (vehicle, passage) in &passages {
            if let Some(seen) = matched::traversal(*vehicle, passage, &map, &self.roads) {
                self.traversal(&seen);
            }
        }
    }

    /// Ends all trips under way, as if every vehicle had fallen silent.
    pub fn settle(&mut self) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let passages = stream.finish();
        let map = Arc::clone(stream.matcher().map());
        for (vehicle, passage) in &passages {
            if let Some(seen) = matched::traversal(*vehicle, passage, &map, &self.roads) {
                self.traversal(&seen);
            }
        }
    }

    /// Counts a traversal whose times are of the senders' clock.
    pub fn traversal(&mut self, seen: &Traversal) -> Taken {
        let base = *self
            .base
            .get_or_insert_with(|| (seen.entered / DAY).floor() * DAY);
        self.newest = self.newest.max(seen.left);
        let taken = self.table.traversal(&Traversal {
            entered: seen.entered - base,
            left: seen.left - base,
            ..*seen
        });
        if let Some(bin) = Bin::at(self.newest - base) {
            let first = bin.0.saturating_sub(BINS_KEPT - 1);
            let oldest = self.table.cells().next().map(|cell| cell.0);
            if oldest.is_some_and(|oldest| oldest.0 < first) {
                self.table.forget_before(Bin(first));
            }
        }
        taken
    }

    fn is_of_now(&mut self, time: f64) -> bool {
        if self.newest.is_finite() && time > self.newest + LEAP {
            self.leaps += 1;
            if self.leaps < LEAPS_MAX {
                return false;
            }
        }
        self.leaps = 0;
        self.newest = self.newest.max(time);
        true
    }

    fn is_new(&mut self, vehicle: u64, sequence: u64) -> bool {
        if let Some(last) = self.sequences.get_mut(&vehicle) {
            let new = sequence > *last;
            *last = sequence.max(*last);
            return new;
        }
        if self.sequences.len() >= VEHICLES_MAX {
            self.sequences.clear(); // the matcher drops what is older than its vehicle's latest
        }
        self.sequences.insert(vehicle, sequence);
        true
    }

    /// What became of all positions so far.
    pub const fn accepted(&self) -> Accepted {
        self.accepted
    }

    /// Vehicles whose positions came.
    pub fn vehicles(&self) -> usize {
        self.sequences.len()
    }

    /// The index of now; `None` before the first observation.
    ///
    /// # Errors
    /// When districts are asked for and none are known.
    pub fn index(&self, query: &Query) -> Result<Option<LiveIndex>, Error> {
        let (Some(base), false) = (self.base, self.table.is_empty()) else {
            return Ok(None);
        };
        let Some(newest) = self.table.cells().map(|cell| cell.0).max() else {
            return Ok(None);
        };
        let now = self.newest - base;
        let young = now - newest.start() < YOUNG;
        let first = Bin(newest.0.saturating_sub(u32::from(young)));
        let history = matches!(
            query.free_flow,
            FreeFlow::Top4HourlyMean | FreeFlow::P85Offpeak
        );
        let rows = if history {
            estimate(&self.table, &self.roads, Borrowing::Credibility)
        } else {
            let mut recent = self.table.clone();
            recent.forget_before(Bin(newest.0.saturating_sub(BINS_RECENT - 1)));
            estimate(&recent, &self.roads, Borrowing::Credibility)
        };
        let rows: Vec<_> = rows.unwrap_or_default();
        let current: Vec<_> = rows
            .iter()
            .filter(|row| row.bin >= first)
            .copied()
            .collect();
        let options = Options {
            free_flow: query.free_flow,
            weight: query.weight,
            replicates: 100,
            ..Options::default()
        };
        let rows = if history { rows } else { current };
        let window = Window {
            // The newest quarter hours lie in one day, or at midnight in two.
            from: if first.day() == newest.day() {
                first.of_day()
            } else {
                0
            },
            to: newest.of_day() + 1,
            first_day: newest.day(),
            end_day: newest.day() + 1,
        };
        let groups = self.groups(query.by)?;
        let options = Options { window, ..options };
        let mut measured = measure(&rows, &self.roads, &groups, &options)?;
        measured.sort_by(|a, b| {
            b.tti
                .value
                .total_cmp(&a.tti.value)
                .then_with(|| a.id.cmp(&b.id))
        });
        let count = measured.len();
        measured.truncate(query.top);
        Ok(Some(LiveIndex {
            time: now,
            window: Span {
                from: first.start(),
                to: newest.start() + BIN_SECONDS,
            },
            free_flow: query.free_flow,
            weight: query.weight,
            by: query.by,
            groups: count,
            measured: measured.into_iter().map(|m| self.shown(m)).collect(),
            series: self.series(),
        }))
    }

    fn groups(&self, by: By) -> Result<Vec<Group>, Error> {
        Ok(match by {
            By::City => vec![areas::city(&self.roads, "city")],
            By::Corridor => areas::corridors(&self.roads),
            By::Link => areas::links(&self.roads),
            By::District if self.districts.is_empty() => {
                return Err(Error::Nothing("no districts are known here".to_owned()));
            }
            By::District => self.districts.clone(),
        })
    }

    fn shown(&self, measured: Measured) -> Shown {
        let link: Option<LinkId> = (measured.scope == "link")
            .then(|| self.roads.named(&measured.id))
            .flatten();
        let name = link.and_then(|link| self.roads.get(link)?.street.clone());
        Shown {
            name,
            link: link.map(|link| link.0),
            measured,
        }
    }

    fn series(&self) -> Vec<Moment> {
        let mut moments: Vec<(Bin, [f64; 4])> = Vec::new();
        for (bin, link, cell) in self.table.cells().filter(|cell| cell.2.metres > 0.0) {
            if moments.last().is_none_or(|last| last.0 != bin) {
                moments.push((bin, [0.0; 4]));
            }
            let limit = self.roads.get(link).map_or(1.0, |facts| facts.limit);
            if let Some((_, sums)) = moments.last_mut() {
                sums[0] += cell.seconds;
                sums[1] += cell.metres;
                sums[2] += cell.metres / limit;
                sums[3] += cell.n;
            }
        }
        let moment = |(bin, [seconds, metres, free, n]): (Bin, [f64; 4])| Moment {
            time: bin.start(),
            tti: seconds / free,
            speed_kmh: metres / seconds * 3.6,
            observations: n,
        };
        moments.into_iter().map(moment).collect()
    }
}

#[cfg(test)]
mod tests;
