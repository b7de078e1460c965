//! Checks that no two greens conflicted, from what the plant showed second by second: an account of
//! its own that knows nothing of controllers or the safety envelope.
//!
//! Two movements of a signal *conflict* when they come from different lanes and their paths meet.
//! They may be green together only if a step of the signal's own plan in the network file shows
//! both green, each at least as strongly.

use std::collections::BTreeMap;

use roads::{Aspect, MovementId, Network, SignalId};
use serde::Serialize;
use sim::World;

/// Two greens that should not have been shown together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// When, seconds.
    pub time: f64,
    /// The signal's name.
    pub signal: String,
    /// One movement's name.
    pub one: String,
    /// The other's.
    pub other: String,
}

/// A pair of movements of a signal that meet.
#[derive(Clone, Copy, Debug)]
struct Pair {
    signal: SignalId,
    one: MovementId,
    other: MovementId,
    /// Which pairs of greens the plan has, as bits by [`place`].
    allowed: u8,
}

/// Watches the greens of a world.
#[derive(Clone, Debug)]
pub struct GreenWatch {
    pairs: Vec<Pair>,
    conflicts: Vec<Conflict>,
    count: u64,
    seconds: u64,
    /// Per movement: when it was last green, seconds.
    green: Vec<f64>,
    /// Shortest time between the end of a green and the start of one that conflicts, seconds.
    clearance: f64,
}

/// Conflicts that are kept with their names; more are counted.
const KEPT: usize = 20;

const fn place(one: Aspect, other: Aspect) -> u8 {
    1 << (matches!(one, Aspect::Protected) as u8 * 2 + matches!(other, Aspect::Protected) as u8)
}

/// The pair of greens and all weaker ones.
const fn up_to(one: Aspect, other: Aspect) -> u8 {
    use Aspect::{Permissive, Protected};
    let mut bits = place(one, other) | place(Permissive, Permissive);
    if matches!(one, Protected) {
        bits |= place(Protected, Permissive);
    }
    if matches!(other, Protected) {
        bits |= place(Permissive, Protected);
    }
    bits
}

impl GreenWatch {
    /// Ready to watch a network's signals.
    pub fn new(network: &Network) -> Self {
        let mut at: BTreeMap<MovementId, (usize, usize)> = BTreeMap::new();
        for (index, signal) in network.signals.iter().enumerate() {
            for (position, &movement) in signal.movements.iter().enumerate() {
                at.insert(movement, (index, position));
            }
        }
        let mut pairs = Vec::new();
        for crossing in &network.crossings {
            let (Some(&(signal, one)), Some(&(same, other))) =
                (at.get(&crossing.a), at.get(&crossing.b))
            else {
                continue;
            };
            let lane = |movement: MovementId| network.movements[movement.index()].from;
            if signal != same || lane(crossing.a) == lane(crossing.b) {
                continue;
            }
            let steps = network.signals[signal].phases.iter();
            let allowed = steps
                .map(|step| (step.aspects.get(one), step.aspects.get(other)))
                .filter_map(|(one, other)| Some((*one?, *other?)))
                .filter(|(one, other)| one.is_green() && other.is_green())
                .fold(0, |bits, (one, other)| bits | up_to(one, other));
            pairs.push(Pair {
                signal: SignalId::from(signal),
                one: crossing.a,
                other: crossing.b,
                allowed,
            });
        }
        Self {
            pairs,
            conflicts: Vec::new(),
            count: 0,
            seconds: 0,
            green: vec![f64::NEG_INFINITY; network.movements.len()],
            clearance: f64::INFINITY,
        }
    }

    /// Looks at what a world shows now.
    pub fn look(&mut self, world: &World) {
        let time = world.time();
        self.seconds += 1;
        for pair in &self.pairs {
            let (one, other) = (world.aspect(pair.one), world.aspect(pair.other));
            if one.is_green() && other.is_green() {
                if pair.allowed & place(one, other) == 0 {
                    self.count += 1;
                    if self.conflicts.len() < KEPT {
                        let network = world.network();
                        self.conflicts.push(Conflict {
                            time,
                            signal: network.signals[pair.signal.index()].id.clone(),
                            one: network.movement_name(pair.one),
                            other: network.movement_name(pair.other),
                        });
                    }
                }
            } else if pair.allowed == 0 {
                for (now, before) in [(one, pair.other), (other, pair.one)] {
                    let last = self.green[before.index()];
                    if now.is_green() && last > f64::NEG_INFINITY {
                        self.clearance = self.clearance.min(time - last);
                    }
                }
            }
        }
        for (movement, last) in self.green.iter_mut().enumerate() {
            if world.aspect(MovementId::from(movement)).is_green() {
                *last = time;
            }
        }
    }

    /// How many conflicting greens it saw, a pair and second each.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The first of them.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Looks so far.
    pub const fn looks(&self) -> u64 {
        self.seconds
    }

    /// Shortest time between the last look at a green and the first at one that never may be shown
    /// with it, seconds; `None` if no such change was seen.
    pub fn shortest_clearance(&self) -> Option<f64> {
        self.clearance.is_finite().then_some(self.clearance)
    }
}
