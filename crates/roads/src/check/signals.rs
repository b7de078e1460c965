//! Plans of signals: phases, greens that never come, greens that conflict.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{
    Aspect, Crossing, Direction, JunctionControl, MovementId, Network, Phase, Precedence, Signal,
};

use super::{Faults, Severity};

/// An all-red phase up to this long is a clearance, seconds.
const CLEARANCE: f64 = 5.0;

pub(super) fn check(network: &Network, faults: &mut Faults) {
    for signal in &network.signals {
        if signal.junctions.is_empty() {
            let message = "controls no junction";
            faults.error("signal", &signal.id, message, "name its junctions");
        }
        if signal.phases.is_empty() {
            let message = "has no phases";
            faults.warning("signal", &signal.id, message, "give it a plan");
            continue;
        }
        if signal
            .phases
            .iter()
            .any(|phase| phase.aspects.len() != signal.movements.len())
        {
            let message = "has a phase with another number of aspects than it has movements";
            let remedy = "give one aspect for each movement";
            faults.error("signal", &signal.id, message, remedy);
            continue;
        }
        durations(signal, faults);
        greens(network, signal, faults);
        conflicts(network, signal, faults);
    }
}

fn durations(signal: &Signal, faults: &mut Faults) {
    let sound = |duration: f64| duration.is_finite() && duration >= 0.0;
    let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
    if !signal.phases.iter().all(|phase| sound(phase.duration)) {
        let message = "has a phase whose duration is not a number of seconds";
        faults.error("signal", &signal.id, message, "give seconds from 0 up");
    } else if cycle <= 0.0 {
        let message = "has a cycle of no length";
        faults.error("signal", &signal.id, message, "give its phases durations");
    }
    if !signal.offset.is_finite() {
        let message = "has an offset that is not a number";
        faults.error("signal", &signal.id, message, "give seconds");
    }
    for (number, phase) in signal.phases.iter().enumerate() {
        if let (Some(least), Some(most)) = (phase.minimum, phase.maximum)
            && least > most
        {
            let message =
                format!("may last at most {most} s but at least {least} s in phase {number}");
            let remedy = "make the least duration the shorter one";
            faults.error("signal", &signal.id, message, remedy);
        }
        let dark = phase.aspects.iter().all(|aspect| *aspect == Aspect::Red);
        if dark && phase.duration > CLEARANCE {
            let message = format!(
                "shows green to nobody in phase {number}, for {} s",
                phase.duration
            );
            let remedy = "give a movement green or remove the phase";
            faults.warning("signal", &signal.id, message, remedy);
        }
    }
}

/// Movements that the plan never lets go.
fn greens(network: &Network, signal: &Signal, faults: &mut Faults) {
    for (place, &movement) in signal.movements.iter().enumerate() {
        let goes = |phase: &Phase| {
            phase.duration > 0.0 && phase.aspects.get(place).is_some_and(|a| a.is_green())
        };
        if !signal.phases.iter().any(goes) {
            let message = format!("never gets green in the plan of signal {:?}", signal.id);
            let remedy = "give it green in a phase";
            faults.error("movement", network.movement_name(movement), message, remedy);
        }
    }
}

/// Crossings whose two movements have protected green at once.
fn conflicts(network: &Network, signal: &Signal, faults: &mut Faults) {
    let place_of: FxHashMap<MovementId, usize> =
        signal.movements.iter().copied().zip(0..).collect();
    let mut told = FxHashSet::default();
    for junction in &signal.junctions {
        let junction = &network.junctions[junction.index()];
        for crossing in &network.crossings[junction.crossings.range()] {
            let (Some(&a), Some(&b)) = (place_of.get(&crossing.a), place_of.get(&crossing.b))
            else {
                continue;
            };
            let both = |phase: &Phase| {
                phase.aspects.get(a) == Some(&Aspect::Protected)
                    && phase.aspects.get(b) == Some(&Aspect::Protected)
            };
            let Some(number) = signal.phases.iter().position(both) else {
                continue;
            };
            let Some(severity) = severity(network, junction.control, crossing) else {
                continue;
            };
            let turn = |movement: MovementId| network.movements[movement.index()].turn;
            let turns = (turn(crossing.a).0, turn(crossing.b).0);
            if !told.insert(turns) {
                continue;
            }
            let name = |turn: u32| {
                let turn = &network.turns[turn as usize];
                format!(
                    "{} → {}",
                    network.links[turn.from.index()].id,
                    network.links[turn.to.index()].id
                )
            };
            let message = format!(
                "gives protected green to {:?} and {:?} at once in phase {number}, and they conflict",
                name(turns.0),
                name(turns.1)
            );
            let remedy = match severity {
                Severity::Error => "give them green in different phases",
                Severity::Warning => {
                    "give the one that must wait permissive green, or green in another phase"
                }
            };
            faults.push(severity, "signal", signal.id.clone(), message, remedy);
        }
    }
}

/// How bad it is that both movements of a crossing have protected green; `None` where it is
/// ordinary.
///
/// Where rank decides who goes first, the file could not say "permissive": what turns right gives
/// way as a matter of course, a left turn against straight traffic is worth a warning, and two
/// streams of the same rank an error. Where the file says who goes first, protected green for the
/// one that gives way is a warning and for equals an error. Streams that leave the same lane, or
/// merge without crossing where rank decides, do not count.
fn severity(network: &Network, control: JunctionControl, crossing: &Crossing) -> Option<Severity> {
    let one = &network.movements[crossing.a.index()];
    let two = &network.movements[crossing.b.index()];
    let same_link = |a: crate::model::LaneId, b: crate::model::LaneId| {
        network.lanes[a.index()].link == network.lanes[b.index()].link
    };
    if same_link(one.from, two.from) {
        return None;
    }
    match control {
        JunctionControl::ByTurn => {
            let gives_way =
                |direction: Direction| matches!(direction, Direction::Right | Direction::UTurn);
            if gives_way(one.direction) || gives_way(two.direction) || same_link(one.to, two.to) {
                None
            } else if one.direction == two.direction {
                Some(Severity::Error)
            } else {
                Some(Severity::Warning)
            }
        }
        JunctionControl::ByPriority => Some(match crossing.precedence {
            Precedence::Equal => Severity::Error,
            Precedence::A | Precedence::B => Severity::Warning,
        }),
    }
}
