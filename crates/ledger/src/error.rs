//! What can go wrong with a log, with the facts needed to mend it.

use std::io;
use std::path::PathBuf;

use crate::hash::Hash;

/// What can go wrong with a log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The entry is longer than a bundle of the tile format can hold.
    #[error("an entry of {bytes} bytes is too long: at most {most}; put its hash in the entry")]
    EntryTooLong {
        /// Its length.
        bytes: usize,
        /// The longest there may be.
        most: usize,
    },
    /// So many entries wait to be written that no more are taken.
    #[error("{waiting} entries wait to be written and at most {most} may: try again shortly")]
    Busy {
        /// Entries that wait.
        waiting: usize,
        /// How many may.
        most: usize,
    },
    /// The entry was not stored and is not in the log. The log takes the next one as before, once
    /// the cause is mended.
    #[error("the entry is not stored: cannot write {}: {reason}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// Why not, in the system's words.
        reason: String,
        /// Whether the disk is full.
        full: bool,
    },
    /// Neither writing nor taking back what was written worked: whether the entry is in the log
    /// will be known only when the log is next opened, or has mended itself.
    #[error("whether the entry is stored is not known: {} failed: {reason}", file.display())]
    Unsure {
        /// The file.
        file: PathBuf,
        /// Why, in the system's words.
        reason: String,
    },
    /// The log is closing, or its threads have ended.
    #[error("the ledger is closed")]
    Closed,
    /// A file of the log cannot be read or written.
    #[error("cannot {what} {}: {reason}", file.display())]
    File {
        /// `read`, `write`, …
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why not, in the system's words.
        reason: String,
    },
    /// The folder's contents are no log, or a broken one.
    #[error("{} is damaged: {reason}; `citybrain ledger verify` names every fault", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process has the log open for writing.
    #[error("{} is open in another process: one process at a time writes a ledger", folder.display())]
    InUse {
        /// The log's folder.
        folder: PathBuf,
    },
    /// The entries on the disk are not those that were signed. The log does not open: signing on
    /// would be a fork.
    #[error(
        "the entries do not match the checkpoint of size {size}: it says root {signed}, they have \
         {found}; restore the folder from a copy"
    )]
    Diverged {
        /// The checkpoint's size.
        size: u64,
        /// The root that was signed.
        signed: Hash,
        /// The root of the entries that are there.
        found: Hash,
    },
    /// Fewer entries on the disk than were signed.
    #[error("{found} entries are there but {signed} were signed; restore the folder from a copy")]
    Shortened {
        /// Entries that were signed.
        signed: u64,
        /// Entries that are there.
        found: u64,
    },
    /// No such entry.
    #[error("there is no entry {index}: the log has {size}, counted from 0")]
    NoEntry {
        /// The index asked for.
        index: u64,
        /// How many there are.
        size: u64,
    },
    /// No tree of this size yet.
    #[error("there is no tree of size {size} yet: tiles reach {tiled}")]
    NoTree {
        /// The size asked for.
        size: u64,
        /// Entries that are in tiles.
        tiled: u64,
    },
    /// No checkpoint has been signed yet.
    #[error("no checkpoint has been signed yet")]
    NoCheckpoint,
    /// A key cannot be read.
    #[error("no key of this kind: {reason}")]
    Key {
        /// What is wrong.
        reason: String,
    },
    /// A note, a checkpoint or a signature cannot be read, or is not right.
    #[error("{what} is not right: {reason}")]
    Note {
        /// `the checkpoint`, `the signature`, …
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A proof does not prove.
    #[error("the proof does not hold: {reason}")]
    Proof {
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    pub(crate) fn file(what: &'static str, file: impl Into<PathBuf>, error: &io::Error) -> Self {
        Self::File {
            what,
            file: file.into(),
            reason: error.to_string(),
        }
    }

    pub(crate) fn damaged(file: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Damaged {
            file: file.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn proof(reason: impl Into<String>) -> Self {
        Self::Proof {
            reason: reason.into(),
        }
    }

    pub(crate) fn note(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Note {
            what,
            reason: reason.into(),
        }
    }

    pub(crate) fn key(reason: impl Into<String>) -> Self {
        Self::Key {
            reason: reason.into(),
        }
    }
}
