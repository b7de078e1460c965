//! The ledger: an append-only Merkle log with signed checkpoints and proofs.
//!
//! *Knows*: entries are bytes in an order that never changes; the Merkle tree of RFC 6962 over
//! them; tiles, checkpoints and cosignatures as C2SP writes them (tlog-tiles, tlog-checkpoint,
//! tlog-cosignature, signed-note); how a group of entries becomes durable at once, and how whoever
//! holds a public key checks all of it without us. *Does not know*: what an entry says, who may
//! write or read one, what the time is (a clock is handed in), where the secret key is kept (a
//! [`Signer`] is handed in), networks.
//!
//! [`Log`] is the front door: [`Log::append`] gives a [`Ticket`] that resolves to a [`Receipt`]
//! once the entry is on the disk. Tiles and checkpoints follow about a second later, by threads of
//! the log's own; a signer, a witness or a time-stamp authority that is away holds up nothing but
//! its own signature. [`verify_folder`] checks a whole log offline, [`Proof`] one entry.
//!
//! | word | meaning |
//! | --- | --- |
//! | entry | up to 65,535 bytes; its index counts from 0 |
//! | leaf hash | SHA-256 of a zero byte and the entry |
//! | root | the Merkle tree hash over all leaf hashes of a size |
//! | checkpoint | origin, size and root, signed as a note |
//! | cosignature | a witness's word that a checkpoint continues the one it saw before |
//! | tile | 256 hashes of one level of the tree; a static file |
//! | segment | the file in which entries become durable |

pub mod batch;
mod builder;
mod checkpoint;
mod commit;
mod error;
mod folder;
mod hash;
pub mod key;
mod log;
pub mod note;
pub mod notes;
mod open;
mod options;
mod outside;
mod proof;
mod publish;
mod queue;
mod segment;
pub mod storage;
mod subject;
mod ticket;
pub mod tile;
pub mod tree;
mod verify;
mod watch;
mod witness;
mod work;

pub use checkpoint::{Checkpoint, SignedCheckpoint, cosign};
pub use error::Error;
pub use folder::Folder;
pub use hash::{Hash, NoHash, empty_root, leaf_hash, node_hash};
pub use key::{Algorithm, LocalSigner, SecretKey, VerifierKey};
pub use log::{ENTRIES_MAX, Log, Receipt, Status};
pub use options::{Clock, OnAlarm, Options};
pub use outside::{Alarm, Outage, Party, Signer, Stamper, Witness, WitnessRefusal, WitnessRequest};
pub use proof::{Consistency, PROOF_FORMAT, Proof, Proven, verify_consistency, verify_inclusion};
pub use subject::{SubjectKey, SubjectToken};
pub use ticket::Ticket;
pub use verify::{
    FINDINGS_MAX, Finding, Kind, Progress, Report, Seen, VerifyOptions, VerifyState, verify_folder,
};
pub use witness::LocalWitness;
