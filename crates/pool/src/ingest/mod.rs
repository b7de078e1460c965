//! Records from outside into the pool: looked at one by one, taken or quarantined, never lost.
//!
//! A source gives [`raw::Raw`] records; a [`Validator`] turns them into typed columns and faults;
//! [`load`] takes files (resumable, exactly once), [`push`] takes bodies of calls, and
//! [`crate::sources`] has those that are asked or listened to. Every record is in the end either in
//! the pool or in the quarantine ([`crate::quarantine`]).

mod batch;
mod cells;
mod column;
mod deletes;
mod error;
mod explain;
pub mod fault;
mod job;
pub mod limits;
mod load;
mod push;
pub mod raw;
mod rules;
pub mod scalar;
mod snapshot;
mod text;
mod validate;
mod write;

pub use error::Error;
pub(crate) use error::nearest;
pub use fault::{Code, Fault};
pub use job::{Job, JobState, recent};
pub use load::{LoadOptions, Mode, Progress, Summary, load};
pub use push::{PushOptions, PushReport, push};
pub use validate::{Bad, Checked, Counts, Validator};

pub(crate) use batch::{Batch, Duplicates, look_at_raw};
pub(crate) use cells::Cells;
pub(crate) use deletes::with_subjects;
pub(crate) use write::{Writer, Written};
