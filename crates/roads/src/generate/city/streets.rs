//! Streets: where they may run, where they cross, what is left of them.

use super::curve::{Warp, between, crossings, distance_to, inside, runs};
use super::plan::{Edge, NodeKind, Plan};
use super::spec::{CitySpec, GroundKind, StreetSpec};
use super::{Ground, standard_of};
use crate::error::Error;
use crate::geometry::{Point, length, point_at};

/// How near to a lake or river a street may come, metres.
const SHORE: f64 = 30.0;
/// How near two junctions of a street may be, metres.
const BLOCK: f64 = 120.0;
/// How near to the city's edge a street's end counts as a gate, metres of the sketch.
const AT_EDGE: f64 = 1.0;

/// A stretch of street that nothing interrupts.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) street: usize,
    pub(super) line: Vec<Point>,
    /// Nodes along the line, by distance.
    pub(super) stops: Vec<(f64, usize)>,
}

/// Draws the streets, finds their junctions and gates and drops what leads nowhere.
pub(super) fn pieces(
    spec: &CitySpec,
    warp: &Warp,
    grounds: &[Ground],
    plan: &mut Plan,
) -> Result<Vec<Piece>, Error> {
    let mut drawn = Vec::new();
    for (number, street) in spec.streets.iter().enumerate() {
        draw(spec, number, street, warp, grounds, &mut drawn)?;
    }
    let crossings = live_crossings(&drawn);
    let mut pieces: Vec<Piece> = drawn
        .iter()
        .map(|piece| Piece {
            street: piece.street,
            line: piece.line.clone(),
            stops: Vec::new(),
        })
        .collect();
    for (number, piece) in drawn.iter().enumerate() {
        let id = &spec.streets[piece.street].id;
        let ends = [
            (piece.gates.0, 0.0, "start"),
            (piece.gates.1, length(&piece.line), "end"),
        ];
        for (_, along, end) in ends.into_iter().filter(|(is_gate, ..)| *is_gate) {
            let point = point_at(&piece.line, along);
            let node = plan.node(format!("{id}-{end}"), point, NodeKind::Gate);
            pieces[number].stops.push((along, node));
        }
    }
    for &(one, along_one, two, along_two) in &crossings {
        let (first, second) = (
            &spec.streets[drawn[one].street].id,
            &spec.streets[drawn[two].street].id,
        );
        let mut id = format!("{first}-{second}");
        let known = plan
            .nodes
            .iter()
            .filter(|node| node.id.starts_with(&id))
            .count();
        if known > 0 {
            id = format!("{id}-{}", known + 1);
        }
        let point = point_at(&drawn[one].line, along_one);
        let node = plan.node(id, point, NodeKind::Junction);
        pieces[one].stops.push((along_one, node));
        pieces[two].stops.push((along_two, node));
    }
    pieces.retain(|piece| piece.stops.len() >= 2);
    for piece in &mut pieces {
        piece.stops.sort_by(|a, b| a.0.total_cmp(&b.0));
        for pair in piece.stops.windows(2) {
            if pair[1].0 - pair[0].0 < BLOCK {
                let what = format!(
                    "has the junctions {:?} and {:?} {:.0} m apart; they need {BLOCK} m",
                    plan.nodes[pair[0].1].id,
                    plan.nodes[pair[1].1].id,
                    pair[1].0 - pair[0].0
                );
                return Err(Error::element(
                    "street",
                    &spec.streets[piece.street].id,
                    what,
                ));
            }
        }
    }
    Ok(pieces)
}

/// A stretch as drawn, and whether its ends are gates.
struct Drawn {
    street: usize,
    line: Vec<Point>,
    gates: (bool, bool),
}

fn draw(
    spec: &CitySpec,
    number: usize,
    street: &StreetSpec,
    warp: &Warp,
    grounds: &[Ground],
    drawn: &mut Vec<Drawn>,
) -> Result<(), Error> {
    if street.line.len() < 2 || !street.line.iter().all(|at| Point::from(*at).is_finite()) {
        let what = "needs a line of at least two points with finite coordinates";
        return Err(Error::element("street", &street.id, what));
    }
    let line = warp.draw(&street.line, false);
    let allowed = |point: Point| {
        !grounds.iter().any(|ground| {
            let bars = match ground.kind {
                GroundKind::Lake => true,
                GroundKind::River => !street.bridge,
                GroundKind::Park | GroundKind::Hill => false,
            };
            bars && (inside(&ground.outline, point) || distance_to(&ground.outline, point) < SHORE)
        })
    };
    let at_edge = |place: usize| {
        let (x, y) = (street.line[place].0, street.line[place].1);
        let edge = &spec.edge;
        x <= edge.west + AT_EDGE
            || x >= edge.east - AT_EDGE
            || y <= edge.south + AT_EDGE
            || y >= edge.north - AT_EDGE
    };
    let total = length(&line);
    for (start, end) in runs(&line, allowed) {
        drawn.push(Drawn {
            street: number,
            line: between(&line, start, end),
            gates: (
                start <= 0.0 && at_edge(0),
                end >= total && at_edge(street.line.len() - 1),
            ),
        });
    }
    Ok(())
}

/// The crossings between stretches that lead somewhere at both ends: a stretch with one stop only
/// is a dead end, and its crossing is none.
fn live_crossings(drawn: &[Drawn]) -> Vec<(usize, f64, usize, f64)> {
    let mut found = Vec::new();
    for one in 0..drawn.len() {
        for two in one + 1..drawn.len() {
            for (along_one, along_two) in crossings(&drawn[one].line, &drawn[two].line) {
                found.push((one, along_one, two, along_two));
            }
        }
    }
    loop {
        let mut stops: Vec<usize> = drawn
            .iter()
            .map(|piece| usize::from(piece.gates.0) + usize::from(piece.gates.1))
            .collect();
        for &(one, _, two, _) in &found {
            stops[one] += 1;
            stops[two] += 1;
        }
        let before = found.len();
        found.retain(|&(one, _, two, _)| stops[one] >= 2 && stops[two] >= 2);
        if found.len() == before {
            return found;
        }
    }
}

/// Both directions of every stretch between two stops.
pub(super) fn edges(spec: &CitySpec, pieces: &[Piece], plan: &mut Plan) {
    let mut counts = vec![0_usize; spec.streets.len()];
    for piece in pieces {
        let street = &spec.streets[piece.street];
        for pair in piece.stops.windows(2) {
            let ((start, from), (end, to)) = (pair[0], pair[1]);
            counts[piece.street] += 1;
            let line = between(&piece.line, start, end);
            let back: Vec<Point> = line.iter().rev().copied().collect();
            for (way, from, to, line) in [("f", from, to, line), ("b", to, from, back)] {
                plan.edges.push(Edge {
                    id: format!("{}-{}{way}", street.id, counts[piece.street]),
                    name: street.name.to_string(),
                    road: piece.street,
                    forward: way == "f",
                    from,
                    to,
                    line,
                    standard: standard_of(&spec.standards, street.class),
                    class: street.class.into(),
                    elevated: false,
                });
            }
        }
    }
}
