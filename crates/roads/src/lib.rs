//! Road networks: one in-memory model, the readers that fill it, the checks that name its faults,
//! routing over it and matching positions to it.
//!
//! *Knows*: geometry, the file formats of networks and demand, shortest ways, which links noisy
//! positions were driven on.
//! *Does not know*: vehicles in motion, signals in operation, the pool, the clock, the network
//! (sockets). A traffic researcher can use this crate and `sim` alone.
//!
//! The front door is [`Network`] with its parts in [`model`], and [`Demand`].

pub mod builder;
pub mod check;
pub mod cityflow;
pub mod demand;
pub mod error;
pub mod generate;
pub mod geojson;
pub mod geometry;
mod input;
pub mod issue;
pub mod limits;
pub mod matching;
pub mod model;
pub mod osm;
pub mod read;
pub mod route;
pub mod sumo;

pub use demand::{Demand, Flow, VehicleType};
pub use error::Error;
pub use geometry::Point;
pub use model::{
    Aspect, Direction, JunctionId, LaneId, LinkId, MovementId, Network, SignalId, TurnId,
};
