//! Map matching: from positions with times to the links that a vehicle drove, and when.
//!
//! Positions are noisy and far apart; which road was driven shows only from several together. The
//! model is the hidden Markov model of Newson and Krumm (see [`Settings`]); ways between
//! candidates are looked up in a table reckoned once ([`Table`]), so that a position takes
//! microseconds.
//!
//! | question | answer |
//! | --- | --- |
//! | a network, prepared | [`Map`] |
//! | distances between its junctions | [`Table`] |
//! | whole traces | [`Matcher::match_trace`] |
//! | many vehicles as their positions come | [`Stream`] |
//! | how good it is, on trips made up | [`evaluate`] |

mod chain;
mod drive;
pub mod evaluate;
mod file;
mod grid;
mod hop;
mod map;
mod matcher;
mod passage;
mod settings;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod track;

pub use map::{DEGREE_MAX, Map};
pub use matcher::{Matched, Matcher};
pub use passage::{Passage, Traversal};
pub use settings::{CANDIDATES_MAX, Settings};
pub use stream::{Position, Stream, StreamCounts, StreamSettings};
pub use table::{PAIRS_MAX, REACH_M, REACH_MAX_M, Table, UNIT_M};
pub use track::{Counts, Fix};
