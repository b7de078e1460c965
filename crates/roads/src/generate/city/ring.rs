//! The elevated ring: two carriageways above the streets, and ramps where they come down.

use super::curve::{Warp, between, crossings, distance_to};
use super::plan::{Edge, NodeKind, Plan};
use super::spec::{CitySpec, RingSpec, Standard};
use super::streets::Piece;
use crate::error::Error;
use crate::generate::path::hermite;
use crate::geometry::{Point, direction_at, length, offset_right, point_at};
use crate::model::RoadClass;

/// Half the width of the barrier between the carriageways, metres.
const BARRIER: f64 = 1.0;
/// Least distance between the foot of a ramp and other junctions of the street, metres.
const ROOM: f64 = 110.0;
/// Least distance along the ring between the ramps of two interchanges, metres.
const WEAVE: f64 = 200.0;

/// Where a street passes under the ring and ramps come down.
struct Interchange {
    /// Distance along the ring.
    along: f64,
    /// Feet of the ramps: to the right and to the left of the ring's direction.
    feet: [usize; 2],
    name: String,
}

/// Adds the ring to the plan; the feet of its ramps become stops of the streets.
pub(super) fn add(
    spec: &CitySpec,
    ring: &RingSpec,
    warp: &Warp,
    pieces: &mut [Piece],
    plan: &mut Plan,
) -> Result<(), Error> {
    if ring.line.len() < 3 || !ring.line.iter().all(|at| Point::from(*at).is_finite()) {
        let what = "needs a line of at least three points with finite coordinates";
        return Err(Error::element("ring", &ring.id, what));
    }
    for id in &ring.interchanges {
        if !spec.streets.iter().any(|street| street.id == *id) {
            let what = format!("has an interchange with the street {id:?}, which does not exist");
            return Err(Error::element("ring", &ring.id, what));
        }
    }
    let centre = warp.draw(&ring.line, true);
    let interchanges = interchanges(spec, ring, &centre, pieces, plan);
    if interchanges.is_empty() {
        let what = "has no interchange: no street of the list passes under it with room for ramps";
        return Err(Error::element("ring", &ring.id, what));
    }
    let back: Vec<Point> = centre.iter().rev().copied().collect();
    let total = length(&centre);
    for (side, line) in [(0, &centre), (1, &back)] {
        let mut stops: Vec<(f64, &Interchange)> = interchanges
            .iter()
            .map(|interchange| match side {
                0 => (interchange.along, interchange),
                _ => (total - interchange.along, interchange),
            })
            .collect();
        stops.sort_by(|a, b| a.0.total_cmp(&b.0));
        carriageway(spec, ring, line, side, &stops, plan);
    }
    Ok(())
}

/// Finds the interchanges and puts the feet of their ramps on the streets.
fn interchanges(
    spec: &CitySpec,
    ring: &RingSpec,
    centre: &[Point],
    pieces: &mut [Piece],
    plan: &mut Plan,
) -> Vec<Interchange> {
    let total = length(centre);
    let mut found: Vec<Interchange> = Vec::new();
    for id in &ring.interchanges {
        for piece in &mut *pieces {
            let street = &spec.streets[piece.street];
            if street.id != *id {
                continue;
            }
            for (along, at) in crossings(centre, &piece.line) {
                let far = |other: &Interchange| {
                    let apart = (other.along - along).abs();
                    apart.min(total - apart) > 2.0 * ring.ramp_length + WEAVE
                };
                if !has_room(piece, at, ring.ramp_offset) || !found.iter().all(far) {
                    continue;
                }
                let to_left =
                    direction_at(centre, along).cross(direction_at(&piece.line, at)) > 0.0;
                let number = found.len() + 1;
                let mut feet = [0, 0];
                for (side, name) in [(0, "r"), (1, "l")] {
                    let ahead = to_left == (side == 1);
                    let stop = if ahead {
                        at + ring.ramp_offset
                    } else {
                        at - ring.ramp_offset
                    };
                    feet[side] = plan.node(
                        format!("{}-{number}{name}-{}", ring.id, street.id),
                        point_at(&piece.line, stop),
                        NodeKind::Junction,
                    );
                    piece.stops.push((stop, feet[side]));
                }
                piece.stops.sort_by(|a, b| a.0.total_cmp(&b.0));
                found.push(Interchange {
                    along,
                    feet,
                    name: street.name.to_string(),
                });
            }
        }
    }
    found
}

/// Whether ramps fit between the crossing and the junctions of the street on both sides.
fn has_room(piece: &Piece, at: f64, offset: f64) -> bool {
    let (Some(first), Some(last)) = (piece.stops.first(), piece.stops.last()) else {
        return false;
    };
    first.0 + ROOM < at - offset
        && at + offset < last.0 - ROOM
        && piece
            .stops
            .iter()
            .all(|(stop, _)| (stop - at).abs() > offset + ROOM)
}

/// One direction of the ring: side 0 along the line, side 1 against it (`line` is reversed).
fn carriageway(
    spec: &CitySpec,
    ring: &RingSpec,
    line: &[Point],
    side: usize,
    stops: &[(f64, &Interchange)],
    plan: &mut Plan,
) {
    let reference = offset_right(line, BARRIER);
    let total = length(line);
    let road = spec.streets.len() + side;
    let way = ["a", "b"][side];
    let mut nodes: Vec<(Point, usize)> = Vec::new();
    for (number, &(along, interchange)) in stops.iter().enumerate() {
        for (kind, shift, what) in [
            (NodeKind::Diverge, -ring.ramp_length, "off"),
            (NodeKind::Merge, ring.ramp_length, "on"),
        ] {
            let along = (along + shift).rem_euclid(total);
            let point = point_at(line, along) + direction_at(line, along).right() * BARRIER;
            let id = format!("{}-{way}{}-{what}", ring.id, number + 1);
            let node = plan.node(id.clone(), point, kind);
            nodes.push((point, node));
            ramp(
                spec,
                line,
                along,
                node,
                interchange.feet[side],
                kind,
                &id,
                interchange,
                plan,
            );
        }
    }
    // From node to node round the ring, over its seam where need be.
    for number in 0..nodes.len() {
        let (start, from) = nodes[number];
        let (end, to) = nodes[(number + 1) % nodes.len()];
        plan.edges.push(Edge {
            id: format!("{}-{way}{}", ring.id, number + 1),
            name: ring.name.to_string(),
            road,
            forward: true,
            from,
            to,
            line: arc(&reference, start, end),
            standard: spec.standards.trunk,
            class: RoadClass::Trunk,
            elevated: true,
        });
    }
}

/// The part of a closed line from one of its points to another.
fn arc(line: &[Point], start: Point, end: Point) -> Vec<Point> {
    let (start, end) = (project(line, start), project(line, end));
    if start < end {
        return between(line, start, end);
    }
    let mut part = between(line, start, length(line));
    let rest = between(line, 0.0, end);
    part.pop(); // the seam: both parts have it
    part.extend(rest);
    part
}

/// Distance along a line of the point on it that is nearest to `point`.
fn project(line: &[Point], point: Point) -> f64 {
    let mut best = (f64::INFINITY, 0.0);
    let mut along = 0.0;
    for pair in line.windows(2) {
        let way = pair[1] - pair[0];
        let norm = way.norm();
        let distance = distance_to(pair, point);
        if distance < best.0 && norm > 0.0 {
            let t = ((point - pair[0]).dot(way) / norm).clamp(0.0, norm);
            best = (distance, along + t);
        }
        along += norm;
    }
    best.1
}

/// A ramp between a node of the ring and the foot on the street.
#[expect(
    clippy::too_many_arguments,
    reason = "all of it is where the ramp starts and ends"
)]
fn ramp(
    spec: &CitySpec,
    line: &[Point],
    along: f64,
    node: usize,
    foot: usize,
    kind: NodeKind,
    id: &str,
    interchange: &Interchange,
    plan: &mut Plan,
) {
    let off = kind == NodeKind::Diverge;
    let trunk: Standard = spec.standards.trunk;
    let beside = BARRIER + f64::from(trunk.lanes - 1) * trunk.lane_width;
    let heading = direction_at(line, along);
    let top = point_at(line, along) + heading.right() * beside;
    let ground = plan.nodes[foot].point;
    // At its foot a ramp lies across the street as the ring does.
    let across = direction_at(line, project(line, ground));
    let reach = top.distance(ground);
    let shape = if off {
        hermite(top, heading, ground, across, reach)
    } else {
        hermite(ground, across, top, heading, reach)
    };
    let (from, to) = if off { (node, foot) } else { (foot, node) };
    plan.edges.push(Edge {
        id: format!("{id}-ramp"),
        name: if off {
            format!("{} 出口 exit", interchange.name)
        } else {
            format!("{} 入口 entrance", interchange.name)
        },
        road: usize::MAX - plan.edges.len(),
        forward: true,
        from,
        to,
        line: shape,
        standard: if off {
            spec.standards.off_ramp
        } else {
            spec.standards.on_ramp
        },
        class: RoadClass::TrunkLink,
        elevated: true,
    });
}
