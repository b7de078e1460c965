//! What vector tiles are made of: every shape of the network in Web Mercator, with its rectangle
//! and its properties, prepared once.

use roads::model::{Junction, RoadClass};
use roads::{Direction, Network, Point, TurnId};

use crate::config::Ground;
use crate::geo::Projection;
use crate::live::heads::groups;

/// A value of a property.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(u64),
    Number(f64),
    Truth(bool),
}

/// What kind of geometry a shape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Point,
    Line,
    Polygon,
}

/// One feature before it is cut to a tile.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) id: u64,
    pub(super) kind: Kind,
    /// Web Mercator, unit square.
    pub(super) points: Vec<[f64; 2]>,
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
    pub(super) properties: Vec<(&'static str, Value)>,
    /// The zoom from which it is shown.
    pub(super) zoom_min: u8,
}

/// A layer of the tiles.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) name: &'static str,
    pub(super) shapes: Vec<Shape>,
}

/// Zoom from which junction areas are shown.
const JUNCTIONS_ZOOM: u8 = 13;
/// Zoom from which lanes and stop lines are shown.
const LANES_ZOOM: u8 = 15;

impl Shape {
    fn new(
        id: usize,
        kind: Kind,
        points: &[Point],
        projection: &Projection,
        zoom_min: u8,
        properties: Vec<(&'static str, Value)>,
    ) -> Self {
        let points: Vec<[f64; 2]> = points
            .iter()
            .map(|&point| projection.mercator(point))
            .collect();
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for point in &points {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        Self {
            id: id as u64,
            kind,
            points,
            low,
            high,
            properties,
            zoom_min,
        }
    }
}

/// All layers of a network, from the ground up.
pub(super) fn layers(network: &Network, ground: &[Ground], projection: &Projection) -> Vec<Layer> {
    vec![
        Layer {
            name: "ground",
            shapes: ground_shapes(ground, projection),
        },
        Layer {
            name: "junctions",
            shapes: junction_shapes(network, projection),
        },
        Layer {
            name: "links",
            shapes: link_shapes(network, projection),
        },
        Layer {
            name: "lanes",
            shapes: lane_shapes(network, projection),
        },
        Layer {
            name: "stoplines",
            shapes: stop_lines(network, projection),
        },
        Layer {
            name: "signals",
            shapes: signal_shapes(network, projection),
        },
    ]
}

fn ground_shapes(ground: &[Ground], projection: &Projection) -> Vec<Shape> {
    ground
        .iter()
        .enumerate()
        .filter(|(_, ground)| ground.ring.len() >= 3)
        .map(|(index, ground)| {
            let ring = match ground.ring.as_slice() {
                [first, middle @ .., last] if first == last && middle.len() >= 2 => {
                    &ground.ring[..ground.ring.len() - 1]
                }
                ring => ring,
            };
            let kind = Value::Text(ground.kind.name().to_owned());
            Shape::new(
                index,
                Kind::Polygon,
                ring,
                projection,
                0,
                vec![("kind", kind)],
            )
        })
        .collect()
}

fn junction_shapes(network: &Network, projection: &Projection) -> Vec<Shape> {
    network
        .junctions
        .iter()
        .enumerate()
        .filter_map(|(index, junction)| {
            let corners = convex_hull(mouths(network, junction));
            (corners.len() >= 3).then(|| {
                let mut properties = Vec::new();
                if let Some(signal) = junction.signal {
                    properties.push(("signal", Value::Whole(u64::from(signal.0))));
                }
                Shape::new(
                    index,
                    Kind::Polygon,
                    &corners,
                    projection,
                    JUNCTIONS_ZOOM,
                    properties,
                )
            })
        })
        .collect()
}

/// The corners of all lanes where they meet a junction.
fn mouths(network: &Network, junction: &Junction) -> Vec<Point> {
    let mut corners = Vec::new();
    for &link in &junction.incoming {
        for lane in network.lanes_of(link) {
            if let [.., before, end] = *lane.shape.as_slice() {
                let side = (end - before).unit().right() * (lane.width / 2.0);
                corners.extend([end + side, end - side]);
            }
        }
    }
    for &link in &junction.outgoing {
        for lane in network.lanes_of(link) {
            if let [start, after, ..] = *lane.shape.as_slice() {
                let side = (after - start).unit().right() * (lane.width / 2.0);
                corners.extend([start + side, start - side]);
            }
        }
    }
    corners
}

/// The convex hull (Andrew's monotone chain).
fn convex_hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    if points.len() < 3 {
        return Vec::new();
    }
    let mut hull: Vec<Point> = Vec::with_capacity(points.len());
    let mut chain = |points: &mut dyn Iterator<Item = Point>| {
        let base = hull.len();
        for point in points {
            while hull.len() >= base + 2 {
                let (a, b) = (hull[hull.len() - 2], hull[hull.len() - 1]);
                if (b - a).cross(point - a) > 0.0 {
                    break;
                }
                hull.pop();
            }
            hull.push(point);
        }
        hull.pop(); // the other chain begins with it
    };
    chain(&mut points.iter().copied());
    chain(&mut points.iter().rev().copied());
    hull
}

fn link_shapes(network: &Network, projection: &Projection) -> Vec<Shape> {
    network
        .links
        .iter()
        .enumerate()
        .map(|(index, link)| {
            let lanes = &network.lanes[link.lanes.range()];
            let width: f64 = lanes.iter().map(|lane| lane.width).sum();
            let limit = lanes
                .iter()
                .map(|lane| lane.speed_limit)
                .fold(0.0, f64::max);
            let mut properties = vec![
                ("class", Value::Text(class_name(link.class).to_owned())),
                ("lanes", Value::Whole(lanes.len() as u64)),
                ("limit", Value::Number(limit)),
                ("width", Value::Number(width)),
                ("elevated", Value::Truth(link.elevated)),
            ];
            if let Some(name) = &link.name {
                properties.push(("name", Value::Text(name.clone())));
            }
            let shapes: Vec<&[Point]> = lanes.iter().map(|lane| lane.shape.as_slice()).collect();
            Shape::new(
                index,
                Kind::Line,
                &middle(&shapes),
                projection,
                class_zoom(link.class),
                properties,
            )
        })
        .collect()
}

/// The line midway between the outermost of some lines that run side by side.
fn middle(lines: &[&[Point]]) -> Vec<Point> {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return Vec::new();
    };
    let halfway = |(a, b): (Point, Point)| (a + b) * 0.5;
    if first.len() == last.len() {
        return first
            .iter()
            .copied()
            .zip(last.iter().copied())
            .map(halfway)
            .collect();
    }
    // Lanes with vertices of their own: the same shares of both lines.
    let count = first.len().max(last.len());
    let lengths = (
        roads::geometry::length(first),
        roads::geometry::length(last),
    );
    (0..count)
        .map(|i| {
            let share = i as f64 / (count - 1).max(1) as f64;
            halfway((
                roads::geometry::point_at(first, lengths.0 * share),
                roads::geometry::point_at(last, lengths.1 * share),
            ))
        })
        .collect()
}

fn lane_shapes(network: &Network, projection: &Projection) -> Vec<Shape> {
    network
        .lanes
        .iter()
        .enumerate()
        .map(|(index, lane)| {
            let turns = turns_of(network, &lane.outgoing);
            let mut names: Vec<&str> = turns
                .iter()
                .map(|turn| direction_name(network.turns[turn.index()].direction))
                .collect();
            names.dedup();
            let properties = vec![
                ("link", Value::Whole(u64::from(lane.link.0))),
                ("index", Value::Whole(u64::from(lane.index))),
                ("width", Value::Number(lane.width)),
                ("turns", Value::Text(names.join(";"))),
            ];
            Shape::new(
                index,
                Kind::Line,
                &lane.shape,
                projection,
                LANES_ZOOM,
                properties,
            )
        })
        .collect()
}

/// The turns of some movements from one lane, from left to right.
fn turns_of(network: &Network, movements: &[roads::MovementId]) -> Vec<TurnId> {
    let mut turns: Vec<TurnId> = movements
        .iter()
        .map(|movement| network.movements[movement.index()].turn)
        .collect();
    turns.sort_by_key(|turn| {
        let order = match network.turns[turn.index()].direction {
            Direction::UTurn => 0,
            Direction::Left => 1,
            Direction::Straight => 2,
            Direction::Right => 3,
        };
        (order, *turn)
    });
    turns.dedup();
    turns
}

/// One short line across each approach lane, divided between the groups that share the lane.
fn stop_lines(network: &Network, projection: &Projection) -> Vec<Shape> {
    let mut signal_of = vec![None; network.turns.len()];
    for group in groups(network) {
        signal_of[group.turn.index()] = Some(group.signal);
    }
    let mut shapes = Vec::new();
    for lane in &network.lanes {
        let turns: Vec<_> = turns_of(network, &lane.outgoing)
            .into_iter()
            .filter_map(|turn| Some((turn, signal_of[turn.index()]?)))
            .collect();
        let [.., before, end] = *lane.shape.as_slice() else {
            continue;
        };
        let right = (end - before).unit().right();
        let part = lane.width * 0.9 / turns.len().max(1) as f64;
        for (position, (turn, signal)) in turns.iter().enumerate() {
            let from = part * position as f64 - lane.width * 0.45;
            let line = [end + right * from, end + right * (from + part)];
            let properties = vec![("signal", Value::Whole(u64::from(signal.0)))];
            shapes.push(Shape::new(
                turn.index(),
                Kind::Line,
                &line,
                projection,
                LANES_ZOOM,
                properties,
            ));
        }
    }
    shapes
}

fn signal_shapes(network: &Network, projection: &Projection) -> Vec<Shape> {
    let mut group_of = vec![None; network.signals.len()];
    for group in groups(network) {
        group_of[group.signal.index()].get_or_insert(group.turn);
    }
    network
        .signals
        .iter()
        .enumerate()
        .map(|(index, signal)| {
            let sum = signal
                .junctions
                .iter()
                .map(|junction| network.junctions[junction.index()].point)
                .fold(Point::default(), |sum, point| sum + point);
            let middle = sum * (1.0 / signal.junctions.len().max(1) as f64);
            let mut properties = vec![("name", Value::Text(signal.id.clone()))];
            if let Some(turn) = group_of[index] {
                properties.push(("group", Value::Whole(u64::from(turn.0))));
            }
            Shape::new(index, Kind::Point, &[middle], projection, 0, properties)
        })
        .collect()
}

const fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Straight => "straight",
        Direction::Left => "left",
        Direction::Right => "right",
        Direction::UTurn => "u-turn",
    }
}

/// The name of a class in tiles, as in OpenStreetMap but with hyphens.
const fn class_name(class: RoadClass) -> &'static str {
    match class {
        RoadClass::Motorway => "motorway",
        RoadClass::MotorwayLink => "motorway-link",
        RoadClass::Trunk => "trunk",
        RoadClass::TrunkLink => "trunk-link",
        RoadClass::Primary => "primary",
        RoadClass::PrimaryLink => "primary-link",
        RoadClass::Secondary => "secondary",
        RoadClass::SecondaryLink => "secondary-link",
        RoadClass::Tertiary => "tertiary",
        RoadClass::TertiaryLink => "tertiary-link",
        RoadClass::Unclassified => "unclassified",
        RoadClass::Residential => "residential",
        RoadClass::LivingStreet => "living-street",
        RoadClass::Service => "service",
    }
}

/// The zoom from which links of a class are shown, so that a tile of a whole city stays small.
const fn class_zoom(class: RoadClass) -> u8 {
    match class {
        RoadClass::Motorway
        | RoadClass::MotorwayLink
        | RoadClass::Trunk
        | RoadClass::TrunkLink
        | RoadClass::Primary
        | RoadClass::PrimaryLink => 0,
        RoadClass::Secondary | RoadClass::SecondaryLink => 9,
        RoadClass::Tertiary | RoadClass::TertiaryLink | RoadClass::Unclassified => 11,
        RoadClass::Residential | RoadClass::LivingStreet => 12,
        RoadClass::Service => 13,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_hull_is_convex_and_holds_every_point() {
        let network = testing::crossing();
        let corners = mouths(&network, &network.junctions[0]);
        let hull = convex_hull(corners.clone());
        assert!(hull.len() >= 4);
        for i in 0..hull.len() {
            let (a, b) = (hull[i], hull[(i + 1) % hull.len()]);
            for &corner in &corners {
                assert!((b - a).cross(corner - a) > -1e-9, "{corner:?} outside");
            }
        }
    }

    #[test]
    fn shared_lanes_have_a_stop_line_for_each_group() {
        let network = testing::crossing();
        let lines = stop_lines(&network, &Projection::of(&network));
        // Four approaches, two lanes, two turns on each lane.
        assert_eq!(lines.len(), 16);
        for line in &lines {
            assert!(network.turns.len() > line.id as usize);
        }
    }

    #[test]
    fn both_directions_of_a_road_lie_apart() {
        let network = testing::crossing();
        let links = link_shapes(&network, &Projection::of(&network));
        let (inwards, outwards) = (&links[0], &links[1]);
        let metre = 1.0 / (40_030_228.884 * 30.274_f64.to_radians().cos());
        let apart = (inwards.points[0][0] - outwards.points[0][0]).abs() / metre;
        assert!((apart - 7.0).abs() < 0.1, "{apart} m");
    }
}
