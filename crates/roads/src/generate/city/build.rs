//! From the drawn city to the network: room for junctions, lanes, turns, paths.

use super::curve::{between, simplified};
use super::plan::{Edge, NodeKind, Plan};
use crate::builder::{Builder, LaneSpec, LinkSpec, MovementSpec, TurnSpec};
use crate::error::Error;
use crate::generate::path::hermite;
use crate::geometry::{Point, direction_at, length, offset_right};
use crate::model::{Direction, JunctionControl, JunctionId, LinkId, RoadClass};

/// Room between the kerbs' corner and the stop line, metres.
const CORNER: f64 = 6.0;
/// Where ramps leave or join the ring, links are cut back by this much, metres.
const GORE: f64 = 8.0;
/// Speed of left and of right turns, m/s.
const TURN_SPEED: [f64; 2] = [8.333, 6.944];

/// A turn of the plan with its movements, before it is handed to the builder.
#[derive(Clone, Debug)]
pub(super) struct PlannedTurn {
    /// Edge it comes from.
    pub(super) from: usize,
    /// Edge it goes to.
    pub(super) to: usize,
    pub(super) direction: Direction,
    /// Number the builder gave it.
    pub(super) number: usize,
    pub(super) movements: Vec<MovementSpec>,
}

/// Hands junctions, links and turns to the builder; edge `i` becomes link `i`. Returns the turns
/// by node.
pub(super) fn build(plan: &Plan, builder: &mut Builder) -> Result<Vec<Vec<PlannedTurn>>, Error> {
    let cuts: Vec<Vec<(usize, f64)>> = (0..plan.nodes.len()).map(|node| cuts(plan, node)).collect();
    let cut = |node: usize, edge: usize| {
        cuts[node]
            .iter()
            .find(|(known, _)| *known == edge)
            .map_or(0.0, |(_, cut)| *cut)
    };
    for (node, place) in plan.nodes.iter().enumerate() {
        let width = cuts[node].iter().map(|(_, cut)| *cut).fold(0.0, f64::max);
        let boundary = place.kind == NodeKind::Gate;
        let control = match place.kind {
            NodeKind::Diverge | NodeKind::Merge => JunctionControl::ByPriority,
            NodeKind::Gate | NodeKind::Junction => JunctionControl::ByTurn,
        };
        let width = if boundary { 0.0 } else { width };
        builder.junction(place.id.clone(), place.point, width, boundary, control);
    }
    for (number, edge) in plan.edges.iter().enumerate() {
        builder.link(link(edge, cut(edge.from, number), cut(edge.to, number))?)?;
    }
    let mut all = Vec::with_capacity(plan.nodes.len());
    for (node, place) in plan.nodes.iter().enumerate() {
        let mut turns = Vec::new();
        if place.kind != NodeKind::Gate {
            turns = turns_at(plan, node, builder);
            for turn in &mut turns {
                turn.number = builder.turn(TurnSpec {
                    junction: JunctionId::from(node),
                    from: LinkId::from(turn.from),
                    to: LinkId::from(turn.to),
                    direction: turn.direction,
                    movements: turn.movements.clone(),
                });
            }
        }
        all.push(turns);
    }
    Ok(all)
}

fn link(edge: &Edge, start: f64, end: f64) -> Result<LinkSpec, Error> {
    let total = length(&edge.line);
    if total < start + end + 10.0 {
        let what = format!(
            "is {total:.0} m long, of which its junctions take {:.0} m",
            start + end
        );
        return Err(Error::element("link", &edge.id, what));
    }
    let standard = &edge.standard;
    let line = simplified(&between(&edge.line, start, total - end), 0.1);
    let lanes = (0..standard.lanes)
        .map(|lane| LaneSpec {
            width: standard.lane_width,
            speed_limit: standard.speed_limit,
            shape: offset_right(&line, (f64::from(lane) + 0.5) * standard.lane_width),
            length: None,
        })
        .collect();
    Ok(LinkSpec {
        id: edge.id.clone(),
        name: Some(edge.name.clone()),
        from: JunctionId::from(edge.from),
        to: JunctionId::from(edge.to),
        shape: simplified(&edge.line, 0.1),
        lanes,
        class: edge.class,
        elevated: edge.elevated,
    })
}

/// The way an edge leaves a node, as a unit vector.
fn away(edge: &Edge, node: usize) -> Point {
    const LOOK: f64 = 20.0;
    let total = length(&edge.line);
    if edge.from == node {
        direction_at(&edge.line, LOOK.min(total))
    } else {
        direction_at(&edge.line, (total - LOOK).max(0.0)) * -1.0
    }
}

/// By how much each edge at a node is cut back so that the roadways do not overlap.
fn cuts(plan: &Plan, node: usize) -> Vec<(usize, f64)> {
    const SHARPEST: f64 = 0.5; // sine of 30°
    const WIDEST: f64 = 45.0;
    let arms: Vec<(usize, Point, f64)> = plan
        .edges
        .iter()
        .enumerate()
        .filter(|(_, edge)| edge.from == node || edge.to == node)
        .map(|(number, edge)| {
            let width = f64::from(edge.standard.lanes) * edge.standard.lane_width;
            (number, away(edge, node), width)
        })
        .collect();
    let cut = |&(number, way, width): &(usize, Point, f64)| {
        let cut = match plan.nodes[node].kind {
            NodeKind::Gate => 0.0,
            NodeKind::Diverge | NodeKind::Merge => GORE,
            NodeKind::Junction => {
                arms.iter()
                    .filter(|(_, other, _)| way.dot(*other).abs() < 0.9)
                    .map(|(_, other, other_width)| {
                        let (sine, cosine) = (way.cross(*other).abs(), way.dot(*other));
                        (other_width + width * cosine) / sine.max(SHARPEST)
                    })
                    .fold(4.0, f64::max)
                    .min(WIDEST)
                    + CORNER
            }
        };
        (number, cut)
    };
    arms.iter().map(cut).collect()
}

fn direction(plan: &Plan, node: usize, from: &Edge, to: &Edge) -> Direction {
    let ring = matches!(plan.nodes[node].kind, NodeKind::Diverge | NodeKind::Merge);
    let (arriving, leaving) = (away(from, node) * -1.0, away(to, node));
    // Where either road goes on past the junction, nothing else is its straight on.
    let goes_on = |edge: &Edge| {
        (edge.to == node && edge.road == to.road && edge.forward == to.forward)
            || (edge.from == node && edge.road == from.road && edge.forward == from.forward)
    };
    let free = !plan.edges.iter().any(goes_on);
    if ring || from.road == to.road || (free && arriving.dot(leaving) > 0.8) {
        Direction::Straight
    } else if arriving.cross(leaving) > 0.0 {
        Direction::Left
    } else {
        Direction::Right
    }
}

/// The turns of a node: from every edge to every other, but not back, and not from ramp to ramp.
fn turns_at(plan: &Plan, node: usize, builder: &mut Builder) -> Vec<PlannedTurn> {
    let mut turns = Vec::new();
    let ramp = |edge: &Edge| edge.class == RoadClass::TrunkLink;
    for (from, arriving) in plan
        .edges
        .iter()
        .enumerate()
        .filter(|(_, edge)| edge.to == node)
    {
        let mut targets: Vec<(usize, Direction)> = plan
            .edges
            .iter()
            .enumerate()
            .filter(|(_, edge)| {
                edge.from == node
                    && edge.to != arriving.from
                    && !(ramp(edge) && ramp(arriving))
                    && !(edge.road == arriving.road && edge.forward != arriving.forward)
            })
            .map(|(to, leaving)| (to, direction(plan, node, arriving, leaving)))
            .collect();
        targets.sort_by_key(|(_, direction)| std::cmp::Reverse(direction.rank()));
        let kinds: Vec<Direction> = targets.iter().map(|(_, direction)| *direction).collect();
        for (to, direction) in targets {
            let pairs = lane_pairs(plan, node, from, to, direction, &kinds);
            turns.push(PlannedTurn {
                from,
                to,
                direction,
                number: 0,
                movements: pairs
                    .into_iter()
                    .filter_map(|pair| movement(builder, from, to, pair, direction))
                    .collect(),
            });
        }
    }
    turns
}

/// Which lanes of an approach make a turn.
///
/// The innermost lane turns left, the outermost turns right and, unless it is the only one left,
/// also goes straight on; where there is nothing to go straight on to, left turns get half.
fn lanes_for(direction: Direction, kinds: &[Direction], lanes: u32) -> std::ops::Range<u32> {
    let has = |direction: Direction| kinds.contains(&direction);
    let (left, straight) = (has(Direction::Left), has(Direction::Straight));
    let right = has(Direction::Right);
    let left_lanes = match (left, straight, right) {
        (false, ..) => 0,
        (true, false, false) => lanes,
        (true, false, true) => lanes.div_ceil(2),
        (true, true, _) => 1,
    };
    match direction {
        Direction::Left => 0..left_lanes.max(1).min(lanes),
        Direction::Right if straight => lanes - 1..lanes,
        Direction::Straight | Direction::Right | Direction::UTurn => {
            left_lanes.min(lanes - 1)..lanes
        }
    }
}

/// From which lane to which lane a turn's movements lead: every lane that makes it leads to every
/// lane of the next link, so that each driver can choose the lane the next turn needs.
fn lane_pairs(
    plan: &Plan,
    node: usize,
    from: usize,
    to: usize,
    direction: Direction,
    kinds: &[Direction],
) -> Vec<(u32, u32)> {
    let (arriving, leaving) = (&plan.edges[from], &plan.edges[to]);
    let (lanes, exits) = (arriving.standard.lanes, leaving.standard.lanes);
    let outer = match plan.nodes[node].kind {
        // The ramp leaves from the outermost lane and joins it.
        NodeKind::Diverge if leaving.class == RoadClass::TrunkLink => {
            return (0..exits).map(|exit| (lanes - 1, exit)).collect();
        }
        NodeKind::Merge if arriving.class == RoadClass::TrunkLink => {
            return vec![(lanes - 1, exits - 1)];
        }
        NodeKind::Diverge | NodeKind::Merge => {
            return spread(0..lanes, exits);
        }
        NodeKind::Gate | NodeKind::Junction => lanes_for(direction, kinds, lanes),
    };
    if direction == Direction::Straight {
        spread(outer, exits)
    } else {
        fan(outer, exits)
    }
}

/// A turn: the exit lanes are shared out among the lanes that make it, in order.
fn fan(lanes: std::ops::Range<u32>, exits: u32) -> Vec<(u32, u32)> {
    let makers = lanes.end - lanes.start;
    lanes
        .clone()
        .flat_map(|lane| {
            let place = lane - lanes.start;
            let first = (place * exits / makers).min(exits - 1);
            let end = ((place + 1) * exits / makers).max(first + 1);
            (first..end).map(move |exit| (lane, exit))
        })
        .collect()
}

/// Straight on: lane to lane, and to the neighbours on both sides.
fn spread(lanes: std::ops::Range<u32>, exits: u32) -> Vec<(u32, u32)> {
    lanes
        .flat_map(|lane| {
            let same = lane.min(exits - 1);
            (same.saturating_sub(1)..=(same + 1).min(exits - 1)).map(move |exit| (lane, exit))
        })
        .collect()
}

fn movement(
    builder: &mut Builder,
    from: usize,
    to: usize,
    (from_lane, to_lane): (u32, u32),
    direction: Direction,
) -> Option<MovementSpec> {
    let network = builder.network_mut();
    let lane = |link: usize, lane: u32| network.lanes_of(LinkId::from(link)).get(lane as usize);
    let (start, end) = (lane(from, from_lane)?, lane(to, to_lane)?);
    let (one, two) = (*start.shape.last()?, *end.shape.first()?);
    let reach = one.distance(two);
    Some(MovementSpec {
        from_lane,
        to_lane,
        shape: hermite(
            one,
            direction_at(&start.shape, f64::INFINITY),
            two,
            direction_at(&end.shape, 0.0),
            reach,
        ),
        length: None,
        speed_limit: match direction {
            Direction::Straight => None,
            Direction::Left => Some(TURN_SPEED[0]),
            Direction::Right | Direction::UTurn => Some(TURN_SPEED[1]),
        },
    })
}
