//! The one in-memory model of a road network that every reader fills and every engine reads.
//!
//! Elements live in flat arrays and refer to one another by typed index. What belongs together
//! is contiguous: the lanes of a link, the turns, movements and crossings of a junction, the
//! movements of a turn. Lengths are metres, speeds metres per second, times seconds; positions
//! are metres in a local plane, x to the east and y to the north.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::geometry::Point;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the network's array of these elements.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            #[inline]
            fn from(index: usize) -> Self {
                Self(index as u32)
            }
        }
    )*};
}

id! {
    /// Index of a [`Junction`].
    JunctionId,
    /// Index of a [`Link`].
    LinkId,
    /// Index of a [`Lane`].
    LaneId,
    /// Index of a [`Turn`].
    TurnId,
    /// Index of a [`Movement`].
    MovementId,
    /// Index of a [`Signal`].
    SignalId,
}

/// A half-open run of indices, `start..end`, into one of the network's arrays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First index.
    pub start: u32,
    /// One past the last index.
    pub end: u32,
}

impl Span {
    /// The run as a `usize` range, to slice with.
    #[inline]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// How many elements it holds.
    #[inline]
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it holds none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `index` lies in it.
    #[inline]
    pub const fn contains(self, index: u32) -> bool {
        index >= self.start && index < self.end
    }
}

/// On which side of the road people drive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrivingSide {
    /// Most of the world, China included.
    #[default]
    Right,
    /// Malta, the United Kingdom, Japan, …
    Left,
}

/// Where the local plane touches the globe: the point (0, 0) in WGS 84.
///
/// Local metres and degrees are exchanged by the equirectangular projection about this point,
/// which is within 0.1 % over a city.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Georeference {
    /// Longitude of the origin, degrees east.
    pub longitude: f64,
    /// Latitude of the origin, degrees north.
    pub latitude: f64,
}

/// What kind of road a link is; the classes are OpenStreetMap's.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum RoadClass {
    /// Grade-separated, no junctions on the carriageway.
    Motorway,
    /// On- or off-ramp of a motorway.
    MotorwayLink,
    /// Urban expressway, often elevated.
    Trunk,
    /// Ramp of a trunk road.
    TrunkLink,
    /// Major arterial.
    Primary,
    /// Slip road of a primary road.
    PrimaryLink,
    /// Minor arterial.
    Secondary,
    /// Slip road of a secondary road.
    SecondaryLink,
    /// Collector.
    Tertiary,
    /// Slip road of a tertiary road.
    TertiaryLink,
    /// A street without a class of its own.
    #[default]
    Unclassified,
    /// A street where people live.
    Residential,
    /// A street shared with people on foot.
    LivingStreet,
    /// An access road.
    Service,
}

/// Who goes first at a junction without a signal, or while a signal shows permissive green.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JunctionControl {
    /// The rank of the movements decides: straight before left before right (the rule of the
    /// published benchmarks).
    #[default]
    ByTurn,
    /// Each crossing says itself who yields ([`Crossing::precedence`]).
    ByPriority,
}

/// A place where links meet, or where a link leaves the modelled area.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Junction {
    /// The name in the source file, unique among junctions.
    pub id: String,
    /// Centre.
    pub point: Point,
    /// By how much adjoining links are cut back from the centre, metres.
    pub width: f64,
    /// The edge of the modelled area: no movements, traffic appears and disappears here.
    pub boundary: bool,
    /// Links that end here.
    pub incoming: Vec<LinkId>,
    /// Links that start here.
    pub outgoing: Vec<LinkId>,
    /// Its turns, contiguous.
    pub turns: Span,
    /// Its movements, contiguous, in the order of the turns.
    pub movements: Span,
    /// Its crossings, contiguous.
    pub crossings: Span,
    /// The signal that controls it, if any. One signal may control several junctions.
    pub signal: Option<SignalId>,
    /// Who goes first where the signal does not say.
    pub control: JunctionControl,
}

/// One direction of a road between two junctions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// The name in the source file, unique among links.
    pub id: String,
    /// The street's name, if the source knows one.
    pub name: Option<String>,
    /// Where it starts.
    pub from: JunctionId,
    /// Where it ends.
    pub to: JunctionId,
    /// Reference line from the start to the end junction (the inner edge of lane 0 in networks
    /// whose lanes are offset from it), at least two points.
    pub shape: Vec<Point>,
    /// Its lanes, contiguous; the first is the innermost (next to the opposite direction).
    pub lanes: Span,
    /// Mean length of its lanes, metres: what routing counts.
    pub length: f64,
    /// Kind of road.
    pub class: RoadClass,
    /// On a bridge or viaduct above other roads.
    pub elevated: bool,
}

/// A lane of a link, from stop line to stop line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lane {
    /// The link it belongs to.
    pub link: LinkId,
    /// Position in the link: 0 is the innermost.
    pub index: u32,
    /// Width, metres.
    pub width: f64,
    /// Speed limit, m/s.
    pub speed_limit: f64,
    /// Length of its centre line, metres.
    pub length: f64,
    /// Centre line, in the direction of travel, at least two points.
    pub shape: Vec<Point>,
    /// Movements that leave from its end, in file order.
    pub outgoing: Vec<MovementId>,
    /// Movements that arrive at its start, in file order.
    pub incoming: Vec<MovementId>,
}

/// Which way a turn goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Straight on.
    Straight,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Back where one came from.
    UTurn,
}

impl Direction {
    /// Whether vehicles slow down for it (8.333 m/s in the traffic model).
    pub const fn is_turn(self) -> bool {
        !matches!(self, Self::Straight)
    }

    /// Precedence where conflicting movements both may go: straight 3, left 2, right and U-turn 1.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Straight => 3,
            Self::Left => 2,
            Self::Right | Self::UTurn => 1,
        }
    }
}

/// All movements of a junction from one link to another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// The junction it passes.
    pub junction: JunctionId,
    /// Link it comes from.
    pub from: LinkId,
    /// Link it goes to.
    pub to: LinkId,
    /// Which way it goes.
    pub direction: Direction,
    /// Its movements, contiguous.
    pub movements: Span,
}

/// A path through a junction from the end of one lane to the start of another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Movement {
    /// The turn it is a path of.
    pub turn: TurnId,
    /// The junction it passes.
    pub junction: JunctionId,
    /// Lane it leaves.
    pub from: LaneId,
    /// Lane it enters.
    pub to: LaneId,
    /// Which way it goes (its turn's).
    pub direction: Direction,
    /// Length of its path, metres; greater than zero.
    pub length: f64,
    /// Path, at least two points.
    pub shape: Vec<Point>,
    /// Speed limit on the path, m/s, where the source gives one.
    pub speed_limit: Option<f64>,
}

/// Who goes first at a crossing of a junction that is controlled [`JunctionControl::ByPriority`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precedence {
    /// Nobody by rule: whoever is there first.
    #[default]
    Equal,
    /// The movement [`Crossing::a`].
    A,
    /// The movement [`Crossing::b`].
    B,
}

/// A point where the paths of two movements of a junction meet. At most one for each pair.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crossing {
    /// One movement; `a < b`.
    pub a: MovementId,
    /// The other.
    pub b: MovementId,
    /// Distance of the point along `a`, metres.
    pub at_a: f64,
    /// Distance of the point along `b`, metres.
    pub at_b: f64,
    /// Who goes first, where the junction goes by priority.
    pub precedence: Precedence,
}

/// What a signal head shows to a movement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// Stop.
    #[default]
    Red,
    /// Stop if that is possible with ordinary braking.
    Yellow,
    /// Go, giving way to conflicting traffic that has precedence.
    Permissive,
    /// Go; nothing that conflicts has protected green.
    Protected,
}

impl Aspect {
    /// Whether traffic may start to move.
    #[inline]
    pub const fn is_green(self) -> bool {
        matches!(self, Self::Permissive | Self::Protected)
    }
}

/// One step of a signal's plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// A name, if the source gives one.
    pub name: Option<String>,
    /// Duration in the plan, seconds.
    pub duration: f64,
    /// Shortest duration when actuated, seconds, if the source gives one.
    pub minimum: Option<f64>,
    /// Longest duration when actuated, seconds, if the source gives one.
    pub maximum: Option<f64>,
    /// What each of the signal's movements is shown, in the order of [`Signal::movements`].
    pub aspects: Vec<Aspect>,
}

/// A set of signal heads with one plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signal {
    /// The name in the source file, unique among signals.
    pub id: String,
    /// Junctions it controls, at least one.
    pub junctions: Vec<JunctionId>,
    /// Movements it controls.
    pub movements: Vec<MovementId>,
    /// Its plan, cycled in order; empty when the source has none.
    pub phases: Vec<Phase>,
    /// Time by which the plan is shifted, seconds: phase 0 starts at this time (modulo the cycle).
    pub offset: f64,
}

/// A road network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Network {
    /// A name for titles and messages.
    pub name: String,
    /// Whom the data is from, where its licence asks for that to be shown.
    pub attribution: Option<String>,
    /// On which side people drive. Lane 0 is next to the opposite direction either way.
    pub driving_side: DrivingSide,
    /// Where on the globe it lies, if known.
    pub georeference: Option<Georeference>,
    /// Junctions.
    pub junctions: Vec<Junction>,
    /// Links, in file order.
    pub links: Vec<Link>,
    /// Lanes, in the order of the links.
    pub lanes: Vec<Lane>,
    /// Turns, in the order of the junctions.
    pub turns: Vec<Turn>,
    /// Movements, in the order of the turns.
    pub movements: Vec<Movement>,
    /// Crossings, in the order of the junctions.
    pub crossings: Vec<Crossing>,
    /// Signals.
    pub signals: Vec<Signal>,
}

impl Network {
    /// The lanes of a link, innermost first.
    pub fn lanes_of(&self, link: LinkId) -> &[Lane] {
        &self.lanes[self.links[link.index()].lanes.range()]
    }

    /// The link with this name.
    pub fn link_named(&self, id: &str) -> Option<LinkId> {
        self.links
            .iter()
            .position(|link| link.id == id)
            .map(LinkId::from)
    }

    /// The junction with this name.
    pub fn junction_named(&self, id: &str) -> Option<JunctionId> {
        self.junctions
            .iter()
            .position(|junction| junction.id == id)
            .map(JunctionId::from)
    }

    /// The signal with this name.
    pub fn signal_named(&self, id: &str) -> Option<SignalId> {
        self.signals
            .iter()
            .position(|signal| signal.id == id)
            .map(SignalId::from)
    }

    /// The name of a lane: its link's, an underscore and its index.
    pub fn lane_name(&self, lane: LaneId) -> String {
        let lane = &self.lanes[lane.index()];
        format!("{}_{}", self.links[lane.link.index()].id, lane.index)
    }

    /// The name of a movement: `<from lane>_TO_<to lane>`.
    pub fn movement_name(&self, movement: MovementId) -> String {
        let movement = &self.movements[movement.index()];
        format!(
            "{}_TO_{}",
            self.lane_name(movement.from),
            self.lane_name(movement.to)
        )
    }

    /// Per lane: whether a signal stands at its end.
    pub fn lanes_at_signals(&self) -> Vec<bool> {
        let mut held = vec![false; self.lanes.len()];
        for movement in self.signals.iter().flat_map(|signal| &signal.movements) {
            held[self.movements[movement.index()].from.index()] = true;
        }
        held
    }

    /// Whether each movement of a turn leaves or enters a lane for which `closed` holds.
    pub fn is_turn_shut(&self, turn: &Turn, closed: impl Fn(LaneId) -> bool) -> bool {
        self.movements[turn.movements.range()]
            .iter()
            .all(|movement| closed(movement.from) || closed(movement.to))
    }

    /// Sum of the lengths of all links, metres.
    pub fn total_link_length(&self) -> f64 {
        self.links.iter().map(|link| link.length).sum()
    }
}
