//! Trips, positions and matched paths as JSON, so that other engines can be measured on the same
//! positions with the same count (`script/matchers`).

use serde_json::{Value, json};

use super::score::{NEAR_M, SAMPLE_M, lines};
use super::trips::Trip;
use crate::geometry::Point;
use crate::matching::map::Map;
use crate::matching::matcher::Matched;
use crate::matching::track::Fix;
use crate::model::Network;

/// Trips as they were seen in one way, and what was matched.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Seconds between positions.
    pub interval_s: f64,
    /// Standard deviation of x and of y, metres.
    pub sigma_m: f64,
    /// The positions of each trip.
    pub fixes: Vec<Vec<Fix>>,
    /// What became of each trip.
    pub matched: Vec<Matched>,
}

/// All of it as one value, with `measured` beside it; longitude and latitude, since others know no
/// other plane. `None` when the network has no place on the globe.
pub fn traces(
    network: &Network,
    map: &Map,
    trips: &[Trip],
    seen: &[Seen],
    measured: Value,
) -> Option<Value> {
    let reference = network.georeference?;
    let place = |point: &Point| {
        let (longitude, latitude) = reference.to_degrees(*point);
        let rounded = |degrees: f64| (degrees * 1e7).round() / 1e7;
        json!([rounded(longitude), rounded(latitude)])
    };
    let line = |points: &[Point]| points.iter().map(place).collect::<Value>();
    let fix = |fix: &Fix| {
        let place = place(&fix.point);
        json!([fix.time, place[0], place[1]])
    };
    let row = |row: &Seen| {
        let path = |one: &Matched| {
            let paths = lines(map, &one.passages);
            paths.iter().map(|points| line(points)).collect::<Value>()
        };
        let trace = |trace: &Vec<Fix>| trace.iter().map(fix).collect::<Value>();
        json!({
            "interval_s": row.interval_s,
            "sigma_m": row.sigma_m,
            "traces": row.fixes.iter().map(trace).collect::<Value>(),
            "matched": row.matched.iter().map(path).collect::<Value>(),
        })
    };
    Some(json!({
        "network": network.name,
        "attribution": network.attribution,
        "near_m": NEAR_M,
        "sample_m": SAMPLE_M,
        "measured": measured,
        "paths": trips.iter().map(|trip| line(&trip.path)).collect::<Value>(),
        "rows": seen.iter().map(row).collect::<Value>(),
    }))
}
