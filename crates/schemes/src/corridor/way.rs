//! A corridor in a network: signals in a row and the links between them, there and back.

use roads::route::Shortest;
use roads::{Direction, JunctionId, LinkId, Network, SignalId, TurnId};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::yaml;

/// Most signals of a corridor.
const STATIONS_MAX: usize = 200;
/// The largest file, bytes.
const LARGEST: usize = 1 << 20;

/// A corridor as a file names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorridorDefinition {
    /// Its name.
    pub id: String,
    /// Names of junctions or signals in the order of travel, two at least.
    pub junctions: Vec<String>,
    /// Speed of the green wave as a share of the limit.
    #[serde(default)]
    pub speed: Option<f64>,
}

/// A file of corridors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorridorsFile {
    /// The corridors.
    pub corridors: Vec<CorridorDefinition>,
}

impl CorridorsFile {
    /// Reads YAML (and JSON, which is YAML).
    ///
    /// # Errors
    /// With the place, when the text is too large or no list of corridors.
    pub fn parse(text: &str) -> Result<Self, Error> {
        yaml::read(text, "corridors", LARGEST)
    }
}

/// A signal on a corridor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Station {
    /// The signal.
    pub signal: SignalId,
    /// Its junction on the corridor.
    pub junction: JunctionId,
    /// The turn straight through, outbound.
    pub out: TurnId,
    /// The turn straight through, inbound.
    pub back: TurnId,
    /// Metres from the first signal.
    pub distance: f64,
}

/// Signals in a row with the links between them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Corridor {
    /// Its name.
    pub id: String,
    /// Its signals, in the order of travel outbound.
    pub stations: Vec<Station>,
    /// Links from each signal to the next, outbound.
    pub out: Vec<Vec<LinkId>>,
    /// Links from each signal's successor back to it.
    pub back: Vec<Vec<LinkId>>,
}

impl Corridor {
    /// Finds the corridor that leads through these junctions (or signals), in this order.
    ///
    /// # Errors
    /// When one does not exist or has no signal, or no way leads from one to the next or back.
    pub fn through(network: &Network, id: &str, junctions: &[String]) -> Result<Self, Error> {
        if !(2..=STATIONS_MAX).contains(&junctions.len()) {
            let message = format!(
                "{} junctions; a corridor has from 2 to {STATIONS_MAX}",
                junctions.len()
            );
            return Err(Error::value("junctions", message));
        }
        let places = junctions
            .iter()
            .map(|name| place(network, name))
            .collect::<Result<Vec<_>, _>>()?;
        let mut shortest = Shortest::new(network);
        let (mut out, mut back) = (Vec::new(), Vec::new());
        for pair in places.windows(2) {
            out.push(between(network, &mut shortest, pair[0].0, pair[1].0)?);
            back.push(between(network, &mut shortest, pair[1].0, pair[0].0)?);
        }
        let mut stations: Vec<Station> = Vec::new();
        let mut distance = 0.0;
        for (index, &(junction, signal)) in places.iter().enumerate() {
            let before = index.checked_sub(1);
            let turn = |into: Option<LinkId>, from: Option<LinkId>| {
                through(network, junction, into, from).ok_or_else(|| {
                    let name = &network.junctions[junction.index()].id;
                    let message = format!("the corridor makes no turn at {name:?}");
                    Error::value("junctions", message)
                })
            };
            let last = |links: &Vec<LinkId>| links.last().copied();
            let first = |links: &Vec<LinkId>| links.first().copied();
            stations.push(Station {
                signal,
                junction,
                out: turn(
                    before.and_then(|before| last(&out[before])),
                    out.get(index).and_then(first),
                )?,
                back: turn(
                    back.get(index).and_then(last),
                    before.and_then(|before| first(&back[before])),
                )?,
                distance,
            });
            let metres = |link: &LinkId| network.links[link.index()].length;
            distance += out
                .get(index)
                .map_or(0.0, |links| links.iter().map(metres).sum());
        }
        Ok(Self {
            id: id.to_owned(),
            stations,
            out,
            back,
        })
    }

    /// The corridor along a street: the longest row of signals that links of this name join.
    ///
    /// # Errors
    /// When there is none with two signals.
    pub fn along(network: &Network, street: &str) -> Result<Self, Error> {
        let named = |link: &LinkId| network.links[link.index()].name.as_deref() == Some(street);
        let signal = |junction: JunctionId| network.junctions[junction.index()].signal;
        let mut best: Vec<JunctionId> = Vec::new();
        for start in (0..network.junctions.len()).map(JunctionId::from) {
            let first = network.junctions[start.index()].outgoing.iter().copied();
            for first in first.filter(named) {
                let row = row(network, start, first, &named);
                let row: Vec<_> = row.into_iter().filter(|at| signal(*at).is_some()).collect();
                if row.len() > best.len() {
                    best = row;
                }
            }
        }
        if best.len() < 2 {
            return Err(Error::Unknown {
                what: "street with two signals",
                name: street.to_owned(),
            });
        }
        let names: Vec<String> = best
            .iter()
            .map(|junction| network.junctions[junction.index()].id.clone())
            .collect();
        Self::through(network, street, &names)
    }

    /// All its links, outbound.
    pub fn out_links(&self) -> Vec<LinkId> {
        self.out.concat()
    }

    /// All its links, inbound, from the last signal on.
    pub fn back_links(&self) -> Vec<LinkId> {
        self.back.iter().rev().flatten().copied().collect()
    }
}

/// Junctions from `start` on, straight along links that `named` says yes to.
fn row(
    network: &Network,
    start: JunctionId,
    first: LinkId,
    named: &impl Fn(&LinkId) -> bool,
) -> Vec<JunctionId> {
    let mut row = vec![start];
    let mut link = first;
    while row.len() < STATIONS_MAX {
        let end = network.links[link.index()].to;
        if row.contains(&end) {
            break;
        }
        row.push(end);
        let turns = network.junctions[end.index()].turns.range();
        let next = network.turns[turns].iter().find(|turn| {
            turn.from == link && turn.direction == Direction::Straight && named(&turn.to)
        });
        let Some(next) = next else { break };
        link = next.to;
    }
    row
}

fn place(network: &Network, name: &str) -> Result<(JunctionId, SignalId), Error> {
    if let Some(junction) = network.junction_named(name) {
        let signal = network.junctions[junction.index()].signal;
        return signal.map(|signal| (junction, signal)).ok_or_else(|| {
            Error::value("junctions", format!("the junction {name:?} has no signal"))
        });
    }
    let signal = network.signal_named(name);
    let junction = signal.and_then(|id| network.signals[id.index()].junctions.first().copied());
    junction.zip(signal).ok_or_else(|| Error::Unknown {
        what: "junction",
        name: name.to_owned(),
    })
}

/// The shortest way from one junction to another, without its turns at the two.
fn between(
    network: &Network,
    shortest: &mut Shortest,
    from: JunctionId,
    to: JunctionId,
) -> Result<Vec<LinkId>, Error> {
    let metres = |links: &[LinkId]| -> f64 {
        let of = |link: &LinkId| network.links[link.index()].length;
        links.iter().map(of).sum()
    };
    let mut best: Option<(f64, Vec<LinkId>)> = None;
    for &start in &network.junctions[from.index()].outgoing {
        for &end in &network.junctions[to.index()].incoming {
            let found = shortest.path(start, end);
            if let Some(links) = found {
                let length = metres(&links);
                if best.as_ref().is_none_or(|(known, _)| length < *known) {
                    best = Some((length, links));
                }
            }
        }
    }
    best.map(|(_, links)| links).ok_or_else(|| {
        let name = |junction: JunctionId| network.junctions[junction.index()].id.clone();
        let message = format!("no way leads from {:?} to {:?}", name(from), name(to));
        Error::value("junctions", message)
    })
}

/// The turn of a junction from one link to another; where either is open, the straightest.
fn through(
    network: &Network,
    junction: JunctionId,
    from: Option<LinkId>,
    to: Option<LinkId>,
) -> Option<TurnId> {
    let turns = network.junctions[junction.index()].turns;
    (turns.start..turns.end)
        .map(TurnId)
        .filter(|id| {
            let turn = &network.turns[id.index()];
            from.is_none_or(|from| turn.from == from) && to.is_none_or(|to| turn.to == to)
        })
        .min_by_key(|id| match network.turns[id.index()].direction {
            Direction::Straight => 0,
            Direction::Left | Direction::Right => 1,
            Direction::UTurn => 2,
        })
}
