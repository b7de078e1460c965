//! Positions of many vehicles as they come, in any mixture, and passages as they are settled.
//!
//! Memory is bounded: in vehicles, and for each vehicle in observations that are not settled and in
//! positions that wait for late ones. Vehicles belong to shards by their key, and shards are worked
//! on by all threads; what comes out does not depend on how many there are.

use std::hash::Hash;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::matcher::Matcher;
use super::passage::Passage;
use super::track::{Counts, Desk, Fix, Track};
use crate::error::Error;

/// Vehicles are shared out over so many shards, whatever the number of threads.
const SHARDS: usize = 16;
/// No vehicle.
const NONE: u32 = u32::MAX;

/// Limits of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StreamSettings {
    /// A vehicle's observation is settled when so many newer ones are there.
    pub lag: usize,
    /// Positions wait so long for such as are late, seconds of the vehicle's own positions; 0: a
    /// position older than the latest is dropped.
    pub wait_s: f64,
    /// Positions of a vehicle that wait at most; the oldest goes on when there are more.
    pub waiting_max: usize,
    /// Vehicles at the same time, rounded up to a multiple of 16; for one more, the one that was
    /// silent the longest (of those of its shard) is settled and forgotten.
    pub vehicles_max: usize,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            lag: 12,
            wait_s: 0.0,
            waiting_max: 32,
            vehicles_max: 1_000_000,
        }
    }
}

impl StreamSettings {
    fn check(&self) -> Result<(), Error> {
        let ranges = [
            ("lag", self.lag as f64, 1.0, 1e9),
            ("wait_s", self.wait_s, 0.0, 86_400.0),
            ("waiting_max", self.waiting_max as f64, 1.0, 1e6),
            ("vehicles_max", self.vehicles_max as f64, 1.0, 1e8),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                let message = format!("is {value}; it must be from {low} to {high}");
                return Err(Error::element("setting of the stream", name, message));
            }
        }
        Ok(())
    }
}

/// A position with whose it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position<V> {
    /// The vehicle.
    pub vehicle: V,
    /// When and where.
    pub fix: Fix,
}

/// What became of a stream's positions and vehicles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCounts {
    /// Positions.
    #[serde(flatten)]
    pub positions: Counts,
    /// Positions that came late and were put in their place.
    pub reordered: u64,
    /// Vehicles forgotten to make room for others.
    pub evicted: u64,
    /// Vehicles now.
    pub vehicles: u64,
    /// Positions and observations that are not settled now.
    pub waiting: u64,
}

/// Matches the positions of many vehicles as they come.
#[derive(Clone, Debug)]
pub struct Stream<V> {
    matcher: Matcher,
    settings: StreamSettings,
    shards: Vec<Shard<V>>,
}

/// Some of the vehicles.
#[derive(Clone, Debug)]
struct Shard<V> {
    by_key: FxHashMap<V, u32>,
    vehicles: Vec<Vehicle<V>>,
    free: Vec<u32>,
    /// Ends of the list from the longest silent to the latest heard.
    oldest: u32,
    newest: u32,
    desk: Desk,
    /// Passages with whose they are, in the order they were settled.
    settled: Vec<(V, Passage)>,
    /// Positions of the batch at hand.
    batch: Vec<Position<V>>,
    reordered: u64,
    evicted: u64,
}

#[derive(Clone, Debug)]
struct Vehicle<V> {
    key: V,
    track: Track,
    /// Positions that wait for late ones, in the order of time.
    waiting: Vec<Fix>,
    before: u32,
    after: u32,
    heard: f64,
}

impl<V: Copy + Eq + Hash + Send + Sync> Stream<V> {
    /// An empty stream.
    ///
    /// # Errors
    /// When a setting is out of range.
    pub fn new(matcher: Matcher, settings: StreamSettings) -> Result<Self, Error> {
        settings.check()?;
        Ok(Self {
            matcher,
            settings,
            shards: (0..SHARDS).map(|_| Shard::new()).collect(),
        })
    }

    /// What it matches with.
    pub const fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// Takes positions; gives the passages that are settled now, each vehicle's in the order it
    /// drove them. Positions of one vehicle must stand in the order they came.
    pub fn take(&mut self, positions: &[Position<V>]) -> Vec<(V, Passage)> {
        for position in positions {
            self.shards[shard_of(&position.vehicle)]
                .batch
                .push(*position);
        }
        let (matcher, settings) = (&self.matcher, &self.settings);
        self.shards.par_iter_mut().for_each(|shard| {
            let batch = std::mem::take(&mut shard.batch);
            for position in &batch {
                shard.take(matcher, settings, position);
            }
            shard.batch = batch;
            shard.batch.clear();
        });
        self.collect()
    }

    /// Settles and forgets vehicles that have been silent since before `time`, seconds of the
    /// positions' clock.
    pub fn forget_before(&mut self, time: f64) -> Vec<(V, Passage)> {
        let matcher = &self.matcher;
        self.shards.par_iter_mut().for_each(|shard| {
            // Clocks of vehicles differ: the longest silent is not the one with the oldest position.
            let mut next = shard.oldest;
            while let Some(vehicle) = shard.vehicles.get(next as usize) {
                let (index, silent) = (next, vehicle.heard < time);
                next = vehicle.after;
                if silent {
                    shard.forget(matcher, index);
                }
            }
        });
        self.collect()
    }

    /// Settles and forgets all vehicles.
    pub fn finish(&mut self) -> Vec<(V, Passage)> {
        let matcher = &self.matcher;
        self.shards.par_iter_mut().for_each(|shard| {
            while shard.oldest != NONE {
                shard.forget(matcher, shard.oldest);
            }
        });
        self.collect()
    }

    /// What became of everything so far.
    pub fn counts(&self) -> StreamCounts {
        let mut sum = StreamCounts::default();
        for shard in &self.shards {
            sum.positions.add(&shard.desk.counts);
            sum.reordered += shard.reordered;
            sum.evicted += shard.evicted;
            sum.vehicles += shard.by_key.len() as u64;
            let waiting = |vehicle: &Vehicle<V>| vehicle.waiting.len() + vehicle.track.unsettled();
            sum.waiting += shard.vehicles.iter().map(waiting).sum::<usize>() as u64;
        }
        // Those that wait have come as well.
        let waiting = self.shards.iter().flat_map(|shard| &shard.vehicles);
        sum.positions.positions += waiting
            .map(|vehicle| vehicle.waiting.len() as u64)
            .sum::<u64>();
        sum
    }

    fn collect(&mut self) -> Vec<(V, Passage)> {
        let mut all = Vec::new();
        for shard in &mut self.shards {
            all.append(&mut shard.settled);
        }
        all
    }
}

/// The shard of a vehicle.
fn shard_of<V: Hash>(vehicle: &V) -> usize {
    let mut hash = rustc_hash::FxHasher::default();
    vehicle.hash(&mut hash);
    // The low bits choose the place in the shard's own map.
    (std::hash::Hasher::finish(&hash) >> 32) as usize % SHARDS
}

impl<V: Copy + Eq + Hash> Shard<V> {
    fn new() -> Self {
        Self {
            by_key: FxHashMap::default(),
            vehicles: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
            desk: Desk::default(),
            settled: Vec::new(),
            batch: Vec::new(),
            reordered: 0,
            evicted: 0,
        }
    }

    fn take(&mut self, matcher: &Matcher, settings: &StreamSettings, position: &Position<V>) {
        let index = self.vehicle(matcher, settings, position.vehicle);
        let Self { vehicles, desk, .. } = self;
        let vehicle = &mut vehicles[index as usize];
        let fix = position.fix;
        let lag = Some(settings.lag);
        if settings.wait_s <= 0.0 || !fix.time.is_finite() {
            vehicle.track.take(matcher.context(), fix, lag, desk);
        } else {
            let place = vehicle
                .waiting
                .partition_point(|other| other.time <= fix.time);
            let too_late =
                place == 0 && vehicle.track.latest().is_some_and(|last| fix.time <= last);
            self.reordered += u64::from(place < vehicle.waiting.len() && !too_late);
            if too_late {
                vehicle.track.take(matcher.context(), fix, lag, desk);
            } else {
                vehicle.waiting.insert(place, fix);
            }
            let newest = vehicle.waiting.last().map_or(fix.time, |last| last.time);
            let ready = vehicle
                .waiting
                .partition_point(|other| other.time + settings.wait_s <= newest);
            let ready = ready.max(vehicle.waiting.len().saturating_sub(settings.waiting_max));
            for fix in vehicle.waiting.drain(..ready) {
                vehicle.track.take(matcher.context(), fix, lag, desk);
            }
        }
        if let Some(last) = vehicle.track.latest() {
            vehicle.heard = last;
        }
        let settled = desk
            .passages
            .drain(..)
            .map(|passage| (vehicle.key, passage));
        self.settled.extend(settled);
    }

    /// The place of a vehicle, which becomes the latest heard.
    fn vehicle(&mut self, matcher: &Matcher, settings: &StreamSettings, key: V) -> u32 {
        if let Some(&index) = self.by_key.get(&key) {
            self.unlink(index);
            self.append(index);
            return index;
        }
        if self.by_key.len() >= settings.vehicles_max.div_ceil(SHARDS) {
            self.forget(matcher, self.oldest);
            self.evicted += 1;
        }
        let new = Vehicle {
            key,
            track: Track::default(),
            waiting: Vec::new(),
            before: NONE,
            after: NONE,
            heard: f64::NEG_INFINITY,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.vehicles[index as usize] = new;
                index
            }
            None => {
                self.vehicles.push(new);
                self.vehicles.len() as u32 - 1
            }
        };
        self.by_key.insert(key, index);
        self.append(index);
        index
    }

    /// Settles everything of a vehicle and frees its place.
    fn forget(&mut self, matcher: &Matcher, index: u32) {
        let Self { vehicles, desk, .. } = self;
        let vehicle = &mut vehicles[index as usize];
        for fix in std::mem::take(&mut vehicle.waiting) {
            vehicle.track.take(matcher.context(), fix, None, desk);
        }
        vehicle.track.finish(matcher.context(), desk);
        vehicle.track = Track::default();
        let key = vehicle.key;
        let settled = desk.passages.drain(..).map(|passage| (key, passage));
        self.settled.extend(settled);
        self.unlink(index);
        self.by_key.remove(&key);
        self.free.push(index);
    }

    fn unlink(&mut self, index: u32) {
        let (before, after) = {
            let vehicle = &self.vehicles[index as usize];
            (vehicle.before, vehicle.after)
        };
        match self.vehicles.get_mut(before as usize) {
            Some(vehicle) => vehicle.after = after,
            None => self.oldest = after,
        }
        match self.vehicles.get_mut(after as usize) {
            Some(vehicle) => vehicle.before = before,
            None => self.newest = before,
        }
    }

    fn append(&mut self, index: u32) {
        let newest = self.newest;
        let vehicle = &mut self.vehicles[index as usize];
        (vehicle.before, vehicle.after) = (newest, NONE);
        match self.vehicles.get_mut(newest as usize) {
            Some(vehicle) => vehicle.after = index,
            None => self.oldest = index,
        }
        self.newest = index;
    }
}
