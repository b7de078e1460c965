//! `citybrain roads info`: what a network is made of.

use std::collections::BTreeMap;

use roads::Network;
use serde::Serialize;

use crate::cli::roads::InfoArgs;
use crate::error::{Exit, Outcome};
use crate::load;
use crate::printer::{Printer, grouped, properties};

/// What a network is made of.
#[derive(Debug, Serialize)]
struct Info {
    name: String,
    attribution: Option<String>,
    driving_side: roads::model::DrivingSide,
    georeference: Option<roads::model::Georeference>,
    /// West, south, east, north: metres in the local plane.
    bounds_m: Option<[f64; 4]>,
    junctions: usize,
    boundary_junctions: usize,
    links: usize,
    lanes: usize,
    turns: usize,
    movements: usize,
    crossings: usize,
    signals: usize,
    signals_with_plan: usize,
    link_km: f64,
    lane_km: f64,
    elevated_km: f64,
    /// Kilometres of links by class.
    km_by_class: BTreeMap<String, f64>,
    /// Mean of the lanes, weighted by length.
    speed_limit_m_s: f64,
}

impl Info {
    fn of(network: &Network) -> Self {
        let km = |metres: f64| metres / 1000.0;
        let mut km_by_class: BTreeMap<String, f64> = BTreeMap::new();
        for link in &network.links {
            let class = serde_json::to_value(link.class)
                .ok()
                .and_then(|name| name.as_str().map(str::to_owned))
                .unwrap_or_default();
            *km_by_class.entry(class).or_default() += km(link.length);
        }
        let lane_metres: f64 = network.lanes.iter().map(|lane| lane.length).sum();
        let limits: f64 = network
            .lanes
            .iter()
            .map(|lane| lane.length * lane.speed_limit)
            .sum();
        Self {
            name: network.name.clone(),
            attribution: network.attribution.clone(),
            driving_side: network.driving_side,
            georeference: network.georeference,
            bounds_m: bounds(network),
            junctions: network.junctions.len(),
            boundary_junctions: network.junctions.iter().filter(|j| j.boundary).count(),
            links: network.links.len(),
            lanes: network.lanes.len(),
            turns: network.turns.len(),
            movements: network.movements.len(),
            crossings: network.crossings.len(),
            signals: network.signals.len(),
            signals_with_plan: network
                .signals
                .iter()
                .filter(|s| !s.phases.is_empty())
                .count(),
            link_km: km(network.total_link_length()),
            lane_km: km(lane_metres),
            elevated_km: km(network
                .links
                .iter()
                .filter(|link| link.elevated)
                .fold(0.0, |sum, link| sum + link.length)),
            km_by_class,
            speed_limit_m_s: if lane_metres > 0.0 {
                limits / lane_metres
            } else {
                0.0
            },
        }
    }
}

/// West, south, east and north end of all links; `None` of no links.
fn bounds(network: &Network) -> Option<[f64; 4]> {
    let mut points = network.links.iter().flat_map(|link| &link.shape);
    let first = points.next()?;
    Some(points.fold(
        [first.x, first.y, first.x, first.y],
        |[w, s, e, n], point| {
            [
                w.min(point.x),
                s.min(point.y),
                e.max(point.x),
                n.max(point.y),
            ]
        },
    ))
}

/// Prints it.
pub(crate) fn info(args: &InfoArgs, printer: Printer) -> Outcome {
    let network = load::network(&args.network, printer)?;
    let info = Info::of(&network);
    if printer.json {
        printer.json(&info)?;
        return Ok(Exit::Success);
    }
    let count = |number: usize| grouped(number as u64);
    let classes: Vec<String> = info
        .km_by_class
        .iter()
        .map(|(class, km)| format!("{class} {km:.1} km"))
        .collect();
    let mut rows = vec![
        ("network", info.name.clone()),
        (
            "junctions",
            format!(
                "{}, {} of them at the boundary",
                count(info.junctions),
                count(info.boundary_junctions)
            ),
        ),
        (
            "links",
            format!(
                "{}, {:.1} km, {:.1} km elevated",
                count(info.links),
                info.link_km,
                info.elevated_km
            ),
        ),
        (
            "lanes",
            format!("{}, {:.1} km", count(info.lanes), info.lane_km),
        ),
        ("classes", classes.join(", ")),
        (
            "mean speed limit",
            format!("{:.1} m/s", info.speed_limit_m_s),
        ),
        ("turns", count(info.turns)),
        ("movements", count(info.movements)),
        ("crossings", count(info.crossings)),
        (
            "signals",
            format!(
                "{}, {} with a plan",
                count(info.signals),
                count(info.signals_with_plan)
            ),
        ),
    ];
    if let Some([west, south, east, north]) = info.bounds_m {
        rows.push((
            "extent",
            format!("{:.0} m × {:.0} m", east - west, north - south),
        ));
    }
    if let Some(place) = info.georeference {
        rows.push((
            "origin",
            format!("{:.5}° E, {:.5}° N", place.longitude, place.latitude),
        ));
    }
    if let Some(attribution) = &info.attribution {
        rows.push(("data from", attribution.clone()));
    }
    printer.line(properties(rows).trim_fmt())?;
    Ok(Exit::Success)
}
