//! Counts of detectors as CSV.

use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{each, limit, link_named};
use crate::bins::Bin;
use crate::error::Error;
use crate::facts::Roads;
use crate::table::{Count, PACE_MAX, SPEED_MAX};

/// Vehicles that one lane lets past in a day are fewer than this.
pub(super) const VEHICLES_MAX: f64 = 100_000.0;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CountRecord {
    link: String,
    at: f64,
    vehicles: f64,
    #[serde(default)]
    speed: Option<f64>,
    #[serde(default)]
    lane: Option<u32>,
    #[serde(default)]
    occupancy: Option<f64>,
}

impl CountRecord {
    /// The count, or the field that is wrong and how.
    fn found(&self, roads: &Roads) -> Result<Count, (&'static str, String)> {
        let link = link_named(&self.link, roads).map_err(|message| ("link", message))?;
        let lanes = roads.get(link).map_or(0, |facts| facts.lanes);
        if Bin::at(self.at).is_none() {
            let wanted = "seconds since the first midnight, for a century at most";
            return Err(("at", format!("is {}; it must be {wanted}", self.at)));
        }
        if !(0.0..=VEHICLES_MAX).contains(&self.vehicles) {
            let message = format!("is {}; it must be 0 to {VEHICLES_MAX}", self.vehicles);
            return Err(("vehicles", message));
        }
        if let Some(lane) = self.lane.filter(|&lane| lane >= lanes) {
            let last = lanes.saturating_sub(1);
            return Err(("lane", format!("is {lane}; it must be 0 to {last}")));
        }
        if let Some(share) = self.occupancy.filter(|share| !(0.0..=1.0).contains(share)) {
            let message = format!("is {share}; it must be 0 to 1, not per cent");
            return Err(("occupancy", message));
        }
        let slowest = 1.0 / PACE_MAX;
        let speed = self.speed.filter(|_| self.vehicles > 0.0);
        if let Some(speed) = speed.filter(|speed| !(slowest..=SPEED_MAX).contains(speed)) {
            let wanted = format!("{slowest:.3} to {SPEED_MAX} m/s, or empty if none was measured");
            return Err(("speed", format!("is {speed}; it must be {wanted}")));
        }
        Ok(Count {
            link,
            at: self.at,
            vehicles: self.vehicles,
            speed,
            lane: self.lane,
            occupancy: self.occupancy,
        })
    }
}

/// Hands counts over one by one, with their lines: CSV with the columns link, at (the middle of the
/// time counted, seconds since the first midnight), vehicles and, where they were measured, speed
/// (m/s), lane (0 the innermost) and occupancy (0 to 1). Counts of one link and time are added up:
/// there are as many as lanes and minutes.
///
/// # Errors
/// At the first record that is wrong, with its line, and what `take` gives.
pub fn each_count(
    input: impl Read,
    path: &Path,
    roads: &Roads,
    take: &mut dyn FnMut(Count, u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut found = 0;
    each(input, path, |record: CountRecord, line| {
        let count = record
            .found(roads)
            .map_err(|(field, message)| Error::record(path, line, field, message))?;
        found += 1;
        limit(found)?;
        take(count, line)
    })
}

/// Writes counts as [`each_count`] reads them.
///
/// # Errors
/// When the writer fails.
pub fn write_counts(counts: &[Count], roads: &Roads, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for count in counts {
        let record = CountRecord {
            link: roads
                .get(count.link)
                .map_or_else(String::new, |link| link.id.clone()),
            at: count.at,
            vehicles: count.vehicles,
            speed: count.speed,
            lane: count.lane,
            occupancy: count.occupancy,
        };
        writer.serialize(record).map_err(io::Error::other)?;
    }
    writer.flush()
}
