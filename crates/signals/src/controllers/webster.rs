//! Webster's fixed-time timings, computed from demand.
//!
//! For each signal, from F. V. Webster, *Traffic signal settings*, Road Research Technical Paper
//! 39, 1958: the flow ratio of a lane is its flow over its saturation flow; each phase has a
//! critical lane, y, and Y is their sum. With L the time lost in a cycle, the cycle of least delay
//! is C = (1.5 L + 5) / (1 − Y), and the effective green C − L is split in proportion to y.
//!
//! - Flow: vehicles of the demand that appear before the protocol's horizon, along their routes,
//!   per hour of the time in which they appear, spread evenly over the lanes of a turn; a turn
//!   that several phases serve counts with an equal part in each.
//! - Saturation flow of a lane: one vehicle every `h + (length + gap) / v` seconds, with the
//!   demand's most common vehicle, its headway h, and v the speed limit (8.33 m/s turning). The
//!   engine's queues discharge at that rate within 2 %, after some two seconds to start.
//! - Phases: the smallest set of the protocol's phases that serves everyone, in turn.
//! - Lost time of a phase: the change before it. The two seconds to start and the two of yellow
//!   that are used cancel; under the literature's protocols, whose clearance phase nobody may use,
//!   the start counts as well.
//! - C is kept between the minimum greens and 120 s. No offsets between signals.

use std::collections::HashMap;

use roads::{Demand, LaneId, Network, SignalId, TurnId, VehicleType};

use super::flows::{hourly, most_common_type, seconds_each};
use super::{Cycle, Info, numbered};
use crate::controller::{Controller, Detail};
use crate::limits::Timing;
use crate::observation::{Observation, Wish, Wishes};
use crate::phases::{PhaseIndex, SignalPhases};
use crate::protocol::{Protocol, Regime};

pub(super) const INFO: Info = Info {
    name: "webster",
    title_en: "Webster's timings",
    title_zh: "韦伯斯特配时",
    about_en: "Fixed cycle and green split computed from the demand by Webster's formula.",
    about_zh: "按韦伯斯特公式由交通需求计算周期与绿信比的定时控制。",
};

/// Longest cycle, seconds.
const LONGEST: f64 = 120.0;
/// Shortest effective green of a phase, seconds.
const SHORTEST_GREEN: f64 = 7.0;
/// Time that a queue takes to start, seconds.
const START: f64 = 2.0;
/// From this share of capacity on the formula has no answer, and the longest cycle is taken.
const SATURATED: f64 = 0.95;

/// The timings of one signal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    /// Cycle, seconds.
    pub cycle: f64,
    /// Sum of the critical flow ratios.
    pub load: f64,
    /// Seconds at the start of each slot in which nobody drives: the change before the phase.
    pub lost: f64,
    /// Phases in turn, each with its seconds, the change before it included.
    pub slots: Vec<(PhaseIndex, f64)>,
}

impl Timings {
    /// Seconds of a phase's slot; 0 where it has none.
    pub fn seconds(&self, phase: PhaseIndex) -> f64 {
        let found = self.slots.iter().find(|(known, _)| *known == phase);
        found.map_or(0.0, |(_, seconds)| *seconds)
    }
}

/// Shows phases by computed timings.
#[derive(Clone, Debug)]
pub struct Webster {
    timings: Vec<Timings>,
    cycles: Vec<Cycle>,
    /// Seconds by which each signal's cycle is shifted.
    offsets: Vec<f64>,
}

impl Webster {
    /// Computes the timings of all signals.
    pub fn new(network: &Network, demand: &Demand, protocol: &Protocol) -> Self {
        Self::at_cycle(network, demand, protocol, |_| None)
    }

    /// Computes the timings of all signals, with the cycle that `cycle` says for a signal, seconds,
    /// or the best one where it says nothing. A cycle too short for the minimum greens is made
    /// as long as they need.
    pub fn at_cycle(
        network: &Network,
        demand: &Demand,
        protocol: &Protocol,
        cycle: impl Fn(SignalId) -> Option<f64>,
    ) -> Self {
        let flows = hourly(network, demand, protocol.horizon);
        let kind = most_common_type(demand, protocol.horizon);
        let timings: Vec<Timings> = SignalPhases::of_network(network)
            .iter()
            .enumerate()
            .map(|(signal, phases)| {
                let signal = SignalId::from(signal);
                let stages = phases.cover(protocol.usable(phases));
                let ratios = critical_ratios(network, signal, phases, &stages, &flows, &kind);
                let (lost, least) = lost_and_least(network, signal, phases, &stages, protocol);
                split(&stages, &ratios, lost, &least, cycle(signal))
            })
            .collect();
        Self::with_timings(timings)
    }

    /// Keeps to these timings, one for each signal.
    pub fn with_timings(timings: Vec<Timings>) -> Self {
        Self {
            cycles: timings
                .iter()
                .map(|timings| Cycle::new(timings.slots.clone()))
                .collect(),
            offsets: vec![0.0; timings.len()],
            timings,
        }
    }

    /// Shifts the cycles of signals that `offset` says something for: theirs begin so many seconds
    /// after the start.
    #[must_use]
    pub fn shifted(mut self, offset: impl Fn(SignalId) -> Option<f64>) -> Self {
        for (index, own) in self.offsets.iter_mut().enumerate() {
            *own = offset(SignalId::from(index)).unwrap_or(*own);
        }
        self
    }

    /// The timings of each signal.
    pub fn timings(&self) -> &[Timings] {
        &self.timings
    }
}

impl Controller for Webster {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn detail(&self) -> Detail {
        Detail::None
    }

    fn interval(&self) -> Option<f64> {
        Some(1.0)
    }

    fn fork(&self) -> Option<Box<dyn Controller>> {
        Some(Box::new(self.clone()))
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        for (signal, cycle) in numbered(&self.cycles) {
            let time = seen.time - self.offsets[signal.index()];
            let wish = cycle.at(time).map_or(Wish::Keep, Wish::Phase);
            wishes.set(signal, wish);
        }
    }
}

/// The critical flow ratio of each stage.
fn critical_ratios(
    network: &Network,
    signal: SignalId,
    phases: &SignalPhases,
    stages: &[PhaseIndex],
    flows: &[f64],
    kind: &VehicleType,
) -> Vec<f64> {
    let movements = &network.signals[signal.index()].movements;
    let mut lanes_of: HashMap<TurnId, Vec<LaneId>> = HashMap::new();
    for id in movements {
        let movement = &network.movements[id.index()];
        let lanes = lanes_of.entry(movement.turn).or_default();
        if !lanes.contains(&movement.from) {
            lanes.push(movement.from);
        }
    }
    let ratio = |turn: TurnId, lane: LaneId| {
        let each = seconds_each(network, turn, lane, kind);
        flows[turn.index()] / lanes_of[&turn].len() as f64 * each / 3_600.0
    };
    let served_by = |position: usize| {
        let serving = |stage: &&PhaseIndex| phases.serves(**stage, position);
        stages.iter().filter(serving).count().max(1) as f64
    };
    stages
        .iter()
        .map(|&stage| {
            let mut lanes: HashMap<LaneId, f64> = HashMap::new();
            let mut counted: Vec<(TurnId, LaneId)> = Vec::new();
            for (position, id) in movements.iter().enumerate() {
                let movement = &network.movements[id.index()];
                let key = (movement.turn, movement.from);
                if phases.serves(stage, position) && !counted.contains(&key) {
                    counted.push(key);
                    *lanes.entry(movement.from).or_default() +=
                        ratio(movement.turn, movement.from) / served_by(position);
                }
            }
            lanes.into_values().fold(0.0, f64::max)
        })
        .collect()
}

/// Seconds lost in the change before a phase, and the shortest effective green of each stage.
fn lost_and_least(
    network: &Network,
    signal: SignalId,
    phases: &SignalPhases,
    stages: &[PhaseIndex],
    protocol: &Protocol,
) -> (f64, Vec<f64>) {
    match protocol.regime {
        Regime::Literature => (protocol.yellow + START, vec![SHORTEST_GREEN; stages.len()]),
        Regime::Street => {
            let timing = Timing::new(network, signal, phases, &protocol.limits());
            let least = |&stage: &PhaseIndex| timing.minimum_of(phases, stage).max(SHORTEST_GREEN);
            (
                timing.longest_change(0.0),
                stages.iter().map(least).collect(),
            )
        }
    }
}

/// Webster's cycle and split.
fn split(
    stages: &[PhaseIndex],
    ratios: &[f64],
    lost: f64,
    least: &[f64],
    given: Option<f64>,
) -> Timings {
    let load: f64 = ratios.iter().sum();
    let lost_in_all = lost * stages.len() as f64;
    let shortest = lost_in_all + least.iter().sum::<f64>();
    let longest = LONGEST.max(shortest);
    let best = if load < SATURATED {
        (1.5 * lost_in_all + 5.0) / (1.0 - load)
    } else {
        longest
    };
    // Whole seconds, as controllers have them.
    let own = best.clamp(shortest, longest).round().max(shortest);
    let cycle = given.map_or(own, |given| given.max(shortest));
    // Every phase has its minimum; what is left goes to those whose share is more than that.
    let wanted: Vec<f64> = ratios
        .iter()
        .zip(least)
        .map(|(ratio, least)| {
            let share = if load > 0.0 {
                ratio / load
            } else {
                1.0 / ratios.len() as f64
            };
            ((cycle - lost_in_all) * share - least).max(0.0)
        })
        .collect();
    let total: f64 = wanted.iter().sum();
    let slots = stages
        .iter()
        .zip(wanted.iter().zip(least))
        .map(|(&phase, (&more, &least))| {
            let more = if total > 0.0 {
                (cycle - shortest) * more / total
            } else {
                (cycle - shortest) / stages.len() as f64
            };
            (phase, lost + least + more)
        })
        .collect();
    Timings {
        cycle,
        load,
        lost,
        slots,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cycle_and_split_are_those_of_the_formula() {
        // Two phases with 10 s lost in all and y of 0.3 and 0.2: C = 20 / 0.5 = 40 s, and the 30 s
        // of effective green are split three to two.
        let timings = split(&[1, 2], &[0.3, 0.2], 5.0, &[7.0; 2], None);
        assert!((timings.cycle - 40.0).abs() < 1e-9);
        assert!((timings.load - 0.5).abs() < 1e-9);
        assert!((timings.slots[0].1 - 23.0).abs() < 1e-9, "{timings:?}");
        assert!((timings.slots[1].1 - 17.0).abs() < 1e-9, "{timings:?}");
    }

    #[test]
    fn more_than_a_junction_can_carry_gets_the_longest_cycle() {
        let timings = split(&[0, 1], &[0.7, 0.7], 5.0, &[7.0; 2], None);
        assert!((timings.cycle - LONGEST).abs() < 1e-9);
        let total: f64 = timings.slots.iter().map(|slot| slot.1).sum();
        assert!((total - LONGEST).abs() < 1e-9);
    }

    #[test]
    fn phases_nobody_asks_for_keep_their_minimum() {
        let timings = split(&[0, 1, 2], &[0.4, 0.0, 0.0], 5.0, &[7.0; 3], None);
        assert!((timings.slots[1].1 - 12.0).abs() < 1e-9);
        assert!((timings.slots[2].1 - 12.0).abs() < 1e-9);
        assert!(timings.slots[0].1 > 12.0);
    }
}
