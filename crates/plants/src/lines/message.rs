//! The messages, as they stand in a line.

use std::collections::BTreeMap;

use roads::{Aspect, Direction};
use serde::{Deserialize, Serialize};
use signals::Limits;

/// The version of the protocol that is spoken.
pub const VERSION: u32 = 1;

/// What the plant's end says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromPlant {
    /// Once, first: what there is.
    Init(Init),
    /// Every tick: how it is.
    Obs(Obs),
    /// That it ends.
    End,
}

/// What there is to control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Init {
    /// The version of the protocol.
    #[serde(default = "version")]
    pub version: u32,
    /// A name for messages.
    #[serde(default)]
    pub network: String,
    /// Seconds between two observations.
    #[serde(default = "one")]
    pub tick: f64,
    /// Lanes, in and out of the junctions.
    pub lanes: Vec<Lane>,
    /// Junctions with signals.
    pub junctions: Vec<Junction>,
    /// What the safety envelope keeps; the defaults of a street without people on foot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// A lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// Its name.
    pub id: String,
    /// The road it belongs to, where several lanes do; its own name otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub road: Option<String>,
    /// Length, metres.
    pub length: f64,
    /// Speed limit, m/s.
    pub speed: f64,
}

/// A junction with a signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Junction {
    /// Its name.
    pub id: String,
    /// Ways through it; states have a letter for each, in this order.
    pub movements: Vec<Movement>,
    /// Pairs of movements that cross or merge, by their places. Without it, all that no phase shows
    /// green together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<Vec<[usize; 2]>>,
    /// The plan.
    pub phases: Vec<Phase>,
    /// By how much the plan is shifted, seconds.
    #[serde(default)]
    pub offset: f64,
}

/// A way through a junction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// The lane it leaves.
    pub from: String,
    /// The lane it enters.
    pub to: String,
    /// Which way it goes.
    #[serde(default = "straight")]
    pub direction: Direction,
}

/// A phase of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// A letter for each movement: `G` green, `g` green that gives way, `y` yellow, `r` red.
    pub state: String,
    /// Seconds in the plan.
    pub duration: f64,
    /// Whether a controller may wish for it: not if it only clears the junction. Told to
    /// controllers; of a plant's phases we see for ourselves.
    #[serde(default = "yes")]
    pub usable: bool,
}

/// How it is at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Obs {
    /// Seconds of the plant's clock.
    pub t: f64,
    /// By lane; lanes that are not named are empty.
    #[serde(default)]
    pub lanes: BTreeMap<String, LaneSeen>,
    /// By junction: what its signal shows, by the plant's own account.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signals: BTreeMap<String, Shown>,
}

/// What is seen of a lane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LaneSeen {
    /// Vehicles on it.
    #[serde(default, deserialize_with = "count")]
    pub count: u32,
    /// Of those, the ones that stand.
    #[serde(default, deserialize_with = "count")]
    pub waiting: u32,
    /// Each with its distance to the stop line in metres and its speed in m/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicles: Option<Vec<[f64; 2]>>,
}

/// What a signal shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// A letter for each movement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The phase it shows or changes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<u32>,
    /// For how long that has been shown in full, seconds.
    #[serde(default)]
    pub elapsed: f64,
    /// Whether it is changing.
    #[serde(default)]
    pub clearing: bool,
}

/// What the controller's end says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Time of the observation that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t: Option<f64>,
    /// By junction: the phase it should show, or be changing to.
    #[serde(default)]
    pub phases: BTreeMap<String, u32>,
    /// By junction: a letter for each movement, to be shown from now on. From our end always; from
    /// another's it is not looked at, for only the safety envelope makes states.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, String>,
}

/// Any number. What cannot be a count becomes one that no lane can have, so that the lane alone is
/// doubted and not the whole message.
fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(deserializer)?;
    let sound = number >= 0.0 && number < f64::from(u32::MAX);
    Ok(if sound { number as u32 } else { u32::MAX })
}

const fn version() -> u32 {
    VERSION
}

const fn yes() -> bool {
    true
}

const fn one() -> f64 {
    1.0
}

const fn straight() -> Direction {
    Direction::Straight
}

/// The letter of an aspect.
pub(super) const fn letter(aspect: Aspect) -> char {
    match aspect {
        Aspect::Red => 'r',
        Aspect::Yellow => 'y',
        Aspect::Permissive => 'g',
        Aspect::Protected => 'G',
    }
}

/// The aspect of a letter.
pub(super) const fn aspect(letter: char) -> Option<Aspect> {
    Some(match letter {
        'r' => Aspect::Red,
        'y' => Aspect::Yellow,
        'g' => Aspect::Permissive,
        'G' => Aspect::Protected,
        _ => return None,
    })
}
