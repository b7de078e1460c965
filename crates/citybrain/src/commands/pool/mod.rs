//! `citybrain pool …`.

mod inputs;
mod load;
mod open;
mod pull;
mod quality;
mod quarantine;

pub(crate) use load::load;
pub(crate) use pull::pull;
pub(crate) use quality::quality;
pub(crate) use quarantine::quarantine;
