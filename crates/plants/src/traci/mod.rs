//! SUMO's Traffic Control Interface, as much of it as a signal controller needs.
//!
//! No crate for it is kept well enough to drive real-looking signals with, and the part we need is
//! small: typed values ([`codec`]), one connection ([`Connection`]), and the numbers of commands
//! and variables ([`names`]). Versions 21 and 22 of the interface are spoken (SUMO 1.20 to 1.28).

mod codec;
mod connection;
pub(crate) mod names;

pub use codec::{Reader, Value, Writer};
pub(crate) use connection::{Ask, Connection, Told};
