//! Nothing is lost: the real server process over a small town, killed, starved of disk and given
//! torn and damaged files, while systems push records and look them up.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, says why it skips, and asks what time it is"
)]

mod check;
mod damage;
mod disk;
mod rounds;
mod server;
mod torn;
mod town;
mod work;

/// A PostgreSQL server of the tests' own, the one that the pool's tests have.
#[path = "../../../pool/tests/state/server.rs"]
#[expect(dead_code, reason = "the pool's tests use the rest of it")]
mod postgres;
