//! Doors to questions that are not HTTP.

mod postgres;
mod statements;

pub use postgres::{CONNECTIONS_MAX, Guest, Porter, Postgres, Recorder};
