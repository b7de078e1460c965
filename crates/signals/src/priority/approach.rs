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
    /// Phases that serve it as well as any does, and with it, if any does, all others on one of its
    /// lanes.
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
        let from = |position: usize| network.movements[movements[position].index()].from;
        let mut lanes: Vec<LaneId> = positions.iter().map(|&position| from(position)).collect();
        lanes.sort_unstable();
        lanes.dedup();
        // Where it shares all its lanes with other turns, a green for it alone does not help it past
        // somebody who waits for theirs: then rather a weaker one for all.
        let is_free = |phase: PhaseIndex| {
            lanes.iter().any(|&lane| {
                let mut own = (0..movements.len()).filter(|&position| from(position) == lane);
                own.all(|position| phases.is_green(phase, phases.group_of[position] as usize))
            })
        };
        let served = phases.green().iter().zip(&values);
        let served = served.filter(|(_, value)| **value > 0);
        let values: Vec<(PhaseIndex, (bool, u32))> = served
            .map(|(&phase, &value)| (phase, (is_free(phase), value)))
            .collect();
        let most = values.iter().map(|(_, value)| *value).max();
        let best = values.into_iter().filter(|(_, value)| Some(*value) == most);
        found.push((
            turn.from,
            Approach {
                signal,
                to: turn.to,
                lanes,
                phases: best.map(|(phase, _)| phase).collect(),
            },
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use roads::Direction;
    use roads::generate::{GridSpec, grid};
    use roads::model::Phase;

    use super::*;

    /// A crossroads with so many lanes whose signal shows one link its left turns alone, then all
    /// its turns, the left ones giving way; then the others.
    fn left_alone_or_all(lanes: u32) -> (Network, LinkId) {
        let spec = GridSpec {
            columns: 1,
            rows: 1,
            lanes,
            ..GridSpec::default()
        };
        let mut network = grid(&spec).unwrap();
        let movements = network.signals[0].movements.clone();
        let turn = |network: &Network, position: usize| {
            let id = network.movements[movements[position].index()].turn;
            let turn = &network.turns[id.index()];
            (turn.from, turn.direction)
        };
        let (link, _) = turn(&network, 0);
        let phase = |show: &dyn Fn(bool, bool) -> Aspect| Phase {
            name: None,
            duration: 20.0,
            minimum: None,
            maximum: None,
            aspects: (0..movements.len())
                .map(|position| {
                    let (from, direction) = turn(&network, position);
                    show(from == link, direction == Direction::Left)
                })
                .collect(),
        };
        let phases = vec![
            phase(&|own, left| match (own, left) {
                (true, true) => Aspect::Protected,
                _ => Aspect::Red,
            }),
            phase(&|own, left| match (own, left) {
                (true, true) => Aspect::Permissive,
                (true, false) => Aspect::Protected,
                _ => Aspect::Red,
            }),
            phase(&|own, _| if own { Aspect::Red } else { Aspect::Permissive }),
        ];
        network.signals[0].phases = phases;
        (network, link)
    }

    fn phases_for_left(lanes: u32) -> Vec<PhaseIndex> {
        let (network, link) = left_alone_or_all(lanes);
        let phases = &SignalPhases::of_network(&network)[0];
        let left = |to: LinkId| {
            let mut turns = network.turns.iter();
            turns.any(|turn| (turn.from, turn.to, turn.direction) == (link, to, Direction::Left))
        };
        let mut found = approaches(&network, SignalId(0), phases).into_iter();
        let own = found.find(|(from, approach)| *from == link && left(approach.to));
        own.unwrap().1.phases
    }

    #[test]
    fn where_its_lane_is_shared_a_green_for_all_on_it_serves_a_vehicle_better_than_its_own() {
        assert_eq!(phases_for_left(3), [0]);
        assert_eq!(phases_for_left(1), [1]);
    }
}
