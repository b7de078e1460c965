//! `citybrain bench …`.

mod case;
mod cluster;
mod control;
mod engine;
mod exchange;
mod ledger;
mod pool;
mod probes;
mod sumo;

pub(crate) use self::ledger::ledger;
pub(crate) use self::pool::pool;
pub(crate) use control::control;
pub(crate) use engine::engine;
pub(crate) use exchange::exchange;
pub(crate) use probes::probes;
