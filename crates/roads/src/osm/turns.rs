//! Which links a car can go into from the end of another, found by driving along the streets
//! inside the junction under their one-way rules and turn restrictions.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::components::Graph;
use super::junctions::Junctions;
use super::lanes::{self, Exit};
use super::links::{Plan, Plans};
use super::polyline::turn_angle;
use super::streets::{Run, Streets};
use super::{Connectivity, DeadEnds, Options, Report};
use crate::geometry::{self, Point};
use crate::model::Direction;

/// Over this length before a junction the heading of a link is taken, metres.
const HEADING_LENGTH: f64 = 12.0;
/// Turning by less than this is going straight on, degrees.
const STRAIGHT: f64 = 30.0;
/// Turning by less than this is going straight on where no other exit is straighter, degrees.
const NEARLY_STRAIGHT: f64 = 55.0;
/// Turning by more than this in a junction of several nodes is turning back, degrees.
const BACK: f64 = 150.0;

/// On a link of this length one can change lanes, metres.
const ROOM_TO_CHANGE_LANES: f64 = 60.0;

/// A turn of the network to be.
#[derive(Clone, Debug)]
pub(super) struct TurnPlan {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) direction: Direction,
    pub(super) angle: f64,
    /// Pairs of lanes that it joins.
    pub(super) pairs: Vec<(u32, u32)>,
}

/// All turns, by the link that they leave; which links are kept; which nodes are boundaries.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) by_link: Vec<Vec<TurnPlan>>,
    pub(super) kept: Vec<bool>,
    pub(super) boundary: Vec<bool>,
}

/// Direction of travel at the end of a line.
pub(super) fn heading_at_end(line: &[Point]) -> Point {
    let length = geometry::length(line);
    let before = geometry::point_at(line, length - HEADING_LENGTH.min(length));
    let end = line.last().copied().unwrap_or_default();
    let heading = (end - before).unit();
    if heading.norm() > 0.0 {
        heading
    } else {
        geometry::direction_at(line, length)
    }
}

/// Direction of travel at the start of a line.
pub(super) fn heading_at_start(line: &[Point]) -> Point {
    let length = geometry::length(line);
    let after = geometry::point_at(line, HEADING_LENGTH.min(length));
    let start = line.first().copied().unwrap_or_default();
    let heading = (after - start).unit();
    if heading.norm() > 0.0 {
        heading
    } else {
        geometry::direction_at(line, 0.0)
    }
}

/// Finds all turns.
pub(super) fn find(
    streets: &Streets<'_>,
    junctions: &Junctions,
    plans: &Plans,
    options: &Options,
    report: &mut Report,
) -> Turns {
    let reach = reach(streets, junctions, plans, options);
    let mut kept = vec![true; plans.links.len()];
    let mut boundary;
    loop {
        boundary = boundaries(junctions, plans, options, &kept);
        let exits = |link: usize| -> Vec<u32> {
            if boundary[plans.links[link].to as usize] {
                return Vec::new();
            }
            let open = reach[link].iter().copied();
            open.filter(|&exit| kept[exit as usize]).collect()
        };
        let mut next = vec![false; kept.len()];
        if options.connectivity == Connectivity::Everything {
            for link in 0..kept.len() {
                let ends = boundary[plans.links[link].to as usize];
                next[link] = kept[link] && (ends || !exits(link).is_empty());
            }
        } else {
            let graph = link_graph(plans, options, &kept, &boundary, &exits);
            let best = graph.heaviest(|link| {
                let plan = plans.links.get(link).filter(|_| kept[link]);
                plan.map_or(0.0, |plan| plan.length)
            });
            for link in 0..kept.len() {
                next[link] = kept[link] && best[link];
            }
        }
        if next == kept {
            break;
        }
        kept = next;
    }
    report.links_left_out = kept.iter().filter(|&&kept| !kept).count();
    let mut turns: Vec<Vec<TurnPlan>> = Vec::with_capacity(kept.len());
    for (link, plan) in plans.links.iter().enumerate() {
        let open = kept[link] && !boundary[plan.to as usize];
        let exits: Vec<u32> = reach[link]
            .iter()
            .copied()
            .filter(|&exit| open && kept[exit as usize])
            .collect();
        turns.push(describe(junctions, plans, link, &exits));
    }
    merge_windows(plans, &mut turns);
    narrow_lefts(plans, &mut turns);
    Turns {
        by_link: turns,
        kept,
        boundary,
    }
}

/// Links as a graph: to its exits; at a boundary back into the same road; through gates.
fn link_graph(
    plans: &Plans,
    options: &Options,
    kept: &[bool],
    boundary: &[bool],
    exits: &dyn Fn(usize) -> Vec<u32>,
) -> Graph {
    let outside = plans.links.len() as u32;
    let gates = options.connectivity == Connectivity::ThroughGates;
    let mut graph = Graph::new();
    let mut entries = Vec::new();
    for (link, plan) in plans.links.iter().enumerate() {
        if !kept[link] {
            graph.push([]);
            continue;
        }
        let mut next = exits(link);
        if boundary[plan.to as usize] {
            match plan.twin {
                Some(twin) if kept[twin as usize] => next.push(twin),
                _ if gates => next.push(outside),
                _ => {}
            }
        }
        if gates
            && boundary[plan.from as usize]
            && plan.twin.is_none_or(|twin| !kept[twin as usize])
        {
            entries.push(link as u32);
        }
        graph.push(next);
    }
    graph.push(entries);
    graph
}

/// Nodes where traffic appears and disappears: dead ends, and where nothing goes in or out.
fn boundaries(junctions: &Junctions, plans: &Plans, options: &Options, kept: &[bool]) -> Vec<bool> {
    let mut incoming = vec![0_u32; plans.nodes.len()];
    let mut outgoing = vec![0_u32; plans.nodes.len()];
    for (plan, _) in plans.links.iter().zip(kept).filter(|(_, kept)| **kept) {
        outgoing[plan.from as usize] += 1;
        incoming[plan.to as usize] += 1;
    }
    plans
        .nodes
        .iter()
        .enumerate()
        .map(|(node, plan)| {
            let group = plan.group.map(|group| &junctions.groups[group as usize]);
            let dead_end = group.is_some_and(|group| group.dead_end);
            incoming[node] == 0
                || outgoing[node] == 0
                || (dead_end && options.dead_ends == DeadEnds::Boundary)
        })
        .collect()
}

/// The links that can be reached from the end of each link.
fn reach(
    streets: &Streets<'_>,
    junctions: &Junctions,
    plans: &Plans,
    options: &Options,
) -> Vec<Vec<u32>> {
    let mut inside = vec![false; streets.pieces.len()];
    for run in junctions
        .chains
        .iter()
        .filter(|chain| chain.inside)
        .flat_map(|chain| &chain.runs)
    {
        inside[run.piece()] = true;
    }
    let mut starting: FxHashMap<Run, u32> = FxHashMap::default();
    let mut at_cuts: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (link, plan) in plans.links.iter().enumerate() {
        if plans.nodes[plan.from as usize].group.is_some() {
            starting.insert(plan.first, link as u32);
        } else {
            at_cuts.entry(plan.from).or_default().push(link as u32);
        }
    }
    let mut reach = Vec::with_capacity(plans.links.len());
    for plan in &plans.links {
        let Some(group) = plans.nodes[plan.to as usize].group else {
            let onward = at_cuts.get(&plan.to).into_iter().flatten().copied();
            reach.push(onward.filter(|&exit| plan.twin != Some(exit)).collect());
            continue;
        };
        let group = &junctions.groups[group as usize];
        if group.dead_end {
            let back = plan
                .twin
                .filter(|_| options.dead_ends == DeadEnds::TurnBack);
            reach.push(back.into_iter().collect());
            continue;
        }
        let mut exits = drive(streets, &inside, &starting, plan.last);
        let several = group.nodes.len() > 1;
        let heading = heading_at_end(&plan.line);
        let back = |exit: &u32| turns_back(plans, plan, heading, *exit, several);
        if !exits.iter().all(back) {
            exits.retain(|exit| !back(exit));
        }
        if exits.is_empty() {
            exits.extend(plan.twin); // the last resort
        }
        reach.push(exits);
    }
    reach
}

fn turns_back(plans: &Plans, plan: &Plan, heading: Point, exit: u32, several: bool) -> bool {
    let to = &plans.links[exit as usize];
    let angle = turn_angle(heading, heading_at_start(&to.line)).abs();
    plan.twin == Some(exit) || (several && angle > BACK)
}

/// Links that can be reached from a run along the streets inside a junction, nearest first.
fn drive(
    streets: &Streets<'_>,
    inside: &[bool],
    starting: &FxHashMap<Run, u32>,
    from: Run,
) -> Vec<u32> {
    let mut found = Vec::new();
    let mut seen: FxHashSet<Run> = FxHashSet::default();
    // Distance in millimetres, order of discovery, and the index of the step.
    let mut open = BinaryHeap::from([Reverse((0_u64, 0_usize))]);
    let mut steps: Vec<(Run, usize)> = vec![(from, usize::MAX)];
    while let Some(Reverse((distance, step))) = open.pop() {
        let (run, _) = steps[step];
        if !seen.insert(run) {
            continue;
        }
        if step != 0
            && let Some(&link) = starting.get(&run)
        {
            if !found.contains(&link)
                && streets
                    .restrictions
                    .allow_path(&ways(streets, &steps, step))
            {
                found.push(link);
            }
            continue;
        }
        for exit in streets.exits(streets.end(run)) {
            let usable = inside[exit.piece()] || starting.contains_key(&exit);
            // Turning back on a street is only of interest where one came in on it.
            let back = exit == run.reversed() && step != 0;
            if !usable || back || !(streets.allows(run, exit)) {
                continue;
            }
            let further = (streets.pieces[exit.piece()].length * 1000.0) as u64;
            steps.push((exit, step));
            open.push(Reverse((distance.saturating_add(further), steps.len() - 1)));
        }
    }
    found
}

/// The ways passed up to a step, without repetitions.
fn ways(streets: &Streets<'_>, steps: &[(Run, usize)], step: usize) -> Vec<i64> {
    let mut ways = Vec::new();
    let mut at = step;
    while let Some(&(run, before)) = steps.get(at) {
        ways.push(streets.way(run).id);
        at = before;
    }
    ways.reverse();
    ways.dedup();
    ways
}

/// Turns from a link into its exits, with directions and lanes.
fn describe(junctions: &Junctions, plans: &Plans, link: usize, exits: &[u32]) -> Vec<TurnPlan> {
    let plan = &plans.links[link];
    let heading = heading_at_end(&plan.line);
    let several = plans.nodes[plan.to as usize]
        .group
        .is_some_and(|group| junctions.groups[group as usize].nodes.len() > 1);
    let mut order: Vec<(f64, u32)> = exits
        .iter()
        .map(|&exit| {
            let to = &plans.links[exit as usize];
            let angle = turn_angle(heading, heading_at_start(&to.line));
            // Turning back is turning left all the way.
            let back = turns_back(plans, plan, heading, exit, several);
            (if back { 180.0 } else { angle }, exit)
        })
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let straightest = order
        .iter()
        .map(|(angle, _)| angle.abs())
        .fold(f64::MAX, f64::min);
    let seen: Vec<Exit> = order
        .iter()
        .map(|&(angle, exit)| {
            let to = &plans.links[exit as usize];
            let straight = angle.abs() <= STRAIGHT
                || (angle.abs() <= NEARLY_STRAIGHT && angle.abs() <= straightest);
            let direction = if turns_back(plans, plan, heading, exit, several) {
                Direction::UTurn
            } else if straight || plans.nodes[plan.to as usize].group.is_none() {
                Direction::Straight
            } else if angle > 0.0 {
                Direction::Left
            } else {
                Direction::Right
            };
            let class = if to.class == plan.class { 0.0 } else { 20.0 };
            let name = if to.name == plan.name { 0.0 } else { 5.0 };
            Exit {
                direction,
                angle,
                lanes: to.lanes,
                otherness: angle.abs() + class + name,
            }
        })
        .collect();
    let lanes = lanes::assign(plan.lanes, &plan.arrows, &seen);
    order
        .iter()
        .zip(&seen)
        .zip(lanes)
        .map(|((&(angle, to), exit), lanes)| TurnPlan {
            from: link as u32,
            to,
            direction: exit.direction,
            angle,
            pairs: lanes::connect(&lanes, 0..exit.lanes),
        })
        .collect()
}

/// Left turns keep to the inner lanes, so that those of opposite approaches do not cross; except
/// into short links, where there would be no room to change lanes, and where nothing else would
/// lead to the outer lanes.
fn narrow_lefts(plans: &Plans, turns: &mut [Vec<TurnPlan>]) {
    let is_left = |turn: &TurnPlan| matches!(turn.direction, Direction::Left | Direction::UTurn);
    let mut served: FxHashSet<(u32, u32)> = FxHashSet::default();
    for turn in turns.iter().flatten().filter(|turn| !is_left(turn)) {
        served.extend(turn.pairs.iter().map(|pair| (turn.to, pair.1)));
    }
    for turn in turns.iter_mut().flatten().filter(|turn| is_left(turn)) {
        let to = &plans.links[turn.to as usize];
        let all_served = (0..to.lanes as u32).all(|lane| served.contains(&(turn.to, lane)));
        if all_served && to.length >= ROOM_TO_CHANGE_LANES {
            let mut from: Vec<usize> = turn.pairs.iter().map(|pair| pair.0 as usize).collect();
            from.dedup();
            let window = 0..from.len().min(to.lanes);
            turn.pairs = lanes::connect(&from, window);
        }
    }
}

/// Where two links merge into one, each keeps to its side.
fn merge_windows(plans: &Plans, turns: &mut [Vec<TurnPlan>]) {
    let mut into: FxHashMap<u32, Vec<(usize, usize)>> = FxHashMap::default();
    for (link, turns) in turns.iter().enumerate() {
        for (number, turn) in turns.iter().enumerate() {
            if turn.direction == Direction::Straight {
                into.entry(turn.to).or_default().push((link, number));
            }
        }
    }
    for (to, merging) in into {
        let [one, two] = merging[..] else {
            continue;
        };
        let of = |(link, number): (usize, usize)| &turns[link][number];
        // Whoever comes from the left turns to the right, and enters on the left.
        let (left, right) = if of(one).angle < of(two).angle {
            (one, two)
        } else {
            (two, one)
        };
        let sources = |at: (usize, usize)| {
            let mut lanes: Vec<usize> = of(at).pairs.iter().map(|pair| pair.0 as usize).collect();
            lanes.dedup();
            lanes
        };
        let lanes = plans.links[to as usize].lanes;
        let (from_left, from_right) = (sources(left), sources(right));
        let right_lanes = from_right.len().min(lanes);
        let left_lanes = from_left.len().min(lanes).max(lanes - right_lanes);
        let pairs_left = lanes::connect(&from_left, 0..left_lanes);
        let pairs_right = lanes::connect(&from_right, lanes - right_lanes..lanes);
        turns[left.0][left.1].pairs = pairs_left;
        turns[right.0][right.1].pairs = pairs_right;
    }
}
