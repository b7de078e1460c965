//! What the log asks of others, each of whom may fail or be away for hours: whoever holds the
//! signing key, a witness, a time-stamp authority. None of them holds up an append; what they owe
//! is counted, told of by an [`Alarm`], and caught up with once they are back.

use std::time::Duration;

use crate::key::{SIGNATURE_BYTES, VerifierKey};
use crate::proof::Consistency;

/// Why somebody outside gave no answer, in words for an operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Outage(pub String);

/// Holds the log's signing key: in this process, in a hardware module, behind a socket.
pub trait Signer: Send + Sync {
    /// The public half. Its name is the log's origin.
    fn key(&self) -> &VerifierKey;

    /// Ed25519 over `message`. Answers or fails in a time of its own choosing: entries are not
    /// held up by it, checkpoints are.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Outage>;
}

/// What a witness is asked: to cosign a checkpoint that continues the one it saw last.
#[derive(Clone, Debug)]
pub struct WitnessRequest {
    /// The size it cosigned last, as far as the log knows; 0 for never.
    pub old_size: u64,
    /// Proof that the tree of that size is the beginning of the new one.
    pub consistency: Consistency,
    /// The checkpoint, signed by the log.
    pub checkpoint: String,
}

/// Why a witness did not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// It last cosigned another size: ask again from there.
    #[error("the witness has cosigned size {size} last")]
    Elsewhere {
        /// The size.
        size: u64,
    },
    /// It is away.
    #[error("the witness is away: {0}")]
    Away(Outage),
    /// The new checkpoint does not continue what it has seen, or is wrong in another way.
    #[error("the witness refuses: {0}")]
    Refuses(String),
}

/// A second pair of eyes, with a key of its own, that remembers what it has seen of the log and
/// cosigns only what continues it.
pub trait Witness: Send + Sync {
    /// Its public key.
    fn key(&self) -> &VerifierKey;

    /// Its signature line for the checkpoint.
    fn cosign(&self, request: &WitnessRequest) -> Result<String, WitnessRefusal>;
}

/// A time-stamp authority (RFC 3161, or another).
pub trait Stamper: Send + Sync {
    /// A token that says when `digest`, the SHA-256 of a checkpoint's text, was there.
    fn stamp(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Outage>;
}

/// Who is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// Whoever signs checkpoints.
    Signer,
    /// The witness.
    Witness,
    /// The time-stamp authority.
    Stamper,
    /// The disk, for tiles and checkpoints.
    Publisher,
    /// The disk, for entries: appends are refused.
    Disk,
}

/// Something an operator should know. Each is also logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Somebody gave no answer. Told once when it begins, and again each time the wait doubles.
    Away {
        /// Who.
        party: Party,
        /// For how long now.
        since: Duration,
        /// Entries that wait for it.
        backlog: u64,
        /// What it said last.
        reason: String,
    },
    /// It is back and has caught up.
    Back {
        /// Who.
        party: Party,
        /// How long it was away.
        after: Duration,
    },
    /// The end of the log was torn by a crash and has been cut off at the last whole entry. No
    /// acknowledged entry was in it.
    Torn {
        /// Bytes that were cut off.
        bytes: u64,
        /// Entries the log has.
        size: u64,
    },
    /// The witness says that the log has forked: this is never to be ignored.
    Forked {
        /// What it said.
        reason: String,
    },
}
