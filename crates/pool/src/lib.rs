//! The data pool: keyed state of every record, ingest and quality, and the exchange.

pub mod clock;
pub mod table;
pub mod value;

pub use clock::{Clock, Moment, StandingClock};
pub use table::{Table, TableId, Tables};
pub use value::Value;
