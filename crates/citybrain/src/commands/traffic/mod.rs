//! `citybrain traffic …`.

mod arrivals;
mod compare;
mod drive;
pub(crate) mod mission;
mod plots;
mod report;
mod run;
pub(crate) mod scenario;
pub(crate) mod simulate;
mod summary;
mod sumo;
mod trajectories;

pub(crate) use compare::compare;
pub(crate) use drive::drive;
pub(crate) use mission::mission;
pub(crate) use run::run;
