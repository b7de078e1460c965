//! Questions over many machines: Ballista's scheduler, its executors, and the engine that hands
//! them a session's plans.
//!
//! *Knows*: Ballista; how a plan travels and how its failures come back. *Does not know*: who may
//! see what (plans come with their barriers, which are `lake`'s), the exchange, HTTP, the command
//! line.
//!
//! A question is planned where it is asked, by the session that may see what it may see; then its
//! barriers are carried to executors as bytes and opened there. So whoever runs executors sees
//! history's raw rows and the keys of tokens: they belong to the exchange's own operator.

mod clients;
mod codec;
mod engine;
mod error;
mod executor;
mod job;
pub mod limits;
mod scheduler;
mod teller;

pub use engine::Cluster;
pub use error::Error;
pub use executor::{ExecutorOptions, execute};
pub use scheduler::{SchedulerOptions, schedule};
