//! Plants beyond our own simulator: SUMO over TraCI, any process over JSON lines, signal
//! controllers at the kerb over SNMP; and the driver that keeps them safe when something fails.
//!
//! *Knows*: sockets, child processes, how long others may take to answer, what a plant may get
//! wrong. *Does not know*: how to decide phases (`signals`), how vehicles move (`sim`), command
//! lines, pages.
//!
//! - [`sumo::SumoPlant`] is a plant behind [`signals::Plant`].
//! - [`lines::LinesPlant`] is another's plant, [`lines::ProcessBrain`] another's controller.
//! - [`ntcip::NtcipPlant`] is the controllers at the kerb.
//! - [`Driver`] joins a plant and a [`Brain`] with the safety envelope between them, and watches all
//!   three.

mod brain;
mod clock;
mod detectors;
mod driver;
pub mod error;
mod events;
pub mod lines;
pub mod ntcip;
mod revival;
pub mod sumo;
pub mod traci;

pub use brain::{Brain, Build, ThreadBrain};
pub use detectors::{Detectors, Doubt};
pub use driver::{Driver, Watch};
pub use error::Error;
pub use events::{BrainFailures, Event, What};
pub use revival::Revive;
