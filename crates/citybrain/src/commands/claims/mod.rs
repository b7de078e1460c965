//! `citybrain claims …`: what the original system is reported to have done, and what ours does,
//! one row a claim.

mod ambulance;
mod congestion;
mod row;
mod runs;
mod surface;
mod together;
mod traffic;
mod written;

pub(crate) use traffic::traffic;
