//! The Parquet files that a bulk load adds to history, written before the outbox names them.

mod place;
mod read;
mod sort;
mod write;

pub(crate) use place::Place;
pub(crate) use read::read;
pub(crate) use sort::sorted;
pub(crate) use write::{Names, write};
