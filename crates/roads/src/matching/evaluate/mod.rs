//! How good and how fast matching is: trips made up on a network, with noise, and how much of them
//! is found again.

mod score;
mod trips;

pub use score::{NEAR_M, SAMPLE_M, Score, lines};
pub use trips::{Trip, TripSpec, observed, trips};
