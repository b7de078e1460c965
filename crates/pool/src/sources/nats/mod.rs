//! NATS JetStream: messages with records from departments, the pool's changes to whoever listens, and
//! messages of any subject for what is not kept in the pool.

mod connect;
mod follow;
mod gather;
mod publish;
mod subscribe;

pub use connect::is_address;
pub(super) use follow::NatsFollower;
pub use gather::Received;
pub use publish::{Disclosure, Publisher};
pub use subscribe::{Durable, Subscriber, Subscription};

/// The header that says what the records of a message do: `upsert` (if it is left out) or `delete`.
pub const OPERATION: &str = "Citybrain-Operation";
/// The header with the number of the entry in the pool's outbox.
pub const SEQUENCE: &str = "Citybrain-Seq";
/// The header with the moment of the entry.
pub const MOMENT: &str = "Citybrain-At";
