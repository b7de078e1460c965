//! The Bureau's pages, as browsers ask for them: a real server on a free port.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod dcat;
mod desk;
mod pages;
mod personal;
mod server;

/// The same town as the pool's own tests have.
#[path = "../../../pool/tests/exchange/support.rs"]
#[expect(dead_code, reason = "the pool's tests use the rest of it")]
mod support;
