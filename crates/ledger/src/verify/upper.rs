//! The tiles above the lowest: each holds the roots of 256 tiles below it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::leaves::read_hashes;
use super::report::{Kind, Report};
use crate::hash::Hash;
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, TilePath};
use crate::tree::perfect_root;

/// One level: how many tiles of it were full, and the hashes after the last of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    full: u64,
    hashes: Vec<Hash>,
}

/// The levels from 1 on, as they should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upper(Vec<Level>);

impl Upper {
    /// Whether it is what `tiles` full tiles of the lowest level give.
    pub(super) fn fits(&self, tiles: u64) -> bool {
        let mut count = tiles;
        for level in &self.0 {
            if level.full != count / TILE_WIDTH || level.hashes.len() as u64 != count % TILE_WIDTH {
                return false;
            }
            count = level.full;
        }
        count == 0
    }

    /// Adds the root of a full tile of the lowest level.
    pub(super) fn push(&mut self, folder: &Path, root: Hash, report: &mut Report) {
        let mut root = root;
        for number in 0.. {
            if self.0.len() == number {
                self.0.push(Level::default());
            }
            let level = &mut self.0[number];
            level.hashes.push(root);
            if (level.hashes.len() as u64) < TILE_WIDTH {
                return;
            }
            let path = TilePath::hashes(number as u8 + 1, level.full, TILE_WIDTH);
            compare(folder, path, &level.hashes, report);
            root = perfect_root(&level.hashes);
            level.hashes.clear();
            level.full += 1;
        }
    }

    /// Compares the tiles that are not full.
    pub(super) fn finish(&self, folder: &Path, report: &mut Report) {
        for (number, level) in self.0.iter().enumerate() {
            let width = level.hashes.len() as u64;
            if width > 0 {
                let path = TilePath::hashes(number as u8 + 1, level.full, width);
                compare(folder, path, &level.hashes, report);
            }
        }
    }
}

fn compare(folder: &Path, path: TilePath, hashes: &[Hash], report: &mut Report) {
    let level = path.level.unwrap_or_default();
    let first = (path.index * TILE_WIDTH) << (level * TILE_HEIGHT);
    let Some(found) = read_hashes(folder, path) else {
        let reason = format!("it is missing, or is not {} hashes", path.width);
        return report.find(Kind::TileMissing, Some(first), path.to_string(), reason);
    };
    let differ = found.iter().zip(hashes).enumerate();
    for (place, _) in differ.filter(|(_, (found, hash))| found != hash) {
        let from = first + ((place as u64) << (level * TILE_HEIGHT));
        let to = from + (1 << (level * TILE_HEIGHT)) - 1;
        let reason = format!("hash {place} is not that of the entries {from} to {to}");
        report.find(Kind::TileChanged, Some(from), path.to_string(), reason);
    }
}

/// The hash of tile `index` of the lowest level in the tile above it, in a tree of `size`.
pub(super) fn hash_above(folder: &Path, index: u64, size: u64) -> Option<Hash> {
    let tile = index / TILE_WIDTH;
    let width = TILE_WIDTH.min((size >> TILE_HEIGHT) - tile * TILE_WIDTH);
    let hashes = read_hashes(folder, TilePath::hashes(1, tile, width))?;
    hashes.get((index % TILE_WIDTH) as usize).copied()
}
