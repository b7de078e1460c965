//! The lowest level: a bundle's entries, hashed anew, against the tile above them.

use std::fs;
use std::path::Path;

use super::report::{Kind, Report};
use crate::hash::{Hash, leaf_hash};
use crate::tile::{BundleEntries, TILE_WIDTH, TilePath, decode_hashes};
use crate::tree::perfect_root;

/// Whose hashes are those of the tree that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    /// The entries'.
    Entries,
    /// The tile's.
    Tile,
}

/// A bundle and its tile.
pub(super) struct TileLeaves {
    /// Its number.
    pub(super) index: u64,
    /// Entries that should be there.
    wanted: u64,
    /// Entries in the files that were read.
    width: u64,
    /// The hashes of the entries.
    entries: Vec<Hash>,
    /// The root over them, if there are as many as in a full tile.
    root: Option<Hash>,
    /// Why there are too few.
    unread: Option<String>,
    /// The hashes in the tile; `None` when it is missing.
    tile: Option<Vec<Hash>>,
}

/// The width of the widest partial tile or bundle at the place of `path`, if it is narrower.
fn narrower(folder: &Path, path: TilePath) -> Option<u64> {
    let names = fs::read_dir(folder.join(path.partial_folder())).ok()?;
    let widths = names.filter_map(|name| name.ok()?.file_name().to_str()?.parse().ok());
    widths.filter(|width| *width < path.width).max()
}

/// The file at `path`, or the full one in its place.
fn read(folder: &Path, path: TilePath) -> Option<Vec<u8>> {
    let full = fs::read(folder.join(path.full().to_string())).ok();
    full.or_else(|| fs::read(folder.join(path.to_string())).ok())
}

/// The hashes of the tile at `path`; from a full tile in its place, those that it would have.
pub(super) fn read_hashes(folder: &Path, path: TilePath) -> Option<Vec<Hash>> {
    let mut hashes = decode_hashes(&read(folder, path)?)?;
    hashes.truncate(path.width as usize);
    (hashes.len() as u64 == path.width).then_some(hashes)
}

impl TileLeaves {
    /// Reads number `index` of a tree of `size` entries.
    pub(super) fn read(folder: &Path, index: u64, size: u64) -> Self {
        let wanted = TILE_WIDTH.min(size - index * TILE_WIDTH);
        let bundle = TilePath::entries(index, wanted);
        let there = |path: TilePath| folder.join(path.to_string()).exists();
        let missing = !there(bundle) && !there(bundle.full());
        // A log that was cut back has the beginning of its last bundle.
        let width = missing.then(|| narrower(folder, bundle)).flatten();
        let width = width.unwrap_or(wanted);
        let mut entries = Vec::with_capacity(TILE_WIDTH as usize);
        let mut unread = None;
        let bundle = TilePath::entries(index, width);
        match read(folder, bundle) {
            None => unread = Some("it is missing".to_owned()),
            Some(bytes) => {
                for entry in BundleEntries(&bytes) {
                    match entry {
                        Ok(entry) => entries.push(leaf_hash(entry)),
                        Err(reason) => unread = Some(reason),
                    }
                }
            }
        }
        // Of a full bundle in a partial one's place only the first entries are meant.
        let is_full = folder.join(bundle.full().to_string()).exists();
        if width < TILE_WIDTH && is_full {
            entries.truncate(width as usize);
        }
        let full = entries.len() as u64 == TILE_WIDTH;
        Self {
            index,
            wanted,
            width,
            root: full.then(|| perfect_root(&entries)),
            entries,
            unread,
            tile: read_hashes(folder, TilePath::hashes(0, index, width)),
        }
    }

    /// Whose hashes to go on with; `judge` decides where they differ.
    pub(super) fn truth(&self, judge: impl FnOnce(&[Hash], &[Hash]) -> Truth) -> Truth {
        match &self.tile {
            None => Truth::Entries,
            Some(tile) if *tile == self.entries => Truth::Entries,
            Some(tile) => judge(&self.entries, tile),
        }
    }

    /// The leaves that are there.
    pub(super) fn leaves(&self, truth: Truth) -> &[Hash] {
        let leaves = match (truth, &self.tile) {
            (Truth::Tile, Some(tile)) => tile,
            _ => &self.entries,
        };
        &leaves[..leaves.len().min(self.width as usize)]
    }

    /// Whether these are fewer than should be there.
    pub(super) fn is_short(&self, truth: Truth) -> bool {
        (self.leaves(truth).len() as u64) < self.wanted
    }

    /// Whether entry number `place` of the tile has this hash, as the entries or the tile say.
    pub(super) fn says(&self, place: usize, hash: &Hash) -> bool {
        let of_tile = self.tile.as_ref().and_then(|tile| tile.get(place));
        let of_entry = self.entries.get(place);
        [of_tile, of_entry]
            .into_iter()
            .flatten()
            .any(|said| said == hash)
            || (of_tile.is_none() && of_entry.is_none())
    }

    /// The root over the leaves, if the tile is full.
    pub(super) fn root(&self, truth: Truth) -> Option<Hash> {
        match (truth, &self.tile) {
            (Truth::Tile, Some(tile)) if tile.len() as u64 == TILE_WIDTH => {
                Some(perfect_root(tile))
            }
            (Truth::Tile, Some(_)) => None,
            _ => self.root,
        }
    }

    /// Names what is wrong.
    pub(super) fn report(&self, truth: Truth, report: &mut Report) {
        let bundle = TilePath::entries(self.index, self.width).to_string();
        let above = TilePath::hashes(0, self.index, self.width).to_string();
        let first = self.index * TILE_WIDTH;
        if let Some(reason) = &self.unread {
            report.find(Kind::BundleDamaged, Some(first), &bundle, reason);
        }
        let Some(tile) = &self.tile else {
            let reason = format!("it is missing, or is not {} hashes", self.width);
            return report.find(Kind::TileMissing, Some(first), above, reason);
        };
        if *tile == self.entries {
            return;
        }
        if truth == Truth::Entries {
            let differ = tile.iter().zip(&self.entries).enumerate();
            for (place, _) in differ.filter(|(_, (tile, entry))| tile != entry) {
                let index = first + place as u64;
                let reason = format!("hash {place} is not that of entry {index}");
                report.find(Kind::TileChanged, Some(index), &above, reason);
            }
            return;
        }
        if self.entries.is_empty() {
            return; // the bundle is missing, and that has been said
        }
        for (kind, index, reason) in compare(&self.entries, tile, first) {
            report.find(kind, Some(index), &bundle, reason);
        }
    }
}

/// What has happened to the entries so that they no longer have the `logged` hashes.
fn compare(found: &[Hash], logged: &[Hash], first: u64) -> Vec<(Kind, u64, String)> {
    let mut differences = Vec::new();
    let (mut f, mut l) = (0, 0);
    while f < found.len() || l < logged.len() {
        let index = first + l as u64;
        let (here, want) = (found.get(f), logged.get(l));
        if here == want {
            (f, l) = (f + 1, l + 1);
            continue;
        }
        let swapped = here.is_some() && here == logged.get(l + 1) && found.get(f + 1) == want;
        let mut differ = |kind, words: String| differences.push((kind, index, words));
        if swapped {
            let (a, b) = (index, index + 1);
            differ(
                Kind::EntryMoved,
                format!("entries {a} and {b} have changed places"),
            );
            (f, l) = (f + 2, l + 2);
        } else if want.is_some() && (here.is_none() || here == logged.get(l + 1)) {
            differ(Kind::EntryMissing, format!("entry {index} is missing"));
            l += 1;
        } else if here.is_some() && (want.is_none() || found.get(f + 1) == want) {
            let twice = l > 0 && here == logged.get(l - 1);
            if twice {
                let twice = index - 1;
                differ(
                    Kind::EntryDuplicated,
                    format!("entry {twice} stands there twice"),
                );
            } else {
                differ(
                    Kind::EntryAdded,
                    format!("what stands before entry {index} was not logged"),
                );
            }
            f += 1;
        } else if let Some(place) = logged.iter().position(|logged| Some(logged) == here) {
            let other = first + place as u64;
            differ(
                Kind::EntryMoved,
                format!("in the place of entry {index} stands entry {other}"),
            );
            (f, l) = (f + 1, l + 1);
        } else {
            differ(
                Kind::EntryChanged,
                format!("entry {index} is not what was logged"),
            );
            (f, l) = (f + 1, l + 1);
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(numbers: &[u8]) -> Vec<Hash> {
        numbers.iter().map(|number| Hash([*number; 32])).collect()
    }

    #[test]
    fn each_way_to_meddle_has_its_name() {
        let logged = hashes(&[1, 2, 3, 4, 5]);
        let kinds = |found: &[u8]| {
            let differences = compare(&hashes(found), &logged, 100);
            let short = differences
                .into_iter()
                .map(|(kind, index, _)| (kind, index));
            short.collect::<Vec<_>>()
        };
        assert_eq!(kinds(&[1, 2, 3, 4, 5]), []);
        assert_eq!(kinds(&[1, 2, 9, 4, 5]), [(Kind::EntryChanged, 102)]);
        assert_eq!(kinds(&[1, 2, 4, 5]), [(Kind::EntryMissing, 102)]);
        assert_eq!(kinds(&[2, 3, 4, 5]), [(Kind::EntryMissing, 100)]);
        assert_eq!(kinds(&[1, 2, 3, 4]), [(Kind::EntryMissing, 104)]);
        assert_eq!(kinds(&[1, 2, 2, 3, 4, 5]), [(Kind::EntryDuplicated, 102)]);
        assert_eq!(kinds(&[1, 2, 3, 4, 5, 5]), [(Kind::EntryDuplicated, 105)]);
        assert_eq!(kinds(&[1, 9, 2, 3, 4, 5]), [(Kind::EntryAdded, 101)]);
        assert_eq!(kinds(&[1, 3, 2, 4, 5]), [(Kind::EntryMoved, 101)]);
        let far = kinds(&[4, 2, 3, 1, 5]);
        assert_eq!(far, [(Kind::EntryMoved, 100), (Kind::EntryMoved, 103)]);
    }
}
