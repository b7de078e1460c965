//! The network that is left when lanes are shut all the time, with the markings of the remaining
//! lanes laid out anew.
//!
//! Each movement from or to a lane that is shut moves to the nearest lane of the same link that is
//! left; where that movement is there already, the two become one. So a road that keeps a lane
//! keeps all its turns, on fewer lanes. A link that loses all its lanes keeps them, but no turn
//! leads to it or away from it. Links, junctions, signals and phases keep their numbers; lanes,
//! turns and movements do not.

use std::collections::{HashMap, HashSet};

use roads::model::{Crossing, Lane, Movement, Span};
use roads::{LaneId, MovementId, Network, Point, TurnId, geometry};
use serde::Serialize;

use super::works::Works;

/// Nothing.
const NONE: u32 = u32::MAX;

/// What closing lanes did to a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Remarked {
    /// Lanes taken away.
    pub lanes: usize,
    /// Links that no turn leads to or from any more.
    pub links_shut: usize,
    /// Movements that lead over another lane now.
    pub moved: usize,
    /// Movements that fell together with another.
    pub merged: usize,
    /// Turns that can no longer be made.
    pub turns_lost: usize,
}

/// The network without the lanes that `works` shut, and with their speed limits, whatever their
/// times. Without works it is the same network.
pub fn rebuilt(network: &Network, works: &Works) -> (Network, Remarked) {
    let plan = LanePlan::new(network, works);
    let mut left = Network {
        lanes: Vec::with_capacity(network.lanes.len()),
        turns: Vec::new(),
        movements: Vec::new(),
        crossings: Vec::new(),
        ..network.clone()
    };
    let mut remarked = Remarked {
        links_shut: plan.shut_links,
        ..Remarked::default()
    };
    lay_lanes(network, works, &plan, &mut left);
    remarked.lanes = network.lanes.len() - left.lanes.len();
    let kept = lay_movements(network, &plan, &mut left, &mut remarked);
    lay_crossings(network, &kept, &mut left);
    place_signals(network, &kept, &mut left);
    (left, remarked)
}

/// Which lane takes over from which.
struct LanePlan {
    /// By lane: the old lane that serves in its place; [`NONE`] on a link that is wholly shut.
    instead: Vec<u32>,
    /// By lane: whether it is taken away.
    gone: Vec<bool>,
    shut_links: usize,
}

impl LanePlan {
    fn new(network: &Network, works: &Works) -> Self {
        let shut: HashSet<LaneId> = works.lanes().into_iter().collect();
        let mut plan = Self {
            instead: (0..network.lanes.len() as u32).collect(),
            gone: vec![false; network.lanes.len()],
            shut_links: 0,
        };
        for link in &network.links {
            let open: Vec<u32> = (link.lanes.start..link.lanes.end)
                .filter(|&lane| !shut.contains(&LaneId(lane)))
                .collect();
            if open.len() == link.lanes.len() {
                continue;
            }
            if open.is_empty() {
                plan.instead[link.lanes.range()].fill(NONE);
                plan.shut_links += 1;
                continue;
            }
            for lane in link.lanes.start..link.lanes.end {
                let nearest = open.iter().min_by_key(|other| other.abs_diff(lane));
                plan.instead[lane as usize] = *nearest.unwrap_or(&lane);
                plan.gone[lane as usize] = !open.contains(&lane);
            }
        }
        plan
    }
}

fn lay_lanes(network: &Network, works: &Works, plan: &LanePlan, left: &mut Network) {
    let limit_of: HashMap<_, _> = works
        .works
        .iter()
        .filter_map(|work| Some((work.link, work.speed_limit?)))
        .collect();
    for (index, link) in network.links.iter().enumerate() {
        let start = left.lanes.len() as u32;
        let limit = limit_of.get(&roads::LinkId::from(index));
        for lane in link.lanes.range().filter(|&lane| !plan.gone[lane]) {
            let own = &network.lanes[lane];
            left.lanes.push(Lane {
                index: left.lanes.len() as u32 - start,
                speed_limit: limit.map_or(own.speed_limit, |limit| limit.min(own.speed_limit)),
                outgoing: Vec::new(),
                incoming: Vec::new(),
                ..own.clone()
            });
        }
        left.links[index].lanes = Span {
            start,
            end: left.lanes.len() as u32,
        };
    }
}

/// What became of the old movements.
struct Kept {
    /// By old movement: its new number; [`NONE`] if it is gone.
    now: Vec<u32>,
    /// By new movement: the old one it was.
    was: Vec<MovementId>,
    /// By new movement: whether its path is another.
    moved: Vec<bool>,
}

fn lay_movements(
    network: &Network,
    plan: &LanePlan,
    left: &mut Network,
    remarked: &mut Remarked,
) -> Kept {
    let new_lane = numbers(&plan.gone);
    let mut kept = Kept {
        now: vec![NONE; network.movements.len()],
        was: Vec::new(),
        moved: Vec::new(),
    };
    for (index, junction) in network.junctions.iter().enumerate() {
        let (first_turn, first) = (left.turns.len() as u32, left.movements.len() as u32);
        for turn in &network.turns[junction.turns.range()] {
            let start = left.movements.len() as u32;
            let mut pairs = HashSet::new();
            // Those that stay as they are come first: what moves falls together with them.
            let ends = |id: usize| {
                let movement = &network.movements[id];
                let from = plan.instead[movement.from.index()];
                (from, plan.instead[movement.to.index()])
            };
            let stays = |id: usize| {
                let movement = &network.movements[id];
                ends(id) == (movement.from.0, movement.to.0)
            };
            let own = || turn.movements.range();
            pairs.extend(own().filter(|&id| stays(id)).map(ends));
            for id in own() {
                let (from, to) = ends(id);
                if from == NONE || to == NONE {
                    continue;
                }
                if !stays(id) && !pairs.insert((from, to)) {
                    remarked.merged += 1;
                    continue;
                }
                let mut movement = moved(network, id, LaneId(from), LaneId(to));
                let number = left.movements.len() as u32;
                movement.turn = TurnId::from(left.turns.len());
                movement.from = LaneId(new_lane[from as usize]);
                movement.to = LaneId(new_lane[to as usize]);
                left.lanes[movement.from.index()]
                    .outgoing
                    .push(MovementId(number));
                left.lanes[movement.to.index()]
                    .incoming
                    .push(MovementId(number));
                left.movements.push(movement);
                kept.now[id] = number;
                kept.was.push(MovementId::from(id));
                kept.moved.push(!stays(id));
                remarked.moved += usize::from(!stays(id));
            }
            if left.movements.len() as u32 == start {
                remarked.turns_lost += 1;
                continue;
            }
            left.turns.push(roads::model::Turn {
                movements: Span {
                    start,
                    end: left.movements.len() as u32,
                },
                ..turn.clone()
            });
        }
        left.junctions[index].turns = Span {
            start: first_turn,
            end: left.turns.len() as u32,
        };
        left.junctions[index].movements = Span {
            start: first,
            end: left.movements.len() as u32,
        };
    }
    kept
}

/// New numbers of what is not gone.
fn numbers(gone: &[bool]) -> Vec<u32> {
    let mut next = 0;
    gone.iter()
        .map(|&gone| {
            let number = if gone { NONE } else { next };
            next += u32::from(!gone);
            number
        })
        .collect()
}

/// A movement between other lanes of the same links: its path drawn from the end of the one to the
/// start of the other.
fn moved(network: &Network, id: usize, from: LaneId, to: LaneId) -> Movement {
    let movement = &network.movements[id];
    if (movement.from, movement.to) == (from, to) {
        return movement.clone();
    }
    let end = |lane: LaneId| network.lanes[lane.index()].shape.last().copied();
    let start = |lane: LaneId| network.lanes[lane.index()].shape.first().copied();
    let zero = Point::new(0.0, 0.0);
    let apart = |one: Option<Point>, other: Option<Point>| {
        one.zip(other).map_or(zero, |(one, other)| other - one)
    };
    let at_start = apart(end(movement.from), end(from));
    let at_end = apart(start(movement.to), start(to));
    let whole = geometry::length(&movement.shape).max(f64::MIN_POSITIVE);
    let mut along = 0.0;
    let mut shape = Vec::with_capacity(movement.shape.len());
    for (index, &point) in movement.shape.iter().enumerate() {
        if let Some(before) = index.checked_sub(1) {
            along += movement.shape[before].distance(point);
        }
        shape.push(point + at_start.lerp(at_end, (along / whole).min(1.0)));
    }
    let length = geometry::length(&shape) * movement.length / whole;
    Movement {
        length: if length.is_finite() && length > 0.0 {
            length
        } else {
            movement.length
        },
        shape,
        ..movement.clone()
    }
}

/// Crossings: those of movements that stay are kept; those of moved ones are found anew, with the
/// precedence that the two had.
fn lay_crossings(network: &Network, kept: &Kept, left: &mut Network) {
    for (index, junction) in network.junctions.iter().enumerate() {
        let start = left.crossings.len() as u32;
        let own = &network.crossings[junction.crossings.range()];
        let known: HashMap<(u32, u32), &Crossing> = own
            .iter()
            .map(|crossing| ((crossing.a.0, crossing.b.0), crossing))
            .collect();
        let span = left.junctions[index].movements;
        for a in span.start..span.end {
            for b in a + 1..span.end {
                let was = (kept.was[a as usize].0, kept.was[b as usize].0);
                let before = known.get(&was).copied();
                let found = if kept.moved[a as usize] || kept.moved[b as usize] {
                    met(left, a, b).map(|(at_a, at_b)| Crossing {
                        a: MovementId(a),
                        b: MovementId(b),
                        at_a,
                        at_b,
                        precedence: before.map(|known| known.precedence).unwrap_or_default(),
                    })
                } else {
                    before.map(|known| Crossing {
                        a: MovementId(a),
                        b: MovementId(b),
                        ..*known
                    })
                };
                left.crossings.extend(found);
            }
        }
        left.junctions[index].crossings = Span {
            start,
            end: left.crossings.len() as u32,
        };
    }
}

/// Where two movements meet, by the lengths they state.
fn met(network: &Network, a: u32, b: u32) -> Option<(f64, f64)> {
    let (one, two) = (
        &network.movements[a as usize],
        &network.movements[b as usize],
    );
    if one.from == two.from {
        return None;
    }
    let scale = |movement: &Movement| {
        let drawn = geometry::length(&movement.shape);
        if drawn > 0.0 {
            movement.length / drawn
        } else {
            1.0
        }
    };
    geometry::first_meeting(&one.shape, &two.shape)
        .map(|(at_a, at_b)| (at_a * scale(one), at_b * scale(two)))
        .or_else(|| (one.to == two.to).then_some((one.length, two.length)))
}

fn place_signals(network: &Network, kept: &Kept, left: &mut Network) {
    for (signal, own) in left.signals.iter_mut().zip(&network.signals) {
        let stays: Vec<bool> = own
            .movements
            .iter()
            .map(|movement| kept.now[movement.index()] != NONE)
            .collect();
        signal.movements = own
            .movements
            .iter()
            .map(|movement| kept.now[movement.index()])
            .filter(|&number| number != NONE)
            .map(MovementId)
            .collect();
        for phase in &mut signal.phases {
            let mut stay = stays.iter();
            phase.aspects.retain(|_| *stay.next().unwrap_or(&true));
        }
    }
}
