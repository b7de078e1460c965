//! What a generated city is to look like: the definition file `network.yaml`.
//!
//! Coordinates are `[x, y]` in metres, x to the east and y to the north, as one would sketch them
//! on squared paper; the generator bends and turns the sketch.

use serde::{Deserialize, Serialize};

use crate::geometry::Point;
use crate::model::{Georeference, RoadClass};

/// A point of the sketch, metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct At(pub f64, pub f64);

impl From<At> for Point {
    fn from(at: At) -> Self {
        Self::new(at.0, at.1)
    }
}

/// A name in two languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.zh, self.en)
    }
}

/// A city to generate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitySpec {
    /// The network's name.
    pub name: Name,
    /// Whom it is from.
    #[serde(default = "attribution")]
    pub attribution: String,
    /// Seed of the bends and of the offsets of signals that are not coordinated.
    #[serde(default)]
    pub seed: u64,
    /// Where the sketch's `[0, 0]` lies.
    pub georeference: Georeference,
    /// By how many degrees the sketch is turned, counter-clockwise.
    #[serde(default)]
    pub rotation: f64,
    /// By how many metres the sketch is bent at most, over distances of kilometres.
    #[serde(default)]
    pub bend: f64,
    /// Where the city ends; streets that reach it go on beyond as boundary junctions.
    pub edge: Edge,
    /// How roads of each class are built.
    #[serde(default)]
    pub standards: Standards,
    /// Streets at ground level. Where two cross there is a junction with a signal.
    pub streets: Vec<StreetSpec>,
    /// An elevated ring expressway.
    #[serde(default)]
    pub ring: Option<RingSpec>,
    /// Lakes, rivers, parks.
    #[serde(default)]
    pub grounds: Vec<GroundSpec>,
    /// Signal plans.
    #[serde(default)]
    pub signals: SignalsSpec,
}

fn attribution() -> String {
    "City Brain demonstration network (generated, not a survey)".to_owned()
}

/// The city's edge in the sketch, metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Least x.
    pub west: f64,
    /// Greatest x.
    pub east: f64,
    /// Least y.
    pub south: f64,
    /// Greatest y.
    pub north: f64,
}

/// How a class of road is built.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Lanes in each direction.
    pub lanes: u32,
    /// Width of a lane, metres.
    pub lane_width: f64,
    /// Speed limit, m/s.
    pub speed_limit: f64,
}

/// How roads of each class are built.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Standards {
    /// The elevated ring.
    pub trunk: Standard,
    /// Ramps that lead down from it.
    pub off_ramp: Standard,
    /// Ramps that lead up to it.
    pub on_ramp: Standard,
    /// Major arterials.
    pub primary: Standard,
    /// Minor arterials.
    pub secondary: Standard,
    /// Collectors.
    pub tertiary: Standard,
}

impl Default for Standards {
    fn default() -> Self {
        let of = |lanes, lane_width, speed_limit| Standard {
            lanes,
            lane_width,
            speed_limit,
        };
        Self {
            trunk: of(3, 3.75, 22.0),
            off_ramp: of(2, 3.5, 11.111),
            on_ramp: of(1, 3.75, 13.889),
            primary: of(4, 3.5, 16.667),
            secondary: of(3, 3.25, 13.889),
            tertiary: of(2, 3.25, 11.111),
        }
    }
}

/// The class of a street at ground level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreetClass {
    /// Major arterial.
    Primary,
    /// Minor arterial.
    Secondary,
    /// Collector.
    Tertiary,
}

impl From<StreetClass> for RoadClass {
    fn from(class: StreetClass) -> Self {
        match class {
            StreetClass::Primary => Self::Primary,
            StreetClass::Secondary => Self::Secondary,
            StreetClass::Tertiary => Self::Tertiary,
        }
    }
}

/// A street.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreetSpec {
    /// A short name, unique among streets; links and junctions are named after it.
    pub id: String,
    /// What the street sign says.
    pub name: Name,
    /// How it is built.
    pub class: StreetClass,
    /// Points it passes, joined by a smooth curve. It ends at the last street it crosses, unless
    /// it reaches the city's edge; water interrupts it.
    pub line: Vec<At>,
    /// Whether it crosses rivers.
    #[serde(default)]
    pub bridge: bool,
}

/// An elevated ring road without signals, joined to the streets it passes over by ramps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RingSpec {
    /// A short name; links and junctions are named after it.
    pub id: String,
    /// What the sign says.
    pub name: Name,
    /// Points it passes, joined by a smooth closed curve; counter-clockwise.
    pub line: Vec<At>,
    /// Streets with ramps, wherever the ring crosses them and there is room.
    pub interchanges: Vec<String>,
    /// Metres from the ring to where ramps meet the street.
    #[serde(default = "ramp_offset")]
    pub ramp_offset: f64,
    /// Metres along the ring from the street to where ramps leave or join it.
    #[serde(default = "ramp_length")]
    pub ramp_length: f64,
}

const fn ramp_offset() -> f64 {
    100.0
}

const fn ramp_length() -> f64 {
    300.0
}

/// What covers a piece of ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroundKind {
    /// Still water; no street crosses it.
    Lake,
    /// Flowing water; only bridges cross it.
    River,
    /// A park; it is only drawn.
    Park,
    /// Wooded hills; they are only drawn.
    Hill,
}

/// A lake, river, park or hill of the sketch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroundSpec {
    /// What is on it.
    pub kind: GroundKind,
    /// Its name.
    pub name: Name,
    /// The outline, joined by a smooth closed curve; or, with `width`, the middle of a band.
    pub line: Vec<At>,
    /// Width of the band along `line`, metres.
    #[serde(default)]
    pub width: Option<f64>,
}

/// Signal plans: four phases (straight on, then left, for each of two streets), each followed by
/// yellow and by all-red.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignalsSpec {
    /// Cycle of a junction of two streets, seconds.
    pub cycle: f64,
    /// Yellow, seconds.
    pub yellow: f64,
    /// All-red, seconds.
    pub all_red: f64,
    /// Shortest green, seconds.
    pub minimum_green: f64,
    /// Longest green when actuated, seconds.
    pub maximum_green: f64,
    /// Share of a street's green that its left turns get.
    pub left_share: f64,
    /// Streets along which green follows the traffic.
    pub waves: Vec<WaveSpec>,
}

impl Default for SignalsSpec {
    fn default() -> Self {
        Self {
            cycle: 120.0,
            yellow: 3.0,
            all_red: 2.0,
            minimum_green: 10.0,
            maximum_green: 60.0,
            left_share: 0.36,
            waves: Vec::new(),
        }
    }
}

/// A green wave in the direction in which the street's line is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaveSpec {
    /// The street's `id`.
    pub street: String,
    /// Speed of the wave, m/s.
    pub speed: f64,
}
