//! What the pressure controllers share: the lanes that flow in and out under each phase.
//!
//! The literature counts straight and left movements only, for right turns have green in every
//! phase of its plans. Here movements that are green in every phase are left out, which is the
//! same there. Its lane length is that of the road from junction centre to junction centre, so
//! under its protocols distances are counted with the ends that lanes are cut back by; elsewhere
//! they are to the stop line. Where several turns of a phase leave one lane, its vehicles are
//! split evenly between them, and each turn's downstream link counts with that share.

use roads::{LaneId, Network, SignalId, TurnId};

use crate::observation::{Observation, Wish, Wishes};
use crate::phases::{PhaseIndex, SignalPhases};
use crate::protocol::{Protocol, Regime};

/// What the lanes downstream count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Downstream {
    /// All waiting vehicles of the link.
    Sum,
    /// Their mean over the lanes of the link.
    Mean,
}

/// A turn that a phase serves.
#[derive(Clone, Debug)]
struct Stream {
    /// Lanes it leaves, each with the share of it that is this turn's.
    inflow: Vec<(LaneId, f64)>,
    /// First lane of the link it enters, and one past the last.
    outflow: (u32, u32),
    /// Share of the downstream link's count.
    weight: f64,
}

#[derive(Clone, Debug)]
struct PhaseStreams {
    phase: PhaseIndex,
    streams: Vec<Stream>,
    /// Lanes it serves, each once, with the distance from the stop line within which vehicles can
    /// reach it in one action interval, metres.
    reach: Vec<(LaneId, f64)>,
}

/// The lanes of all phases of all signals.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    /// Per signal, per usable phase.
    signals: Vec<Vec<PhaseStreams>>,
}

impl Streams {
    pub(super) fn new(network: &Network, protocol: &Protocol) -> Self {
        let signals = SignalPhases::of_network(network)
            .iter()
            .enumerate()
            .map(|(signal, phases)| {
                protocol
                    .usable(phases)
                    .iter()
                    .map(|&phase| {
                        let signal = SignalId::from(signal);
                        streams_of(network, signal, phases, phase, protocol)
                    })
                    .collect()
            })
            .collect();
        Self { signals }
    }

    /// Wishes for each signal the phase with the highest pressure, the first among equals, unless
    /// `keep` says of the present phase and that pressure that it should stay.
    pub(super) fn decide(
        &self,
        seen: &Observation,
        downstream: Downstream,
        wishes: &mut Wishes,
        keep: impl Fn(&Present<'_>, f64) -> bool,
    ) {
        for (index, phases) in self.signals.iter().enumerate() {
            let signal = SignalId::from(index);
            let mut best: Option<(PhaseIndex, f64)> = None;
            for phase in phases {
                let pressure = phase.pressure(seen, downstream);
                if best.is_none_or(|(_, most)| pressure > most) {
                    best = Some((phase.phase, pressure));
                }
            }
            let Some((best, most)) = best else {
                wishes.set(signal, Wish::Keep);
                continue;
            };
            let present = phases
                .iter()
                .find(|phase| Some(phase.phase) == seen.phase[index]);
            let stays = present.is_some_and(|phase| keep(&Present { phase, seen }, most));
            let wish = if stays { Wish::Keep } else { Wish::Phase(best) };
            wishes.set(signal, wish);
        }
    }
}

/// The phase that a signal shows.
pub(super) struct Present<'a> {
    phase: &'a PhaseStreams,
    seen: &'a Observation,
}

impl Present<'_> {
    /// Vehicles on its lanes that move and can reach the stop line within an action interval.
    pub(super) fn arriving(&self) -> usize {
        self.phase
            .reach
            .iter()
            .map(|&(lane, reach)| {
                self.seen
                    .vehicles_on(lane)
                    .iter()
                    .filter(|vehicle| vehicle.to_stop_line < reach && vehicle.speed >= 0.1)
                    .count()
            })
            .sum()
    }
}

impl PhaseStreams {
    fn pressure(&self, seen: &Observation, downstream: Downstream) -> f64 {
        self.streams
            .iter()
            .map(|stream| {
                let inflow: f64 = stream
                    .inflow
                    .iter()
                    .map(|&(lane, share)| f64::from(seen.waiting[lane.index()]) * share)
                    .sum();
                let lanes = stream.outflow.0 as usize..stream.outflow.1 as usize;
                let waiting = f64::from(seen.waiting[lanes.clone()].iter().sum::<u32>());
                let outflow = match downstream {
                    Downstream::Sum => waiting,
                    Downstream::Mean => waiting / lanes.len().max(1) as f64,
                };
                inflow - outflow * stream.weight
            })
            .sum()
    }
}

fn streams_of(
    network: &Network,
    signal: SignalId,
    phases: &SignalPhases,
    phase: PhaseIndex,
    protocol: &Protocol,
) -> PhaseStreams {
    let mut turns: Vec<(TurnId, Vec<LaneId>)> = Vec::new();
    for (position, id) in network.signals[signal.index()].movements.iter().enumerate() {
        if !phases.serves(phase, position) {
            continue;
        }
        let movement = &network.movements[id.index()];
        let index = turns
            .iter()
            .position(|(turn, _)| *turn == movement.turn)
            .unwrap_or_else(|| {
                turns.push((movement.turn, Vec::new()));
                turns.len() - 1
            });
        if !turns[index].1.contains(&movement.from) {
            turns[index].1.push(movement.from);
        }
    }
    let share = |lane: LaneId| {
        let turns = turns.iter().filter(|(_, lanes)| lanes.contains(&lane));
        1.0 / turns.count().max(1) as f64
    };
    let streams = turns
        .iter()
        .map(|(turn, lanes)| {
            let inflow: Vec<(LaneId, f64)> =
                lanes.iter().map(|&lane| (lane, share(lane))).collect();
            let to = network.turns[turn.index()].to;
            let lanes = network.links[to.index()].lanes;
            Stream {
                weight: inflow.iter().map(|(_, share)| share).sum::<f64>() / inflow.len() as f64,
                inflow,
                outflow: (lanes.start, lanes.end),
            }
        })
        .collect();
    let mut reach: Vec<(LaneId, f64)> = Vec::new();
    for &lane in turns.iter().flat_map(|(_, lanes)| lanes) {
        if !reach.iter().any(|&(known, _)| known == lane) {
            reach.push((lane, reach_of(network, lane, protocol)));
        }
    }
    PhaseStreams {
        phase,
        streams,
        reach,
    }
}

/// The published rule counts vehicles this far from the junction, metres: 15 s at 11.1 m/s. Its
/// implementation keeps to it whatever the action interval.
const PUBLISHED_REACH: f64 = 167.0;

/// How far before the stop line of a lane a vehicle can be and reach it in an action interval at
/// the speed limit, metres; in the literature, the published reach.
fn reach_of(network: &Network, lane: LaneId, protocol: &Protocol) -> f64 {
    let lane = &network.lanes[lane.index()];
    match protocol.regime {
        Regime::Street => lane.speed_limit * protocol.action_interval,
        Regime::Literature => {
            let road = roads::geometry::length(&network.links[lane.link.index()].shape);
            PUBLISHED_REACH - (road - lane.length).max(0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use roads::generate::{GridSpec, grid};
    use roads::{Direction, LinkId};

    use super::*;

    fn crossroads(lanes: u32) -> Network {
        let spec = GridSpec {
            columns: 1,
            rows: 1,
            lanes,
            ..GridSpec::default()
        };
        grid(&spec).unwrap()
    }

    fn wish(network: &Network, waiting: &[(LaneId, u32)], downstream: Downstream) -> Wish {
        let mut seen = Observation::empty(1, network.lanes.len());
        for &(lane, count) in waiting {
            seen.waiting[lane.index()] = count;
        }
        let mut wishes = Wishes::new(1);
        let streams = Streams::new(network, &Protocol::literature());
        streams.decide(&seen, downstream, &mut wishes, |_, _| false);
        wishes.get(SignalId(0))
    }

    /// The lane and the link entered of a turn that the phase serves.
    fn served(network: &Network, phase: PhaseIndex, direction: Direction) -> (LaneId, LinkId) {
        let phases = &SignalPhases::of_network(network)[0];
        let movements = &network.signals[0].movements;
        let position = (0..movements.len())
            .find(|&position| {
                let movement = &network.movements[movements[position].index()];
                phases.serves(phase, position) && movement.direction == direction
            })
            .unwrap();
        let movement = &network.movements[movements[position].index()];
        (movement.from, network.turns[movement.turn.index()].to)
    }

    #[test]
    fn the_first_phase_wins_ties() {
        let network = crossroads(3);
        assert_eq!(wish(&network, &[], Downstream::Sum), Wish::Phase(1));
        let (lane, _) = served(&network, 3, Direction::Left);
        let (other, _) = served(&network, 4, Direction::Left);
        let both = [(lane, 2), (other, 2)];
        assert_eq!(wish(&network, &both, Downstream::Sum), Wish::Phase(3));
    }

    #[test]
    fn queues_downstream_count_against_a_phase_by_sum_or_mean() {
        let network = crossroads(3);
        let (lane, to) = served(&network, 1, Direction::Straight);
        let (other, _) = served(&network, 2, Direction::Straight);
        let downstream = LaneId(network.links[to.index()].lanes.start);
        // 5 − 3 = 2 against 3 by the sum; 5 − 1 = 4 against 3 by the mean.
        let waiting = [(lane, 5), (downstream, 3), (other, 3)];
        assert_eq!(wish(&network, &waiting, Downstream::Sum), Wish::Phase(2));
        assert_eq!(wish(&network, &waiting, Downstream::Mean), Wish::Phase(1));
    }

    #[test]
    fn right_turns_do_not_count_for_they_are_always_green() {
        let network = crossroads(3);
        let right = network
            .movements
            .iter()
            .find(|movement| movement.direction == Direction::Right)
            .unwrap();
        let (lane, _) = served(&network, 2, Direction::Straight);
        let waiting = [(right.from, 50), (lane, 1)];
        assert_eq!(wish(&network, &waiting, Downstream::Sum), Wish::Phase(2));
    }

    #[test]
    fn a_shared_lane_counts_once() {
        let network = crossroads(1);
        let streams = Streams::new(&network, &Protocol::literature_short());
        let mut seen = Observation::empty(1, network.lanes.len());
        for phase in &streams.signals[0] {
            for &(lane, _) in &phase.reach {
                seen.waiting[lane.index()] = 6;
                let pressure = phase.pressure(&seen, Downstream::Sum);
                assert!((pressure - 6.0).abs() < 1e-12, "{pressure}");
                seen.waiting[lane.index()] = 0;
            }
        }
    }
}
