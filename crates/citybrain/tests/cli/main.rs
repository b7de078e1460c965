//! The command line through its public door: the real binary, its output, its exit codes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests are tests, and a skipped test says so"
)]

mod bench;
mod city;
mod config;
mod docs;
mod errors;
mod help;
mod roads;
mod support;
mod traffic;
mod up;
