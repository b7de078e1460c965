//! History: one Delta table for each dataset, with all versions of all records.
//!
//! A record in force lies in a file of the partition `_current=true`; when it is superseded it
//! moves to `_current=false` and gets its `_to`. A question as of a moment reads the rows with
//! `_from <= moment and (_to is null or _to > moment)`. `_bucket` is a hash of the subject, so that
//! a change rewrites a small part of a table.

mod divide;
mod files;
mod folder;
mod force;
mod held;
mod keeper;
mod log;
mod maintain;
mod overlay;
pub(crate) mod place;
mod reader;
mod refresh;

pub(crate) use files::{bucket_of, conform, stored_schema, write_file};
pub use force::InForce;
pub(crate) use held::{Held, View};
pub use keeper::{Keeper, KeeperOptions};
pub(crate) use log::HistoryFile;
pub(crate) use maintain::maintain;
pub use maintain::{MaintainOptions, Maintained};
pub(crate) use overlay::{Effect, Keys, Layer, Overlay, Spot};
pub(crate) use reader::Reader;

/// Since when a version has been in force.
pub const FROM: &str = "_from";
/// Until when it was; null while it is.
pub const TO: &str = "_to";
/// Partition column: whether it is in force.
pub const CURRENT: &str = "_current";
/// Partition column: the bucket, a hash of the subject.
pub const BUCKET: &str = "_bucket";
/// Under which name history notes in a table's log up to which entry of the outbox it is.
pub const APPLICATION: &str = "pool";
/// Under which name it notes in how many buckets the table is divided.
pub const BUCKETS: &str = "pool-buckets";
