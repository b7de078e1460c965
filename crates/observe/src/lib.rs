//! Seeing the city: from counts and probe positions to link observations by quarter hour, to
//! congestion indices with their uncertainty, to rankings, incidents and demand.
//!
//! *Knows*: link observations and how to borrow strength between them, the published congestion
//! indices, bootstrap intervals, incident detection, turning shares, origin–destination estimation.
//! *Does not know*: who moves the vehicles, how positions are matched to links (that is
//! `roads`'), sockets, the pool, wall time.
//!
//! One table gives everything: [`Observations`] takes [`Traversal`]s of probes and [`Count`]s of
//! detectors, [`estimate`](estimate::estimate) makes [`LinkObs`] rows of them, and
//! [`index`](index::measure) makes every index of the rows, with a named free-flow method and a
//! named weight that are stored with the result. Incidents alone go by shorter intervals than its
//! quarter hours: [`incident::Intervals`] makes them of the same files, [`incident::Loops`] of a
//! simulated road.
//!
//! docs/congestion.md has the formulas, their sources, and the shape of the JSON.

pub mod areas;
pub mod bins;
pub mod class_index;
mod credibility;
pub mod demand;
pub mod error;
pub mod estimate;
pub mod facts;
pub mod files;
pub mod free_flow;
pub mod incident;
pub mod index;
pub mod live;
pub mod matched;
pub mod parts;
pub mod penetration;
pub mod rank;
pub mod sketch;
pub mod table;
pub mod truth;
pub mod turning;

pub use bins::{Bin, Window};
pub use error::Error;
pub use estimate::LinkObs;
pub use facts::{LinkFacts, Roads};
pub use free_flow::FreeFlow;
pub use index::{Measured, Options, Weight};
pub use table::{Count, Observations, Traversal};
