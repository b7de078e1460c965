//! `citybrain bench …`.

mod case;
mod engine;
mod sumo;

pub(crate) use engine::engine;
