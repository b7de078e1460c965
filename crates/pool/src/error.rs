//! What can go wrong in the pool, with the facts needed to mend it.

use std::path::PathBuf;

use tokio_postgres::error::SqlState;

/// Why the pool could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the pool's own could not be used.
    #[error("could not {what} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A database refused.
    #[error("{database}: could not {what}")]
    Sql {
        /// Which database: a file's name, or `postgresql`.
        database: String,
        /// What was tried, as a verb.
        what: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A column of an answer is of another type than the caller takes it for.
    #[error("column {at} is {found}, and was to be {wanted}")]
    Column {
        /// Its position, from 0.
        at: usize,
        /// What it holds.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The database was made by a newer version of this program.
    #[error(
        "the database has migration {found}, and this program knows {known} at most: use the newer program"
    )]
    Newer {
        /// The newest that the database has.
        found: u32,
        /// The newest that we know.
        known: u32,
    },
    /// A migration that has been applied reads differently now.
    #[error("migration {number} was changed after it had been applied: add a new one instead")]
    MigrationChanged {
        /// Its number.
        number: u32,
    },
    /// The data folder belongs to another running process.
    #[error("`{}` is in use by another process: stop it first, or give another folder", path.display())]
    InUse {
        /// The lock file or database.
        path: PathBuf,
    },
    /// The data folder was made with another number of shards.
    #[error(
        "the state has {found} shards, and {wanted} were asked for: the number is fixed when a data folder is made"
    )]
    Shards {
        /// As it is.
        found: u32,
        /// As it was asked for.
        wanted: u32,
    },
    /// A database is damaged beyond what its own log can mend.
    #[error("`{}` is damaged ({detail}): {remedy}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The city's definitions do not make tables.
    #[error("{0}")]
    Definitions(String),
    /// No such dataset.
    #[error("no dataset `{0}`")]
    NoTable(String),
    /// A batch's columns are not those of its table.
    #[error("{table}: column {at} is {found}, and must be {wanted}")]
    Columns {
        /// `department/dataset`
        table: String,
        /// The first place where they differ, from 0.
        at: usize,
        /// What the batch has there.
        found: String,
        /// What the table has there.
        wanted: String,
    },
    /// A value that must be there is missing.
    #[error("{table}: row {row}: `{field}` is missing, and every record must have it")]
    Missing {
        /// `department/dataset`
        table: String,
        /// Which row of the batch, from 0.
        row: usize,
        /// The field.
        field: String,
    },
    /// A key with another number of values than the dataset's, or values of other types.
    #[error("{table}: the key is ({wanted}), not {found}")]
    Key {
        /// `department/dataset`
        table: String,
        /// The key's fields.
        wanted: String,
        /// What was given.
        found: String,
    },
    /// Something is larger than its limit.
    #[error("{what}: {size} is more than the limit of {limit}")]
    TooLarge {
        /// What, with its unit.
        what: &'static str,
        /// How large it is.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// An idempotency key came again with other content.
    #[error(
        "the idempotency key `{0}` was used for other content: give each write a key of its own"
    )]
    KeyReused(String),
    /// The entries asked for have been trimmed.
    #[error(
        "entries up to {asked} are gone, the oldest kept is {oldest}: begin again with a full copy"
    )]
    Trimmed {
        /// After which entry was asked.
        asked: u64,
        /// The oldest that there is.
        oldest: u64,
    },
    /// The outbox holds as much as it may.
    #[error(
        "the outbox holds {bytes} bytes, its limit is {limit}: `{consumer}` has not taken them up; see why it stands still"
    )]
    OutboxFull {
        /// How much is in it.
        bytes: u64,
        /// How much may be.
        limit: u64,
        /// The consumer that is behind most.
        consumer: String,
    },
    /// Bytes in the state or the outbox that the pool did not write.
    #[error("{what} cannot be read: {detail}")]
    Garbled {
        /// What.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Columns could not be made or read.
    #[error("columns could not be worked on")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A Parquet file could not be written or read.
    #[error("`{file}` could not be written or read")]
    Parquet {
        /// Its path within the history.
        file: String,
        /// Why not.
        source: parquet::errors::ParquetError,
    },
    /// The object store refused.
    #[error("the object store could not {what} `{file}`")]
    Store {
        /// What was tried, as a verb.
        what: &'static str,
        /// Its path within the history.
        file: String,
        /// Why not.
        source: object_store::Error,
    },
    /// A write is durable, but look-ups do not see it yet: it is applied before the next write.
    #[error("the write is kept, but look-ups do not show it yet: {0}")]
    Unapplied(String),
    /// The pool is shutting down, or stopped after a fault that it could not go on from.
    #[error("the pool has stopped taking writes: {0}")]
    Stopped(String),
}

/// What to do about a damaged shard: history and outbox have all that was in it.
pub(crate) const REBUILD: &str =
    "`citybrain pool repair` sets it aside and rebuilds it from history and the outbox";
/// What to do about a damaged outbox or server, of which there is no other copy.
pub(crate) const RESTORE: &str = "restore the newest backup";

/// What to do when there is no room.
const MAKE_ROOM: &str = "make room; nothing that was accepted is lost, and what was refused can be sent again under the same idempotency key";

/// PostgreSQL's code for a disk that is full.
const DISK_FULL: &str = "53100";

impl Error {
    /// What to do when the reason is that a disk is full.
    pub fn full_disk(&self) -> Option<&'static str> {
        let said = match self {
            Self::Unapplied(detail) | Self::Stopped(detail) => detail.contains(FULL),
            _ => false,
        };
        (said || is_full(self)).then_some(MAKE_ROOM)
    }

    /// The error with all that caused it, on one line.
    pub(crate) fn chain(&self) -> String {
        let mut text = chain(self);
        if is_full(self) && !text.contains(FULL) {
            text = format!("{text}: {FULL}");
        }
        text
    }

    /// For `map_err`: a file that could not be used.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    /// For `map_err`: bytes that we did not write.
    pub(crate) fn garbled(what: &'static str, detail: impl std::fmt::Display) -> Self {
        Self::Garbled {
            what,
            detail: detail.to_string(),
        }
    }
}

/// An error with all that caused it, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// How a full disk is told where only a text is left of the error.
const FULL: &str = "the disk is full";

/// Whether something in an error's chain says that there is no room.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        let sqlite = error.downcast_ref::<rusqlite::Error>();
        let server = error.downcast_ref::<tokio_postgres::Error>();
        if io.is_some_and(|io| matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge))
            || sqlite.and_then(rusqlite::Error::sqlite_error_code)
                == Some(rusqlite::ErrorCode::DiskFull)
            || server.and_then(|error| error.code()).map(SqlState::code) == Some(DISK_FULL)
        {
            return true;
        }
        cause = match io.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
