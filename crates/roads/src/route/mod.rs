//! Ways through a network: shortest by length, fastest at a time of day, and ways that can be
//! driven lane by lane.
//!
//! All searches work on links: a way is a list of links, and what a turn costs (its direction,
//! the wait at its signal) is counted between two links.
//!
//! | question | answer |
//! | --- | --- |
//! | shortest by length, as the traffic model fills gaps in a route | [`Shortest`] |
//! | what links and turns cost | [`Costs`], [`TurnPenalties`] |
//! | fastest from all links to one, or from one to all | [`Tree`] |

mod cost;
mod graph;
mod shortest;
mod tree;
mod workspace;

pub use cost::{Costs, Milliseconds, TurnPenalties};
pub use graph::{Arc, LinkGraph};
pub use shortest::Shortest;
pub use tree::Tree;
