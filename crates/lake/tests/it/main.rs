//! The lake from outside: changes go in by a feed, answers come out of sessions.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it skips"
)]

mod buckets;
mod escapes;
mod exports;
mod guard;
mod history;
mod naive;
mod others;
mod postgres;
mod store;
mod support;
#[path = "../../../pool/tests/ingest/weed.rs"]
mod weed;
