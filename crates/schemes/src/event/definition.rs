//! An event as a file states it, each value with its place.

use roads::Network;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::profile::{Profile, ProfilePoint};
use crate::closure::{Closure, Works};
use crate::error::Error;
use crate::yaml;

/// The largest file, bytes.
const LARGEST: usize = 4 << 20;
/// Most events in one file.
const EVENTS_MAX: usize = 1_000;
/// Seconds before the start over which visitors come where the event says nothing.
const COMING: f64 = 5_400.0;
/// Seconds after the end over which they leave where it says nothing.
const LEAVING: f64 = 3_000.0;
/// Metres around its car parks that are watched where it says nothing.
const AROUND: f64 = 400.0;

/// A value and where it stands in its file: line and column from 1, zero where it comes from no
/// file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Spanned<T>")]
pub struct Sited<T> {
    /// The value.
    pub value: T,
    /// Its line.
    pub line: u64,
    /// Its column.
    pub column: u64,
}

impl<T> From<Spanned<T>> for Sited<T> {
    fn from(spanned: Spanned<T>) -> Self {
        Self {
            line: spanned.referenced.line(),
            column: spanned.referenced.column(),
            value: spanned.value,
        }
    }
}

impl<T> Sited<T> {
    /// A value that stands in no file.
    pub const fn nowhere(value: T) -> Self {
        Self {
            value,
            line: 0,
            column: 0,
        }
    }

    /// An error about this value.
    pub(super) fn wrong(&self, field: impl Into<String>, message: impl Into<String>) -> Error {
        Error::Field {
            line: self.line,
            column: self.column,
            field: field.into(),
            message: message.into(),
            name: None,
        }
    }
}

/// Where something is: on a link, at a point, or at a longitude and latitude.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceDefinition {
    /// A link's name.
    pub link: Option<Sited<String>>,
    /// Metres in the network's plane.
    pub at: Option<Sited<[f64; 2]>>,
    /// Longitude and latitude, degrees.
    pub lonlat: Option<Sited<[f64; 2]>>,
}

/// A car park.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarParkDefinition {
    /// Its name; without one its link's.
    #[serde(default)]
    pub id: Option<String>,
    /// The link at whose end cars drive in.
    #[serde(default)]
    pub link: Option<Sited<String>>,
    /// Or a point on the street nearest to it, metres in the network's plane.
    #[serde(default)]
    pub at: Option<Sited<[f64; 2]>>,
    /// Or longitude and latitude, degrees.
    #[serde(default)]
    pub lonlat: Option<Sited<[f64; 2]>>,
    /// The link at whose start they come out; without one that on which they came.
    #[serde(default)]
    pub exit: Option<Sited<String>>,
    /// How many cars it has room for.
    pub capacity: Sited<u32>,
}

impl CarParkDefinition {
    pub(super) fn place(&self) -> PlaceDefinition {
        PlaceDefinition {
            link: self.link.clone(),
            at: self.at,
            lonlat: self.lonlat,
        }
    }
}

/// A link over which visitors come or leave, and their share.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateDefinition {
    /// The link's name.
    pub link: Sited<String>,
    /// In proportion to the sum of all.
    #[serde(default)]
    pub share: Option<Sited<f64>>,
}

/// An event. Seconds count from the start of the run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDefinition {
    /// A short name, unique in its file.
    pub id: String,
    /// What it is called.
    #[serde(default)]
    pub name: Option<String>,
    /// The link where it is.
    #[serde(default)]
    pub link: Option<Sited<String>>,
    /// Or the point, metres in the network's plane.
    #[serde(default)]
    pub at: Option<Sited<[f64; 2]>>,
    /// Or its longitude and latitude, degrees.
    #[serde(default)]
    pub lonlat: Option<Sited<[f64; 2]>>,
    /// Without car parks: visitors park along all streets within so many metres of the place;
    /// without it on the street nearest to it.
    #[serde(default)]
    pub radius: Option<Sited<f64>>,
    /// Visitors that come by car.
    pub visitors: Sited<u32>,
    /// Visitors in a car; 1 where nothing is said.
    #[serde(default)]
    pub per_car: Option<Sited<f64>>,
    /// When it starts.
    pub start: Sited<f64>,
    /// When it ends.
    pub end: Sited<f64>,
    /// Seconds before the start over which visitors come ([`Profile::coming`]).
    #[serde(default)]
    pub coming: Option<Sited<f64>>,
    /// Seconds after the end over which they leave ([`Profile::leaving`]).
    #[serde(default)]
    pub leaving: Option<Sited<f64>>,
    /// Instead of `coming`: the rate by minutes from the start, so with a minus.
    #[serde(default)]
    pub arrivals: Option<Sited<Vec<ProfilePoint>>>,
    /// Instead of `leaving`: the rate by minutes from the end.
    #[serde(default)]
    pub departures: Option<Sited<Vec<ProfilePoint>>>,
    /// Where they come from; without it the network's entries in proportion to their traffic.
    #[serde(default)]
    pub origins: Vec<GateDefinition>,
    /// Where they go; without it the network's exits in proportion to their traffic.
    #[serde(default)]
    pub exits: Vec<GateDefinition>,
    /// Where they park; the nearest fills first.
    #[serde(default)]
    pub car_parks: Vec<CarParkDefinition>,
    /// What is closed around it.
    #[serde(default)]
    pub closures: Vec<Sited<Closure>>,
    /// Share of all drivers with guidance while the event is on.
    #[serde(default)]
    pub guided: Option<Sited<f64>>,
    /// Metres around its car parks that are watched until they are clear.
    #[serde(default)]
    pub around: Option<Sited<f64>>,
}

/// A file of events.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsFile {
    /// The events.
    pub events: Vec<Sited<EventDefinition>>,
}

impl EventsFile {
    /// Reads YAML (and JSON, which is YAML), and checks what can be checked without a network.
    ///
    /// # Errors
    /// With line, column and field, when the text is too large, no list of events, or one of them
    /// is out of range.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let file: Self = yaml::read(text, "events", LARGEST)?;
        if !(1..=EVENTS_MAX).contains(&file.events.len()) {
            let message = format!("there are {}; 1 to {EVENTS_MAX}", file.events.len());
            return Err(Error::value("events", message));
        }
        let mut known = std::collections::BTreeSet::new();
        for (index, event) in file.events.iter().enumerate() {
            if !known.insert(&event.value.id) {
                let message = format!("{:?} is there twice; ids are unique", event.value.id);
                return Err(event.wrong(format!("events[{index}].id"), message));
            }
            event.value.check(&format!("events[{index}]."))?;
        }
        Ok(file)
    }
}

impl EventDefinition {
    /// Where it is.
    pub fn place(&self) -> PlaceDefinition {
        PlaceDefinition {
            link: self.link.clone(),
            at: self.at,
            lonlat: self.lonlat,
        }
    }

    /// Cars in which its visitors come.
    pub fn cars(&self) -> u32 {
        (f64::from(self.visitors.value) / self.per_car()).ceil() as u32
    }

    /// Visitors in a car.
    pub fn per_car(&self) -> f64 {
        self.per_car.map_or(1.0, |per_car| per_car.value)
    }

    /// Metres around its car parks that are watched.
    pub fn around(&self) -> f64 {
        self.around.map_or(AROUND, |around| around.value)
    }

    /// When visitors come: seconds from the start of the event.
    ///
    /// # Errors
    /// What is wrong with the profile.
    pub fn arrivals(&self, before: &str) -> Result<Profile, Error> {
        self.arrivals.as_ref().map_or_else(
            || {
                let window = self.coming.map_or(COMING, |coming| coming.value);
                Ok(Profile::coming(window))
            },
            |points| {
                Profile::new(&points.value)
                    .map_err(|message| points.wrong(format!("{before}arrivals"), message))
            },
        )
    }

    /// When they leave: seconds from the end of the event.
    ///
    /// # Errors
    /// What is wrong with the profile.
    pub fn departures(&self, before: &str) -> Result<Profile, Error> {
        self.departures.as_ref().map_or_else(
            || {
                let window = self.leaving.map_or(LEAVING, |leaving| leaving.value);
                Ok(Profile::leaving(window))
            },
            |points| {
                Profile::new(&points.value)
                    .map_err(|message| points.wrong(format!("{before}departures"), message))
            },
        )
    }

    /// Closures held against a network, with the line of the one that is wrong.
    ///
    /// # Errors
    /// As [`Works::new`], with the closure's place.
    pub fn closed(&self, network: &Network, before: &str) -> Result<Works, Error> {
        let mut all = Works::default();
        for (index, closure) in self.closures.iter().enumerate() {
            let one = std::slice::from_ref(&closure.value);
            let found = Works::new(network, one).map_err(|error| {
                let message = error.to_string();
                let own = message.strip_prefix("closures[0].").unwrap_or(&message);
                Error::Field {
                    line: closure.line,
                    column: closure.column,
                    field: format!("{before}closures[{index}]"),
                    message: own.to_owned(),
                    name: match error {
                        Error::Unknown { name, .. } => Some(name),
                        _ => None,
                    },
                }
            })?;
            all.works.extend(found.works);
        }
        Ok(all)
    }
}
