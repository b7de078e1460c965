//! Reads demand.

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::demand::{Demand, Flow, VehicleType};
use crate::error::Error;
use crate::input;
use crate::limits::Limits;
use crate::model::{LinkId, Network};

use super::json::{Json, Step};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FlowRecord {
    vehicle: VehicleRecord,
    route: Vec<String>,
    interval: f64,
    #[serde(default)]
    start_time: f64,
    #[serde(default = "no_end")]
    end_time: f64,
}

const fn no_end() -> f64 {
    -1.0
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VehicleRecord {
    length: f64,
    width: f64,
    max_pos_acc: f64,
    max_neg_acc: f64,
    usual_pos_acc: f64,
    usual_neg_acc: f64,
    min_gap: f64,
    max_speed: f64,
    headway_time: f64,
}

/// Reads a demand file against its network.
///
/// # Errors
/// When the file cannot be read, is not JSON of this format, or names a road that does not exist.
pub fn read_demand(path: &Path, network: &Network) -> Result<Demand, Error> {
    parse_demand(&input::bytes(path, &Limits::default())?, path, network)
}

/// Reads demand from the bytes of a file, plain or gzip; `path` is for messages.
///
/// # Errors
/// As [`read_demand`].
pub fn parse_demand(bytes: &[u8], path: &Path, network: &Network) -> Result<Demand, Error> {
    let limits = Limits::default();
    let json = Json::new(bytes, path, &limits)?;
    let records: Vec<FlowRecord> = json.parse()?;
    let links: FxHashMap<&str, LinkId> = network
        .links
        .iter()
        .enumerate()
        .map(|(index, link)| (link.id.as_str(), LinkId::from(index)))
        .collect();
    let mut demand = Demand::default();
    let mut types: FxHashMap<[u64; 9], u32> = FxHashMap::default();
    let mut routes: FxHashMap<Vec<LinkId>, u32> = FxHashMap::default();
    for (number, record) in records.iter().enumerate() {
        let fault = |what: String| {
            let error = Error::element("flow", &number.to_string(), what);
            json.at(&[Step::Item(number)], error)
        };
        if record.route.len() > limits.links_per_route {
            return Err(fault(format!(
                "has a route of {} roads, more than the limit of {}",
                record.route.len(),
                limits.links_per_route
            )));
        }
        let kind = vehicle_type(&record.vehicle);
        kind.check().map_err(&fault)?;
        if !(record.interval.is_finite() && record.interval > 0.0) {
            return Err(fault(
                "needs an interval greater than zero seconds".to_owned(),
            ));
        }
        if !record.start_time.is_finite() || !record.end_time.is_finite() {
            return Err(fault("needs a startTime and endTime in seconds".to_owned()));
        }
        let mut route = Vec::with_capacity(record.route.len());
        for road in &record.route {
            let link = links.get(road.as_str()).ok_or_else(|| {
                fault(format!(
                    "has the road {road:?} in its route, which does not exist"
                ))
            })?;
            route.push(*link);
        }
        let vehicle_type = *types.entry(bits(&kind)).or_insert_with(|| {
            demand.types.push(kind);
            demand.types.len() as u32 - 1
        });
        let route = *routes.entry(route).or_insert_with_key(|route| {
            demand.routes.push(route.clone());
            demand.routes.len() as u32 - 1
        });
        demand.flows.push(Flow {
            id: None,
            vehicle_type,
            route,
            interval: record.interval,
            start: record.start_time,
            end: (record.end_time >= 0.0).then_some(record.end_time),
        });
    }
    Ok(demand)
}

fn vehicle_type(record: &VehicleRecord) -> VehicleType {
    VehicleType {
        id: "car".to_owned(),
        length: record.length,
        width: record.width,
        max_acceleration: record.max_pos_acc,
        max_deceleration: record.max_neg_acc,
        usual_acceleration: record.usual_pos_acc,
        usual_deceleration: record.usual_neg_acc,
        min_gap: record.min_gap,
        max_speed: record.max_speed,
        headway: record.headway_time,
    }
}

/// A type's figures as a key: many files repeat the same vehicle in each flow.
const fn bits(kind: &VehicleType) -> [u64; 9] {
    [
        kind.length.to_bits(),
        kind.width.to_bits(),
        kind.max_acceleration.to_bits(),
        kind.max_deceleration.to_bits(),
        kind.usual_acceleration.to_bits(),
        kind.usual_deceleration.to_bits(),
        kind.min_gap.to_bits(),
        kind.max_speed.to_bits(),
        kind.headway.to_bits(),
    ]
}
