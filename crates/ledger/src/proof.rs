//! Proofs: the hashes between an entry and a signed root, and the pure functions that check them.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hash::Hash;
use crate::key::VerifierKey;

/// Hashes that show that one tree is the beginning of another.
pub type Consistency = Vec<Hash>;

/// Checks that the leaf is entry `index` of the tree of `size` entries with this `root`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    hashes: &[Hash],
    root: &Hash,
) -> Result<(), Error> {
    let _ = (leaf, index, size, hashes, root);
    Err(Error::proof("no"))
}

/// Checks that the tree of `old` entries is the beginning of that of `new` entries.
pub fn verify_consistency(
    old: (u64, &Hash),
    new: (u64, &Hash),
    hashes: &[Hash],
) -> Result<(), Error> {
    let _ = (old, new, hashes);
    Err(Error::proof("no"))
}

/// Everything somebody needs to check one entry offline; JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Its place in the log.
    pub index: u64,
    /// The entry, base64.
    pub entry: String,
    /// The size of the tree it is proven in.
    pub size: u64,
    /// The hashes from the entry up to the root.
    pub inclusion: Vec<Hash>,
    /// The checkpoint: a signed note, with a witness's cosignature if it has one.
    pub checkpoint: String,
}

impl Proof {
    /// Checks all of it: the entry, the hashes, the log's signature, and the cosignatures of
    /// `witnesses`, each of whom has to have cosigned.
    pub fn verify(&self, log: &VerifierKey, witnesses: &[VerifierKey]) -> Result<(), Error> {
        let _ = (log, witnesses);
        Err(Error::proof("no"))
    }
}
