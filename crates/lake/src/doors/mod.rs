//! Doors to questions that are not HTTP.

mod postgres;
mod statements;

pub use datafusion_postgres::pgwire::tokio::TlsAcceptor;

pub use postgres::{CONNECTIONS_MAX, Porter, Postgres};
