//! What a signal can do for who goes from one link to another: worked out once for a network.

use roads::{Aspect, LaneId, LinkId, Network, SignalId};

use super::reds::Reds;
use crate::limits::{LimitsTable, Timing};
use crate::phases::{PhaseIndex, SignalPhases};

/// A turn that a signal holds.
#[derive(Clone, Debug)]
pub(super) struct Approach {
    pub(super) signal: SignalId,
    /// The link turned into.
    pub(super) to: LinkId,
    /// Lanes that the turn leaves from.
    pub(super) lanes: Vec<LaneId>,
    /// Phases that serve it as well as any does.
    pub(super) phases: Vec<PhaseIndex>,
}

/// A signal.
#[derive(Clone, Debug, Default)]
pub(super) struct Post {
    /// Seconds that a change takes.
    pub(super) change: f64,
    /// Per phase: shortest green.
    pub(super) minimum: Vec<f64>,
    /// Per phase: the lanes that it serves.
    pub(super) serves: Vec<Vec<LaneId>>,
}

/// A link as a way to drive.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Metres.
    pub(super) length: f64,
    /// Speed limit, m/s.
    pub(super) limit: f64,
    /// Its turns that a signal holds.
    pub(super) approaches: Vec<Approach>,
    /// Metres through the junction at its end, and whether one turns there, by link turned into.
    pub(super) turns: Vec<(LinkId, f64, bool)>,
}

/// The network as priority sees it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) ways: Vec<Way>,
    pub(super) posts: Vec<Post>,
    /// Per signal, before anything was seen of it.
    pub(super) reds: Vec<Reds>,
}

impl Plan {
    pub(super) fn new(network: &Network, limits: &LimitsTable, tick: f64) -> Self {
        let mut ways: Vec<Way> = network
            .links
            .iter()
            .map(|link| {
                let lanes = &network.lanes[link.lanes.range()];
                let limit = lanes.iter().map(|lane| lane.speed_limit);
                Way {
                    length: link.length,
                    limit: limit.fold(0.0, f64::max).max(1.0),
                    approaches: Vec::new(),
                    turns: Vec::new(),
                }
            })
            .collect();
        for turn in &network.turns {
            let movements = &network.movements[turn.movements.range()];
            if let Some(first) = movements.first() {
                let turns = turn.direction.is_turn();
                ways[turn.from.index()]
                    .turns
                    .push((turn.to, first.length, turns));
            }
        }
        let all = SignalPhases::of_network(network);
        let mut posts = Vec::with_capacity(all.len());
        let mut reds = Vec::with_capacity(all.len());
        for (index, phases) in all.iter().enumerate() {
            let signal = SignalId::from(index);
            let limits = limits.of(&network.signals[index].id);
            let timing = Timing::new(network, signal, phases, limits);
            reds.push(Reds::new(network, signal, phases, limits, &timing, tick));
            posts.push(post(network, signal, phases, &timing));
            for (from, approach) in approaches(network, signal, phases) {
                ways[from.index()].approaches.push(approach);
            }
        }
        Self { ways, posts, reds }
    }
}

fn post(network: &Network, signal: SignalId, phases: &SignalPhases, timing: &Timing) -> Post {
    let movements = &network.signals[signal.index()].movements;
    let count = network.signals[signal.index()].phases.len() as PhaseIndex;
    let serves = |phase: PhaseIndex| {
        let mut lanes: Vec<LaneId> = (0..movements.len())
            .filter(|&position| phases.serves(phase, position))
            .map(|position| network.movements[movements[position].index()].from)
            .collect();
        lanes.sort_unstable();
        lanes.dedup();
        lanes
    };
    Post {
        change: timing.longest_change(0.0),
        minimum: (0..count)
            .map(|phase| timing.minimum_of(phases, phase))
            .collect(),
        serves: (0..count).map(serves).collect(),
    }
}

/// How well a green serves.
const fn worth(aspect: Aspect) -> u32 {
    match aspect {
        Aspect::Protected => 2,
        Aspect::Permissive => 1,
        Aspect::Red | Aspect::Yellow => 0,
    }
}

/// The turns that some phase serves and another does not, by the link they come from.
fn approaches(
    network: &Network,
    signal: SignalId,
    phases: &SignalPhases,
) -> Vec<(LinkId, Approach)> {
    let movements = &network.signals[signal.index()].movements;
    let mut turns: Vec<roads::TurnId> = movements
        .iter()
        .map(|id| network.movements[id.index()].turn)
        .collect();
    turns.sort_unstable();
    turns.dedup();
    let mut found = Vec::new();
    for id in turns {
        let turn = &network.turns[id.index()];
        let positions: Vec<usize> = (0..movements.len())
            .filter(|&position| network.movements[movements[position].index()].turn == id)
            .collect();
        let value = |phase: PhaseIndex| -> u32 {
            positions
                .iter()
                .map(|&position| {
                    let group = phases.group_of[position] as usize;
                    worth(phases.aspects[phase as usize][group])
                })
                .sum()
        };
        let values: Vec<u32> = phases.green().iter().map(|&phase| value(phase)).collect();
        let (least, most) = (
            values.iter().copied().min().unwrap_or(0),
            values.iter().copied().max().unwrap_or(0),
        );
        if most == 0 || least == most {
            continue; // never served, or always as well
        }
        let mut lanes: Vec<LaneId> = positions
            .iter()
            .map(|&position| network.movements[movements[position].index()].from)
            .collect();
        lanes.sort_unstable();
        lanes.dedup();
        let best = phases.green().iter().zip(&values);
        found.push((
            turn.from,
            Approach {
                signal,
                to: turn.to,
                lanes,
                phases: best
                    .filter(|(_, value)| **value == most)
                    .map(|(&phase, _)| phase)
                    .collect(),
            },
        ));
    }
    found
}
