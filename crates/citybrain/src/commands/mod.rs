//! The commands: one file each, `commands/<group>/<verb>.rs`, in the order of the help page.

pub(crate) mod bench;
mod check;
pub(crate) mod claims;
pub(crate) mod cluster;
mod completions;
mod config;
pub(crate) mod exchange;
pub(crate) mod ledger;
pub(crate) mod pool;
mod reference;
mod revision;
pub(crate) mod roads;
mod schema;
pub(crate) mod traffic;
mod up;

pub(crate) use check::check;
pub(crate) use completions::completions;
pub(crate) use config::config;
pub(crate) use reference::reference;
pub(crate) use schema::schema;
pub(crate) use up::up;
