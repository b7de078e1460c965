//! What the signals show, and when each came into its phase.

use std::collections::VecDeque;

use roads::{Aspect, Direction, LinkId, MovementId, Network, SignalId, TurnId};
use signals::{Envelope, Observation, PhaseIndex, SignalPhases};
use sim::World;

use super::encode::GroupState;
use super::report::{GroupReport, PhaseReport};

/// Changes of phase kept for each signal.
const HISTORY_MAX: usize = 240;
/// Base saturation flow of a lane, vehicles an hour (Highway Capacity Manual).
const SATURATION_FLOW: f64 = 1900.0;

/// A turn that a signal controls.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The turn; its index is the group's.
    pub(crate) turn: TurnId,
    /// Its signal.
    pub(crate) signal: SignalId,
    /// Its controlled movements.
    pub(crate) movements: Vec<MovementId>,
}

/// What a signal does now.
#[derive(Clone, Debug)]
pub(crate) struct HeadNow {
    pub(crate) phase: Option<u32>,
    pub(crate) elapsed: f64,
    pub(crate) clearing: bool,
    pub(crate) history: Vec<(f64, Option<u32>)>,
}

/// All groups of a network, by signal and then by turn.
pub(crate) fn groups(network: &Network) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, signal) in network.signals.iter().enumerate() {
        let signal_id = SignalId::from(index);
        let mut movements = signal.movements.clone();
        movements.sort_by_key(|movement| network.movements[movement.index()].turn);
        for movement in movements {
            let turn = network.movements[movement.index()].turn;
            match groups.last_mut() {
                Some(last) if last.turn == turn && last.signal == signal_id => {
                    last.movements.push(movement);
                }
                _ => groups.push(Group {
                    turn,
                    signal: signal_id,
                    movements: vec![movement],
                }),
            }
        }
    }
    groups
}

type Changes = VecDeque<(f64, Option<PhaseIndex>)>;

/// The signals of one run.
#[derive(Clone, Debug)]
pub(crate) struct Heads {
    groups: Vec<Group>,
    plans: Vec<SignalPhases>,
    follows_plan: bool,
    seen: Observation,
    changes: Vec<Changes>,
}

/// How far ahead the end of a phase is looked for, seconds.
const AHEAD_MAX: u16 = 300;

impl Heads {
    /// Signals that have shown nothing yet.
    pub(crate) fn new(network: &Network, follows_plan: bool) -> Self {
        Self {
            groups: groups(network),
            plans: SignalPhases::of_network(network),
            follows_plan,
            seen: Observation::empty(network.signals.len(), 0),
            changes: vec![Changes::new(); network.signals.len()],
        }
    }

    /// Whether the controller follows the network's plan, so that the end of a phase is known.
    pub(crate) const fn follow_plan(&mut self, follows: bool) {
        self.follows_plan = follows;
    }

    /// Notes the phases of a moment.
    pub(crate) fn observe(&mut self, envelope: &Envelope, t: f64) {
        self.seen.time = t;
        envelope.describe(&mut self.seen);
        for (changes, &phase) in self.changes.iter_mut().zip(&self.seen.phase) {
            if changes.back().is_none_or(|&(_, last)| last != phase) {
                if changes.len() >= HISTORY_MAX {
                    changes.pop_front();
                }
                changes.push_back((t, phase));
            }
        }
    }

    /// Seconds until a signal leaves its phase, where the plan says so.
    pub(crate) fn remaining(&self, signal: SignalId, t: f64) -> Option<f64> {
        let plan = self.plans.get(signal.index())?;
        let now = plan.planned(t)?;
        if !self.follows_plan || self.seen.phase.get(signal.index()) != Some(&Some(now)) {
            return None;
        }
        (1..=AHEAD_MAX)
            .map(f64::from)
            .find(|ahead| plan.planned(t + ahead) != Some(now))
    }

    /// What every group is shown.
    pub(crate) fn states(&self, world: &World) -> Vec<GroupState> {
        let t = world.time();
        let signals: Vec<(u8, u16)> = self
            .seen
            .phase
            .iter()
            .enumerate()
            .map(|(index, phase)| {
                let remaining = self.remaining(SignalId::from(index), t);
                (
                    phase.map_or(u8::MAX, |phase| phase.min(254) as u8),
                    remaining.map_or(u16::MAX, |seconds| seconds as u16),
                )
            })
            .collect();
        self.groups
            .iter()
            .map(|group| {
                let (phase, remaining) = signals[group.signal.index()];
                GroupState {
                    group: group.turn.0,
                    aspect: aspect_of(world, group),
                    phase,
                    remaining,
                }
            })
            .collect()
    }

    /// A signal's phase, for how long it has been shown, whether it is changing, and its last
    /// changes.
    pub(crate) fn phase(&self, signal: SignalId) -> HeadNow {
        let index = signal.index();
        HeadNow {
            phase: self.seen.phase[index],
            elapsed: self.seen.elapsed[index],
            clearing: self.seen.clearing[index],
            history: self.changes[index].iter().copied().collect(),
        }
    }

    /// The groups of a signal with what they are shown; `vehicles` counts those that are going to
    /// take a turn: waiting, and all.
    pub(crate) fn group_reports(
        &self,
        world: &World,
        signal: SignalId,
        vehicles: impl Fn(TurnId) -> (u32, u32),
    ) -> Vec<GroupReport> {
        let network = world.network();
        self.groups
            .iter()
            .filter(|group| group.signal == signal)
            .map(|group| {
                let turn = &network.turns[group.turn.index()];
                let (queue, count) = vehicles(group.turn);
                GroupReport {
                    index: group.turn.0,
                    from: street(network, turn.from),
                    to: street(network, turn.to),
                    from_link: turn.from.0,
                    to_link: turn.to.0,
                    direction: turn.direction,
                    bearing: bearing(network, group),
                    aspect: aspect_of(world, group),
                    queue,
                    count,
                    saturation_flow: saturation_flow(network, group),
                }
            })
            .collect()
    }
}

/// The plan of a signal, with the groups that have green in each phase.
pub(crate) fn phase_reports(network: &Network, signal: SignalId) -> Vec<PhaseReport> {
    let signal = &network.signals[signal.index()];
    signal
        .phases
        .iter()
        .enumerate()
        .map(|(index, phase)| {
            let mut green: Vec<u32> = signal
                .movements
                .iter()
                .zip(&phase.aspects)
                .filter(|(_, aspect)| aspect.is_green())
                .map(|(movement, _)| network.movements[movement.index()].turn.0)
                .collect();
            green.sort_unstable();
            green.dedup();
            PhaseReport {
                index: index as u32,
                name: phase
                    .name
                    .clone()
                    .unwrap_or_else(|| (index + 1).to_string()),
                duration: phase.duration,
                green,
            }
        })
        .collect()
}

/// The name of a link's street, or the link's own.
pub(crate) fn street(network: &Network, link: LinkId) -> String {
    let link = &network.links[link.index()];
    link.name.clone().unwrap_or_else(|| link.id.clone())
}

/// The most permissive aspect of a group's movements.
fn aspect_of(world: &World, group: &Group) -> Aspect {
    group
        .movements
        .iter()
        .map(|&movement| world.aspect(movement))
        .max_by_key(|&aspect| super::encode::aspect_code(aspect))
        .unwrap_or_default()
}

/// Direction of travel at the stop line, degrees clockwise from north.
fn bearing(network: &Network, group: &Group) -> f64 {
    let Some(movement) = group.movements.first() else {
        return 0.0;
    };
    let lane = &network.lanes[network.movements[movement.index()].from.index()];
    let direction = roads::geometry::direction_at(&lane.shape, f64::INFINITY);
    direction
        .x
        .atan2(direction.y)
        .to_degrees()
        .rem_euclid(360.0)
}

fn saturation_flow(network: &Network, group: &Group) -> f64 {
    let factor = match network.turns[group.turn.index()].direction {
        Direction::Straight => 1.0,
        Direction::Left | Direction::UTurn => 0.95,
        Direction::Right => 0.85,
    };
    let mut lanes: Vec<_> = group
        .movements
        .iter()
        .map(|movement| network.movements[movement.index()].from)
        .collect();
    lanes.sort_unstable();
    lanes.dedup();
    let shares: f64 = lanes
        .iter()
        .map(|lane| {
            let mut turns: Vec<_> = network.lanes[lane.index()]
                .outgoing
                .iter()
                .map(|movement| network.movements[movement.index()].turn)
                .collect();
            turns.sort_unstable();
            turns.dedup();
            1.0 / turns.len().max(1) as f64
        })
        .sum();
    (SATURATION_FLOW * factor * shares).round()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn every_controlled_movement_is_in_one_group_of_its_turn() {
        let network = testing::crossing();
        let groups = groups(&network);
        let grouped: usize = groups.iter().map(|group| group.movements.len()).sum();
        assert_eq!(grouped, network.movements.len());
        for group in &groups {
            for movement in &group.movements {
                assert_eq!(network.movements[movement.index()].turn, group.turn);
            }
        }
    }

    #[test]
    fn bearings_follow_the_compass() {
        let network = testing::crossing();
        let bearings: Vec<f64> = groups(&network)
            .iter()
            .map(|group| bearing(&network, group).round().rem_euclid(360.0))
            .collect();
        for expected in [0.0, 90.0, 180.0, 270.0] {
            assert!(
                bearings
                    .iter()
                    .any(|&bearing| (bearing - expected).abs() < 1.0),
                "{expected} in {bearings:?}"
            );
        }
    }

    #[test]
    fn phases_name_the_groups_that_have_green() {
        let network = testing::crossing();
        let phases = phase_reports(&network, SignalId(0));
        assert_eq!(phases.len(), 2);
        for phase in &phases {
            assert!(!phase.green.is_empty());
            assert!(phase.green.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_ne!(phases[0].green, phases[1].green);
    }
}
