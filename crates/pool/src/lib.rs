//! The data pool: keyed state of every record, ingest and quality, and the exchange.
//!
//! *Knows*: the tables that a city's datasets define, the records in force by key and by subject,
//! the outbox that every write goes through, and the Parquet files that bulk loads add to history.
//! *Does not know*: Delta Lake and SQL over history (`lake`), HTTP, the command line, the machine's
//! clock.
//!
//! The front door is [`Pool`].

pub mod bench;
pub mod clock;
mod codec;
mod error;
pub mod exchange;
mod faults;
mod history_files;
pub mod ingest;
mod migrations;
mod outbox;
mod pool;
pub mod quality;
pub mod quarantine;
mod runtime;
pub mod sources;
mod sql;
mod state;
pub mod table;
mod tls;
pub mod value;

pub use clock::{Clock, Moment, StandingClock};
pub use error::{Error, chain};
pub use faults::{Faults, Then};
pub use pool::*;
pub use sql::{FromSqlValue, Row, Sql, SqlValue, Transaction};
pub use state::Damage;
pub use table::{Table, TableId, Tables};
pub use value::Value;
