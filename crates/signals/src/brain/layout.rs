//! The network as the look-ahead sees it: which lanes a signal's phases serve and how well, where
//! vehicles go from a lane and how long that takes. Worked out once for a network.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use roads::{Direction, LaneId, LinkId, Network, SignalId};

use super::levels::{ALL_WAYS, Level, bit, lane_level, number, same};
use crate::limits::Timing;
use crate::phases::{PhaseIndex, SignalPhases};
use crate::protocol::Protocol;

/// Room that a standing vehicle takes, metres.
pub(super) const SPACING: f64 = 7.5;
/// Seconds that a vehicle takes through a junction at most without being held up.
pub(super) const CROSSING: f64 = 4.0;
/// How far back from a stop line a plant may see beyond its lane, metres.
const BEHIND: f64 = 300.0;
/// How far beyond a lane at the boundary the area lies whose room decides how much it lets in,
/// metres.
const AREA: f64 = 500.0;
/// How much less likely a turn back is than another where both are allowed.
const TURNS_BACK: f64 = 0.02;

/// Where vehicles can go from a lane.
#[derive(Clone, Debug)]
pub(super) struct Onward {
    /// The link entered.
    pub(super) link: LinkId,
    /// Lanes of that link that can be reached.
    pub(super) lanes: Vec<LaneId>,
    /// Seconds from this lane's end to the end of those, undisturbed.
    pub(super) travel: f64,
    /// How likely it is beforehand that a vehicle of the link entered has come this way.
    pub(super) likely: f64,
}

/// What matters of a lane.
#[derive(Clone, Debug)]
pub(super) struct LaneLayout {
    /// Metres.
    pub(super) length: f64,
    /// Speed limit, m/s.
    pub(super) speed: f64,
    /// Vehicles that it has room for when they stand.
    pub(super) storage: f64,
    /// Ways out of it.
    pub(super) onward: Vec<Onward>,
    /// Its link comes in over the boundary of the area.
    pub(super) source: bool,
    /// Whether a signal holds it.
    pub(super) held: bool,
    /// Lanes that no signal holds and from which vehicles come to it, if one holds it.
    pub(super) behind: Vec<LaneId>,
    /// The lanes with other signals next beyond its stop line, if it comes in over the boundary.
    pub(super) beyond: Vec<LaneId>,
}

impl LaneLayout {
    /// Whether a way out of the lane is among these, a bit for each.
    pub(super) fn leads(&self, ways: u64, way: &Onward) -> bool {
        let place = self.onward.iter().position(|known| known.link == way.link);
        place.is_some_and(|place| ways & bit(place) != 0)
    }
}

/// A signal's choices.
#[derive(Clone, Debug, Default)]
pub(super) struct SignalLayout {
    /// Phases to choose among.
    pub(super) phases: Vec<PhaseIndex>,
    /// Lanes that some phase serves and another does not.
    pub(super) lanes: Vec<LaneId>,
    /// Per phase and lane: 0 for red, else one more than the index into `levels` of the lane.
    pub(super) service: Vec<Vec<u8>>,
    /// Per lane: its levels.
    pub(super) levels: Vec<Vec<Level>>,
    /// Per phase: shortest time that it must be shown, seconds.
    pub(super) minimum: Vec<f64>,
    /// Seconds until the phase `to` is shown in full after the phase `from`: at `from` times the
    /// number of phases and `to`.
    pub(super) change: Vec<f64>,
    /// Whether a change takes green from those, too, whom the next phase serves.
    pub(super) clears_all: bool,
}

impl SignalLayout {
    /// Whether a phase gives a lane a full green for all its ways.
    pub(super) fn runs_free(&self, phase: Option<usize>, lane: usize) -> bool {
        let level = phase.and_then(|phase| self.service[phase][lane].checked_sub(1));
        level.is_some_and(|level| {
            let level = &self.levels[lane][usize::from(level)];
            level.ways == ALL_WAYS && level.flows.iter().all(|&flow| same(flow, 1.0))
        })
    }

    /// Seconds until the phase at place `to` is shown in full after the one at `from`; after one
    /// that is not known, the longest that it may take.
    pub(super) fn change(&self, from: Option<usize>, to: usize) -> f64 {
        let count = self.phases.len();
        match from {
            Some(from) => self.change[from * count + to],
            None => (0..count)
                .map(|from| self.change[from * count + to])
                .fold(0.0, f64::max),
        }
    }
}

/// The whole network.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) lanes: Vec<LaneLayout>,
    pub(super) signals: Vec<SignalLayout>,
    /// Per link: its lanes.
    pub(super) links: Vec<(u32, u32)>,
    /// Lanes that no signal holds.
    pub(super) free: Vec<LaneId>,
}

impl Layout {
    pub(super) fn new(network: &Network, protocol: &Protocol) -> Self {
        let mut lanes: Vec<LaneLayout> = (0..network.lanes.len())
            .map(|lane| lane_layout(network, LaneId::from(lane)))
            .collect();
        let signals: Vec<SignalLayout> = SignalPhases::of_network(network)
            .iter()
            .enumerate()
            .map(|(index, phases)| {
                let signal = SignalId::from(index);
                signal_layout(network, &lanes, signal, phases, protocol)
            })
            .collect();
        for lane in signals.iter().flat_map(|signal| &signal.lanes) {
            lanes[lane.index()].held = true;
        }
        let held: Vec<bool> = lanes.iter().map(|lane| lane.held).collect();
        for (index, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.held) {
            lane.behind = lanes_behind(network, &held, LaneId::from(index));
            if lane.source {
                lane.beyond = lanes_beyond(network, &held, LaneId::from(index));
            }
        }
        let links = network
            .links
            .iter()
            .map(|link| (link.lanes.start, link.lanes.end))
            .collect();
        let free = (0..lanes.len()).filter(|&lane| !held[lane]);
        Self {
            free: free.map(LaneId::from).collect(),
            lanes,
            signals,
            links,
        }
    }
}

fn lane_layout(network: &Network, id: LaneId) -> LaneLayout {
    let lane = &network.lanes[id.index()];
    let link = &network.links[lane.link.index()];
    let mut onward: Vec<Onward> = Vec::new();
    for movement in &lane.outgoing {
        let movement = &network.movements[movement.index()];
        let to = &network.lanes[movement.to.index()];
        let place = onward.iter().position(|known| known.link == to.link);
        let place = place.unwrap_or_else(|| {
            let speed = movement.speed_limit.unwrap_or(lane.speed_limit).max(1.0);
            let back = movement.direction == Direction::UTurn;
            onward.push(Onward {
                link: to.link,
                lanes: Vec::new(),
                likely: if back { TURNS_BACK } else { 1.0 },
                travel: movement.length / speed + to.length / to.speed_limit.max(1.0),
            });
            onward.len() - 1
        });
        if !onward[place].lanes.contains(&movement.to) {
            onward[place].lanes.push(movement.to);
        }
    }
    LaneLayout {
        length: lane.length,
        speed: lane.speed_limit.max(1.0),
        storage: (lane.length / SPACING).max(1.0),
        onward,
        source: network.junctions[link.from.index()].boundary,
        held: false,
        behind: Vec::new(),
        beyond: Vec::new(),
    }
}

/// The lanes that no signal holds before each that one does.
fn lanes_behind(network: &Network, held: &[bool], id: LaneId) -> Vec<LaneId> {
    let mut found = Vec::new();
    // Nearest first, or a way around would hide what lies behind a lane that is near. Distances are
    // not negative, so their bits are in their order.
    let mut at = BinaryHeap::from([Reverse((0.0_f64.to_bits(), id))]);
    while let Some(Reverse((distance, lane))) = at.pop() {
        if lane != id {
            if found.contains(&lane) {
                continue;
            }
            found.push(lane);
        }
        let lane = &network.lanes[lane.index()];
        let distance = f64::from_bits(distance) + lane.length;
        for movement in &lane.incoming {
            let behind = network.movements[movement.index()].from;
            if distance < BEHIND && !held[behind.index()] && !found.contains(&behind) {
                at.push(Reverse((distance.to_bits(), behind)));
            }
        }
    }
    found
}

/// The lanes with other signals that begin at most [`AREA`] metres beyond a lane's stop line.
fn lanes_beyond(network: &Network, held: &[bool], id: LaneId) -> Vec<LaneId> {
    let mut seen = vec![id];
    let mut at = VecDeque::from([(id, 0.0)]);
    while let Some((lane, distance)) = at.pop_front() {
        for movement in &network.lanes[lane.index()].outgoing {
            let to = network.movements[movement.index()].to;
            let link = &network.links[network.lanes[to.index()].link.index()];
            for to in link.lanes.range().map(LaneId::from) {
                if distance < AREA && !seen.contains(&to) {
                    seen.push(to);
                    at.push_back((to, distance + network.lanes[to.index()].length));
                }
            }
        }
    }
    let end = |lane: LaneId| network.links[network.lanes[lane.index()].link.index()].to;
    seen.retain(|&lane| held[lane.index()] && end(lane) != end(id));
    seen
}

fn signal_layout(
    network: &Network,
    layouts: &[LaneLayout],
    id: SignalId,
    phases: &SignalPhases,
    protocol: &Protocol,
) -> SignalLayout {
    let timing = Timing::new(network, id, phases, &protocol.limits());
    let usable = protocol.usable(phases);
    let movements = &network.signals[id.index()].movements;
    let mut lanes: Vec<LaneId> = Vec::new();
    for movement in movements {
        let from = network.movements[movement.index()].from;
        if !lanes.contains(&from) {
            lanes.push(from);
        }
    }
    let serves = |phase: PhaseIndex, lane: LaneId| {
        let onward = &layouts[lane.index()].onward;
        lane_level(network, movements, phases, phase, lane, onward)
    };
    lanes.retain(|&lane| {
        let mut all = usable.iter().map(|&phase| serves(phase, lane));
        let first = all.next().flatten();
        all.any(|level| level != first)
    });
    let mut levels: Vec<Vec<Level>> = vec![Vec::new(); lanes.len()];
    let service = usable
        .iter()
        .map(|&phase| {
            let of_lane = |(place, &lane): (usize, &LaneId)| {
                serves(phase, lane).map_or(0, |level| number(&mut levels[place], level))
            };
            lanes.iter().enumerate().map(of_lane).collect()
        })
        .collect();
    let minimum = usable
        .iter()
        .map(|&phase| timing.minimum_of(phases, phase))
        .collect();
    let pairs = usable
        .iter()
        .flat_map(|&from| usable.iter().map(move |&to| (from, to)));
    let change = pairs.map(|(from, to)| change(&timing, phases, from, to));
    let change = change.collect();
    SignalLayout {
        phases: usable.to_vec(),
        lanes,
        service,
        levels,
        minimum,
        change,
        clears_all: timing.clearance_phase.is_some(),
    }
}

/// How long a change of phase takes, seconds: the yellow of those who lose their green, and the time
/// until those whom they meet may have it.
fn change(timing: &Timing, phases: &SignalPhases, from: PhaseIndex, to: PhaseIndex) -> f64 {
    if let Some((_, seconds)) = timing.clearance_phase {
        return seconds;
    }
    let green = |phase: PhaseIndex, group: usize| phases.aspects[phase as usize][group].is_green();
    let moves = |before: PhaseIndex, after: PhaseIndex| {
        (0..phases.groups).filter(move |&group| green(before, group) && !green(after, group))
    };
    let mut longest = 0.0_f64;
    for leaves in moves(from, to) {
        let row = leaves * phases.groups;
        let clearance = moves(to, from).filter_map(|enters| timing.clearance[row + enters]);
        longest = longest.max(timing.yellow[leaves] + clearance.fold(0.0, f64::max));
    }
    longest
}
