//! Signal plans of the generated city: which turns go together, for how long, and when.

use super::build::PlannedTurn;
use super::plan::{NodeKind, Plan};
use super::spec::CitySpec;
use super::streets::Piece;
use crate::builder::{Builder, MovementKey, SignalSpec};
use crate::error::Error;
use crate::generate::Random;
use crate::geometry::first_meeting;
use crate::model::{Aspect, Direction, JunctionId, Phase};

/// A green phase before it has a duration.
struct Stage {
    name: String,
    /// Road whose traffic it serves, and whether it is its left turns'.
    road: usize,
    left: bool,
    /// Turns with protected green, by their place in the node's list.
    turns: Vec<usize>,
    seconds: f64,
}

/// Hands a signal to the builder for every junction of more than two arms.
pub(super) fn add(
    spec: &CitySpec,
    plan: &Plan,
    pieces: &[Piece],
    turns: &[Vec<PlannedTurn>],
    builder: &mut Builder,
) -> Result<(), Error> {
    let stages: Vec<Vec<Stage>> = (0..plan.nodes.len())
        .map(|node| stages(spec, plan, node, &turns[node]))
        .collect();
    let offsets = offsets(spec, plan, pieces, &stages)?;
    for (node, stages) in stages.iter().enumerate() {
        if stages.len() < 2 {
            continue;
        }
        let movements = turns[node]
            .iter()
            .flat_map(|turn| {
                (0..turn.movements.len()).map(|movement| MovementKey {
                    turn: turn.number,
                    movement,
                })
            })
            .collect();
        builder.signal(SignalSpec {
            id: plan.nodes[node].id.clone(),
            junctions: vec![JunctionId::from(node)],
            movements,
            phases: phases(spec, &turns[node], stages),
            offset: offsets[node],
        });
    }
    Ok(())
}

/// The stages of a junction: for each of its roads straight on, then left; each filled up with
/// what conflicts with nothing in it. Right turns are not in stages: they may always go, giving
/// way.
fn stages(spec: &CitySpec, plan: &Plan, node: usize, turns: &[PlannedTurn]) -> Vec<Stage> {
    if plan.nodes[node].kind != NodeKind::Junction {
        return Vec::new();
    }
    let mut roads: Vec<usize> = Vec::new();
    for turn in turns {
        let road = plan.edges[turn.from].road;
        if !roads.contains(&road) {
            roads.push(road);
        }
    }
    // The coordinated road first, then by class.
    roads.sort_by_key(|&road| {
        let class = plan
            .edges
            .iter()
            .find(|edge| edge.road == road)
            .map(|edge| edge.class);
        (wave_of(spec, road).unwrap_or(usize::MAX), class, road)
    });
    let mut stages = Vec::new();
    for road in roads {
        let of = |direction: Direction| -> Vec<usize> {
            (0..turns.len())
                .filter(|&i| {
                    plan.edges[turns[i].from].road == road && turns[i].direction == direction
                })
                .collect()
        };
        let name = spec
            .streets
            .get(road)
            .map_or("ramp", |street| street.name.en.as_str());
        let (straight, left) = (of(Direction::Straight), of(Direction::Left));
        for (seeds, is_left, what) in [(straight, false, "straight"), (left, true, "left")] {
            if !seeds.is_empty() {
                stages.push(Stage {
                    name: format!("{name} {what}"),
                    road,
                    left: is_left,
                    turns: filled(seeds, turns),
                    seconds: 0.0,
                });
            }
        }
    }
    // A stage that another one covers is not needed.
    let mut number = 0;
    while number < stages.len() {
        let covered = stages.iter().enumerate().any(|(other, stage)| {
            other != number
                && stages[number]
                    .turns
                    .iter()
                    .all(|turn| stage.turns.contains(turn))
        });
        if covered {
            stages.remove(number);
        } else {
            number += 1;
        }
    }
    share_out(spec, plan, turns, &mut stages);
    stages
}

fn wave_of(spec: &CitySpec, road: usize) -> Option<usize> {
    let id = &spec.streets.get(road)?.id;
    spec.signals
        .waves
        .iter()
        .position(|wave| wave.street == *id)
}

/// `seeds` and every other straight or left turn that conflicts with none of them.
fn filled(seeds: Vec<usize>, turns: &[PlannedTurn]) -> Vec<usize> {
    let mut stage = seeds;
    for turn in 0..turns.len() {
        let fits = turns[turn].direction != Direction::Right
            && !stage.contains(&turn)
            && stage
                .iter()
                .all(|&other| !conflict(&turns[turn], &turns[other]));
        if fits {
            stage.push(turn);
        }
    }
    stage.sort_unstable();
    stage
}

/// Whether paths of two turns from different approaches meet.
fn conflict(one: &PlannedTurn, two: &PlannedTurn) -> bool {
    one.from != two.from
        && one.movements.iter().any(|a| {
            two.movements
                .iter()
                .any(|b| first_meeting(&a.shape, &b.shape).is_some())
        })
}

/// Shares the cycle out among the stages, by the width of the roads they serve.
fn share_out(spec: &CitySpec, plan: &Plan, turns: &[PlannedTurn], stages: &mut [Stage]) {
    let signals = &spec.signals;
    let lost = (signals.yellow + signals.all_red) * stages.len() as f64;
    let width = |stage: &Stage| {
        let lanes = turns
            .iter()
            .map(|turn| &plan.edges[turn.from])
            .filter(|edge| edge.road == stage.road)
            .map(|edge| edge.standard.lanes)
            .max();
        f64::from(lanes.unwrap_or(1))
    };
    let both = |stage: &Stage| {
        stages
            .iter()
            .filter(|other| other.road == stage.road)
            .count()
            > 1
    };
    let weights: Vec<f64> = stages
        .iter()
        .map(|stage| {
            let share = match (both(stage), stage.left) {
                (true, true) => signals.left_share,
                (true, false) => 1.0 - signals.left_share,
                (false, _) => 0.6, // a stem or a ramp
            };
            width(stage) * share
        })
        .collect();
    let total: f64 = weights.iter().sum();
    let spare = signals.cycle - lost - signals.minimum_green * stages.len() as f64;
    let mut left = spare.max(0.0);
    for (stage, weight) in stages.iter_mut().zip(&weights) {
        let more = (spare.max(0.0) * weight / total).floor();
        stage.seconds = signals.minimum_green + more;
        left -= more;
    }
    if let Some(first) = stages.first_mut() {
        first.seconds += left;
    }
}

/// The plan: each stage, its yellow and its all-red.
fn phases(spec: &CitySpec, turns: &[PlannedTurn], stages: &[Stage]) -> Vec<Phase> {
    let signals = &spec.signals;
    let aspects = |of: &dyn Fn(usize) -> Aspect| {
        turns
            .iter()
            .enumerate()
            .flat_map(|(place, turn)| {
                let aspect = if turn.direction == Direction::Right {
                    Aspect::Permissive
                } else {
                    of(place)
                };
                std::iter::repeat_n(aspect, turn.movements.len())
            })
            .collect()
    };
    let mut phases = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        let next = &stages[(number + 1) % stages.len()];
        let green = |place| stage.turns.contains(&place);
        let stays = |place| green(place) && next.turns.contains(&place);
        let clearance = |name: &str, seconds: f64, aspects| Phase {
            name: Some(name.to_owned()),
            duration: seconds,
            minimum: Some(seconds),
            maximum: Some(seconds),
            aspects,
        };
        phases.push(Phase {
            name: Some(stage.name.clone()),
            duration: stage.seconds,
            minimum: Some(signals.minimum_green),
            maximum: Some(signals.maximum_green.max(stage.seconds)),
            aspects: aspects(&|place| shown(green(place))),
        });
        let yellow = aspects(&|place| match (stays(place), green(place)) {
            (true, _) => Aspect::Protected,
            (false, true) => Aspect::Yellow,
            (false, false) => Aspect::Red,
        });
        phases.push(clearance("yellow", signals.yellow, yellow));
        let all_red = aspects(&|place| shown(stays(place)));
        phases.push(clearance("all-red", signals.all_red, all_red));
    }
    phases
}

const fn shown(green: bool) -> Aspect {
    if green {
        Aspect::Protected
    } else {
        Aspect::Red
    }
}

/// When each node's plan starts: with the wave where a coordinated street passes, else drawn.
fn offsets(
    spec: &CitySpec,
    plan: &Plan,
    pieces: &[Piece],
    stages: &[Vec<Stage>],
) -> Result<Vec<f64>, Error> {
    let cycle = spec.signals.cycle;
    let mut random = Random::new(spec.seed, 3);
    let mut offsets: Vec<f64> = (0..plan.nodes.len())
        .map(|_| (random.unit() * cycle).floor())
        .collect();
    let mut placed = vec![false; plan.nodes.len()];
    for wave in &spec.signals.waves {
        let street = spec
            .streets
            .iter()
            .position(|street| street.id == wave.street);
        let Some(street) = street.filter(|_| wave.speed.is_finite() && wave.speed > 0.0) else {
            let what = "needs a street of the list and a speed greater than zero";
            return Err(Error::element("wave", &wave.street, what));
        };
        for piece in pieces.iter().filter(|piece| piece.street == street) {
            // When the wave passes each stop, and when the street's green starts in the plan.
            let stops: Vec<(usize, f64, f64)> = piece
                .stops
                .iter()
                .filter_map(|&(along, node)| {
                    let before = green_start(spec, &stages[node], street)?;
                    Some((node, along / wave.speed, before))
                })
                .collect();
            // A junction that another wave has placed sets the time of this one.
            let shift = stops
                .iter()
                .find(|(node, ..)| placed[*node])
                .map_or(0.0, |(node, passes, before)| {
                    offsets[*node] + before - passes
                });
            for (node, passes, before) in stops {
                if !placed[node] {
                    offsets[node] = (passes + shift - before).rem_euclid(cycle).round();
                    placed[node] = true;
                }
            }
        }
    }
    Ok(offsets)
}

/// Seconds from the start of the plan to the green of a street's straight traffic.
fn green_start(spec: &CitySpec, stages: &[Stage], street: usize) -> Option<f64> {
    let clearance = spec.signals.yellow + spec.signals.all_red;
    let mut time = 0.0;
    for stage in stages {
        if stage.road == street && !stage.left {
            return Some(time);
        }
        time += stage.seconds + clearance;
    }
    None
}
