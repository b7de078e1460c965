//! The Merkle tree of RFC 6962 over any store of its nodes: roots, inclusion proofs, consistency
//! proofs. A node is a perfect subtree: at level 0 a leaf, at level `l` the root of 2^l leaves.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hash::{Hash, empty_root, node_hash};

/// A store of a tree's nodes.
pub trait Nodes {
    /// The root of the perfect subtree number `index` of its `level`: that over the leaves from
    /// `index << level` on.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Error>;
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    debug_assert!(count >= 2, "one leaf has no halves");
    1 << (count - 1).ilog2()
}

/// The root over the leaves `from..to`, where `from` begins a subtree as RFC 6962 splits trees.
fn range_root(nodes: &(impl Nodes + ?Sized), from: u64, to: u64) -> Result<Hash, Error> {
    let mut peaks = Vec::new();
    let mut at = from;
    while at < to {
        let level = (to - at).ilog2();
        peaks.push(nodes.node(level as u8, at >> level)?);
        at += 1 << level;
    }
    Ok(fold(&peaks))
}

/// One root over subtrees of falling size, left to right.
fn fold(peaks: &[Hash]) -> Hash {
    let folded = peaks
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| node_hash(&left, &right));
    folded.unwrap_or_else(empty_root)
}

/// The root of the tree of `size` leaves.
pub fn root(nodes: &(impl Nodes + ?Sized), size: u64) -> Result<Hash, Error> {
    range_root(nodes, 0, size)
}

/// The hashes that lead from leaf `index` to the root of the tree of `size` leaves.
pub fn inclusion(nodes: &(impl Nodes + ?Sized), index: u64, size: u64) -> Result<Vec<Hash>, Error> {
    if index >= size {
        return Err(Error::NoEntry { index, size });
    }
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The hashes that show that the tree of `old` leaves is the beginning of that of `new` leaves.
pub fn consistency(nodes: &(impl Nodes + ?Sized), old: u64, new: u64) -> Result<Vec<Hash>, Error> {
    if old > new {
        return Err(Error::proof(format!(
            "a tree of {old} entries is no beginning of one of {new}"
        )));
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    let (mut from, mut to) = (0, new);
    let mut path = Vec::new();
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    // The verifier has the old root; it needs this subtree only where that is not the whole.
    if from > 0 {
        path.push(range_root(nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// The roots of the perfect subtrees that a tree is made of, largest first: all that is needed to
/// go on adding leaves and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Adds a perfect subtree of 2^`level` leaves. The size so far has to be a multiple of that.
    pub fn push_subtree(&mut self, level: u8, root: Hash) {
        let mut hash = root;
        let mut count = self.size >> level;
        debug_assert_eq!(
            count << level,
            self.size,
            "a subtree begins at a multiple of its size"
        );
        while count & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            count >>= 1;
        }
        self.peaks.push(hash);
        self.size += 1 << level;
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Hash {
        fold(&self.peaks)
    }

    /// Whether its parts fit together; what is read from a file may not.
    pub fn is_whole(&self) -> bool {
        self.peaks.len() == self.size.count_ones() as usize
    }
}

/// The root of the perfect subtree over these; their number is a power of two.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    debug_assert!(hashes.len().is_power_of_two(), "perfect subtrees only");
    if let [only] = hashes {
        return *only;
    }
    let mut row: Vec<Hash> = pairs(hashes);
    while row.len() > 1 {
        row = pairs(&row);
    }
    row.first().copied().unwrap_or_default()
}

fn pairs(hashes: &[Hash]) -> Vec<Hash> {
    hashes
        .chunks_exact(2)
        .map(|pair| node_hash(&pair[0], &pair[1]))
        .collect()
}

/// A tree whose leaves are all in memory.
#[derive(Clone, Debug, Default)]
pub struct Leaves(pub Vec<Hash>);

impl Nodes for Leaves {
    fn node(&self, level: u8, index: u64) -> Result<Hash, Error> {
        let (from, count) = ((index << level) as usize, 1 << level);
        let leaves = self.0.get(from..from + count);
        let leaves = leaves.ok_or_else(|| Error::NoTree {
            size: (from + count) as u64,
            tiled: self.0.len() as u64,
        })?;
        Ok(perfect_root(leaves))
    }
}
