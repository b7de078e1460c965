//! Makes networks and demand up: regular grids to measure the engine with, the demonstration
//! city, and plausible trips for any network.
//!
//! All of it is a function of its specification: the same specification and seed give the same
//! network and the same trips, on any machine and in any later version of the random numbers.

mod city;
mod city_demand;
mod definition;
mod demand_spec;
mod grid;
mod grid_demand;
mod path;
mod random;
mod random_demand;
mod trips;

pub use city::{
    At, CitySpec, Edge, Ground, GroundKind, GroundSpec, Name, RingSpec, SignalsSpec, Standard,
    Standards, StreetClass, StreetSpec, WaveSpec, city, grounds_geojson,
};
pub use city_demand::city_demand;
pub use definition::{parse_spec, read_spec};
pub use demand_spec::{DemandSpec, FleetSpec, ProfilePoint, RouteChoice, Shares, ZoneSpec};
pub use grid::{GridSpec, grid};
pub use grid_demand::{GridDemandSpec, GridStart, Turning, grid_demand};
pub use random::Random;
pub use random_demand::random_demand;
