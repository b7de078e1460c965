//! A log's folder as a reader finds it: published files only, while another process may be writing
//! to it.

use std::path::Path;

use crate::builder::{read_bundle, read_tile};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::error::Error;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::note::Note;
use crate::notes::{self, CHECKPOINT, COSIGNED};
use crate::proof::Proof;
use crate::storage::{Disk, Storage};
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, TileNodes, TilePath, Tiles};
use crate::tree;

/// The published files of a log.
#[derive(Debug)]
pub struct Folder {
    disk: Disk,
    note: Note,
    checkpoint: Checkpoint,
}

impl Folder {
    /// Opens the folder of a log that has published a checkpoint. Its signature is not checked.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let disk = Disk::new(path);
        let bytes = disk
            .read(CHECKPOINT)
            .map_err(|error| Error::file("read", path.join(CHECKPOINT), &error))?;
        let note: Note = String::from_utf8_lossy(&bytes).parse()?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        Ok(Self {
            disk,
            note,
            checkpoint,
        })
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note it is in.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The newest note that a witness has put its name to.
    pub fn cosigned(&self) -> Result<Option<Note>, Error> {
        notes::last(&self.disk, COSIGNED)
    }

    /// Adds a note with a witness's cosignature, and puts it in the checkpoint's place if it is
    /// of the same text.
    pub fn add_cosigned(&self, note: &Note) -> Result<(), Error> {
        notes::add(&self.disk, COSIGNED, note)?;
        let now = self.disk.read(CHECKPOINT).ok();
        let now = now.and_then(|bytes| String::from_utf8_lossy(&bytes).parse::<Note>().ok());
        if now.is_some_and(|now| now.text == note.text) {
            self.disk
                .put(CHECKPOINT, note.to_string().as_bytes())
                .map_err(|error| Error::file("write", CHECKPOINT, &error))?;
        }
        Ok(())
    }

    /// Published entries from `from` on, at least one and at most a bundle of them.
    pub fn entries(&self, from: u64) -> Result<Vec<Vec<u8>>, Error> {
        let size = self.checkpoint.size;
        if from >= size {
            return Err(Error::NoEntry { index: from, size });
        }
        let index = from / TILE_WIDTH;
        let count = (size - index * TILE_WIDTH).min(TILE_WIDTH);
        let full = read_bundle(&self.disk, TilePath::entries(index, TILE_WIDTH));
        let mut entries = match full {
            Err(Error::File { .. }) if count < TILE_WIDTH => {
                read_bundle(&self.disk, TilePath::entries(index, count))?
            }
            other => other?,
        };
        entries.truncate(count as usize);
        Ok(entries.split_off((from % TILE_WIDTH) as usize))
    }

    /// One published entry.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, Error> {
        let size = self.checkpoint.size;
        let first = self.entries(index)?.into_iter().next();
        first.ok_or(Error::NoEntry { index, size })
    }

    /// The hashes that show that the tree of `old` entries is the beginning of that of `new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
        let tiles = self.tiles(new);
        tree::consistency(&TileNodes::new(&tiles), old, new)
    }

    /// Everything somebody needs to check entry `index` offline, under the newest cosigned
    /// checkpoint that covers it, or else the newest.
    pub fn prove(&self, index: u64, key: Option<&VerifierKey>) -> Result<Proof, Error> {
        let entry = self.entry(index)?;
        let cosigned = self.cosigned()?.filter(|note| {
            let checkpoint = Checkpoint::parse(&note.text);
            checkpoint.is_ok_and(|checkpoint| {
                checkpoint.origin == self.checkpoint.origin
                    && (index + 1..=self.checkpoint.size).contains(&checkpoint.size)
            })
        });
        let note = cosigned.unwrap_or_else(|| self.note.clone());
        if let Some(key) = key {
            SignedCheckpoint::of(note.clone(), key)?;
        }
        let size = Checkpoint::parse(&note.text)?.size;
        let tiles = self.tiles(size);
        let inclusion = tree::inclusion(&TileNodes::new(&tiles), index, size)?;
        Ok(Proof::new(
            (index, size),
            &entry,
            inclusion,
            note.to_string(),
        ))
    }

    fn tiles(&self, size: u64) -> FolderTiles<'_> {
        FolderTiles {
            disk: &self.disk,
            size,
        }
    }
}

/// The tiles of a tree of a size that had a checkpoint.
struct FolderTiles<'a> {
    disk: &'a Disk,
    size: u64,
}

impl Tiles for FolderTiles<'_> {
    fn tile(&self, level: u8, index: u64, width: u64) -> Result<Vec<Hash>, Error> {
        let full = read_tile(self.disk, TilePath::hashes(level, index, TILE_WIDTH));
        let count = (self.size >> (level * TILE_HEIGHT)).saturating_sub(index * TILE_WIDTH);
        match full {
            Err(Error::File { .. }) if (width..TILE_WIDTH).contains(&count) => {
                read_tile(self.disk, TilePath::hashes(level, index, count))
            }
            other => other,
        }
    }
}
