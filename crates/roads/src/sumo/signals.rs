//! Signals from SUMO's programs: the first program of each id, with its letters as aspects.

use rustc_hash::FxHashMap;

use crate::builder::{Builder, SignalSpec};
use crate::error::Error;
use crate::input::shown;
use crate::model::{Aspect, Phase};

use super::file::RawProgram;
use super::network::{Joiner, Placed};

/// Adds the signals and returns, for each of them, SUMO's link index of each of its movements.
pub(super) fn add(
    builder: &mut Builder,
    joiner: &Joiner<'_, '_>,
    placed: &[Placed],
) -> Result<Vec<Vec<u32>>, Error> {
    let file = joiner.file;
    let mut first: FxHashMap<&str, usize> = FxHashMap::default();
    let mut order = Vec::new();
    for (index, program) in file.programs.iter().enumerate() {
        match first.get(program.id.as_ref()) {
            Some(&other) if file.programs[other].program == program.program => {
                let message = format!(
                    "<tlLogic> {:?} is given twice with the program {:?}",
                    shown(&program.id),
                    shown(&program.program)
                );
                return Err(joiner.input.fault(program.at, message));
            }
            Some(_) => {}
            None => {
                first.insert(program.id.as_ref(), index);
                order.push(index);
            }
        }
    }
    let mut members: FxHashMap<usize, Vec<(Placed, u32)>> = FxHashMap::default();
    for &placed in placed {
        let connection = &file.connections[placed.connection];
        let Some(signal) = connection.signal.as_deref() else {
            continue;
        };
        let Some(&program) = first.get(signal) else {
            let message = format!(
                "names the signal {:?}, which has no <tlLogic>",
                shown(signal)
            );
            return Err(joiner.fault(connection, &message));
        };
        let Some(index) = connection.link_index else {
            return Err(joiner.fault(connection, "has a signal but no linkIndex; add it"));
        };
        members.entry(program).or_default().push((placed, index));
    }
    let mut links = Vec::new();
    for index in order {
        let Some(members) = members.remove(&index) else {
            continue; // a signal for people on foot or trams alone
        };
        let spec = signal(joiner, &file.programs[index], &members)?;
        builder.signal(spec);
        links.push(members.iter().map(|&(_, link)| link).collect());
    }
    Ok(links)
}

fn signal(
    joiner: &Joiner<'_, '_>,
    program: &RawProgram<'_>,
    members: &[(Placed, u32)],
) -> Result<SignalSpec, Error> {
    let fault = |message: String| {
        joiner.input.fault(
            program.at,
            format!("<tlLogic> {:?} {message}", shown(&program.id)),
        )
    };
    let mut junctions = Vec::new();
    for (placed, _) in members {
        if !junctions.contains(&placed.junction) {
            junctions.push(placed.junction);
        }
    }
    let mut phases = Vec::with_capacity(program.phases.len());
    for (number, phase) in program.phases.iter().enumerate() {
        let aspects = members
            .iter()
            .map(|&(_, link)| {
                phase.state.get(link as usize).copied().ok_or_else(|| {
                    fault(format!(
                        "has {} letters in phase {number}, but a connection has the linkIndex {link}",
                        phase.state.len()
                    ))
                })
            })
            .collect::<Result<Vec<Aspect>, Error>>()?;
        phases.push(Phase {
            name: phase
                .name
                .as_ref()
                .filter(|name| !name.is_empty())
                .map(|name| name.clone().into_owned()),
            duration: phase.duration,
            minimum: phase.minimum,
            maximum: phase.maximum,
            aspects,
        });
    }
    Ok(SignalSpec {
        id: program.id.clone().into_owned(),
        junctions,
        movements: members.iter().map(|(placed, _)| placed.key).collect(),
        phases,
        offset: program.offset,
    })
}
