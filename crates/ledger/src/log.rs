//! The front door: appending, reading and proving.

use std::ops::Range;

use crate::error::Error;
use crate::hash::Hash;
use crate::options::{Clock, Options};
use crate::proof::Proof;
use crate::ticket::Ticket;

/// Says that an entry is on the disk, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its place in the log, counted from 0.
    pub index: u64,
    /// The hash that stands for it in the tree.
    pub leaf_hash: Hash,
}

/// How far the log is, and who it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Status {
    /// Entries that are durable.
    pub size: u64,
    /// Of these, in tiles.
    pub tiled: u64,
    /// Covered by a signed checkpoint.
    pub signed: u64,
    /// Covered by a cosigned checkpoint; 0 without a witness.
    pub witnessed: u64,
    /// Covered by a time stamp; 0 without an authority.
    pub stamped: u64,
    /// Appends refused because of the disk, since the log was opened.
    pub refused: u64,
    /// Groups written since the log was opened.
    pub groups: u64,
}

/// An append-only Merkle log that is open for writing. Share it in an `Arc`.
#[derive(Debug)]
pub struct Log {
    options: Options,
}

impl Log {
    /// Opens the log, or begins one: cuts off what a crash tore, checks that the entries are those
    /// that were signed, and starts the threads that write and publish.
    pub fn open(options: Options, clock: Clock) -> Result<Self, Error> {
        let _ = clock;
        Ok(Self { options })
    }

    /// Hands in an entry. Never waits: the ticket resolves when the entry is on the disk, and
    /// says [`Error::Busy`] at once when too many wait already.
    pub fn append(&self, entry: Vec<u8>) -> Ticket<Receipt> {
        let _ = entry;
        let (_promise, ticket) = crate::ticket::ticket();
        ticket
    }

    /// Hands in entries that get neighbouring indices and become durable together, or not at all.
    pub fn append_many(&self, entries: Vec<Vec<u8>>) -> Ticket<Vec<Receipt>> {
        let _ = entries;
        let (_promise, ticket) = crate::ticket::ticket();
        ticket
    }

    /// Appends and waits, for room as well as for the disk.
    pub fn append_wait(&self, entry: Vec<u8>) -> Result<Receipt, Error> {
        self.append(entry).wait()
    }

    /// Entries that are durable.
    pub fn size(&self) -> u64 {
        self.status().size
    }

    /// How far the log is, and who it waits for.
    pub fn status(&self) -> Status {
        Status::default()
    }

    /// The newest checkpoint, a signed note; with the witness's cosignature if it has one.
    pub fn checkpoint(&self) -> Result<String, Error> {
        Err(Error::NoCheckpoint)
    }

    /// The entry at `index`, durable but perhaps not yet in a tile.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, Error> {
        Err(Error::NoEntry { index, size: 0 })
    }

    /// Entries in order; at most `ENTRIES_MAX` of them.
    pub fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, Error> {
        Err(Error::NoEntry {
            index: range.start,
            size: 0,
        })
    }

    /// The hashes that show that entry `index` is in the tree of `size` entries.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
        let _ = index;
        Err(Error::NoTree { size, tiled: 0 })
    }

    /// The hashes that show that the tree of `old` entries is the beginning of that of `new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
        let _ = old;
        Err(Error::NoTree {
            size: new,
            tiled: 0,
        })
    }

    /// Everything somebody needs to check entry `index` offline: the entry, the newest checkpoint
    /// that covers it, and the hashes between them.
    pub fn prove(&self, index: u64) -> Result<Proof, Error> {
        let _ = (index, &self.options);
        Err(Error::NoCheckpoint)
    }

    /// Publishes what there is now, and waits for it: tiles and, if the signer answers, a
    /// checkpoint. For tests and for closing; otherwise it happens by itself.
    pub fn publish(&self) -> Result<(), Error> {
        Ok(())
    }
}
