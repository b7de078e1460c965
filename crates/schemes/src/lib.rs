//! What a city does about traffic besides choosing phases: closing lanes, coordinating signals
//! along a corridor, metering ramps, guiding drivers, planning for big events.
//!
//! *Knows*: which lanes are shut and what that does to turns, signals and routes; offsets that let
//! platoons through; how much a ramp may let in; how fast links are now; who comes to an event.
//! *Does not know*: how phases are decided, files, wall time, the pool.
//!
//! - [`closure`]: lanes and links that are shut, before a run or while it goes on.
//! - [`corridor`]: offsets that let platoons through in both directions.
//! - [`metering`]: how many vehicles ramps let onto an expressway.
//! - [`event`]: visitors of a big event, what they do to the roads, and what to do about it.
//! - [`guidance`]: drivers who hear how fast links are, and go another way.
//! - [`Plan`] says which of these act during a run, [`Active`] is them at work on a [`Roadway`].
//! - [`LinkWatch`] counts what happens on each link.

mod active;
pub mod closure;
pub mod corridor;
mod error;
pub mod event;
pub mod guidance;
pub mod metering;
mod roadway;
mod watch;
mod yaml;

pub use active::{Active, Done, Plan};
pub use error::Error;
pub use roadway::Roadway;
pub use watch::{LinkFigures, LinkWatch};
