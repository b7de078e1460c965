//! `citybrain traffic …`.

mod arrivals;
mod compare;
mod drive;
pub(crate) mod mission;
mod matching;
mod index;
mod penetration;
mod plots;
mod rank;
mod report;
mod run;
pub(crate) mod scenario;
pub(crate) mod simulate;
mod summary;
mod sumo;
mod trajectories;
mod watched;

pub(crate) use compare::compare;
pub(crate) use drive::drive;
pub(crate) use mission::mission;
pub(crate) use matching::match_file;
pub(crate) use index::index;
pub(crate) use penetration::penetration;
pub(crate) use rank::rank;
pub(crate) use run::run;
