//! Where a pool keeps what it holds, and its limits.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::faults::Faults;

/// How a pool is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder for all that is kept in files.
    pub data: PathBuf,
    /// Where keyed state, outbox and meta data are.
    pub state: StateUrl,
    /// In how many files keyed state is divided; fixed when the folder is made. PostgreSQL: ignored.
    pub shards: u32,
    /// Where history is.
    pub history: HistoryUrl,
    /// Most writes that wait for the committer; further ones wait in their callers.
    pub queue: usize,
    /// Most bytes that the outbox may hold before writes are refused.
    pub outbox_bytes_max: u64,
    /// Days for which idempotency keys are remembered.
    pub idempotency_days: u32,
    /// Days for which entries wait for a consumer other than history.
    pub subscriber_days: u32,
    /// What goes wrong on purpose, for tests.
    pub faults: Faults,
}

/// Where keyed state is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateUrl {
    /// SQLite files in the data folder.
    Folder,
    /// A PostgreSQL database: `postgres://user:password@host/database`.
    Postgres(String),
}

/// Where history is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryUrl {
    /// A folder.
    Folder(PathBuf),
    /// An object store: `s3://bucket/prefix`, with options as `object_store` names them
    /// (`aws_access_key_id`, `aws_endpoint`, …).
    Store {
        /// The address.
        url: String,
        /// Keys, endpoint, region.
        options: Vec<(String, String)>,
    },
}

/// Keyed state is divided over this many files, unless another number is asked for.
pub const SHARDS: u32 = 16;
/// Most files that keyed state can be divided over.
pub const SHARDS_MAX: u32 = 256;
/// Most rows of one [`Pool::write`](crate::Pool::write).
pub const WRITE_ROWS_MAX: usize = 100_000;
/// Most bytes of one [`Pool::write`](crate::Pool::write), as Arrow IPC.
pub const WRITE_BYTES_MAX: usize = 64 << 20;
/// Most rows of one [`Pool::load`](crate::Pool::load).
pub const LOAD_ROWS_MAX: usize = 20_000_000;
/// Most bytes of a subject's number or name.
pub const SUBJECT_BYTES_MAX: usize = 1_000;
/// Most bytes of an encoded key.
pub const KEY_BYTES_MAX: usize = 4_000;
/// Most bytes of an idempotency key.
pub const IDEMPOTENCY_BYTES_MAX: usize = 200;

impl Options {
    pub(super) fn check(&self) -> Result<(), Error> {
        if (1..=SHARDS_MAX).contains(&self.shards) {
            return Ok(());
        }
        Err(Error::TooLarge {
            what: "shards, of which there is at least one",
            size: self.shards.into(),
            limit: SHARDS_MAX.into(),
        })
    }

    /// All in the folder `data`, with limits for one machine.
    pub fn new(data: impl AsRef<Path>) -> Self {
        let data = data.as_ref().to_owned();
        Self {
            state: StateUrl::Folder,
            shards: SHARDS,
            history: HistoryUrl::Folder(data.join("history")),
            queue: 1_024,
            outbox_bytes_max: 8 << 30,
            idempotency_days: 7,
            subscriber_days: 7,
            faults: Faults::default(),
            data,
        }
    }
}
