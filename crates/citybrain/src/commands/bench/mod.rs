//! `citybrain bench …`.

mod case;
mod engine;
mod exchange;
mod sumo;

pub(crate) use engine::engine;
pub(crate) use exchange::exchange;
