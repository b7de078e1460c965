//! Verifying a whole log offline: every hash is computed anew from the entries, tiles are compared,
//! and every checkpoint that was ever signed, cosigned or kept elsewhere has to be of this tree.

mod claims;
mod leaves;
mod report;
mod segments;
mod upper;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::note::Note;
use crate::tile::{TILE_HEIGHT, TILE_WIDTH};
use crate::tree::{Frontier, perfect_root};

use claims::Claims;
use leaves::{TileLeaves, Truth};
use upper::Upper;

pub use report::{FINDINGS_MAX, Finding, Kind, Report, Seen};

/// Tiles that a thread reads at a time.
const CHUNK_TILES: u64 = 32;

/// Chunks that may wait to be merged.
const CHUNKS_WAITING: usize = 8;

/// What to verify with.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// The log's key; without it no signature can be checked, and the report says so.
    pub log: Option<VerifierKey>,
    /// Witnesses that have to have cosigned.
    pub witnesses: Vec<VerifierKey>,
    /// A checkpoint that was kept elsewhere: the log has to continue it.
    pub known: Option<Note>,
    /// Where an earlier run ended; what was verified then is not read again.
    pub resume: Option<VerifyState>,
    /// Threads that compute hashes; 0 for as many as there are processors.
    pub threads: usize,
}

/// Where a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyState {
    /// The tree so far; its size is a multiple of 256.
    pub(crate) frontier: Frontier,
    pub(crate) upper: Upper,
    /// Bytes of the two histories of checkpoints that were read.
    pub(crate) checkpoints: u64,
    pub(crate) cosigned: u64,
    /// The last checkpoint in each.
    pub(crate) last: [Option<(u64, Hash)>; 2],
}

impl VerifyState {
    /// Entries that were verified.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    fn check(&self) -> Result<(), Error> {
        let whole = self.frontier.is_whole() && self.size().is_multiple_of(TILE_WIDTH);
        if whole && self.upper.fits(self.size() / TILE_WIDTH) {
            return Ok(());
        }
        Err(Error::damaged(
            "the state of the earlier run",
            "its parts do not fit together",
        ))
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries verified.
    pub entries: u64,
    /// Of so many.
    pub of: u64,
}

/// Verifies the log in `folder`. An error means that it cannot be read; what is wrong with it is
/// in the report.
pub fn verify_folder(
    folder: &Path,
    options: &VerifyOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Error> {
    let state = options.resume.clone().unwrap_or_default();
    state.check()?;
    let mut report = Report::default();
    let mut claims = Claims::open(folder, options, &state, &mut report)?;
    let size = claims.size_max();
    let tiles = state.size() / TILE_WIDTH..size.div_ceil(TILE_WIDTH);
    let threads = match options.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let mut merge = Merge {
        folder,
        size,
        frontier: state.frontier.clone(),
        upper: state.upper.clone(),
        reached: None,
        state,
    };
    let (next, stop) = (AtomicU64::new(tiles.start), AtomicBool::new(false));
    thread::scope(|scope| {
        let (send, receive) = sync_channel(CHUNKS_WAITING);
        for _ in 0..threads {
            let (send, next, stop) = (send.clone(), &next, &stop);
            let end = tiles.end;
            scope.spawn(move || read_chunks(folder, size, (next, end), stop, &send));
        }
        drop(send);
        merge.all(&receive, &mut claims, &mut report, progress);
        stop.store(true, Ordering::Relaxed);
        // Whoever still wants to send finds nobody there, and ends.
        drop(receive);
    });
    merge.finish(&mut claims, &mut report);
    segments::verify(folder, merge.frontier.size(), &mut report)?;
    report.size = merge.frontier.size();
    report.root = merge.frontier.root();
    report.state = merge.state;
    claims.finish(&mut report);
    report.sort();
    Ok(report)
}

/// What a thread found in neighbouring tiles.
struct Chunk {
    first: u64,
    tiles: Vec<TileLeaves>,
}

fn read_chunks(
    folder: &Path,
    size: u64,
    (next, end): (&AtomicU64, u64),
    stop: &AtomicBool,
    send: &SyncSender<Chunk>,
) {
    while !stop.load(Ordering::Relaxed) {
        let first = next.fetch_add(CHUNK_TILES, Ordering::Relaxed);
        if first >= end {
            return;
        }
        let last = end.min(first + CHUNK_TILES);
        let tiles = (first..last)
            .map(|index| TileLeaves::read(folder, index, size))
            .collect();
        if send.send(Chunk { first, tiles }).is_err() {
            return;
        }
    }
}

/// Puts what the threads found together, in order.
struct Merge<'a> {
    folder: &'a Path,
    size: u64,
    frontier: Frontier,
    upper: Upper,
    /// The first entry that is missing with all after it.
    reached: Option<u64>,
    state: VerifyState,
}

impl Merge<'_> {
    fn all(
        &mut self,
        chunks: &Receiver<Chunk>,
        claims: &mut Claims,
        report: &mut Report,
        progress: &mut dyn FnMut(Progress),
    ) {
        let mut waiting = BTreeMap::new();
        let mut next = self.frontier.size() / TILE_WIDTH;
        for chunk in chunks {
            waiting.insert(chunk.first, chunk.tiles);
            while let Some(tiles) = waiting.remove(&next) {
                next += tiles.len() as u64;
                for tile in tiles {
                    self.tile(tile, claims, report);
                    if self.reached.is_some() {
                        return;
                    }
                }
                progress(Progress {
                    entries: self.frontier.size(),
                    of: self.size,
                });
            }
        }
    }

    /// Adds one tile's leaves.
    fn tile(&mut self, tile: TileLeaves, claims: &mut Claims, report: &mut Report) {
        let truth = tile.truth(|from_entries, from_tile| {
            self.judge(tile.index, from_entries, from_tile, claims)
        });
        tile.report(truth, report);
        let leaves = tile.leaves(truth);
        report.entries += leaves.len() as u64;
        let before = self.frontier.size();
        let end = before + leaves.len() as u64;
        // Roots inside of the tile are needed only where a checkpoint says one.
        let mut at = before;
        while let Some(size) = claims.next_within(end) {
            for leaf in &leaves[(at - before) as usize..(size - before) as usize] {
                self.frontier.push(*leaf);
            }
            at = size;
            claims.check(size, &self.frontier.root(), report);
        }
        let root = tile.root(truth);
        match root {
            Some(root) if at == before => self.frontier.push_subtree(TILE_HEIGHT, root),
            _ => {
                for leaf in &leaves[(at - before) as usize..] {
                    self.frontier.push(*leaf);
                }
            }
        }
        if tile.is_short(truth) {
            self.reached = Some(self.frontier.size());
            return;
        }
        if let Some(root) = root {
            self.upper.push(self.folder, root, report);
            self.state = VerifyState {
                frontier: self.frontier.clone(),
                upper: self.upper.clone(),
                ..claims.state()
            };
        }
    }

    /// Entries and tile disagree: which of them is of the tree that was signed?
    fn judge(&self, index: u64, entries: &[Hash], tile: &[Hash], claims: &Claims) -> Truth {
        let full = TILE_WIDTH as usize;
        if tile.len() == full {
            let above = upper::hash_above(self.folder, index, self.size);
            if above == Some(perfect_root(tile)) {
                return Truth::Tile;
            }
            if entries.len() == full && above == Some(perfect_root(entries)) {
                return Truth::Entries;
            }
        }
        let before = self.frontier.size();
        let fits = |leaves: &[Hash]| {
            let claim = claims
                .peek()
                .filter(|(size, _)| *size <= before + leaves.len() as u64);
            claim.is_some_and(|(size, root)| {
                let mut frontier = self.frontier.clone();
                for leaf in &leaves[..size.saturating_sub(before) as usize] {
                    frontier.push(*leaf);
                }
                frontier.root() == root
            })
        };
        if fits(tile) || !fits(entries) {
            Truth::Tile
        } else {
            Truth::Entries
        }
    }

    /// The last tiles of each level, and what was claimed of entries that are not there.
    fn finish(&mut self, claims: &mut Claims, report: &mut Report) {
        if let Some(end) = self.reached {
            let reason = format!("from entry {end} on not all is there");
            report.find(Kind::EntriesMissing, Some(end), "tile", reason);
        } else {
            self.upper.finish(self.folder, report);
        }
        claims.unreachable(self.frontier.size(), report);
    }
}
