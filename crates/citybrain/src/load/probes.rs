//! Reads positions of vehicles: JSON lines, CSV or binary records.
//!
//! Each has a vehicle, a time in seconds, and a place: longitude and latitude (WGS 84), or metres
//! of the network's own plane where the network has no place on the globe.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use roads::matching::{Fix, Position};
use roads::model::Georeference;
use roads::{Network, Point};
use serde::Deserialize;

use crate::error::Error;

/// Bytes of a binary record: the vehicle (unsigned), seconds, longitude and latitude or x and y
/// (floating point), eight each, little-endian.
pub(crate) const RECORD_BYTES: usize = 32;
/// Longest line that is read, bytes.
const LINE_BYTES: u64 = 1 << 16;
/// Most bytes that are taken from a file of CSV for one row; its reader reads ahead.
const ROW_READ_BYTES: u64 = 2 * LINE_BYTES;
/// Most positions of a file.
const POSITIONS_MAX: usize = 200_000_000;
/// Faults that are shown; the others are counted.
const FAULTS_SHOWN: usize = 5;
/// What a file may be, for messages.
const FORMATS: &str = "positions are JSON lines like {\"vehicle\": \"a\", \"t\": 12.0, \"lon\": 14.5, \
    \"lat\": 35.9} (x and y in metres where the network has no place on the globe), CSV with these \
    columns, or binary records (.bin)";

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON object a line.
    Lines,
    /// A head and rows.
    Csv,
    /// Records of [`RECORD_BYTES`].
    Binary,
}

/// A line of JSON, or a row of CSV.
#[derive(Debug, Deserialize)]
pub(crate) struct Line<'a> {
    /// Whose it is.
    #[serde(borrow, alias = "id", alias = "vehicle_id")]
    vehicle: Name<'a>,
    #[serde(alias = "time", alias = "timestamp")]
    t: f64,
    #[serde(alias = "longitude")]
    lon: Option<f64>,
    #[serde(alias = "latitude")]
    lat: Option<f64>,
    x: Option<f64>,
    y: Option<f64>,
}

/// The name of a vehicle: text or a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Name<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Number(u64),
}

/// Positions of a file, and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    /// Names of the vehicles, in the order they came.
    pub(crate) vehicles: Vec<String>,
    by_name: HashMap<String, u32>,
    /// Positions with their vehicles, in the order of the file.
    pub(crate) positions: Vec<Position<u32>>,
    /// Lines that are no positions.
    pub(crate) faulty: u64,
    /// The first of them, with their places.
    pub(crate) faults: Vec<String>,
}

/// Where positions lie in the network's plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane(pub(crate) Option<Georeference>);

impl Plane {
    fn of_degrees(self, lon: f64, lat: f64) -> Result<Point, String> {
        match self.0 {
            Some(reference) => Ok(reference.to_local(lon, lat)),
            None => Err(
                "has lon and lat, but the network has no place on the globe; give x and y \
                         in metres of its plane"
                    .to_owned(),
            ),
        }
    }

    /// The point of a binary record.
    pub(crate) fn of_pair(self, one: f64, two: f64) -> Point {
        self.0.map_or(Point::new(one, two), |reference| {
            reference.to_local(one, two)
        })
    }

    fn of_line(self, line: &Line<'_>) -> Result<Point, String> {
        match (line.lon, line.lat, line.x, line.y) {
            (Some(lon), Some(lat), _, _) => self.of_degrees(lon, lat),
            (_, _, Some(x), Some(y)) => Ok(Point::new(x, y)),
            _ => Err("has no place: give lon and lat, or x and y".to_owned()),
        }
    }
}

impl<'a> Line<'a> {
    /// The vehicle's name and its position.
    pub(crate) fn position(&'a self, plane: Plane) -> Result<(Cow<'a, str>, Fix), String> {
        let name = match &self.vehicle {
            Name::Text(text) => Cow::Borrowed(text.as_ref()),
            Name::Number(number) => Cow::Owned(number.to_string()),
        };
        let point = plane.of_line(self)?;
        Ok((
            name,
            Fix {
                time: self.t,
                point,
            },
        ))
    }
}

/// The three numbers of a binary record behind its vehicle.
pub(crate) fn record(bytes: &[u8]) -> Option<(u64, [f64; 3])> {
    let part = |at: usize| bytes.get(at..at + 8)?.try_into().ok();
    let number = |at: usize| part(at).map(f64::from_le_bytes);
    let vehicle = part(0).map(u64::from_le_bytes)?;
    Some((vehicle, [number(8)?, number(16)?, number(24)?]))
}

impl Probes {
    fn add(&mut self, name: &str, fix: Fix) {
        let vehicle = match self.by_name.get(name) {
            Some(&vehicle) => vehicle,
            None => {
                let vehicle = self.vehicles.len() as u32;
                self.vehicles.push(name.to_owned());
                self.by_name.insert(name.to_owned(), vehicle);
                vehicle
            }
        };
        self.positions.push(Position { vehicle, fix });
    }

    fn fault(&mut self, path: &Path, line: u64, message: &str) {
        self.faulty += 1;
        if self.faults.len() < FAULTS_SHOWN {
            self.faults
                .push(format!("{}:{line}: {message}", path.display()));
        }
    }
}

/// Reads a file of positions.
pub(crate) fn read(path: &Path, network: &Network) -> Result<Probes, Error> {
    let wrong = |source: Box<dyn std::error::Error + Send + Sync>, help: &str| Error::Input {
        what: "positions",
        path: path.to_owned(),
        source,
        help: Some(help.to_owned()),
    };
    let file = File::open(path)
        .map_err(|error| wrong(error.into(), "see that the file is there and yours to read"))?;
    let plane = Plane(network.georeference);
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut probes = Probes::default();
    let ending = path.extension().and_then(|ending| ending.to_str());
    let form = match ending {
        Some("bin") => Form::Binary,
        Some("csv") => Form::Csv,
        _ => Form::Lines,
    };
    let read = match form {
        Form::Binary => records(&mut reader, path, plane, &mut probes),
        Form::Csv => rows(&mut reader, path, plane, &mut probes),
        Form::Lines => lines(&mut reader, path, plane, &mut probes),
    };
    read.map_err(|error| wrong(error, "see that the file is whole and of this form"))?;
    if probes.positions.is_empty() {
        let first = probes.faults.first().map_or("it is empty", String::as_str);
        return Err(wrong(format!("no position in it: {first}").into(), FORMATS));
    }
    Ok(probes)
}

/// What a reader of one form returns.
type Reading = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn full(probes: &Probes) -> Reading {
    if probes.positions.len() >= POSITIONS_MAX {
        return Err(format!("more than {POSITIONS_MAX} positions; cut the file up").into());
    }
    Ok(())
}

fn lines(reader: &mut impl BufRead, path: &Path, plane: Plane, probes: &mut Probes) -> Reading {
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let bytes = reader
            .by_ref()
            .take(LINE_BYTES)
            .read_until(b'\n', &mut line)?;
        if bytes == 0 {
            return Ok(());
        }
        number += 1;
        if bytes as u64 == LINE_BYTES {
            return Err(format!("line {number} is longer than {LINE_BYTES} bytes").into());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        full(probes)?;
        let fault = match serde_json::from_slice::<Line<'_>>(&line) {
            Ok(line) => match line.position(plane) {
                Ok((name, fix)) => {
                    probes.add(&name, fix);
                    continue;
                }
                Err(message) => message,
            },
            Err(error) => error.to_string(),
        };
        probes.fault(path, number, &fault);
    }
}

fn rows(reader: &mut impl BufRead, path: &Path, plane: Plane, probes: &mut Probes) -> Reading {
    let mut rows = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(reader.take(ROW_READ_BYTES));
    let long = |line: u64| format!("line {line} is longer than {LINE_BYTES} bytes");
    let head = rows.headers()?.clone();
    if rows.get_ref().limit() == 0 {
        return Err(long(1).into());
    }
    let mut row = csv::StringRecord::new();
    loop {
        let line = rows.position().line();
        rows.get_mut().set_limit(ROW_READ_BYTES);
        let read = rows.read_record(&mut row);
        if rows.get_ref().limit() == 0 {
            return Err(long(line).into());
        }
        match read {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) if error.is_io_error() => return Err(error.into()),
            Err(error) => {
                probes.fault(path, line, &error.to_string());
                continue;
            }
        }
        full(probes)?;
        let read = row
            .deserialize::<Row<'_>>(Some(&head))
            .map_err(|error| error.to_string());
        let placed = read.and_then(|row| {
            let line = row.line();
            line.position(plane)
                .map(|(name, fix)| (name.into_owned(), fix))
        });
        match placed {
            Ok((name, fix)) => probes.add(&name, fix),
            Err(message) => probes.fault(path, line, &message),
        }
    }
}

/// A row of CSV: its vehicle is text, whatever it looks like.
#[derive(Debug, Deserialize)]
struct Row<'a> {
    #[serde(alias = "id", alias = "vehicle_id")]
    vehicle: &'a str,
    #[serde(alias = "time", alias = "timestamp")]
    t: f64,
    #[serde(alias = "longitude")]
    lon: Option<f64>,
    #[serde(alias = "latitude")]
    lat: Option<f64>,
    x: Option<f64>,
    y: Option<f64>,
}

impl<'a> Row<'a> {
    const fn line(&self) -> Line<'a> {
        Line {
            vehicle: Name::Text(Cow::Borrowed(self.vehicle)),
            t: self.t,
            lon: self.lon,
            lat: self.lat,
            x: self.x,
            y: self.y,
        }
    }
}

fn records(reader: &mut impl Read, path: &Path, plane: Plane, probes: &mut Probes) -> Reading {
    let mut bytes = [0; RECORD_BYTES];
    let mut number = 0;
    loop {
        let mut filled = 0;
        while filled < RECORD_BYTES {
            match reader.read(&mut bytes[filled..])? {
                0 => break,
                more => filled += more,
            }
        }
        number += 1;
        if filled == 0 {
            return Ok(());
        }
        full(probes)?;
        match record(&bytes[..filled]) {
            Some((vehicle, [time, one, two])) => {
                let point = plane.of_pair(one, two);
                probes.add(&vehicle.to_string(), Fix { time, point });
            }
            None => {
                let message =
                    format!("record {number} is cut off: {filled} of {RECORD_BYTES} bytes");
                probes.fault(path, number, &message);
            }
        }
    }
}
