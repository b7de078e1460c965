//! The command line through its public door: the real binary, its output, its exit codes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::print_stderr,
    reason = "helpers of tests are tests, a skipped test says so, and times are whole seconds"
)]

mod bench;
mod city;
mod cluster;
mod config;
mod congestion;
mod docs;
mod errors;
mod events;
mod help;
mod incidents;
mod ledger;
mod nats;
mod plants;
mod pool;
mod pool_generate;
mod probes;
mod roads;
mod schemes;
mod sensing;
mod support;
mod traffic;
mod up;
