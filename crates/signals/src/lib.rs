//! Signal control: controllers that wish for phases, plants that show them, and the safety
//! envelope between the two, which no controller can get around.
//!
//! *Knows*: phases, conflicts, clearance times, queues as detectors see them. *Does not know*:
//! where vehicles want to go, what demand comes next, wall time, files, the pool.
//!
//! - A [`Controller`] sees an [`Observation`] and answers [`Wishes`].
//! - The [`Envelope`] turns wishes into what signals show, within each signal's [`Limits`]. It
//!   alone can make a [`Command`], and a [`Plant`] takes nothing else.
//! - A [`Runner`] joins a controller, the envelope and a plant under a [`Protocol`].
//! - [`priority::Priority`] clears the way for ambulances, trams and buses over any controller.
//! - [`sensing`] stands between a plant and its controller and lets only that through which a city's
//!   detectors, probes or cameras would tell.
//! - [`controllers::all`] lists the controllers there are; [`brain`] is the one that looks ahead.
//!
//! A *phase* is a step of the signal's plan in the network; a *green phase* is one that serves
//! traffic and is no clearance; a *signal group* is a set of movements that every phase of the
//! plan shows the same.

pub mod brain;
mod controller;
pub mod controllers;
mod envelope;
mod error;
mod guard;
mod limits;
mod observation;
mod phases;
mod plant;
pub mod priority;
mod protocol;
mod runner;
pub mod sensing;

pub use controller::{Controller, Detail};
pub use envelope::{Command, Envelope, Overrides, Safety};
pub use error::Error;
pub use limits::{AllRed, Limits, LimitsTable, Pedestrians, Yellow};
pub use observation::{ExpectedVehicle, Observation, SeenVehicle, Wish, Wishes};
pub use phases::{Fault, PhaseIndex, SignalPhases};
pub use plant::{Plant, SimPlant};
pub use protocol::{PhaseSet, Protocol, Regime};
pub use runner::{Runner, next_decision};
