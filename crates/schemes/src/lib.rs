//! What a city does about traffic besides choosing phases: closing lanes, coordinating signals
//! along a corridor, metering ramps, guiding drivers.
//!
//! *Knows*: which lanes are shut and what that does to turns, signals and routes; offsets that let
//! platoons through; how much a ramp may let in; how fast links are now. *Does not know*: how
//! phases are decided, files, wall time, the pool.
//!
//! - [`closure`]: lanes and links that are shut, before a run or while it goes on.
//! - [`Roadway`] is what schemes act on: a world, or a plant that has one.

pub mod closure;
mod error;
mod roadway;

pub use error::Error;
pub use roadway::Roadway;
