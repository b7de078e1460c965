//! Records from outside: what is right is taken, what is not is quarantined, nothing is lost.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it skips"
)]

mod bad_files;
mod conservation;
mod loads;
mod looked_at;
mod messages;
mod objects;
mod pulls;
mod pushes;
mod quarantined;
#[path = "../state/registry.rs"]
mod registry;
#[path = "../state/server.rs"]
mod server;
mod snapshots;
mod speed;
mod subscriptions;
mod town;
mod weed;
