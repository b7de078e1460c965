//! The ledger through its front door: trees against a naive reading of the RFC and another
//! program's, logs with faults between any two file operations, folders that were meddled with.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod faults;
mod log;
mod memory;
mod support;
mod tree;
mod verify;
