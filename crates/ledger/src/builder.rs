//! Builds tiles and bundles out of entries, in order.
//!
//! A file that cannot be written changes nothing in here: the next attempt begins where this one
//! failed.

use std::sync::Arc;

use crate::error::Error;
use crate::hash::{Hash, leaf_hash};
use crate::storage::Storage;
use crate::tile::{
    BundleEntries, LEVELS_MAX, TILE_HEIGHT, TILE_WIDTH, TilePath, Tiles, decode_hashes,
    encode_hashes, push_entry,
};
use crate::tree::perfect_root;

/// The tiles that are not full: the last hashes of each level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    /// Entries in tiles.
    pub(crate) size: u64,
    /// For each level of tiles, the hashes after its last full tile.
    pub(crate) levels: Vec<Vec<Hash>>,
}

/// Builds tiles.
#[derive(Debug)]
pub(crate) struct Builder {
    edge: Edge,
    /// The entries after the last full bundle, as a bundle.
    bundle: Vec<u8>,
    /// Size for which partial tiles were last written since the log was opened: what was written
    /// before a crash may be torn.
    partial_at: Option<u64>,
    /// Full files that were put and are not yet synced.
    unsynced: Vec<TilePath>,
}

/// Reads a full tile's hashes.
pub(crate) fn read_tile(storage: &dyn Storage, path: TilePath) -> Result<Vec<Hash>, Error> {
    let name = path.to_string();
    let bytes = storage
        .read(&name)
        .map_err(|error| Error::file("read", &name, &error))?;
    let hashes = decode_hashes(&bytes).filter(|hashes| hashes.len() as u64 == path.width);
    hashes.ok_or_else(|| Error::damaged(&name, format!("it is not {} hashes", path.width)))
}

/// Reads a bundle's entries.
pub(crate) fn read_bundle(storage: &dyn Storage, path: TilePath) -> Result<Vec<Vec<u8>>, Error> {
    let name = path.to_string();
    let bytes = storage
        .read(&name)
        .map_err(|error| Error::file("read", &name, &error))?;
    let entries: Result<Vec<Vec<u8>>, String> = BundleEntries(&bytes)
        .map(|entry| entry.map(<[u8]>::to_vec))
        .collect();
    let entries = entries.map_err(|reason| Error::damaged(&name, reason))?;
    if entries.len() as u64 == path.width {
        return Ok(entries);
    }
    let reason = format!("it has {} entries, not {}", entries.len(), path.width);
    Err(Error::damaged(&name, reason))
}

fn put(storage: &dyn Storage, path: TilePath, bytes: &[u8]) -> Result<(), Error> {
    let name = path.to_string();
    storage
        .put(&name, bytes)
        .map_err(|error| Error::file("write", &name, &error))
}

/// Puts a full tile or bundle in its place, and removes what was partial there. One that is there
/// already is left alone: it may be all that is left of entries whose segment has been removed,
/// and a new file in its place would not be durable at once.
fn put_full(storage: &dyn Storage, path: TilePath, bytes: &[u8]) -> Result<(), Error> {
    let there = storage.read(&path.to_string());
    if there.is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    put(storage, path, bytes)?;
    let partial = path.partial_folder();
    storage
        .remove_folder(&partial)
        .map_err(|error| Error::file("remove", &partial, &error))
}

impl Builder {
    /// Begins with the first `size` entries in full tiles that are durable, down to the last full
    /// one below each level's end.
    pub(crate) fn resume(storage: &dyn Storage, size: u64) -> Result<Self, Error> {
        let mut levels = Vec::new();
        let mut bundle = Vec::new();
        let (first_tile, kept) = (size / TILE_WIDTH, (size % TILE_WIDTH) as usize);
        if kept > 0 {
            // The next segment began in the middle of a tile that was full when its predecessor
            // was removed.
            let mut hashes = read_tile(storage, TilePath::hashes(0, first_tile, TILE_WIDTH))?;
            hashes.truncate(kept);
            levels.push(hashes);
            let entries = read_bundle(storage, TilePath::entries(first_tile, TILE_WIDTH))?;
            for entry in &entries[..kept] {
                push_entry(&mut bundle, entry);
            }
        } else {
            levels.push(Vec::new());
        }
        for level in 1..LEVELS_MAX {
            let count = size >> (level * TILE_HEIGHT);
            if count == 0 {
                break;
            }
            let from = count / TILE_WIDTH * TILE_WIDTH;
            let hashes: Result<_, Error> = (from..count)
                .map(|tile| {
                    let path = TilePath::hashes(level - 1, tile, TILE_WIDTH);
                    read_tile(storage, path).map(|hashes| perfect_root(&hashes))
                })
                .collect();
            levels.push(hashes?);
        }
        Ok(Self {
            edge: Edge { size, levels },
            bundle,
            partial_at: None,
            unsynced: Vec::new(),
        })
    }

    /// Entries in tiles.
    pub(crate) fn size(&self) -> u64 {
        self.edge.size
    }

    /// Adds an entry. An error leaves it out.
    pub(crate) fn push(&mut self, storage: &dyn Storage, entry: &[u8]) -> Result<(), Error> {
        self.settle(storage)?;
        push_entry(&mut self.bundle, entry);
        self.edge.levels[0].push(leaf_hash(entry));
        self.edge.size += 1;
        Ok(())
    }

    /// Writes every tile that has become full, upper levels first so that there is room below.
    fn settle(&mut self, storage: &dyn Storage) -> Result<(), Error> {
        let full = |hashes: &Vec<Hash>| hashes.len() as u64 == TILE_WIDTH;
        while let Some(level) = self.edge.levels.iter().rposition(full) {
            let end = self.edge.size >> (level as u8 * TILE_HEIGHT);
            let index = end / TILE_WIDTH - 1;
            if level == 0 {
                put_full(storage, TilePath::entries(index, TILE_WIDTH), &self.bundle)?;
                self.unsynced.push(TilePath::entries(index, TILE_WIDTH));
            }
            let path = TilePath::hashes(level as u8, index, TILE_WIDTH);
            put_full(storage, path, &encode_hashes(&self.edge.levels[level]))?;
            self.unsynced.push(path);
            if level == 0 {
                self.bundle.clear();
            }
            if self.edge.levels.len() == level + 1 {
                self.edge.levels.push(Vec::new());
            }
            let root = perfect_root(&self.edge.levels[level]);
            self.edge.levels[level].clear();
            self.edge.levels[level + 1].push(root);
        }
        Ok(())
    }

    /// Writes the partial tiles of the size there is now, so that its checkpoint can be proven
    /// from files alone.
    pub(crate) fn write_partial(&mut self, storage: &dyn Storage) -> Result<(), Error> {
        self.settle(storage)?;
        if self.partial_at == Some(self.edge.size) {
            return Ok(());
        }
        for (level, hashes) in self.edge.levels.iter().enumerate() {
            let width = hashes.len() as u64;
            if width == 0 {
                continue;
            }
            let index = (self.edge.size >> (level as u8 * TILE_HEIGHT)) / TILE_WIDTH;
            if level == 0 {
                put(storage, TilePath::entries(index, width), &self.bundle)?;
            }
            put(
                storage,
                TilePath::hashes(level as u8, index, width),
                &encode_hashes(hashes),
            )?;
        }
        self.partial_at = Some(self.edge.size);
        Ok(())
    }

    /// The tiles that are not full, for readers.
    pub(crate) fn edge(&self) -> Arc<Edge> {
        Arc::new(self.edge.clone())
    }

    /// The full files that were put since the last call.
    pub(crate) fn take_unsynced(&mut self) -> Vec<TilePath> {
        std::mem::take(&mut self.unsynced)
    }
}

/// The tiles of a log that is open: full ones from files, the others from memory.
pub(crate) struct LiveTiles<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) edge: &'a Edge,
}

impl Tiles for LiveTiles<'_> {
    fn tile(&self, level: u8, index: u64, width: u64) -> Result<Vec<Hash>, Error> {
        let full = (self.edge.size >> (level * TILE_HEIGHT)) / TILE_WIDTH;
        if index < full {
            return read_tile(self.storage, TilePath::hashes(level, index, TILE_WIDTH));
        }
        let hashes = self.edge.levels.get(usize::from(level));
        let hashes = hashes.filter(|hashes| index == full && hashes.len() as u64 >= width);
        hashes.cloned().ok_or(Error::NoTree {
            size: ((index * TILE_WIDTH) + width) << (level * TILE_HEIGHT),
            tiled: self.edge.size,
        })
    }
}
