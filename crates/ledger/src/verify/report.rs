//! What a verification found.

use std::fmt;

use serde::Serialize;

use super::VerifyState;
use crate::hash::Hash;

/// Most findings that are listed; the others are counted.
pub const FINDINGS_MAX: usize = 200;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An entry is not the one that was logged.
    EntryChanged,
    /// An entry that was logged is not there.
    EntryMissing,
    /// An entry stands twice.
    EntryDuplicated,
    /// An entry stands at another place.
    EntryMoved,
    /// Something that was not logged stands between entries.
    EntryAdded,
    /// All entries from one on are not there.
    EntriesMissing,
    /// A bundle cannot be read.
    BundleDamaged,
    /// A tile says other hashes than the entries below it have.
    TileChanged,
    /// A tile is not there or cannot be read.
    TileMissing,
    /// A checkpoint is of another tree than this.
    CheckpointForked,
    /// A checkpoint is of a smaller tree than one before it.
    CheckpointRewound,
    /// A checkpoint cannot be read.
    CheckpointDamaged,
    /// A checkpoint is not signed by the log's key.
    SignatureWrong,
    /// A witness has not cosigned.
    WitnessMissing,
    /// A witness's cosignature is wrong.
    CosignatureWrong,
    /// A segment cannot be read, or says other than the bundles.
    SegmentDamaged,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The entry it is about, if it is about one.
    pub index: Option<u64>,
    /// What is wrong.
    pub kind: Kind,
    /// The file, from the log's folder on.
    pub file: String,
    /// In words.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)
    }
}

/// What a witness has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Its name.
    pub witness: String,
    /// The size it cosigned last.
    pub size: u64,
    /// When, in seconds since 1970.
    pub time: u64,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The log's name, as its checkpoints say.
    pub origin: String,
    /// Entries under the newest checkpoint that were found.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Entries whose hash was computed in this run.
    pub entries: u64,
    /// Entries that are stored and not yet under a checkpoint.
    pub pending: u64,
    /// Checkpoints compared in this run.
    pub checkpoints: u64,
    /// Whether signatures were checked: they are when a key was given.
    pub signatures: bool,
    /// What the witnesses asked for have seen.
    pub witnesses: Vec<Seen>,
    /// What is wrong, at most [`FINDINGS_MAX`] of it.
    pub findings: Vec<Finding>,
    /// How much more is wrong.
    pub more: u64,
    /// Where the next run may begin.
    #[serde(skip)]
    pub state: VerifyState,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn find(
        &mut self,
        kind: Kind,
        index: Option<u64>,
        file: impl Into<String>,
        message: impl Into<String>,
    ) {
        if self.findings.len() >= FINDINGS_MAX {
            self.more += 1;
            return;
        }
        self.findings.push(Finding {
            index,
            kind,
            file: file.into(),
            message: message.into(),
        });
    }

    pub(super) fn sort(&mut self) {
        self.findings
            .sort_by(|a, b| (a.index.is_none(), a).cmp(&(b.index.is_none(), b)));
    }
}
