//! What it costs, in time, to drive a link and to make a turn.

use serde::{Deserialize, Serialize};

use crate::model::{Direction, Network, Signal, TurnId};

/// A time in whole milliseconds: sums are exact, so different searches agree to the bit.
pub type Milliseconds = u64;

/// Longest time a single link or turn may cost: a day. Keeps every sum far from overflow.
const LONGEST: f64 = 86_400.0;

/// What a turn costs besides the wait at its signal, seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TurnPenalties {
    /// Going straight on.
    pub straight: f64,
    /// Turning left.
    pub left: f64,
    /// Turning right.
    pub right: f64,
    /// Turning back.
    pub u_turn: f64,
    /// Entering a junction that has no signal from a road of lower class than the best there.
    pub give_way: f64,
    /// Share of the expected wait at a signal that counts, 0 to 1 and more for a dislike of
    /// waiting.
    pub signal: f64,
}

impl Default for TurnPenalties {
    fn default() -> Self {
        Self {
            straight: 0.0,
            left: 4.0,
            right: 2.0,
            u_turn: 20.0,
            give_way: 4.0,
            signal: 1.0,
        }
    }
}

impl TurnPenalties {
    /// No turn costs anything.
    pub const NONE: Self = Self {
        straight: 0.0,
        left: 0.0,
        right: 0.0,
        u_turn: 0.0,
        give_way: 0.0,
        signal: 0.0,
    };

    const fn of(&self, direction: Direction) -> f64 {
        match direction {
            Direction::Straight => self.straight,
            Direction::Left => self.left,
            Direction::Right => self.right,
            Direction::UTurn => self.u_turn,
        }
    }
}

/// What each link and each turn costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// By link: time to drive it.
    pub links: Vec<Milliseconds>,
    /// By turn: time on its path, its penalty and the expected wait at its signal.
    pub turns: Vec<Milliseconds>,
}

impl Costs {
    /// Costs on the empty road, at the speed limits.
    pub fn free_flow(network: &Network, penalties: &TurnPenalties) -> Self {
        let links = (0..network.links.len())
            .map(|link| milliseconds(link_seconds(network, link)))
            .collect();
        let mut turns: Vec<f64> = (0..network.turns.len())
            .map(|turn| turn_seconds(network, TurnId::from(turn), penalties))
            .collect();
        for signal in &network.signals {
            for (turn, wait) in waits(network, signal) {
                turns[turn.index()] += wait * penalties.signal;
            }
        }
        Self {
            links,
            turns: turns.into_iter().map(milliseconds).collect(),
        }
    }
}

/// Whole milliseconds of a time in seconds, at least one.
pub(crate) fn milliseconds(seconds: f64) -> Milliseconds {
    // NaN becomes the longest time as well: such a link is avoided.
    let seconds = if seconds.is_nan() { LONGEST } else { seconds };
    ((seconds.clamp(0.0, LONGEST) * 1000.0).round() as Milliseconds).max(1)
}

fn link_seconds(network: &Network, link: usize) -> f64 {
    let lanes = &network.lanes[network.links[link].lanes.range()];
    let limit = lanes.iter().map(|lane| lane.speed_limit).sum::<f64>() / lanes.len().max(1) as f64;
    network.links[link].length / limit
}

/// Time on the path and penalty, without the wait at a signal.
fn turn_seconds(network: &Network, id: TurnId, penalties: &TurnPenalties) -> f64 {
    let turn = &network.turns[id.index()];
    let movements = &network.movements[turn.movements.range()];
    let Some(first) = movements.first() else {
        return LONGEST;
    };
    let limit = first
        .speed_limit
        .unwrap_or(network.lanes[first.from.index()].speed_limit);
    let length = movements.iter().map(|m| m.length).sum::<f64>() / movements.len() as f64;
    let junction = &network.junctions[turn.junction.index()];
    let gives_way = junction.signal.is_none() && {
        let class = |link: crate::model::LinkId| network.links[link.index()].class;
        let best = junction.incoming.iter().map(|&link| class(link)).min();
        best.is_some_and(|best| class(turn.from) > best)
    };
    let give_way = if gives_way { penalties.give_way } else { 0.0 };
    length / limit + penalties.of(turn.direction) + give_way
}

/// The expected wait at a signal, in seconds, for vehicles that arrive evenly over its cycle: by
/// turn, that of the movement that waits least.
fn waits(network: &Network, signal: &Signal) -> Vec<(TurnId, f64)> {
    let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
    let mut waits: Vec<(TurnId, f64)> = Vec::new();
    if !(cycle.is_finite() && cycle > 0.0) {
        return waits;
    }
    for (place, movement) in signal.movements.iter().enumerate() {
        let turn = network.movements[movement.index()].turn;
        let wait = expected_wait(signal, place, cycle);
        match waits.iter_mut().find(|(known, _)| *known == turn) {
            Some((_, least)) => *least = least.min(wait),
            None => waits.push((turn, wait)),
        }
    }
    waits
}

/// Sum of the squares of the red times over twice the cycle.
fn expected_wait(signal: &Signal, place: usize, cycle: f64) -> f64 {
    let green =
        |phase: &crate::model::Phase| phase.aspects.get(place).is_some_and(|a| a.is_green());
    // Start behind a green phase so that no red time is cut in two.
    let Some(start) = signal.phases.iter().position(green) else {
        return cycle; // never green in the plan
    };
    let (mut red, mut squares) = (0.0, 0.0);
    for step in 1..=signal.phases.len() {
        let phase = &signal.phases[(start + step) % signal.phases.len()];
        if green(phase) {
            squares += red * red;
            red = 0.0;
        } else {
            red += phase.duration;
        }
    }
    squares / (2.0 * cycle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{GridSpec, grid};

    #[test]
    fn a_link_costs_its_length_over_its_limit_and_a_turn_its_wait() {
        let network = grid(&GridSpec::default()).unwrap();
        let costs = Costs::free_flow(&network, &TurnPenalties::NONE);
        let link = network.link_named("road_1_1_0").unwrap();
        assert_eq!(
            costs.links[link.index()],
            (770_000.0_f64 / 11.111).round() as u64
        );

        let waiting = TurnPenalties {
            signal: 1.0,
            ..TurnPenalties::NONE
        };
        let with_waits = Costs::free_flow(&network, &waiting);
        let signal = &network.signals[0];
        let cycle: f64 = 245.0;
        for turn in &network.turns[network.junctions[signal.junctions[0].index()].turns.range()] {
            let id = network.movements[turn.movements.range()][0].turn.index();
            let wait = (with_waits.turns[id] - costs.turns[id]) as f64 / 1000.0;
            // West-east straight is green in phases 1 and 5 (or 6): two red times.
            // All but right turns are green in two phases of the cycle: two red times.
            let expected = if turn.direction == Direction::Right {
                0.0
            } else {
                let place = signal
                    .movements
                    .iter()
                    .position(|m| network.movements[m.index()].turn.index() == id)
                    .unwrap();
                let greens: Vec<usize> = (0..9)
                    .filter(|&p| signal.phases[p].aspects[place].is_green())
                    .collect();
                assert_eq!(greens.len(), 2);
                let first = 30.0 * (greens[1] - greens[0] - 1) as f64;
                let second = cycle - 60.0 - first;
                (first * first + second * second) / (2.0 * cycle)
            };
            assert!((wait - expected).abs() < 0.002, "{wait} {expected}");
        }
    }

    #[test]
    fn no_cost_is_zero_or_without_bound() {
        assert_eq!(milliseconds(f64::NAN), 86_400_000);
        assert_eq!(milliseconds(f64::INFINITY), 86_400_000);
        assert_eq!(milliseconds(-1.0), 1);
    }
}
