//! Where records come from: files, departments' databases, messages. Each source gives raw records
//! and knows how to go on where it stopped; whether they are right is for [`crate::ingest`].

mod changes;
mod definition;
pub mod file;
mod follow;
pub mod nats;
pub mod postgres;
mod state;

pub use definition::{Definition, NatsSource, QuerySource, ReplicationSource};
pub use follow::{Follow, Pulled, follow};
