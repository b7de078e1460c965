//! Corridors: signals in a row, coordinated so that platoons get through in both directions.
//!
//! - [`Corridor`] is a way through a network from signal to signal, there and back.
//! - [`bands`] finds the offsets with the widest green waves in both directions, exactly.
//! - [`coordinate`] makes a plan of it: one cycle for all, Webster's splits, those offsets.

mod plan;
mod progression;
mod watch;
mod way;

pub use plan::{Coordination, SignalPlan, coordinate};
pub use progression::{Bands, Stop, Window, bands, widths};
pub use watch::{CorridorWatch, DirectionFigures, Trajectory};
pub use way::{Corridor, CorridorDefinition, CorridorsFile, Station};
