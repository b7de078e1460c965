//! The index of now: positions come in as they are sent, repeated and out of order as networks make
//! them, and are matched, counted and kept for a day, in bounded memory.

mod clock;
mod matching;
mod view;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use roads::Point;
use roads::matching::{Matcher, Stream, StreamSettings};
use serde::{Deserialize, Serialize};

use crate::areas::Group;
use crate::bins::{Bin, DAY};
use crate::error::Error;
use crate::facts::Roads;
use crate::free_flow::FreeFlow;
use crate::index::{Measured, Weight};
use crate::matched;
use crate::table::{CELLS_MAX, Observations, Taken, Traversal};

pub use matching::Matching;
pub use view::View;

use clock::Clock;

/// Quarter hours that are kept.
pub const BINS_KEPT: u32 = 96;
/// Vehicles whose sequence is remembered.
pub const VEHICLES_MAX: usize = 1_000_000;

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
    clock: Clock,
    swept: f64,
    accepted: Accepted,
    /// Whether it was made with a matcher.
    matches: bool,
    /// Rises with every [`Live::reset`]: what was begun before is of no use after.
    era: u64,
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
        let stream = matcher.map(stream_of).transpose()?;
        Ok(Self {
            table: Observations::new(&roads, CELLS_MAX),
            roads,
            districts,
            sequences: HashMap::new(),
            base: None,
            clock: Clock::new(),
            swept: f64::NEG_INFINITY,
            accepted: Accepted::default(),
            matches: stream.is_some(),
            era: 0,
            stream,
        })
    }

    /// Forgets everything, for a clock that begins again; what is being matched meanwhile too.
    pub fn reset(&mut self) {
        self.era += 1;
        self.table = Observations::new(&self.roads, CELLS_MAX);
        if let Some(stream) = &mut self.stream {
            stream.finish();
        }
        self.sequences.clear();
        self.base = None;
        self.clock = Clock::new();
        self.swept = f64::NEG_INFINITY;
    }

    /// The roads it observes.
    pub const fn roads(&self) -> &Arc<Roads> {
        &self.roads
    }

    /// Counts a traversal whose times are of the senders' clock.
    pub fn traversal(&mut self, seen: &Traversal) -> Taken {
        let base = *self
            .base
            .get_or_insert_with(|| (seen.entered / DAY).floor() * DAY);
        self.clock.reach(seen.left);
        let taken = self.table.traversal(&Traversal {
            entered: seen.entered - base,
            left: seen.left - base,
            ..*seen
        });
        if let Some(bin) = Bin::at(self.clock.newest() - base) {
            let first = bin.0.saturating_sub(BINS_KEPT - 1);
            let oldest = self.table.cells().next().map(|cell| cell.0);
            if oldest.is_some_and(|oldest| oldest.0 < first) {
                self.table.forget_before(Bin(first));
            }
        }
        taken
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

    /// What is needed to answer a query, apart from what changes; `None` before the first
    /// observation. Quick, so that nobody who observes waits for an answer.
    pub fn view(&self, query: &Query) -> Option<View> {
        View::of(self, query)
    }

    /// The index of now; `None` before the first observation.
    ///
    /// # Errors
    /// When districts are asked for and none are known.
    pub fn index(&self, query: &Query) -> Result<Option<LiveIndex>, Error> {
        self.view(query).map(|view| view.index(query)).transpose()
    }
}

/// A matcher at work on a stream of positions.
fn stream_of(matcher: Matcher) -> Result<Stream<u64>, Error> {
    let settings = StreamSettings {
        vehicles_max: VEHICLES_MAX,
        ..StreamSettings::default()
    };
    matched::stream(matcher, settings)
}

#[cfg(test)]
mod tests;
