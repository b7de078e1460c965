//! Keyed state, outbox and bulk loads, on SQLite and on PostgreSQL, with faults on purpose.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it skips"
)]

mod crash;
mod damage;
mod evolution;
mod outbox;
mod random;
mod registry;
mod server;
mod store;
mod suite;
mod tls;
mod town;
#[path = "../ingest/weed.rs"]
mod weed;
