//! Hands links, turns and signals to the builder, and turns the mirror back.

use rustc_hash::FxHashMap;

use super::extract::Extract;
use super::junctions::Junctions;
use super::links::{Plan, Plans};
use super::turns::{TurnPlan, Turns};
use super::{ATTRIBUTION, Report, plans as signal_plans, priority, shapes};
use crate::builder::{Builder, LaneSpec, LinkSpec, MovementSpec, TurnSpec};
use crate::error::Error;
use crate::geometry::Point;
use crate::model::{Direction, DrivingSide, JunctionControl, JunctionId, LinkId, Network};

/// Most movements of one junction; the largest real ones have about 150.
const MOVEMENTS_MAX: usize = 600;

/// Puts the network together.
pub(super) fn network(
    name: String,
    extract: &Extract,
    junctions: &Junctions,
    plans: &Plans,
    turns: &Turns,
    report: &mut Report,
) -> Result<Network, Error> {
    let mut builder = Builder::new(name);
    let cuts = shapes::cuts(plans, &turns.kept, &turns.boundary);
    let nodes = add_junctions(&mut builder, plans, turns, &cuts);

    let mut numbers: FxHashMap<(i64, bool), u32> = FxHashMap::default();
    let mut ids: Vec<Option<LinkId>> = vec![None; plans.links.len()];
    let mut lanes: Vec<Vec<Vec<Point>>> = vec![Vec::new(); plans.links.len()];
    for (link, plan) in plans.links.iter().enumerate() {
        let (Some(from), Some(to)) = (nodes[plan.from as usize], nodes[plan.to as usize]) else {
            continue;
        };
        if !turns.kept[link] {
            continue;
        }
        lanes[link] = shapes::lanes(plan, cuts[link]);
        let number = numbers.entry((plan.way, plan.first.against())).or_default();
        let sign = if plan.first.against() { "-" } else { "" };
        let id = format!("{sign}{}#{number}", plan.way);
        *number += 1;
        ids[link] = Some(builder.link(link_spec(plan, id, from, to, &lanes[link]))?);
    }

    let mut movements = vec![0; plans.nodes.len()];
    for turn in turns.by_link.iter().flatten() {
        let node = plans.links[turn.from as usize].to as usize;
        let (Some(from), Some(to), Some(junction)) =
            (ids[turn.from as usize], ids[turn.to as usize], nodes[node])
        else {
            continue;
        };
        movements[node] += turn.pairs.len();
        if movements[node] > MOVEMENTS_MAX {
            return Err(Error::Limit {
                what: "the number of movements of a junction",
                found: movements[node] as u64,
                limit: MOVEMENTS_MAX as u64,
            });
        }
        builder.turn(TurnSpec {
            junction,
            from,
            to,
            direction: turn.direction,
            movements: movement_specs(turn, &lanes),
        });
    }
    let mut network = builder.finish()?;
    network.attribution = Some(ATTRIBUTION.to_owned());
    network.georeference = Some(extract.georeference);
    network.driving_side = extract.driving_side;

    for (node, plan) in plans.nodes.iter().enumerate() {
        let signal = plan
            .group
            .is_some_and(|group| junctions.groups[group as usize].signal);
        if let (true, Some(junction)) = (signal && !turns.boundary[node], nodes[node])
            && !signal_plans::add(&mut network, junction)
        {
            report.signals_without_conflict += 1;
        }
    }
    let kept = |(link, plan): (usize, &Plan)| turns.kept[link].then(|| plan.clone());
    let used = Plans {
        nodes: Vec::new(),
        links: plans.links.iter().enumerate().filter_map(kept).collect(),
    };
    let mirrored = extract.driving_side == DrivingSide::Left;
    priority::rule(&mut network, &used, mirrored);
    if mirrored {
        mirror(&mut network);
    }
    Ok(network)
}

/// Adds the junctions that have links; the others get no id.
fn add_junctions(
    builder: &mut Builder,
    plans: &Plans,
    turns: &Turns,
    cuts: &[shapes::Cut],
) -> Vec<Option<JunctionId>> {
    let mut used = vec![false; plans.nodes.len()];
    let mut width = vec![0.0_f64; plans.nodes.len()];
    for (link, plan) in plans.links.iter().enumerate() {
        if turns.kept[link] {
            for (node, cut) in [(plan.from, cuts[link].0), (plan.to, cuts[link].1)] {
                used[node as usize] = true;
                width[node as usize] = width[node as usize].max(cut);
            }
        }
    }
    plans
        .nodes
        .iter()
        .enumerate()
        .map(|(node, plan)| {
            used[node].then(|| {
                builder.junction(
                    plan.name.clone(),
                    plan.centre,
                    width[node],
                    turns.boundary[node],
                    JunctionControl::ByTurn,
                )
            })
        })
        .collect()
}

fn link_spec(
    plan: &Plan,
    id: String,
    from: JunctionId,
    to: JunctionId,
    lanes: &[Vec<Point>],
) -> LinkSpec {
    let lane = |shape: &Vec<Point>| LaneSpec {
        width: plan.lane_width(),
        speed_limit: plan.speed_limit,
        shape: shape.clone(),
        length: None,
    };
    LinkSpec {
        id,
        name: plan.name.clone(),
        from,
        to,
        shape: shapes::reference(plan),
        lanes: lanes.iter().map(lane).collect(),
        class: plan.class,
        elevated: plan.elevated,
    }
}

fn movement_specs(turn: &TurnPlan, lanes: &[Vec<Vec<Point>>]) -> Vec<MovementSpec> {
    let path = |&(from_lane, to_lane): &(u32, u32)| {
        let from = lanes[turn.from as usize].get(from_lane as usize)?;
        let to = lanes[turn.to as usize].get(to_lane as usize)?;
        Some(MovementSpec {
            from_lane,
            to_lane,
            shape: shapes::movement(from, to),
            length: None,
            speed_limit: None,
        })
    };
    turn.pairs.iter().filter_map(path).collect()
}

/// Mirrors a network in x: right-hand traffic becomes left-hand traffic.
fn mirror(network: &mut Network) {
    let flip = |points: &mut Vec<Point>| {
        for point in points {
            point.x = -point.x;
        }
    };
    let swap = |direction: &mut Direction| {
        *direction = match *direction {
            Direction::Left => Direction::Right,
            Direction::Right => Direction::Left,
            other => other,
        };
    };
    for junction in &mut network.junctions {
        junction.point.x = -junction.point.x;
    }
    network
        .links
        .iter_mut()
        .for_each(|link| flip(&mut link.shape));
    network
        .lanes
        .iter_mut()
        .for_each(|lane| flip(&mut lane.shape));
    for movement in &mut network.movements {
        flip(&mut movement.shape);
        swap(&mut movement.direction);
    }
    network
        .turns
        .iter_mut()
        .for_each(|turn| swap(&mut turn.direction));
}
