//! Tables of link observations as CSV and JSON; traversals and counts as CSV. Links stand by name.
//! Bad records are refused with file, line, field and remedy.

mod counts;
mod json;

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::Path;

use roads::LinkId;
use serde::{Deserialize, Serialize};

use crate::bins::{Bin, LAST_BIN};
use crate::error::Error;
use crate::estimate::{LinkObs, Source, all_or_none, interval};
use crate::facts::Roads;
use crate::table::{PACE_MAX, SPEED_MAX, Traversal};
use counts::VEHICLES_MAX;

pub use counts::{each_count, write_counts};

/// Most records of a file.
pub const RECORDS_MAX: u64 = 50_000_000;

/// Most bytes that are taken from a file for one record; the reader of CSV reads ahead.
const ROW_READ_BYTES: u64 = 1 << 17;

/// A row of the table as files have it. Times are seconds, speeds m/s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The link's name.
    pub link: String,
    /// The quarter hour, from the table's first midnight.
    pub bin: u32,
    /// Traversals observed.
    pub n: f64,
    /// Vehicles counted, if they were.
    #[serde(default)]
    pub vehicles: Option<f64>,
    /// Space-mean speed.
    pub speed: f64,
    /// Standard error of the travel time; without it a tenth of the time.
    #[serde(default)]
    pub se_s: Option<f64>,
    /// Share borrowed.
    #[serde(default)]
    pub borrowed: Option<f64>,
    /// Speed that 5 % do not exceed.
    #[serde(default)]
    pub p05: Option<f64>,
    /// Speed that 15 % do not exceed.
    #[serde(default)]
    pub p15: Option<f64>,
    /// Median speed.
    #[serde(default)]
    pub p50: Option<f64>,
    /// Speed that 85 % do not exceed.
    #[serde(default)]
    pub p85: Option<f64>,
    /// Speed that 95 % do not exceed.
    #[serde(default)]
    pub p95: Option<f64>,
    /// `probes` or `detectors`.
    #[serde(default)]
    pub source: Option<Source>,
}

/// Standard error where a file gives none, as a share of the time.
const SE_UNKNOWN: f64 = 0.1;

impl Row {
    /// A row by name.
    pub fn of(obs: &LinkObs, roads: &Roads) -> Self {
        let id = roads.get(obs.link).map(|link| link.id.clone());
        let percentile = |place: usize| obs.speed_percentiles.map(|speeds| speeds[place]);
        Self {
            link: id.unwrap_or_default(),
            bin: obs.bin.0,
            n: obs.n,
            vehicles: obs.vehicles,
            speed: obs.speed,
            se_s: Some(obs.se_s),
            borrowed: Some(obs.borrowed),
            p05: percentile(0),
            p15: percentile(1),
            p50: percentile(2),
            p85: percentile(3),
            p95: percentile(4),
            source: Some(obs.source),
        }
    }

    /// The row with its link found; field and message where something is wrong.
    fn found(&self, roads: &Roads) -> Result<LinkObs, (&'static str, String)> {
        let link = link_named(&self.link, roads).map_err(|message| ("link", message))?;
        if self.bin > LAST_BIN {
            return Err(("bin", format!("{} must be 0 to {LAST_BIN}", self.bin)));
        }
        let length = roads.links[link.index()].length_m;
        let (slowest, fastest) = (1.0 / PACE_MAX, SPEED_MAX);
        let counts = 0.0..=VEHICLES_MAX;
        let speeds = slowest..=fastest;
        let fields = [
            ("n", Some(self.n), &counts),
            ("vehicles", self.vehicles, &counts),
            ("speed", Some(self.speed), &speeds),
            ("se_s", self.se_s, &(0.0..=length * PACE_MAX)),
            ("borrowed", self.borrowed, &(0.0..=1.0)),
            ("p05", self.p05, &speeds),
            ("p15", self.p15, &speeds),
            ("p50", self.p50, &speeds),
            ("p85", self.p85, &speeds),
            ("p95", self.p95, &speeds),
        ];
        for (field, value, bounds) in fields {
            if let Some(value) = value.filter(|value| !bounds.contains(value)) {
                let (least, most) = (bounds.start(), bounds.end());
                let unit = match field {
                    "n" | "vehicles" | "borrowed" => "",
                    "se_s" => " s",
                    _ => " m/s",
                };
                let wanted = format!("it must be {least:.3} to {most:.0}{unit}");
                return Err((field, format!("is {value}; {wanted}")));
            }
        }
        let time_s = length / self.speed;
        let se_s = self.se_s.unwrap_or(time_s * SE_UNKNOWN);
        let (low_s, high_s) = interval(time_s, se_s);
        Ok(LinkObs {
            link,
            bin: Bin(self.bin),
            n: self.n,
            vehicles: self.vehicles,
            speed: self.speed,
            time_s,
            se_s,
            low_s,
            high_s,
            borrowed: self.borrowed.unwrap_or(0.0),
            speed_percentiles: all_or_none([self.p05, self.p15, self.p50, self.p85, self.p95]),
            source: self.source.unwrap_or(Source::Probes),
        })
    }
}

/// Writes a table as CSV.
///
/// # Errors
/// When the writer fails.
pub fn write_rows(rows: &[LinkObs], roads: &Roads, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for obs in rows {
        writer
            .serialize(Row::of(obs, roads))
            .map_err(io::Error::other)?;
    }
    writer.flush()
}

/// Reads a table: CSV with a header; or JSON, an array of objects, where the first byte that is no
/// space is `[`. A link stands once in a quarter hour.
///
/// # Errors
/// At the first record that is wrong, with its line: the one on which a row of JSON ends.
pub fn read_rows(input: impl Read, path: &Path, roads: &Roads) -> Result<Vec<LinkObs>, Error> {
    let mut input = io::BufReader::new(input);
    let json = starts_with_bracket(&mut input).map_err(|error| io_error(path, error))?;
    let mut found = Vec::new();
    let mut known = HashMap::new();
    let mut take = |row: &Row, line: u64| {
        let obs = row
            .found(roads)
            .map_err(|(field, message)| Error::record(path, line, field, message))?;
        if let Some(first) = known.insert((obs.bin, obs.link), line) {
            let message = format!(
                "{:?} has quarter hour {} on line {first} already; one row must have both",
                row.link, row.bin
            );
            return Err(Error::record(path, line, "link", message));
        }
        found.push(obs);
        limit(found.len() as u64)
    };
    if json {
        json::each_row(input, path, &mut take)?;
    } else {
        each(input, path, |row: Row, line| take(&row, line))?;
    }
    found.sort_by_key(|row| (row.bin, row.link));
    Ok(found)
}

fn starts_with_bracket(input: &mut impl io::BufRead) -> io::Result<bool> {
    let buffer = input.fill_buf()?;
    Ok(buffer.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'['))
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        source,
    }
}

/// The link with this name, or what is wrong with the name.
pub(crate) fn link_named(name: &str, roads: &Roads) -> Result<LinkId, String> {
    let unknown = || format!("{name:?} is no link of the network");
    roads.named(name).ok_or_else(unknown)
}

fn limit(found: u64) -> Result<(), Error> {
    if found > RECORDS_MAX {
        return Err(Error::Limit {
            what: "number of records of a file",
            found,
            limit: RECORDS_MAX,
        });
    }
    Ok(())
}

/// Hands each record of a CSV file over, with its line.
pub(crate) fn each<T: serde::de::DeserializeOwned>(
    input: impl Read,
    path: &Path,
    mut take: impl FnMut(T, u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(input.take(ROW_READ_BYTES));
    let long = |line: u64| {
        let message =
            format!("is longer than {ROW_READ_BYTES} bytes: an open quote, or no line break");
        Error::record(path, line, "the record", message)
    };
    let headers = reader
        .headers()
        .map_err(|error| csv_error(&error, path))?
        .clone();
    if reader.get_ref().limit() == 0 {
        return Err(long(1));
    }
    let mut record = csv::StringRecord::new();
    loop {
        let begun = reader.position().line();
        reader.get_mut().set_limit(ROW_READ_BYTES);
        let read = reader.read_record(&mut record);
        if reader.get_ref().limit() == 0 {
            return Err(long(begun));
        }
        if !read.map_err(|error| csv_error(&error, path))? {
            return Ok(());
        }
        let line = record.position().map_or(0, csv::Position::line);
        let row: T = record
            .deserialize(Some(&headers))
            .map_err(|error| csv_error(&error, path))?;
        take(row, line)?;
    }
}

fn csv_error(error: &csv::Error, path: &Path) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Io(source) => {
            io_error(path, io::Error::new(source.kind(), source.to_string()))
        }
        csv::ErrorKind::Deserialize { err, .. } => {
            let field = err.field().map(|field| format!("column {}", field + 1));
            Error::record(
                path,
                line,
                field.unwrap_or_else(|| "the record".to_owned()),
                format!("is wrong: {}", err.kind()),
            )
        }
        _ => Error::record(path, line, "the record", format!("is wrong: {error}")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TraversalRecord {
    vehicle: u64,
    link: String,
    entered: f64,
    left: f64,
    #[serde(default)]
    from_m: Option<f64>,
    #[serde(default)]
    to_m: Option<f64>,
}

/// Hands traversals over one by one, with their lines: CSV with the columns vehicle, link, entered,
/// left (seconds since the first midnight) and, for stretches, from_m and to_m.
///
/// # Errors
/// At the first record that is wrong, with its line, and what `take` gives.
pub fn each_traversal(
    input: impl Read,
    path: &Path,
    roads: &Roads,
    take: &mut dyn FnMut(Traversal, u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut found = 0;
    each(input, path, |record: TraversalRecord, line| {
        let link = link_named(&record.link, roads)
            .map_err(|message| Error::record(path, line, "link", message))?;
        if !(record.left > record.entered && record.entered >= 0.0 && record.left.is_finite()) {
            let message = format!(
                "is {}; it must be after entered, {}, and that not below zero",
                record.left, record.entered
            );
            return Err(Error::record(path, line, "left", message));
        }
        if Bin::at(record.left).is_none() {
            let message = format!("is {}; it must be within a century", record.left);
            return Err(Error::record(path, line, "left", message));
        }
        found += 1;
        limit(found)?;
        let seen = Traversal {
            vehicle: record.vehicle,
            link,
            entered: record.entered,
            left: record.left,
            from_m: record.from_m.unwrap_or(0.0),
            to_m: record.to_m.unwrap_or(roads.links[link.index()].length_m),
        };
        take(seen, line)
    })
}

#[derive(Serialize)]
struct TraversalOut<'a> {
    vehicle: u64,
    link: &'a str,
    entered: f64,
    left: f64,
    from_m: f64,
    to_m: f64,
}

/// Writes traversals as [`each_traversal`] reads them.
///
/// # Errors
/// When the writer fails.
pub fn write_traversals(seen: &[Traversal], roads: &Roads, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for traversal in seen {
        let record = TraversalOut {
            vehicle: traversal.vehicle,
            link: roads.get(traversal.link).map_or("", |link| &link.id),
            entered: traversal.entered,
            left: traversal.left,
            from_m: traversal.from_m,
            to_m: traversal.to_m,
        };
        writer.serialize(record).map_err(io::Error::other)?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests;
