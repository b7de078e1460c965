//! `citybrain traffic …`.

mod arrivals;
mod compare;
mod plots;
mod report;
mod run;
pub(crate) mod scenario;
pub(crate) mod simulate;
mod summary;
mod trajectories;

pub(crate) use compare::compare;
pub(crate) use run::run;
