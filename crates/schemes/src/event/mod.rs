//! Plans for big events: a stadium, a fair, a concert to which thousands come by car, and leave.
//!
//! The steps are those of a planned special event's feasibility study (FHWA, *Managing Travel for
//! Planned Special Events*, FHWA-OP-04-010, 2003, chapter 5): who comes and when, where they park,
//! which ways they take, what the roads can carry, what to do about the rest.
//!
//! - [`EventsFile`] is a file of events, [`EventDefinition`] one of them.
//! - [`Profile`] says when people come and leave.
//! - [`Event`] is one held against a network and its traffic: each car with its times, its car park
//!   and its ways.
//! - [`LiveEvent`] sends the cars into a running world, keeps the car parks' books and watches
//!   visitors and everybody else apart.
//! - [`Loads`] holds what each link is to carry against what it can, and says how many have to come
//!   by other means; [`Staged`] is signal timings for coming, staying and leaving.

mod cars;
mod check;
mod definition;
mod live;
mod loads;
mod place;
mod profile;
mod stages;
mod ways;

pub use cars::{Arrival, Departure, Event, Park, Stage};
pub use definition::{
    CarParkDefinition, EventDefinition, EventsFile, GateDefinition, PlaceDefinition, Sited,
};
pub use live::{ClassFigures, EventDone, LiveEvent, ParkFigures};
pub use loads::{LinkLoad, Loads};
pub use profile::{Profile, ProfilePoint};
pub use stages::Staged;
