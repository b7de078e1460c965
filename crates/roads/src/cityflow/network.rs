//! Reads networks.

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::builder::{
    Builder, LaneSpec, LinkSpec, MovementKey, MovementSpec, SignalSpec, TurnSpec, aspects,
    turn_name,
};
use crate::error::Error;
use crate::geometry::{self, Point};
use crate::input::{self, shown};
use crate::limits::Limits;
use crate::model::{Direction, JunctionControl, JunctionId, LinkId, Network, Phase, RoadClass};

use super::json::{Json, Step};

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

/// Reads a network file.
///
/// # Errors
/// When the file cannot be read, is not JSON of this format, or names what does not exist.
pub fn read_network(path: &Path) -> Result<Network, Error> {
    parse_network(&input::bytes(path, &Limits::default())?, path)
}

/// Reads a network from the bytes of a file, plain or gzip; `path` is for messages.
///
/// # Errors
/// As [`read_network`].
pub fn parse_network(bytes: &[u8], path: &Path) -> Result<Network, Error> {
    let limits = Limits::default();
    let json = Json::new(bytes, path, &limits)?;
    let file: NetworkFile = json.parse()?;
    within_limits(&file, &limits, &json)?;
    let name = path.parent().and_then(Path::file_name).map_or_else(
        || "network".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let mut builder = Builder::new(name);

    let mut junctions = FxHashMap::default();
    for (index, intersection) in file.intersections.iter().enumerate() {
        let fault = |what: &str| {
            json.at(
                &[Step::Key("intersections"), Step::Item(index)],
                Error::element("intersection", &intersection.id, what),
            )
        };
        let width = if intersection.boundary {
            0.0
        } else {
            intersection.width
        };
        if !(width.is_finite() && width >= 0.0 && intersection.point.is_finite()) {
            return Err(fault("needs a finite point and a width of zero or more"));
        }
        let id = builder.junction(
            intersection.id.clone(),
            intersection.point,
            width,
            intersection.boundary,
            JunctionControl::ByTurn,
        );
        if junctions.insert(intersection.id.as_str(), id).is_some() {
            return Err(fault("is given twice; give each an id of its own"));
        }
    }

    let mut links: FxHashMap<&str, LinkId> = FxHashMap::default();
    for (index, road) in file.roads.iter().enumerate() {
        let place = [Step::Key("roads"), Step::Item(index)];
        let id =
            add_road(&mut builder, road, &junctions).map_err(|error| json.at(&place, error))?;
        if links.insert(road.id.as_str(), id).is_some() {
            let error = Error::element(
                "road",
                &road.id,
                "is given twice; give each an id of its own",
            );
            return Err(json.at(&place, error));
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
            )
            .map_err(|error| json.at(&[Step::Key("intersections"), Step::Item(index)], error))?;
        }
    }
    builder
        .finish()
        .map_err(|error| match intersection_of(&error, &file) {
            Some(index) => json.at(&[Step::Key("intersections"), Step::Item(index)], error),
            None => error.in_file(path),
        })
}

/// The intersection in which an element stands that was found wrong when all was put together.
fn intersection_of(error: &Error, file: &NetworkFile) -> Option<usize> {
    let Error::Element { kind, id, .. } = error else {
        return None;
    };
    file.intersections.iter().position(|intersection| {
        let turns = || intersection.road_links.iter();
        match *kind {
            "junction" | "signal" => intersection.id == *id,
            "turn" => turns().any(|turn| turn_name(&turn.start_road, &turn.end_road) == *id),
            _ => false,
        }
    })
}

/// Refuses what would make a small file a large network.
fn within_limits(file: &NetworkFile, limits: &Limits, json: &Json<'_>) -> Result<(), Error> {
    /// Points of all lanes: each lane has its road's.
    const LANE_POINTS: usize = 50_000_000;
    let too_long = |id: &str| id.len() > limits.id_bytes;
    for (index, intersection) in file.intersections.iter().enumerate() {
        if too_long(&intersection.id) {
            let message = format!(
                "has an id longer than the limit of {} bytes",
                limits.id_bytes
            );
            let error = Error::element("intersection", &shown(&intersection.id), message);
            return Err(json.at(&[Step::Key("intersections"), Step::Item(index)], error));
        }
    }
    let mut points = 0_usize;
    for (index, road) in file.roads.iter().enumerate() {
        let fault = |message: String| {
            let error = Error::element("road", &shown(&road.id), message);
            json.at(&[Step::Key("roads"), Step::Item(index)], error)
        };
        if too_long(&road.id) {
            return Err(fault(format!(
                "has an id longer than the limit of {} bytes",
                limits.id_bytes
            )));
        }
        if road.points.len() > limits.points_per_shape {
            return Err(fault(format!(
                "has {} points, more than the limit of {}",
                road.points.len(),
                limits.points_per_shape
            )));
        }
        points = points.saturating_add(road.points.len().saturating_mul(road.lanes.len()));
        if points > LANE_POINTS {
            return Err(fault(format!(
                "brings the points of all lanes over the limit of {LANE_POINTS}"
            )));
        }
    }
    Ok(())
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
            let lanes = |link: LinkId| roads[link.index()].lanes.len();
            if lane_link.start_lane_index as usize >= lanes(from)
                || lane_link.end_lane_index as usize >= lanes(to)
            {
                return Err(fault(format!(
                    "has a lane link in road link {index} from lane {} of {} to lane {} of {}; \
                     lanes count from 0",
                    lane_link.start_lane_index,
                    lanes(from),
                    lane_link.end_lane_index,
                    lanes(to)
                )));
            }
            let points = &lane_link.points;
            if !points.is_empty() && geometry::length(points) <= 0.0 {
                return Err(fault(format!(
                    "has a lane link in road link {index} whose points make no line; give two that differ, or none"
                )));
            }
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
        if phase.time < 0.0 {
            return Err(fault(format!(
                "has a light phase {number} of {} s; give seconds from 0 up",
                phase.time
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
