//! Plants with real counterparts: SUMO, Python and Debian's `snmpd`, some of which are killed,
//! stopped, or lie. What is checked is the counterpart's own record of what its signals showed.

#[path = "../../../signals/tests/support/mod.rs"]
#[expect(dead_code, reason = "its networks are for other tests")]
mod envelope;
mod lines;
mod sumo;
mod sumo_faults;
mod support;
