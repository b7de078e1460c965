//! Networks and demand in the JSON format of the CityFlow simulator, in which the published
//! scenarios of Hangzhou and Jinan come.

mod demand;
mod json;
mod network;
mod write;

pub use demand::{parse_demand, read_demand};
pub(crate) use json::{Json, Step};
pub use network::{parse_network, read_network};
pub use write::{write_demand, write_network};
