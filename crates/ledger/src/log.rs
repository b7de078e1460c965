//! The front door: appending, reading and proving.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::builder::read_bundle;
use crate::commit::Committer;
use crate::error::Error;
use crate::hash::{Hash, leaf_hash};
use crate::open;
use crate::options::{Clock, Options};
use crate::proof::Proof;
use crate::publish::Publisher;
use crate::queue::{Answer, Request};
use crate::ticket::{Ticket, ticket};
use crate::tile::{ENTRY_BYTES_MAX, TILE_WIDTH, TilePath};
use crate::tree;
use crate::work::Bell;

/// Most entries that [`Log::entries`] gives at once.
pub const ENTRIES_MAX: u64 = 65_536;

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
    /// Entries refused because of the disk, since the log was opened.
    pub refused: u64,
    /// Groups written since the log was opened.
    pub groups: u64,
}

/// An append-only Merkle log that is open for writing. Share it in an `Arc`. Dropped, it writes
/// what waits, publishes, and ends its threads.
pub struct Log {
    pub(crate) options: Options,
    pub(crate) committer: Arc<Committer>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) committers: Mutex<Vec<JoinHandle<()>>>,
    pub(crate) workers: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({}, {:?})", self.origin(), self.status())
    }
}

impl Log {
    /// Opens the log, or begins one: cuts off what a crash tore, checks that the entries are those
    /// that were signed, and starts the threads that write and publish.
    pub fn open(options: Options, clock: Clock) -> Result<Self, Error> {
        open::open(options, &clock)
    }

    /// The log's name: that of its key.
    pub fn origin(&self) -> &str {
        self.options.signer.key().name()
    }

    /// Hands in an entry. Never waits: the ticket resolves when the entry is on the disk, and
    /// says [`Error::Busy`] at once when too many wait already.
    pub fn append(&self, entry: Vec<u8>) -> Ticket<Receipt> {
        let (promise, ticket) = ticket();
        self.push(vec![entry], Answer::One(promise), false);
        ticket
    }

    /// Hands in entries that get neighbouring indices and become durable together, or not at all.
    pub fn append_many(&self, entries: Vec<Vec<u8>>) -> Ticket<Vec<Receipt>> {
        let (promise, ticket) = ticket();
        self.push(entries, Answer::Many(promise), false);
        ticket
    }

    /// Appends and waits, for room as well as for the disk. Not for asynchronous code.
    pub fn append_wait(&self, entry: Vec<u8>) -> Result<Receipt, Error> {
        let (promise, ticket) = ticket();
        self.push(vec![entry], Answer::One(promise), true);
        ticket.wait()
    }

    /// As [`Log::append_wait`], for many.
    pub fn append_many_wait(&self, entries: Vec<Vec<u8>>) -> Result<Vec<Receipt>, Error> {
        let (promise, ticket) = ticket();
        self.push(entries, Answer::Many(promise), true);
        ticket.wait()
    }

    fn push(&self, entries: Vec<Vec<u8>>, answer: Answer, wait: bool) {
        if entries.is_empty() {
            return answer.resolve(0, &[]);
        }
        if let Some(long) = entries.iter().find(|entry| entry.len() > ENTRY_BYTES_MAX) {
            return answer.refuse(Error::EntryTooLong {
                bytes: long.len(),
                most: ENTRY_BYTES_MAX,
            });
        }
        let leaves = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let request = Request {
            entries,
            leaves,
            answer,
        };
        self.committer.queue.push(request, wait);
    }

    /// Entries that are durable.
    pub fn size(&self) -> u64 {
        self.committer.durable()
    }

    /// How far the log is, and who it waits for.
    pub fn status(&self) -> Status {
        let (counts, marks) = (&self.committer.counts, &self.publisher.marks);
        Status {
            stamped: marks.stamped.load(Ordering::Acquire),
            witnessed: marks.witnessed.load(Ordering::Acquire),
            signed: marks.signed.load(Ordering::Acquire),
            tiled: marks.tiled.load(Ordering::Acquire),
            size: self.size(),
            refused: counts.refused.load(Ordering::Relaxed),
            groups: counts.groups.load(Ordering::Relaxed),
        }
    }

    /// The newest checkpoint, a signed note; with the witness's cosignature once it has it.
    pub fn checkpoint(&self) -> Result<String, Error> {
        let (_, note) = self.publisher.latest().ok_or(Error::NoCheckpoint)?;
        Ok(note.to_string())
    }

    /// The entry at `index`, durable but perhaps not yet in a tile.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, Error> {
        let size = self.size();
        let nothing = || Error::NoEntry { index, size };
        if index >= size {
            return Err(nothing());
        }
        self.read(index, index + 1)?.pop().ok_or_else(nothing)
    }

    /// The entries of a range that are there, in order; at most [`ENTRIES_MAX`] of them.
    pub fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, Error> {
        let to = range.end.min(self.size()).min(range.start + ENTRIES_MAX);
        let mut entries = Vec::new();
        let mut from = range.start;
        while from < to {
            let more = self.read(from, to)?;
            from += more.len() as u64;
            entries.extend(more);
        }
        Ok(entries)
    }

    /// Some entries from `from` on, one at least, none from `to` on.
    fn read(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Error> {
        if let Some(segment) = self.committer.segment_of(from) {
            return segment.read(from, to.min(segment.end()));
        }
        let bundle = TilePath::entries(from / TILE_WIDTH, TILE_WIDTH);
        let entries = read_bundle(&*self.options.storage, bundle)?;
        let skip = (from % TILE_WIDTH) as usize;
        let count = (to - from).min(TILE_WIDTH) as usize;
        Ok(entries.into_iter().skip(skip).take(count).collect())
    }

    /// The hashes that show that entry `index` is in the tree of `size` entries.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
        self.check_tiled(size)?;
        self.publisher
            .tree(|nodes| tree::inclusion(nodes, index, size))
    }

    /// The hashes that show that the tree of `old` entries is the beginning of that of `new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
        self.check_tiled(new)?;
        self.publisher
            .tree(|nodes| tree::consistency(nodes, old, new))
    }

    /// The root of the tree of `size` entries.
    pub fn root(&self, size: u64) -> Result<Hash, Error> {
        self.check_tiled(size)?;
        self.publisher.tree(|nodes| tree::root(nodes, size))
    }

    fn check_tiled(&self, size: u64) -> Result<(), Error> {
        let tiled = self.publisher.edge().size;
        if size > tiled {
            return Err(Error::NoTree { size, tiled });
        }
        Ok(())
    }

    /// Everything somebody needs to check entry `index` offline: the entry, the newest checkpoint
    /// that covers it (one that a witness has cosigned, if there is one), and the hashes between.
    pub fn prove(&self, index: u64) -> Result<Proof, Error> {
        let entry = self.entry(index)?;
        let cosigned = self.publisher.cosigned()?;
        let cosigned = cosigned.map(|signed| (signed.checkpoint.size, signed.note));
        let (size, note) = match cosigned.filter(|(size, _)| index < *size) {
            Some(cosigned) => cosigned,
            None => self.publisher.latest().ok_or(Error::NoCheckpoint)?,
        };
        if index >= size {
            return Err(Error::NoTree {
                size: index + 1,
                tiled: size,
            });
        }
        let inclusion = self.inclusion(index, size)?;
        Ok(Proof::new(
            (index, size),
            &entry,
            inclusion,
            note.to_string(),
        ))
    }

    /// Publishes what there is now, and waits for it: tiles; a checkpoint, if the signer answers;
    /// its cosignature and time stamp, if they do; and removes segments that are no longer needed.
    /// All this happens by itself where [`Options::publish_every`] is set.
    pub fn publish(&self) -> Result<(), Error> {
        while self.publisher.tile()? {}
        self.publisher.sign()?;
        self.publisher.cosign()?;
        self.publisher.stamp()?;
        self.publisher.sweep()
    }

    /// Writes what waits, publishes, and ends the threads. The same happens on drop, but here
    /// what goes wrong is told.
    pub fn close(&self) -> Result<(), Error> {
        self.committer.queue.close();
        join(&self.committers);
        self.bell.close();
        let had_workers = join(&self.workers);
        let published = if had_workers { self.publish() } else { Ok(()) };
        self.options.storage.release();
        published
    }
}

/// Ends threads; whether there were any.
fn join(threads: &Mutex<Vec<JoinHandle<()>>>) -> bool {
    let threads = std::mem::take(&mut *threads.lock().unwrap_or_else(PoisonError::into_inner));
    let any = !threads.is_empty();
    for thread in threads {
        // A thread that panicked has said so; there is nothing to add while closing.
        let _ = thread.join();
    }
    any
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "ledger: not all is published at the end");
        }
    }
}
