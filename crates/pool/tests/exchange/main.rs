//! The exchange, tested at its front door: over a real pool and a real ledger in a temporary folder,
//! with a clock that stands.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod agreements;
mod calls;
mod changes;
mod matrix;
#[expect(dead_code, reason = "the server's tests use the rest of it")]
mod support;
mod tokens;
