//! What happens along a corridor: where its vehicles are in each second, and what its stop lines
//! show. That is a time-space diagram, the traffic engineer's picture of a green wave. A corridor
//! is recorded from when it is first asked for, as long as somebody goes on asking.

use std::collections::VecDeque;
use std::time::Duration;

use roads::{Direction, LinkId, MovementId, Network, SignalId, TurnId};
use rustc_hash::FxHashMap;
use serde::Serialize;
use sim::World;
use utoipa::ToSchema;

use super::encode::aspect_code;
use super::run::Run;
use super::snapshot::Snapshot;
use super::tracks::{PlaceIndex, Tracks};
use crate::error::Error;

/// Simulated seconds of a corridor that are kept.
const KEPT: f64 = 900.0;
/// Real time after which a corridor is given up that nobody has asked for.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// Links of a corridor.
pub(crate) const LINKS_MAX: usize = 60;

/// Which corridor, and from when on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CorridorQuery {
    /// Its links, in the direction of travel.
    pub(crate) links: Vec<LinkId>,
    /// Only what came after this simulated second.
    pub(crate) since: f64,
}

/// A stop line of a corridor.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct StopReport {
    /// Index of the signal.
    pub signal: u32,
    /// Its name in the source file.
    pub id: String,
    /// The street that crosses here, where it has a name.
    pub cross_street: Option<String>,
    /// Metres from the start of the corridor to the stop line.
    pub at: f64,
    /// Seconds from the start of the corridor to the stop line at free flow.
    pub free_seconds: f64,
    /// `[t, aspect]` of each change of what is shown to those who drive on along the corridor: 0
    /// red, 1 yellow, 2 permissive, 3 protected. The first is what was shown at `since`.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub aspects: Vec<(f64, u8)>,
}

/// What has happened along a corridor.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct CorridorReport {
    /// Number of the run.
    pub run: u64,
    /// Indices of its links, in the direction of travel.
    pub links: Vec<u32>,
    /// Metres.
    pub length: f64,
    /// Seconds from its start to its end at free flow.
    pub free_seconds: f64,
    /// Simulated second of the last step.
    pub t: f64,
    /// Simulated second since which it is recorded.
    pub began: f64,
    /// Simulated seconds that are kept.
    pub kept: f64,
    /// Its stop lines that have a signal.
    pub stops: Vec<StopReport>,
    /// `[t, [vehicle, metres, vehicle, metres, …]]` of each step after `since`: which vehicles were
    /// on the corridor, and how far from its start.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub frames: Vec<(f64, Vec<f32>)>,
}

#[derive(Debug)]
struct Stop {
    signal: SignalId,
    movements: Vec<MovementId>,
    at: f64,
    free_seconds: f64,
    cross_street: Option<String>,
    aspects: VecDeque<(f64, u8)>,
}

#[derive(Debug)]
struct Corridor {
    links: Vec<LinkId>,
    length: f64,
    free_seconds: f64,
    /// Of each place on the corridor: metres to its start, and metres of corridor in a metre of it.
    places: FxHashMap<PlaceIndex, (f32, f32)>,
    stops: Vec<Stop>,
    frames: VecDeque<(f64, Vec<f32>)>,
    began: f64,
    asked: Duration,
}

/// The corridors that are recorded.
#[derive(Debug, Default)]
pub(crate) struct Corridors {
    recorded: Vec<Corridor>,
}

impl Corridors {
    /// Gives up what nobody has asked for in a while, at real time `now`.
    pub(crate) fn tidy(&mut self, now: Duration) {
        let recorded = &mut self.recorded;
        recorded.retain(|corridor| now.saturating_sub(corridor.asked) < IDLE_MAX);
    }

    /// Notes a step.
    pub(crate) fn observe(&mut self, world: &World, now: &Snapshot) {
        for corridor in &mut self.recorded {
            corridor.observe(world, now);
        }
    }

    /// Begins afresh, because the run has.
    pub(crate) fn forget(&mut self) {
        for corridor in &mut self.recorded {
            corridor.frames.clear();
            corridor.began = 0.0;
            for stop in &mut corridor.stops {
                stop.aspects.clear();
            }
        }
    }
}

impl Corridor {
    fn observe(&mut self, world: &World, now: &Snapshot) {
        let t = now.time();
        let mut frame = Vec::new();
        for mover in now.movers() {
            if let Some(&(start, scale)) = self.places.get(&mover.place) {
                frame.push(mover.id as f32);
                frame.push(((start + mover.distance * scale) * 10.0).round() / 10.0);
            }
        }
        self.frames.push_back((t, frame));
        while self.frames.front().is_some_and(|(at, _)| *at < t - KEPT) {
            self.frames.pop_front();
        }
        for stop in &mut self.stops {
            stop.note(world, t);
        }
    }

    fn since(&self, since: f64) -> Vec<(f64, Vec<f32>)> {
        let first = self.frames.partition_point(|(t, _)| *t <= since);
        self.frames.range(first..).cloned().collect()
    }
}

impl Stop {
    /// Notes what is shown, if it has changed.
    fn note(&mut self, world: &World, t: f64) {
        let shown = self
            .movements
            .iter()
            .map(|&id| aspect_code(world.aspect(id)));
        let shown = shown.max().unwrap_or(0);
        if self.aspects.back().is_none_or(|&(_, last)| last != shown) {
            self.aspects.push_back((t, shown));
        }
        // What was shown at the start of what is kept has to stay known.
        while self.aspects.get(1).is_some_and(|&(at, _)| at < t - KEPT) {
            self.aspects.pop_front();
        }
    }

    fn report(&self, network: &Network, since: f64) -> StopReport {
        let after = self.aspects.partition_point(|&(t, _)| t <= since);
        StopReport {
            signal: self.signal.0,
            id: network.signals[self.signal.index()].id.clone(),
            cross_street: self.cross_street.clone(),
            at: self.at,
            free_seconds: self.free_seconds,
            aspects: self
                .aspects
                .range(after.saturating_sub(1)..)
                .copied()
                .collect(),
        }
    }
}

impl Run {
    /// What has happened along a corridor. Recording begins when it is first asked for.
    pub(crate) fn corridor(&mut self, query: CorridorQuery) -> Result<CorridorReport, Error> {
        let now = self.clock.elapsed();
        self.corridors.tidy(now);
        let recorded = &self.corridors.recorded;
        let known = recorded.iter().position(|one| one.links == query.links);
        let index = if let Some(index) = known {
            index
        } else {
            let limit = self.config.limits.corridors_max;
            if recorded.len() >= limit {
                return Err(Error::Limit {
                    name: "corridors_max",
                    what: "corridors are recorded",
                    limit,
                });
            }
            let built = self.build(query.links, now)?;
            self.corridors.recorded.push(built);
            self.corridors.recorded.len() - 1
        };
        let corridor = &mut self.corridors.recorded[index];
        corridor.asked = now;
        Ok(CorridorReport {
            run: self.number,
            links: corridor.links.iter().map(|link| link.0).collect(),
            length: corridor.length,
            free_seconds: corridor.free_seconds,
            t: self.state.world().time(),
            began: corridor.began,
            kept: KEPT,
            stops: corridor
                .stops
                .iter()
                .map(|stop| stop.report(&self.network, query.since))
                .collect(),
            frames: corridor.since(query.since),
        })
    }

    fn build(&self, links: Vec<LinkId>, now: Duration) -> Result<Corridor, Error> {
        let network = &*self.network;
        let mut corridor = Corridor {
            length: 0.0,
            free_seconds: 0.0,
            places: FxHashMap::default(),
            stops: Vec::new(),
            frames: VecDeque::new(),
            began: self.state.world().time(),
            asked: now,
            links,
        };
        let signals = signals_of_movements(network);
        for at in 0..corridor.links.len() {
            let link = corridor.links[at];
            let length = network.links[link.index()].length;
            for lane in network.links[link.index()].lanes.range() {
                let scale = length / network.lanes[lane].length;
                let place = lane as PlaceIndex;
                corridor
                    .places
                    .insert(place, (corridor.length as f32, scale as f32));
            }
            corridor.length += length;
            corridor.free_seconds += length / self.state.figures.free_speed(link.index());
            let next = corridor.links.get(at + 1).copied();
            let turn = turn_between(network, link, next)?;
            if let Some(stop) = stop_line(network, &signals, turn, &corridor) {
                corridor.stops.push(stop);
            }
            if let (Some(turn), Some(next)) = (turn, next) {
                corridor.cross(network, &self.tracks, turn);
                let crossing = mean_length(network, turn);
                corridor.free_seconds += crossing / self.state.figures.free_speed(next.index());
            }
        }
        corridor.observe(self.state.world(), &self.state.after);
        Ok(corridor)
    }
}

impl Corridor {
    /// Goes on through a junction.
    fn cross(&mut self, network: &Network, tracks: &Tracks, turn: TurnId) {
        let crossing = mean_length(network, turn);
        for movement in network.turns[turn.index()].movements.range() {
            let place = tracks.place(sim::Place::Movement(MovementId::from(movement)));
            let scale = crossing / network.movements[movement].length;
            self.places
                .insert(place, (self.length as f32, scale as f32));
        }
        self.length += crossing;
    }
}

/// Mean length of the movements of a turn, metres.
fn mean_length(network: &Network, turn: TurnId) -> f64 {
    let movements = &network.movements[network.turns[turn.index()].movements.range()];
    movements.iter().map(|one| one.length).sum::<f64>() / movements.len().max(1) as f64
}

/// The turn by which a corridor leaves a link: to the next link or, at its end, straight on if
/// there is such a turn.
fn turn_between(
    network: &Network,
    from: LinkId,
    to: Option<LinkId>,
) -> Result<Option<TurnId>, Error> {
    let leaving = network
        .lanes_of(from)
        .iter()
        .flat_map(|lane| &lane.outgoing)
        .map(|movement| network.movements[movement.index()].turn);
    let wanted = leaving.filter(|turn| {
        let turn = &network.turns[turn.index()];
        to.map_or(turn.direction == Direction::Straight, |to| turn.to == to)
    });
    match (wanted.min(), to) {
        (None, Some(to)) => Err(Error::Corridor {
            from: from.0,
            to: to.0,
        }),
        (turn, _) => Ok(turn),
    }
}

pub(super) fn signals_of_movements(network: &Network) -> FxHashMap<MovementId, SignalId> {
    network
        .signals
        .iter()
        .enumerate()
        .flat_map(|(index, signal)| {
            let movements = signal.movements.iter();
            movements.map(move |&movement| (movement, SignalId::from(index)))
        })
        .collect()
}

/// The stop line before a turn at the present end of the corridor, if a signal controls it.
fn stop_line(
    network: &Network,
    signals: &FxHashMap<MovementId, SignalId>,
    turn: Option<TurnId>,
    corridor: &Corridor,
) -> Option<Stop> {
    let turn = &network.turns[turn?.index()];
    let movements: Vec<MovementId> = turn.movements.range().map(MovementId::from).collect();
    let signal = *movements
        .iter()
        .find_map(|movement| signals.get(movement))?;
    let own = &network.links[turn.from.index()].name;
    let crossing = network
        .turns
        .iter()
        .filter(|other| other.junction == turn.junction)
        .map(|other| &network.links[other.from.index()].name)
        .find(|name| name.is_some() && *name != own);
    Some(Stop {
        signal,
        movements,
        at: corridor.length,
        free_seconds: corridor.free_seconds,
        cross_street: crossing.cloned().flatten(),
        aspects: VecDeque::new(),
    })
}
