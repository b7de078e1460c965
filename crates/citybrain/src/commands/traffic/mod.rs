//! `citybrain traffic …`.

mod arrivals;
mod close;
mod closing;
mod compare;
mod corridor;
mod diagram;
mod drive;
mod incident_report;
mod incidents;
pub(crate) mod index;
mod matching;
pub(crate) mod mission;
pub(crate) mod penetration;
pub(crate) mod plots;
mod progress;
mod rank;
pub(crate) mod report;
mod run;
pub(crate) mod scenario;
pub(crate) mod simulate;
mod summary;
mod sumo;
mod trajectories;
mod watched;

pub(crate) use close::close;
pub(crate) use closing::{Closed, applied};
pub(crate) use compare::{compare, quoted};
pub(crate) use corridor::corridor;
pub(crate) use drive::drive;
pub(crate) use incidents::incidents;
pub(crate) use index::index;
pub(crate) use matching::match_file;
pub(crate) use mission::mission;
pub(crate) use penetration::penetration;
pub(crate) use rank::rank;
pub(crate) use run::run;
