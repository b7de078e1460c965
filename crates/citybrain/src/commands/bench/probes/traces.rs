//! Trips, positions and matched paths as JSON, so that other engines can be measured on the same
//! positions with the same count (`script/matchers`).

use std::io::Write;
use std::path::Path;

use roads::matching::evaluate::{NEAR_M, SAMPLE_M, Trip, lines};
use roads::matching::{Fix, Map, Matched};
use roads::{Network, Point};
use serde_json::{Value, json};

use crate::cli::probes::Row;
use crate::error::Error;
use crate::output::to_file;

/// Rows with what was seen and matched.
type Seen = [(Row, Vec<Vec<Fix>>, Vec<Matched>)];

/// Writes the file; longitude and latitude, since others know no other plane.
pub(super) fn write(
    path: &Path,
    network: &Network,
    map: &Map,
    (trips, seen): (&[Trip], &Seen),
    measured: Value,
) -> Result<(), Error> {
    let Some(reference) = network.georeference else {
        return Err(Error::Refused {
            message: "--write-traces: the network has no place on the globe".to_owned(),
            help: Some("take one that has, such as an OpenStreetMap extract".to_owned()),
        });
    };
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
    let rows: Vec<Value> = seen
        .iter()
        .map(|(row, fixes, matched)| {
            let path = |one: &Matched| {
                let paths = lines(map, &one.passages);
                paths.iter().map(|points| line(points)).collect::<Value>()
            };
            json!({
                "interval_s": row.interval_s,
                "sigma_m": row.sigma_m,
                "traces": fixes
                    .iter()
                    .map(|trace| trace.iter().map(fix).collect::<Value>())
                    .collect::<Value>(),
                "matched": matched.iter().map(path).collect::<Value>(),
            })
        })
        .collect();
    let all = json!({
        "network": network.name,
        "attribution": network.attribution,
        "near_m": NEAR_M,
        "sample_m": SAMPLE_M,
        "measured": measured,
        "paths": trips.iter().map(|trip| line(&trip.path)).collect::<Value>(),
        "rows": rows,
    });
    to_file(path, |out| {
        serde_json::to_writer(&mut *out, &all)?;
        out.write_all(b"\n")
    })
}
