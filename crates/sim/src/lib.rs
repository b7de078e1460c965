//! The microscopic traffic engine: moves every vehicle of a [`roads::Network`] step by step.
//!
//! *Knows*: car following, junctions, lane change, vehicles under blue light, what its signals and
//! meters show, its own clock and random numbers. *Does not know*: controllers, wall time, files,
//! the pool.
//!
//! The front door is [`World`]: build it from a network and a demand, [`World::step`] it, set what
//! signals show, read every quantity, [`World::fork`] it to try futures.

mod advance;
mod api;
mod blue_light;
mod commit;
mod departures;
mod invariants;
mod kind;
mod lane_change;
mod map;
mod meter;
mod oncoming;
mod outlook;
mod rescue_lane;
mod routes;
mod save;
mod state;
mod street;
mod view;
mod world;

pub use api::WAITING_SPEED;
pub use blue_light::BlueLight;
pub use view::{Metrics, NewVehicle, Place, VehicleId, VehicleView};
pub use world::{Config, Error, Rules, Signals, World};
