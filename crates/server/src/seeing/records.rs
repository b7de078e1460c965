//! Positions as they are sent, a JSON object a line: read, and refused with the line and what would
//! be right.

use std::fmt::{self, Display};

use observe::live::ProbePoint;
use roads::{Network, Point};
use serde::Deserialize;

/// Positions of one post, and of one message.
pub(super) const POINTS_MAX: usize = 200_000;
/// Bytes of a vehicle's name.
const NAME_BYTES_MAX: usize = 128;
/// The latest time of a position, seconds: thousands of years after any clock's beginning.
const TIME_MAX: f64 = 1e11;
/// What a line should be.
const RIGHT: &str = r#"a line is an object of "vehicle" (text), "t" (seconds), "lon" and "lat" or "x" and "y", and "seq" (a whole number) if there is one"#;

/// A position as it is sent: in degrees, or in metres of the network's plane.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    vehicle: String,
    #[serde(default)]
    seq: Option<u64>,
    t: f64,
    #[serde(default)]
    lon: Option<f64>,
    #[serde(default)]
    lat: Option<f64>,
    #[serde(default)]
    x: Option<f64>,
    #[serde(default)]
    y: Option<f64>,
}

/// A record that is wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Its line, from 1.
    pub(super) line: usize,
    wrong: Wrong,
}

#[derive(Debug)]
enum Wrong {
    Json(serde_json::Error),
    Position(String),
}

impl Fault {
    /// What is wrong, for others than the sender: without what the line says, which may name
    /// somebody.
    pub(super) fn told(&self) -> String {
        match &self.wrong {
            Wrong::Json(error) => format!("column {}: {RIGHT}", error.column()),
            Wrong::Position(detail) => detail.clone(),
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match &self.wrong {
            Wrong::Json(error) => write!(f, "line {line}: {error}"),
            Wrong::Position(detail) => write!(f, "line {line}: {detail}"),
        }
    }
}

/// The records of a body, each a position or a fault; after [`POINTS_MAX`] of them one more fault,
/// and no further ones.
pub(super) fn read<'a>(
    network: &'a Network,
    body: &'a [u8],
) -> impl Iterator<Item = Result<ProbePoint, Fault>> + 'a {
    let records = lines(body).take(POINTS_MAX + 1).enumerate();
    records.map(move |(count, (line, text))| {
        let point = if count == POINTS_MAX {
            let detail = format!("there are more than {POINTS_MAX} positions; send less at once");
            Err(Wrong::Position(detail))
        } else {
            serde_json::from_slice::<Line>(text)
                .map_err(Wrong::Json)
                .and_then(|line| position(network, &line).map_err(Wrong::Position))
        };
        point.map_err(|wrong| Fault { line, wrong })
    })
}

/// Lines that are not blank, by number from 1.
pub(super) fn lines(body: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = body.split(|&byte| byte == b'\n').enumerate();
    lines
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
}

fn position(network: &Network, line: &Line) -> Result<ProbePoint, String> {
    if line.vehicle.is_empty() || line.vehicle.len() > NAME_BYTES_MAX {
        return Err(format!("vehicle must have 1 to {NAME_BYTES_MAX} bytes"));
    }
    if !(0.0..=TIME_MAX).contains(&line.t) {
        return Err(format!(
            "t is {:e}; it must be seconds of a clock, from 0 to {TIME_MAX:e}",
            line.t
        ));
    }
    let point = match (line.lon, line.lat, line.x, line.y) {
        (Some(lon), Some(lat), None, None) => {
            let Some(place) = network.georeference else {
                return Err(
                    "the network has no place on the globe: send x and y in metres".to_owned(),
                );
            };
            place.to_local(lon, lat)
        }
        (None, None, Some(x), Some(y)) => Point::new(x, y),
        _ => return Err("send lon and lat in degrees, or x and y in metres".to_owned()),
    };
    Ok(ProbePoint {
        vehicle: observe::live::vehicle_of(&line.vehicle),
        sequence: line.seq,
        time: line.t,
        point,
    })
}

#[cfg(test)]
mod tests {
    use roads::generate::{GridSpec, grid};

    use super::*;

    #[test]
    fn what_others_are_told_of_a_wrong_line_names_nobody() {
        let network = grid(&GridSpec::default()).unwrap();
        for line in [
            r#"{"vehicle": 4711, "t": 1, "x": 0, "y": 0}"#,
            r#"{"vehicle": "a", "holder 4711": "b", "t": 1}"#,
            r#"{"vehicle": "4711", "t": -1, "x": 0, "y": 0}"#,
            "4711",
        ] {
            let fault = read(&network, line.as_bytes()).next().unwrap().unwrap_err();
            assert!(!fault.told().contains("4711"), "{}", fault.told());
        }
    }
}
