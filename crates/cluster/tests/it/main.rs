//! A cluster in this process: a scheduler and two executors, and questions asked with and without.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it skips"
)]

mod asked;
mod equal;
mod escapes;
mod running;
#[expect(dead_code, reason = "the lake's tests use all of it")]
#[path = "../../../lake/tests/it/support.rs"]
mod support;
