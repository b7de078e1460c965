//! The exchange over HTTP, as its callers meet it: a real server on a free port.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod http;
mod psql;
mod schemathesis;
mod server;
mod sharing;
mod sql;
mod tls;

/// The same town as the pool's own tests have.
#[path = "../../../pool/tests/exchange/support.rs"]
#[expect(dead_code, reason = "the pool's tests use the rest of it")]
mod support;
