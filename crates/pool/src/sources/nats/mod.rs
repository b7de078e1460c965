//! NATS JetStream: messages with records from departments, and the pool's changes to whoever listens.

mod connect;
mod follow;
mod publish;

pub(super) use follow::NatsFollower;
pub use publish::{Disclosure, Publisher};

/// The header that says what the records of a message do: `upsert` (if it is left out) or `delete`.
pub const OPERATION: &str = "Citybrain-Operation";
/// The header with the number of the entry in the pool's outbox.
pub const SEQUENCE: &str = "Citybrain-Seq";
/// The header with the moment of the entry.
pub const MOMENT: &str = "Citybrain-At";
