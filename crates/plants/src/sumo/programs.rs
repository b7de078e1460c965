//! The signal programs that SUMO has in force, and that its connections are those we have read.

use roads::model::Phase;
use roads::sumo::{Names, aspect};
use roads::{Network, SignalId};

use super::letters::Letters;
use crate::error::Error;
use crate::traci::names::{self, Domain};
use crate::traci::{Connection, Value};

/// Current phase of a program.
const TL_CURRENT_PHASE: u8 = 0x28;
/// When the current phase ends, seconds.
const TL_NEXT_SWITCH: u8 = 0x2d;

/// What is known of a signal.
pub(super) struct Known {
    /// Its letters.
    pub(super) letters: Letters,
    /// Whether people cross on foot at it.
    pub(super) people: bool,
}

/// Asks SUMO for the program of each signal, puts it into the network in place of the file's
/// (additional files may bring another), and returns the letters. `begin` is now on SUMO's clock
/// and 0 on ours.
///
/// # Errors
/// When SUMO's signals, connections or programs are not those of the network.
pub(super) fn read(
    connection: &mut Connection,
    network: &mut Network,
    names: &Names,
    begin: f64,
) -> Result<Vec<Known>, Error> {
    let mut all = Vec::with_capacity(network.signals.len());
    for index in 0..network.signals.len() {
        let people = check_links(connection, network, names, SignalId::from(index))?;
        let letters = program(connection, network, names, index, begin)?;
        all.push(Known { letters, people });
    }
    Ok(all)
}

/// That each movement's link in SUMO leads from the lane to the lane that we take it for; and
/// whether there are links for people on foot, which lead from inside the junction.
fn check_links(
    connection: &mut Connection,
    network: &Network,
    names: &Names,
    signal: SignalId,
) -> Result<bool, Error> {
    let id = &network.signals[signal.index()].id;
    let answer = connection.get(Domain::Signal, names::TL_CONTROLLED_LINKS, id)?;
    let links = controlled_links(&answer)
        .ok_or_else(|| mismatch(id, "SUMO lists its connections in a way we do not know"))?;
    let movements = &network.signals[signal.index()].movements;
    for (movement, &link) in movements.iter().zip(&names.signal_links[signal.index()]) {
        let movement = &network.movements[movement.index()];
        let ours = [movement.from, movement.to].map(|lane| names.lanes[lane.index()].as_str());
        let same = |&(from, to): &(&str, &str)| [from, to] == ours;
        if !links
            .get(link as usize)
            .is_some_and(|link| link.iter().any(same))
        {
            let message = format!(
                "link {link} is not the connection from {} to {} in SUMO; its network is another",
                ours[0], ours[1]
            );
            return Err(mismatch(id, &message));
        }
    }
    Ok(links
        .iter()
        .flatten()
        .any(|(from, _)| from.starts_with(':')))
}

/// By link: the connections it shows, from lane to lane.
fn controlled_links(answer: &Value) -> Option<Vec<Vec<(&str, &str)>>> {
    let mut values = answer.as_compound()?.iter();
    let count = values.next()?.as_integer()?;
    let mut links = Vec::new();
    for _ in 0..count {
        let connections = values.next()?.as_integer()?;
        let mut link = Vec::new();
        for _ in 0..connections {
            let [from, to, _] = values.next()?.as_texts()? else {
                return None;
            };
            link.push((from.as_str(), to.as_str()));
        }
        links.push(link);
    }
    Some(links)
}

fn program(
    connection: &mut Connection,
    network: &mut Network,
    names: &Names,
    index: usize,
    begin: f64,
) -> Result<Letters, Error> {
    let signal = &mut network.signals[index];
    let id = signal.id.clone();
    let mut get = |variable| connection.get(Domain::Signal, variable, &id);
    let current = get(names::TL_CURRENT_PROGRAM)?;
    let programs = get(names::TL_COMPLETE_DEFINITION)?;
    let phase = get(TL_CURRENT_PHASE)?.as_integer().unwrap_or(0).max(0) as usize;
    let ends = get(TL_NEXT_SWITCH)?.as_double().unwrap_or(begin);
    let phases = current
        .as_text()
        .and_then(|name| phases_of(&programs, name))
        .ok_or_else(|| mismatch(&id, "SUMO describes its program in a way we do not know"))?;
    let links = &names.signal_links[index];
    signal.phases = phases
        .iter()
        .map(|phase| {
            let aspects = links.iter().map(|&link| {
                let letter = phase.state.as_bytes().get(link as usize)?;
                aspect(char::from(*letter))
            });
            Some(Phase {
                name: Some(phase.name.to_owned()).filter(|name| !name.is_empty()),
                duration: phase.duration,
                minimum: Some(phase.minimum).filter(|seconds| *seconds >= 0.0),
                maximum: Some(phase.maximum).filter(|seconds| *seconds >= 0.0),
                aspects: aspects.collect::<Option<_>>()?,
            })
        })
        .collect::<Option<_>>()
        .ok_or_else(|| mismatch(&id, "a phase of its program has too few or unknown letters"))?;
    let cycle: f64 = phases.iter().map(|phase| phase.duration).sum();
    let before: f64 = phases
        .iter()
        .take(phase + 1)
        .map(|phase| phase.duration)
        .sum();
    let start = ends - begin - before;
    signal.offset = if cycle > 0.0 {
        start.rem_euclid(cycle)
    } else {
        0.0
    };
    let letters = phases.iter().map(|phase| phase.state.as_bytes().to_vec());
    Ok(Letters::new(links, letters.collect()))
}

struct SumoPhase<'a> {
    duration: f64,
    state: &'a str,
    minimum: f64,
    maximum: f64,
    name: &'a str,
}

/// The phases of the program of this name, out of all programs of a signal.
fn phases_of<'a>(programs: &'a Value, name: &str) -> Option<Vec<SumoPhase<'a>>> {
    let program = programs.as_compound()?.iter().find(|program| {
        let id = program.as_compound().and_then(|program| program.first());
        id.and_then(Value::as_text) == Some(name)
    })?;
    let phases = program.as_compound()?.get(3)?.as_compound()?;
    phases
        .iter()
        .map(|phase| {
            let [duration, state, minimum, maximum, _, name] = phase.as_compound()? else {
                return None;
            };
            Some(SumoPhase {
                duration: duration.as_double()?,
                state: state.as_text()?,
                minimum: minimum.as_double()?,
                maximum: maximum.as_double()?,
                name: name.as_text()?,
            })
        })
        .collect()
}

fn mismatch(signal: &str, message: &str) -> Error {
    Error::Mismatch(format!("signal {signal:?}: {message}"))
}
