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
//! | fastest by constant costs, many times | [`Router`] |
//! | fastest at a time of day | [`TimedRouter`], [`TravelTimes`] |
//! | fastest with few lane changes | [`LaneRouter`], [`fewest_lane_changes`] |
//! | fastest from all links to one, or from one to all | [`Tree`] |

mod cost;
mod dissection;
mod graph;
mod lanes;
mod profile;
mod router;
mod shortest;
#[cfg(test)]
mod tests;
mod timed;
mod tree;
mod workspace;

pub use cost::{Costs, Milliseconds, TurnPenalties};
pub use graph::{Arc, LinkGraph};
pub use lanes::{LaneRoute, LaneRouter, fewest_lane_changes};
pub use profile::TravelTimes;
pub use router::{Route, Router};
pub use shortest::Shortest;
pub use timed::TimedRouter;
pub use tree::Tree;
