//! Closures: lanes or whole links that are shut, and work zones with a lower speed limit.
//!
//! - [`Works`] is a list of them, read from YAML or JSON and held against a network.
//! - [`rebuilt`] makes the network that is left while lanes are shut all the time: the markings of
//!   the remaining lanes are as they would be laid out, so that every turn of a road that keeps a
//!   lane can still be made.
//! - [`diverted`] is the demand on it, with the routes that cannot go any more sent another way.
//! - [`share`] chooses lanes to close a share of all lane area with.
//! - [`LiveWorks`] closes and opens lanes of a running world by time.

mod definition;
mod divert;
mod live;
mod rebuild;
mod share;
mod works;

pub use definition::{Closure, WorksFile};
pub use divert::{Diversion, Refusal, diverted};
pub use live::{LiveCounts, LiveWorks};
pub use rebuild::{Remarked, rebuilt};
pub use share::{Shared, Which, demand_of_links, lane_area, share};
pub use works::{Work, Works};
