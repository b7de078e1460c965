//! A coordinated plan: one cycle for all signals of a corridor, Webster's splits, and the offsets
//! with the widest bands.

use roads::{Demand, Network, SignalId, TurnId};
use serde::Serialize;
use signals::controllers::{Timings, Webster};
use signals::{Protocol, Regime, SignalPhases};

use super::progression::{Bands, Stop, Window, bands, widths};
use super::way::Corridor;
use crate::error::Error;

/// Speed of the wave as a share of the limit, unless said otherwise: queues leave a little slower
/// than they drive.
const SPEED: f64 = 0.9;
/// So many seconds more than needed a common cycle may have, if the bands are wider for it.
const CYCLES: u32 = 40;
/// Longest common cycle that can be asked for, seconds.
const CYCLE_MAX: f64 = 3_600.0;
/// Longest common cycle that is tried unless a signal needs more, seconds.
const LONGEST: f64 = 120.0;

/// One signal's part of the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalPlan {
    /// The signal.
    pub signal: SignalId,
    /// Seconds after the corridor's second 0 at which its cycle begins.
    pub offset: f64,
    /// Its phases in turn, with the seconds of each, the change before it included.
    pub slots: Vec<(u32, f64)>,
    /// What the bands see of it.
    pub stop: Stop,
}

/// A coordinated plan of a corridor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coordination {
    /// The bands and offsets.
    pub bands: Bands,
    /// Bands with the same cycle and splits and all offsets zero, outbound and inbound, seconds.
    pub without: (f64, f64),
    /// Signal by signal.
    pub signals: Vec<SignalPlan>,
    /// Timings of all signals of the network: the corridor's in the common cycle.
    #[serde(skip)]
    timings: Vec<Timings>,
}

impl Coordination {
    /// A controller that keeps to it; signals off the corridor have Webster's own timings.
    pub fn controller(&self) -> Webster {
        let offset = |signal: SignalId| {
            let own = self.signals.iter().find(|plan| plan.signal == signal);
            own.map(|plan| plan.offset)
        };
        Webster::with_timings(self.timings.clone()).shifted(offset)
    }

    /// The same with all offsets zero, to compare with.
    pub fn without_offsets(&self) -> Webster {
        Webster::with_timings(self.timings.clone())
    }
}

/// Makes the plan. `cycle` is the common cycle, seconds; without it those from the longest that one
/// of the signals needs for itself on are tried, and that is taken whose bands are the greatest
/// share of it. `speed` is the wave's as a share of the limit.
///
/// # Errors
/// When a value is out of range, or a signal never serves the way through.
pub fn coordinate(
    network: &Network,
    demand: &Demand,
    protocol: &Protocol,
    corridor: &Corridor,
    (cycle, speed): (Option<f64>, Option<f64>),
) -> Result<Coordination, Error> {
    let speed = speed.unwrap_or(SPEED);
    if !(speed > 0.0 && speed <= 1.5) {
        let message = format!("{speed} must be a share of the limit, more than 0 and at most 1.5");
        return Err(Error::value("speed", message));
    }
    if let Some(cycle) = cycle
        && !(cycle > 0.0 && cycle <= CYCLE_MAX)
    {
        let message = format!("{cycle} must be more than 0 and at most {CYCLE_MAX} seconds");
        return Err(Error::value("cycle", message));
    }
    let own = Webster::new(network, demand, protocol);
    let phases = SignalPhases::of_network(network);
    let on_it = |signal: SignalId| corridor.stations.iter().any(|one| one.signal == signal);
    let needed = corridor
        .stations
        .iter()
        .map(|station| own.timings()[station.signal.index()].cycle)
        .fold(0.0, f64::max);
    let cycles: Vec<f64> = match cycle {
        Some(cycle) => vec![cycle.max(1.0)],
        None => (0..=CYCLES)
            .map(|more| needed.max(1.0) + f64::from(more))
            .filter(|cycle| *cycle <= LONGEST.max(needed))
            .collect(),
    };
    let mut best: Option<(Vec<Timings>, Vec<Stop>, Bands)> = None;
    for cycle in cycles {
        let (cycle, timings) = in_common(network, demand, protocol, cycle, &on_it);
        let stops = stops(network, protocol, &phases, corridor, &timings, speed)?;
        let found = bands(&stops, cycle, 1.0);
        let share = |bands: &Bands| (bands.out + bands.back) / bands.cycle.max(1.0);
        if best
            .as_ref()
            .is_none_or(|(_, _, known)| share(&found) > share(known) + 1e-9)
        {
            best = Some((timings, stops, found));
        }
    }
    let Some((timings, stops, bands)) = best else {
        return Err(Error::value("cycle", "there is no cycle to try"));
    };
    let without = widths(&stops, bands.cycle, &vec![0.0; stops.len()]);
    let signals = corridor
        .stations
        .iter()
        .zip(&stops)
        .zip(&bands.offsets)
        .map(|((station, &stop), &offset)| SignalPlan {
            signal: station.signal,
            offset,
            slots: timings[station.signal.index()].slots.clone(),
            stop,
        })
        .collect();
    Ok(Coordination {
        bands,
        without,
        signals,
        timings,
    })
}

/// All signals' timings with one cycle for those of the corridor: as long as asked for, or as their
/// minimum greens need.
fn in_common(
    network: &Network,
    demand: &Demand,
    protocol: &Protocol,
    cycle: f64,
    on_it: &impl Fn(SignalId) -> bool,
) -> (f64, Vec<Timings>) {
    let mut common = cycle;
    loop {
        let all = Webster::at_cycle(network, demand, protocol, |signal| {
            on_it(signal).then_some(common)
        });
        let timings = all.timings().to_vec();
        let own = timings.iter().enumerate();
        let longest = own
            .filter(|(signal, _)| on_it(SignalId::from(*signal)))
            .map(|(_, timings)| timings.cycle)
            .fold(common, f64::max);
        if longest <= common + 1e-6 {
            return (common, timings);
        }
        common = longest.ceil();
    }
}

fn stops(
    network: &Network,
    protocol: &Protocol,
    phases: &[SignalPhases],
    corridor: &Corridor,
    timings: &[Timings],
    speed: f64,
) -> Result<Vec<Stop>, Error> {
    let seconds = |links: &[roads::LinkId]| -> f64 {
        let of = |link: &roads::LinkId| {
            let lanes = network.lanes_of(*link).iter();
            let limit = lanes.map(|lane| lane.speed_limit).fold(0.1, f64::max);
            network.links[link.index()].length / (limit * speed)
        };
        links.iter().map(of).sum()
    };
    let mut out_at = vec![0.0];
    for links in &corridor.out {
        out_at.push(out_at.last().copied().unwrap_or(0.0) + seconds(links));
    }
    let mut back_at = vec![0.0; corridor.stations.len()];
    for (index, links) in corridor.back.iter().enumerate().rev() {
        back_at[index] = back_at[index + 1] + seconds(links);
    }
    let merges = protocol.regime == Regime::Street;
    corridor
        .stations
        .iter()
        .enumerate()
        .map(|(index, station)| {
            let signal = station.signal;
            let green = |turn: TurnId| {
                let own = &phases[signal.index()];
                window(network, signal, own, &timings[signal.index()], turn, merges)
            };
            Ok(Stop {
                out: green(station.out)?,
                back: green(station.back)?,
                out_at: out_at[index],
                back_at: back_at[index],
            })
        })
        .collect()
}

/// The longest green of a turn in a signal's cycle. A turn that is green in every phase has all of
/// the cycle; where `merges`, slots that follow one another count as one green.
fn window(
    network: &Network,
    signal: SignalId,
    phases: &SignalPhases,
    timings: &Timings,
    turn: TurnId,
    merges: bool,
) -> Result<Window, Error> {
    let own = &network.signals[signal.index()];
    let place = own
        .movements
        .iter()
        .position(|id| network.movements[id.index()].turn == turn);
    let fault = || {
        let message = format!("the signal {:?} never lets the corridor through", own.id);
        Error::value("junctions", message)
    };
    let place = place.ok_or_else(fault)?;
    let mut runs: Vec<Window> = Vec::new();
    let mut at = 0.0;
    let mut goes_on = false;
    for &(phase, seconds) in &timings.slots {
        if phases.serves(phase, place) {
            match runs.last_mut() {
                Some(run) if goes_on && merges => run.length += seconds,
                _ => runs.push(Window {
                    start: at + timings.lost,
                    length: (seconds - timings.lost).max(0.0),
                }),
            }
            goes_on = true;
        } else {
            goes_on = false;
        }
        at += seconds;
    }
    let always = own.phases.iter().all(|phase| {
        phase
            .aspects
            .get(place)
            .is_some_and(|aspect| aspect.is_green())
    });
    if runs.is_empty() && always {
        return Ok(Window {
            start: 0.0,
            length: timings.cycle,
        });
    }
    runs.into_iter()
        .max_by(|a, b| a.length.total_cmp(&b.length))
        .ok_or_else(fault)
}
