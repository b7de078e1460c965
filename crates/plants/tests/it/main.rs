//! Plants with real counterparts: SUMO, Python and Debian's `snmpd`, some of which are killed,
//! stopped, or lie. What is checked is the counterpart's own record of what its signals showed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says so when it skips"
)]

#[path = "../../../signals/tests/support/mod.rs"]
#[expect(dead_code, reason = "its networks are for other tests")]
mod envelope;
mod lines;
mod ntcip;
mod sumo;
mod sumo_faults;
mod sumo_missions;
#[cfg(unix)]
mod sumo_ports;
mod support;
mod tampered;
