//! The limits that the safety envelope keeps at a signal, and the times that follow from them and
//! from the junction's geometry: yellow and minimum green by signal group, clearance by pair.

use std::collections::BTreeMap;

use roads::model::{Link, Movement, RoadClass};
use roads::{Direction, JunctionId, LaneId, MovementId, Network, SignalId};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::phases::{PhaseIndex, SignalPhases};

/// How long yellow lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Yellow {
    /// By approach speed: `reaction + v / (2 · deceleration)`, rounded up to half a second and
    /// kept within the bounds (Institute of Transportation Engineers, *Guidelines for Determining
    /// Traffic Signal Change and Clearance Intervals*, 2020, level road).
    BySpeed {
        /// Perception and reaction, seconds (1.0).
        reaction: f64,
        /// Comfortable deceleration, m/s² (3.05, ten feet per second squared).
        deceleration: f64,
        /// Shortest, seconds (3).
        minimum: f64,
        /// Longest, seconds (6).
        maximum: f64,
    },
    /// The same everywhere, seconds; at least two.
    Fixed(f64),
}

/// How long all conflicting traffic is held between yellow and green.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AllRed {
    /// By geometry, for each movement that clears and each that enters: the time in which the
    /// last vehicle's rear passes the point where the paths meet, less the time in which the first
    /// vehicle of the other gets there at speed (German guideline `RiLSA` 2010, 2.7: clearing at
    /// 10 m/s straight on and 7 m/s turning, 6 m of vehicle, entering at 11.1 m/s), rounded up to
    /// half a second.
    ByGeometry {
        /// Shortest between conflicting movements, seconds (1).
        minimum: f64,
    },
    /// The same everywhere, seconds.
    Fixed(f64),
}

/// What people on foot need who cross parallel to a green.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pedestrians {
    /// Time to step off, seconds (5).
    pub walk: f64,
    /// Walking speed, m/s (1.2).
    pub speed: f64,
    /// Width of carriageway, metres, above which there is an island halfway and people cross in
    /// two greens (16, as Chinese urban road standards ask for).
    pub island_above: f64,
}

impl Default for Pedestrians {
    fn default() -> Self {
        Self {
            walk: 5.0,
            speed: 1.2,
            island_above: 16.0,
        }
    }
}

/// The limits of one signal. Times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Shortest green of any group.
    pub minimum_green: f64,
    /// Longest time a phase may stay while others wait to be shown; `None` for no bound.
    pub maximum_green: Option<f64>,
    /// Longest red of any group that some phase serves; `None` for no bound. Where a junction has
    /// so many phases that their minimum greens and changes alone take longer, the shortest bound
    /// that can be kept applies ([`crate::Envelope::starvation_bound`]).
    pub starvation: Option<f64>,
    /// After how long a silence the signal falls back to its own plan; also how old an answer may
    /// be.
    pub timeout: f64,
    /// Yellow.
    pub yellow: Yellow,
    /// Clearance after yellow.
    pub all_red: AllRed,
    /// People on foot; `None` where nobody crosses on foot.
    pub pedestrians: Option<Pedestrians>,
    /// Change by showing the plan's own clearance phase, if it has one, for the time of
    /// [`Yellow::Fixed`], as the published benchmarks do.
    pub clearance_phase: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            minimum_green: 6.0,
            maximum_green: Some(120.0),
            starvation: Some(180.0),
            timeout: 30.0,
            yellow: Yellow::BySpeed {
                reaction: 1.0,
                deceleration: 3.05,
                minimum: 3.0,
                maximum: 6.0,
            },
            all_red: AllRed::ByGeometry { minimum: 1.0 },
            pedestrians: Some(Pedestrians::default()),
            clearance_phase: false,
        }
    }
}

impl Limits {
    /// Those of the published benchmarks: the plan's clearance phase for so many seconds, no
    /// minimum green beyond the action interval, no bound on green or red, nobody on foot. The
    /// conflict rules hold as ever.
    pub fn literature(yellow: f64) -> Self {
        Self {
            minimum_green: 0.0,
            maximum_green: None,
            starvation: None,
            timeout: 60.0,
            yellow: Yellow::Fixed(yellow),
            all_red: AllRed::Fixed(0.0),
            pedestrians: None,
            clearance_phase: true,
        }
    }

    /// The default for a place where nobody crosses on foot, such as a metered ramp.
    pub fn without_pedestrians() -> Self {
        Self {
            pedestrians: None,
            ..Self::default()
        }
    }

    /// Whether the limits are in range.
    ///
    /// # Errors
    /// Names the field and what would be right.
    pub fn check(&self, signal: &str) -> Result<(), Error> {
        let mut times = vec![
            ("minimum_green", self.minimum_green, 0.0, 120.0),
            ("timeout", self.timeout, 1.0, 3_600.0),
        ];
        if let Some(seconds) = self.maximum_green {
            times.push((
                "maximum_green",
                seconds,
                self.minimum_green.max(1.0),
                3_600.0,
            ));
        }
        if let Some(seconds) = self.starvation {
            times.push(("starvation", seconds, 1.0, 3_600.0));
        }
        match &self.yellow {
            Yellow::Fixed(seconds) => times.push(("yellow.fixed", *seconds, 2.0, 10.0)),
            Yellow::BySpeed {
                reaction,
                deceleration,
                minimum,
                maximum,
            } => times.extend([
                ("yellow.by-speed.reaction", *reaction, 0.5, 5.0),
                ("yellow.by-speed.deceleration", *deceleration, 1.0, 6.0),
                ("yellow.by-speed.minimum", *minimum, 2.0, 10.0),
                ("yellow.by-speed.maximum", *maximum, minimum.max(2.0), 10.0),
            ]),
        }
        match self.all_red {
            AllRed::Fixed(seconds) => times.push(("all_red.fixed", seconds, 0.0, 20.0)),
            AllRed::ByGeometry { minimum } => {
                times.push(("all_red.by-geometry.minimum", minimum, 0.0, 20.0));
            }
        }
        if let Some(pedestrians) = &self.pedestrians {
            times.extend([
                ("pedestrians.walk", pedestrians.walk, 0.0, 60.0),
                ("pedestrians.speed", pedestrians.speed, 0.3, 3.0),
                (
                    "pedestrians.island_above",
                    pedestrians.island_above,
                    5.0,
                    200.0,
                ),
            ]);
        }
        if self.clearance_phase && !matches!(self.yellow, Yellow::Fixed(_)) {
            return Err(Error::Limits {
                signal: signal.to_owned(),
                message: "clearance_phase needs a fixed yellow, for it is shown that long".into(),
            });
        }
        for (field, value, least, most) in times {
            if !(value >= least && value <= most) {
                return Err(Error::Limits {
                    signal: signal.to_owned(),
                    message: format!("{field} is {value}; it must be from {least} to {most}"),
                });
            }
        }
        Ok(())
    }
}

/// The limits of all signals of a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsTable {
    /// Where nothing else is said.
    pub default: Limits,
    /// By the signal's name.
    pub signals: BTreeMap<String, Limits>,
}

impl From<Limits> for LimitsTable {
    fn from(default: Limits) -> Self {
        Self {
            default,
            signals: BTreeMap::new(),
        }
    }
}

impl LimitsTable {
    /// After how many seconds of silence the first signal falls back.
    pub fn patience(&self) -> f64 {
        let timeouts = self.signals.values().map(|limits| limits.timeout);
        timeouts.fold(self.default.timeout, f64::min)
    }

    /// The limits of the signal with this name.
    pub fn of(&self, signal: &str) -> &Limits {
        self.signals.get(signal).unwrap_or(&self.default)
    }
}

/// Times of one signal that follow from its limits and geometry. Seconds.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    /// Per group.
    pub(crate) yellow: Vec<f64>,
    /// Per group.
    pub(crate) minimum_green: Vec<f64>,
    /// From the group that clears (row) to the group that enters; `None` if they do not meet.
    pub(crate) clearance: Vec<Option<f64>>,
    /// The plan's own clearance phase is shown for this long instead.
    pub(crate) clearance_phase: Option<(u32, f64)>,
}

impl Timing {
    /// Works them out.
    pub(crate) fn new(
        network: &Network,
        signal: SignalId,
        phases: &SignalPhases,
        limits: &Limits,
    ) -> Self {
        let groups = phases.groups;
        let movements = &network.signals[signal.index()].movements;
        let mut yellow = vec![0.0_f64; groups];
        let mut minimum_green = vec![limits.minimum_green; groups];
        for (&id, &group) in movements.iter().zip(&phases.group_of) {
            let movement = &network.movements[id.index()];
            let group = group as usize;
            yellow[group] = yellow[group].max(yellow_of(network, movement, &limits.yellow));
            if let Some(people) = &limits.pedestrians {
                minimum_green[group] =
                    minimum_green[group].max(time_on_foot(network, movement, people));
            }
        }
        let mut clearance = vec![None; groups * groups];
        for meeting in &phases.meetings {
            let ends = [(meeting.a, meeting.at_a), (meeting.b, meeting.at_b)];
            for (clearing, entering) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                let seconds = all_red(network, movements, clearing, entering.1, &limits.all_red);
                let row = phases.group_of[clearing.0] as usize;
                let cell = row * groups + phases.group_of[entering.0] as usize;
                let known = clearance[cell].unwrap_or(0.0_f64);
                clearance[cell] = Some(known.max(seconds));
            }
        }
        let clearance_phase = match (&limits.yellow, limits.clearance_phase) {
            (Yellow::Fixed(seconds), true) => phases.clearance().map(|phase| (phase, *seconds)),
            _ => None,
        };
        Self {
            yellow,
            minimum_green,
            clearance,
            clearance_phase,
        }
    }

    /// The longest that a change can take, told in ticks of so many seconds.
    pub(crate) fn longest_change(&self, tick: f64) -> f64 {
        let most = |seconds: &mut dyn Iterator<Item = f64>| seconds.fold(0.0, f64::max);
        match self.clearance_phase {
            Some((_, seconds)) => seconds + tick,
            None => {
                most(&mut self.yellow.iter().copied())
                    + most(&mut self.clearance.iter().flatten().copied())
                    + 2.0 * tick
            }
        }
    }

    /// The longest minimum green of the groups that a phase serves.
    pub(crate) fn minimum_of(&self, phases: &SignalPhases, phase: PhaseIndex) -> f64 {
        (0..phases.groups)
            .filter(|&group| !phases.free[group] && phases.is_green(phase, group))
            .map(|group| self.minimum_green[group])
            .fold(0.0, f64::max)
    }

    /// What a signal can promise those who wait, where the limits bound how long they do.
    pub(crate) fn promise(
        &self,
        phases: &SignalPhases,
        starvation: Option<f64>,
        tick: f64,
    ) -> Promise {
        let change = self.longest_change(tick);
        let slot = |phase: PhaseIndex| change + tick + self.minimum_of(phases, phase);
        let green = phases.green();
        let longest_slot = green.iter().map(|&phase| slot(phase)).fold(0.0, f64::max);
        let cover = phases.cover(green).into_iter();
        let cover: Vec<_> = cover.map(|phase| (phase, slot(phase))).collect();
        // Below this the covering phases in turn could not keep the bound; a quarter more leaves
        // the controller some choice.
        let feasible = 1.25 * (longest_slot + cover.iter().map(|&(_, slot)| slot).sum::<f64>());
        Promise {
            bound: starvation.map(|bound| bound.max(feasible)),
            change,
            longest_slot,
            cover,
        }
    }
}

/// How a signal keeps the bound on red. Seconds.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    /// Nobody waits longer than this, if there is a bound.
    pub(crate) bound: Option<f64>,
    /// The longest that a change can take.
    pub(crate) change: f64,
    /// The longest that a change to any green phase and its minimum green can take.
    pub(crate) longest_slot: f64,
    /// Phases that together serve all, each with the longest that a change to it and its minimum
    /// green can take.
    pub(crate) cover: Vec<(PhaseIndex, f64)>,
}

fn half_seconds_up(seconds: f64) -> f64 {
    (seconds * 2.0 - 1e-9).ceil() / 2.0
}

fn yellow_of(network: &Network, movement: &Movement, yellow: &Yellow) -> f64 {
    match yellow {
        Yellow::Fixed(seconds) => *seconds,
        Yellow::BySpeed {
            reaction,
            deceleration,
            minimum,
            maximum,
        } => {
            let speed = network.lanes[movement.from.index()].speed_limit;
            half_seconds_up(reaction + speed / (2.0 * deceleration)).clamp(*minimum, *maximum)
        }
    }
}

fn all_red(
    network: &Network,
    movements: &[MovementId],
    (clearing, distance): (usize, f64),
    entering_distance: f64,
    all_red: &AllRed,
) -> f64 {
    const VEHICLE: f64 = 6.0; // metres
    const STRAIGHT: f64 = 10.0; // m/s
    const TURNING: f64 = 7.0; // m/s
    const ENTERING: f64 = 11.1; // m/s
    match all_red {
        AllRed::Fixed(seconds) => *seconds,
        AllRed::ByGeometry { minimum } => {
            let movement = &network.movements[movements[clearing].index()];
            let limit = network.lanes[movement.from.index()].speed_limit;
            let usual = if movement.direction.is_turn() {
                TURNING
            } else {
                STRAIGHT
            };
            let clears = (distance + VEHICLE) / usual.min(limit);
            half_seconds_up(clears - entering_distance / ENTERING).max(*minimum)
        }
    }
}

/// What people need who cross the side arms while a movement goes straight on; 0 where there are
/// none or it turns.
fn time_on_foot(network: &Network, movement: &Movement, people: &Pedestrians) -> f64 {
    if movement.direction != Direction::Straight {
        return 0.0;
    }
    let link_of = |lane: LaneId| network.lanes[lane.index()].link;
    let (from, to) = (
        &network.links[link_of(movement.from).index()],
        &network.links[link_of(movement.to).index()],
    );
    let own = [from.from, to.to];
    let junction = &network.junctions[movement.junction.index()];
    let walkable = |link: &&Link| {
        !link.elevated && !matches!(link.class, RoadClass::Motorway | RoadClass::MotorwayLink)
    };
    let width = |link: &Link| -> f64 {
        network.lanes[link.lanes.range()]
            .iter()
            .map(|lane| lane.width)
            .sum()
    };
    let incoming = junction
        .incoming
        .iter()
        .map(|id| &network.links[id.index()]);
    let outgoing = junction
        .outgoing
        .iter()
        .map(|id| &network.links[id.index()]);
    let mut arms: BTreeMap<JunctionId, (f64, f64)> = BTreeMap::new();
    for link in incoming.filter(walkable) {
        arms.entry(link.from).or_default().0 += width(link);
    }
    for link in outgoing.filter(walkable) {
        arms.entry(link.to).or_default().1 += width(link);
    }
    arms.iter()
        .filter(|(far, _)| !own.contains(far))
        .map(|(_, &(inwards, outwards))| {
            let whole = inwards + outwards;
            let stretch = if whole > people.island_above {
                inwards.max(outwards)
            } else {
                whole
            };
            people.walk + stretch / people.speed
        })
        .fold(0.0, f64::max)
}
