//! The static files of a log, as C2SP's tlog-tiles lays them out: tiles of 256 hashes of every
//! eighth level of the tree, and bundles of the 256 entries below each tile of the lowest.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use crate::error::Error;
use crate::hash::{HASH_BYTES, Hash};
use crate::tree::{Nodes, perfect_root};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// Levels of the tree in a tile: 2^8 is its width.
pub const TILE_HEIGHT: u8 = 8;

/// Levels of tiles: eight levels of the tree each, and no tree has more than 2^63 leaves.
pub const LEVELS_MAX: u8 = 8;

/// Longest entry, bytes: bundles give lengths in two bytes.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// One of the static files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TilePath {
    /// The level of hashes; `None` for a bundle of entries.
    pub level: Option<u8>,
    /// Its number in its level, counted from 0.
    pub index: u64,
    /// Hashes or entries in it: 1 to 256.
    pub width: u64,
}

impl TilePath {
    /// A tile of hashes.
    pub fn hashes(level: u8, index: u64, width: u64) -> Self {
        Self {
            level: Some(level),
            index,
            width,
        }
    }

    /// A bundle of entries.
    pub fn entries(index: u64, width: u64) -> Self {
        Self {
            level: None,
            index,
            width,
        }
    }

    /// The same, full.
    #[must_use]
    pub fn full(self) -> Self {
        Self {
            width: TILE_WIDTH,
            ..self
        }
    }

    /// The folder that holds the partial ones of this place.
    pub fn partial_folder(self) -> String {
        format!("{}.p", self.full())
    }

    /// The folder a full one is in.
    pub fn folder(self) -> String {
        let path = self.full().to_string();
        path.rsplit_once('/')
            .map_or(String::new(), |(folder, _)| folder.to_owned())
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "tile/{level}/")?,
            None => f.write_str("tile/entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        while let Some(group) = groups.pop() {
            if groups.is_empty() {
                write!(f, "{group:03}")?;
            } else {
                write!(f, "x{group:03}/")?;
            }
        }
        if self.width < TILE_WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// A tile as bytes.
pub(crate) fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes of a tile; `None` when the bytes are not whole hashes, or too many.
pub(crate) fn decode_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let whole = bytes.len().is_multiple_of(HASH_BYTES);
    if !whole || bytes.is_empty() || bytes.len() > TILE_WIDTH as usize * HASH_BYTES {
        return None;
    }
    bytes
        .chunks_exact(HASH_BYTES)
        .map(Hash::from_slice)
        .collect()
}

/// Adds an entry to a bundle.
pub(crate) fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    debug_assert!(
        entry.len() <= ENTRY_BYTES_MAX,
        "checked when it was appended"
    );
    bundle.extend_from_slice(&(entry.len() as u16).to_be_bytes());
    bundle.extend_from_slice(entry);
}

/// The entries of a bundle, one after the other; an error item where its bytes end too early.
pub(crate) struct BundleEntries<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for BundleEntries<'a> {
    type Item = Result<&'a [u8], String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let taken = self.0.split_at_checked(2).and_then(|(length, rest)| {
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            rest.split_at_checked(length)
        });
        let Some((entry, rest)) = taken else {
            let left = self.0.len();
            self.0 = &[];
            return Some(Err(format!("the last {left} bytes are no whole entry")));
        };
        self.0 = rest;
        Some(Ok(entry))
    }
}

/// A store of tiles.
pub trait Tiles {
    /// The hashes of tile `index` of a level: at least `width` of them.
    fn tile(&self, level: u8, index: u64, width: u64) -> Result<Vec<Hash>, Error>;
}

/// A tree's nodes, out of its tiles; each tile is read once.
pub struct TileNodes<'a, T: Tiles + ?Sized> {
    tiles: &'a T,
    read: RefCell<HashMap<(u8, u64), Rc<Vec<Hash>>>>,
}

impl<'a, T: Tiles + ?Sized> TileNodes<'a, T> {
    /// The nodes in `tiles`.
    pub fn new(tiles: &'a T) -> Self {
        Self {
            tiles,
            read: RefCell::default(),
        }
    }
}

impl<T: Tiles + ?Sized> fmt::Debug for TileNodes<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TileNodes({} tiles read)", self.read.borrow().len())
    }
}

impl<T: Tiles + ?Sized> Nodes for TileNodes<'_, T> {
    fn node(&self, level: u8, index: u64) -> Result<Hash, Error> {
        let (tile_level, inside) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let first = index << inside;
        let (tile, from) = (first / TILE_WIDTH, (first % TILE_WIDTH) as usize);
        let to = from + (1 << inside);
        let known = self.read.borrow().get(&(tile_level, tile)).cloned();
        let hashes = match known {
            Some(hashes) if hashes.len() >= to => hashes,
            _ => {
                let hashes = Rc::new(self.tiles.tile(tile_level, tile, to as u64)?);
                let key = (tile_level, tile);
                self.read.borrow_mut().insert(key, Rc::clone(&hashes));
                hashes
            }
        };
        let hashes = hashes.get(from..to).ok_or_else(|| {
            let path = TilePath::hashes(tile_level, tile, TILE_WIDTH);
            Error::damaged(path.to_string(), format!("it has no hash {}", to - 1))
        })?;
        Ok(perfect_root(hashes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        // The example of C2SP's tlog-tiles, and its partial tile.
        let path = TilePath::hashes(0, 1_234_067, 256);
        assert_eq!(path.to_string(), "tile/0/x001/x234/067");
        assert_eq!(path.folder(), "tile/0/x001/x234");
        let partial = TilePath::entries(273, 112);
        assert_eq!(partial.to_string(), "tile/entries/273.p/112");
        assert_eq!(partial.partial_folder(), "tile/entries/273.p");
    }

    #[test]
    fn a_bundle_gives_back_its_entries_and_names_a_cut() {
        let mut bundle = Vec::new();
        for entry in [&b"one"[..], b"", b"three"] {
            push_entry(&mut bundle, entry);
        }
        let whole: Vec<_> = BundleEntries(&bundle).map(Result::unwrap).collect();
        assert_eq!(whole, [&b"one"[..], b"", b"three"]);
        let cut: Vec<_> = BundleEntries(&bundle[..bundle.len() - 1]).collect();
        assert_eq!(
            cut[2],
            Err("the last 6 bytes are no whole entry".to_owned())
        );
    }
}
