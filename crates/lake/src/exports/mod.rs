//! Bulk exports: what agreements let a department take of a dataset, as Parquet files to be fetched.
//!
//! The files are written through a session that sees what the agreements grant and nothing else,
//! behind the same barrier as questions: row filters, fields, tokens in place of identifiers. An
//! export is used again while its table has not changed and its agreements are the same, and
//! deleted when its time is over. Its files are fetched by addresses that are signed for a while.

mod parts;
mod schema;
mod signature;
mod store;

use std::time::Duration;

pub use parts::Part;
pub use schema::delta_schema;
pub use signature::{Address, Unopened};
pub use store::{Export, Exports, Wanted};

use crate::questions::Bounds;

/// Most rows of one file.
pub const PART_ROWS_MAX: u64 = 1_000_000;
/// A file that has so many bytes is closed, and the next begun.
pub const PART_BYTES: u64 = 128 << 20;
/// Most bytes of one export's files.
pub const EXPORT_BYTES_MAX: u64 = 16 << 30;
/// Most bytes of all exports' files: at this, no further one is made.
pub const EXPORTS_BYTES_MAX: u64 = 64 << 30;
/// Exports that are made at the same time; others wait their turn.
pub const EXPORTS_AT_ONCE: usize = 2;
/// For how long an export is handed out again.
pub const REUSED_FOR: Duration = Duration::from_mins(30);
/// For how long an address of a file is good.
pub const ADDRESS_LIFE: Duration = Duration::from_mins(15);
/// How long an export's files are kept: an address that is handed out at the last moment is good
/// for all of its life.
pub const KEPT_FOR: Duration = Duration::from_mins(50);

/// How much an export may be.
const BOUNDS: Bounds = Bounds {
    rows: ("EXPORT_ROWS_MAX", 500_000_000),
    bytes: ("EXPORT_MEMORY_BYTES_MAX", 1 << 40),
    time: ("EXPORT_TIME_MAX", Duration::from_mins(20)),
};
