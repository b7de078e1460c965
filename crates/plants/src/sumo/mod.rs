//! SUMO as a plant: a child process that is driven over TraCI, with its own record of trips.

mod approaches;
mod baseline;
mod guests;
mod letters;
mod outcome;
mod plant;
mod process;
mod programs;
mod scenario;
mod traffic;
mod zones;

pub use baseline::{Own, run_alone};
pub use guests::{Guest, Journey};
pub use outcome::Outcome;
pub use plant::{Sensing, SumoPlant};
pub use process::{Settings, find, version};
pub use scenario::Scenario;
