//! Makes networks and demand up: regular grids to measure the engine with, the demonstration
//! city, and plausible trips for any network.
//!
//! All of it is a function of its specification: the same specification and seed give the same
//! network and the same trips, on any machine and in any later version of the random numbers.

mod city;
mod definition;
mod grid;
mod grid_demand;
mod path;
mod random;

pub use city::{
    At, CitySpec, Edge, Ground, GroundKind, GroundSpec, Name, RingSpec, SignalsSpec, Standard,
    Standards, StreetClass, StreetSpec, WaveSpec, city, grounds_geojson,
};
pub use definition::{parse_spec, read_spec};
pub use grid::{GridSpec, grid};
pub use grid_demand::{GridDemandSpec, GridStart, Turning, grid_demand};
