//! Networks and demand in the JSON format of the CityFlow simulator, in which the published
//! scenarios of Hangzhou and Jinan come.

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::builder::{
    Builder, LaneSpec, LinkSpec, MovementKey, MovementSpec, SignalSpec, TurnSpec, aspects,
};
use crate::demand::{Demand, Flow, VehicleType};
use crate::error::Error;
use crate::geometry::{self, Point};
use crate::model::{Direction, JunctionControl, JunctionId, LinkId, Network, Phase, RoadClass};

#[derive(Deserialize)]
struct NetworkFile {
    intersections: Vec<Intersection>,
    roads: Vec<Road>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intersection {
    id: String,
    point: Point,
    #[serde(default)]
    width: f64,
    #[serde(default)]
    road_links: Vec<RoadLink>,
    traffic_light: Option<TrafficLight>,
    #[serde(rename = "virtual")]
    boundary: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoadLink {
    #[serde(rename = "type")]
    kind: Kind,
    start_road: String,
    end_road: String,
    lane_links: Vec<LaneLink>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    GoStraight,
    TurnLeft,
    TurnRight,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LaneLink {
    start_lane_index: u32,
    end_lane_index: u32,
    #[serde(default)]
    points: Vec<Point>,
}

#[derive(Deserialize)]
struct TrafficLight {
    lightphases: Vec<LightPhase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LightPhase {
    time: f64,
    available_road_links: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Road {
    id: String,
    points: Vec<Point>,
    lanes: Vec<RoadLane>,
    start_intersection: String,
    end_intersection: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoadLane {
    width: f64,
    max_speed: f64,
}

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

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

fn syntax(path: &Path, error: &serde_json::Error) -> Error {
    Error::Syntax {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        message: error.to_string(),
    }
}

/// Reads a network file.
///
/// # Errors
/// When the file cannot be read, is not JSON of this format, or names what does not exist.
pub fn read_network(path: &Path) -> Result<Network, Error> {
    parse_network(&read(path)?, path)
}

/// Reads a network from the bytes of a file; `path` is for messages.
///
/// # Errors
/// As [`read_network`].
pub fn parse_network(bytes: &[u8], path: &Path) -> Result<Network, Error> {
    let file: NetworkFile = serde_json::from_slice(bytes).map_err(|error| syntax(path, &error))?;
    let name = path.parent().and_then(Path::file_name).map_or_else(
        || "network".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let mut builder = Builder::new(name);

    let mut junctions = FxHashMap::default();
    for intersection in &file.intersections {
        let width = if intersection.boundary {
            0.0
        } else {
            intersection.width
        };
        if !(width.is_finite() && width >= 0.0 && intersection.point.is_finite()) {
            let what = "needs a finite point and a width of zero or more";
            return Err(Error::element("intersection", &intersection.id, what));
        }
        let id = builder.junction(
            intersection.id.clone(),
            intersection.point,
            width,
            intersection.boundary,
            JunctionControl::ByTurn,
        );
        if junctions.insert(intersection.id.as_str(), id).is_some() {
            return Err(Error::element(
                "intersection",
                &intersection.id,
                "is given twice",
            ));
        }
    }

    let mut links: FxHashMap<&str, LinkId> = FxHashMap::default();
    for road in &file.roads {
        let id = add_road(&mut builder, road, &junctions)?;
        if links.insert(road.id.as_str(), id).is_some() {
            return Err(Error::element("road", &road.id, "is given twice"));
        }
    }
    for (index, intersection) in file.intersections.iter().enumerate() {
        if !intersection.boundary {
            add_turns(
                &mut builder,
                JunctionId::from(index),
                intersection,
                &file.roads,
                &links,
            )?;
        }
    }
    builder.finish()
}

fn add_road(
    builder: &mut Builder,
    road: &Road,
    junctions: &FxHashMap<&str, JunctionId>,
) -> Result<LinkId, Error> {
    let end_of = |id: &str| {
        junctions.get(id).copied().ok_or_else(|| {
            Error::element(
                "road",
                &road.id,
                format!("names the intersection {id:?}, which does not exist"),
            )
        })
    };
    let (from, to) = (
        end_of(&road.start_intersection)?,
        end_of(&road.end_intersection)?,
    );
    if road.points.len() < 2 {
        return Err(Error::element(
            "road",
            &road.id,
            "needs at least two points",
        ));
    }
    let network = builder.network_mut();
    let cut = geometry::trimmed(
        &road.points,
        network.junctions[from.index()].width,
        network.junctions[to.index()].width,
    );
    let mut offset = 0.0;
    let lanes = road
        .lanes
        .iter()
        .map(|lane| {
            let middle = f64::midpoint(offset, offset + lane.width);
            offset += lane.width;
            LaneSpec {
                width: lane.width,
                speed_limit: lane.max_speed,
                shape: geometry::offset_right(&cut, middle),
                length: None,
            }
        })
        .collect();
    builder.link(LinkSpec {
        id: road.id.clone(),
        name: None,
        from,
        to,
        shape: road.points.clone(),
        lanes,
        class: RoadClass::Primary,
        elevated: false,
    })
}

fn add_turns(
    builder: &mut Builder,
    junction: JunctionId,
    intersection: &Intersection,
    roads: &[Road],
    links: &FxHashMap<&str, LinkId>,
) -> Result<(), Error> {
    let fault = |what: String| Error::element("intersection", &intersection.id, what);
    let mut keys = Vec::new(); // movement, and the road link it belongs to
    for (index, road_link) in intersection.road_links.iter().enumerate() {
        let link_of = |id: &str| {
            links.get(id).copied().ok_or_else(|| {
                fault(format!(
                    "has a road link with the road {id:?}, which does not exist"
                ))
            })
        };
        let (from, to) = (
            link_of(&road_link.start_road)?,
            link_of(&road_link.end_road)?,
        );
        let direction = match road_link.kind {
            Kind::GoStraight => Direction::Straight,
            Kind::TurnLeft => Direction::Left,
            Kind::TurnRight => Direction::Right,
        };
        let mut movements = Vec::with_capacity(road_link.lane_links.len());
        for lane_link in &road_link.lane_links {
            let shape = if lane_link.points.is_empty() {
                let network = builder.network_mut();
                let lane = |link: LinkId, road: &Road, index: u32| {
                    let width_before: f64 = road
                        .lanes
                        .iter()
                        .take(index as usize)
                        .map(|lane| lane.width)
                        .sum();
                    road.lanes.get(index as usize).map(|lane| {
                        let middle = f64::midpoint(width_before, width_before + lane.width);
                        (geometry::offset_right(&road.points, middle), link)
                    })
                };
                let (Some((start, _)), Some((end, to))) = (
                    lane(from, &roads[from.index()], lane_link.start_lane_index),
                    lane(to, &roads[to.index()], lane_link.end_lane_index),
                ) else {
                    return Err(fault(
                        "has a lane link between lanes that do not exist".to_owned(),
                    ));
                };
                let width = network.junctions[junction.index()].width;
                let start_width = network.junctions[network.links[to.index()].from.index()].width;
                let back = geometry::length(&start) - width;
                geometry::bezier(
                    geometry::point_at(&start, back),
                    geometry::direction_at(&start, back),
                    geometry::point_at(&end, start_width),
                    geometry::direction_at(&end, start_width),
                    width >= 5.0,
                    start_width >= 5.0,
                )
            } else {
                lane_link.points.clone()
            };
            movements.push(MovementSpec {
                from_lane: lane_link.start_lane_index,
                to_lane: lane_link.end_lane_index,
                shape,
                length: None,
                speed_limit: None,
            });
        }
        let count = movements.len();
        let turn = builder.turn(TurnSpec {
            junction,
            from,
            to,
            direction,
            movements,
        });
        keys.extend((0..count).map(|movement| (MovementKey { turn, movement }, index)));
    }

    let Some(light) = &intersection.traffic_light else {
        return Ok(());
    };
    let mut phases = Vec::with_capacity(light.lightphases.len());
    for (number, phase) in light.lightphases.iter().enumerate() {
        if let Some(index) = phase
            .available_road_links
            .iter()
            .find(|&&index| index >= intersection.road_links.len())
        {
            return Err(fault(format!(
                "has a light phase {number} that names road link {index}; it has {} road links",
                intersection.road_links.len()
            )));
        }
        phases.push(Phase {
            name: None,
            duration: phase.time,
            minimum: None,
            maximum: None,
            aspects: aspects(keys.len(), |i| {
                phase.available_road_links.contains(&keys[i].1)
            }),
        });
    }
    if !phases.is_empty() {
        builder.signal(SignalSpec {
            id: intersection.id.clone(),
            junctions: vec![junction],
            movements: keys.iter().map(|(key, _)| *key).collect(),
            phases,
            offset: 0.0,
        });
    }
    Ok(())
}

/// Reads a demand file against its network.
///
/// # Errors
/// When the file cannot be read, is not JSON of this format, or names a road that does not exist.
pub fn read_demand(path: &Path, network: &Network) -> Result<Demand, Error> {
    parse_demand(&read(path)?, path, network)
}

/// Reads demand from the bytes of a file; `path` is for messages.
///
/// # Errors
/// As [`read_demand`].
pub fn parse_demand(bytes: &[u8], path: &Path, network: &Network) -> Result<Demand, Error> {
    let records: Vec<FlowRecord> =
        serde_json::from_slice(bytes).map_err(|error| syntax(path, &error))?;
    let links: FxHashMap<&str, LinkId> = network
        .links
        .iter()
        .enumerate()
        .map(|(index, link)| (link.id.as_str(), LinkId::from(index)))
        .collect();
    let mut demand = Demand::default();
    let mut routes: FxHashMap<Vec<LinkId>, u32> = FxHashMap::default();
    for (number, record) in records.iter().enumerate() {
        let fault = |what: String| Error::element("flow", &number.to_string(), what);
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
        let vehicle_type = match demand.types.iter().position(|known| *known == kind) {
            Some(index) => index as u32,
            None => {
                demand.types.push(kind);
                demand.types.len() as u32 - 1
            }
        };
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
