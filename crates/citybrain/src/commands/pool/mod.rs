//! `citybrain pool …`.

mod generate;
mod inputs;
mod load;
mod manifest;
mod open;
mod pull;
mod quality;
mod quarantine;
mod repair;
mod sql;

pub(crate) use generate::generate;
pub(crate) use load::load;
pub(crate) use pull::pull;
pub(crate) use quality::quality;
pub(crate) use quarantine::quarantine;
pub(crate) use repair::repair;
pub(crate) use sql::sql;
