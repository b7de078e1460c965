//! Proofs: the hashes between an entry and a signed root, and the pure functions that check them,
//! as RFC 9162 sections 2.1.3.2 and 2.1.4.2 put them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::batch::BatchProof;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::error::Error;
use crate::hash::{Hash, empty_root, leaf_hash, node_hash};
use crate::key::VerifierKey;

/// Hashes that show that one tree is the beginning of another.
pub type Consistency = Vec<Hash>;

/// The form of [`Proof`] that this program writes and reads.
pub const PROOF_FORMAT: &str = "citybrain-ledger-proof/1";

/// Most hashes of a proof: no tree is deeper.
const HASHES_MAX: usize = 64;

/// Checks that the leaf is entry `index` of the tree of `size` entries with this `root`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    hashes: &[Hash],
    root: &Hash,
) -> Result<(), Error> {
    if index >= size {
        return Err(Error::NoEntry { index, size });
    }
    check_count(hashes)?;
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in hashes {
        if last == 0 {
            return Err(Error::proof("it has hashes to spare"));
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node != 0 && node & 1 == 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(Error::proof("it has too few hashes"));
    }
    same(&hash, root)
}

/// Checks that the tree of `old` entries with its root is the beginning of that of `new` entries
/// with its root.
pub fn verify_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    hashes: &[Hash],
) -> Result<(), Error> {
    if old > new {
        return Err(Error::proof(format!(
            "a tree of {old} entries is no beginning of one of {new}"
        )));
    }
    check_count(hashes)?;
    if old == 0 || old == new {
        if !hashes.is_empty() {
            return Err(Error::proof("it has hashes to spare"));
        }
        let expected = if old == 0 { empty_root() } else { *new_root };
        return same(&expected, old_root);
    }
    // Where the old tree is a perfect one its root is the first hash, and is left out.
    let mut hashes = old
        .is_power_of_two()
        .then_some(old_root)
        .into_iter()
        .chain(hashes);
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let first = hashes
        .next()
        .ok_or_else(|| Error::proof("it has no hashes"))?;
    let (mut of_old, mut of_new) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return Err(Error::proof("it has hashes to spare"));
        }
        if node & 1 == 1 || node == last {
            of_old = node_hash(sibling, &of_old);
            of_new = node_hash(sibling, &of_new);
            while node != 0 && node & 1 == 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            of_new = node_hash(&of_new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(Error::proof("it has too few hashes"));
    }
    same(&of_old, old_root)?;
    same(&of_new, new_root)
}

fn check_count(hashes: &[Hash]) -> Result<(), Error> {
    if hashes.len() > HASHES_MAX {
        return Err(Error::proof(format!(
            "it has {} hashes, no tree is deeper than {HASHES_MAX}",
            hashes.len()
        )));
    }
    Ok(())
}

fn same(found: &Hash, root: &Hash) -> Result<(), Error> {
    if found == root {
        return Ok(());
    }
    Err(Error::proof(format!(
        "it leads to the root {found}, not to {root}"
    )))
}

/// Everything somebody needs to check one entry offline; JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// [`PROOF_FORMAT`].
    pub format: String,
    /// Its place in the log, counted from 0.
    pub index: u64,
    /// The entry, base64.
    pub entry: String,
    /// Entries under the checkpoint, as it says itself.
    pub size: u64,
    /// The hashes from the entry up to the root.
    pub inclusion: Vec<Hash>,
    /// The checkpoint: a signed note, with a witness's cosignature if it has one.
    pub checkpoint: String,
    /// One fact of the batch whose root the entry holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<BatchProof>,
}

/// What a proof has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proven {
    /// The log.
    pub origin: String,
    /// Entries under the checkpoint.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The witnesses asked for, and when each saw the checkpoint, in seconds since 1970.
    pub witnesses: Vec<(String, u64)>,
}

impl Proof {
    pub(crate) fn new(
        (index, size): (u64, u64),
        entry: &[u8],
        inclusion: Vec<Hash>,
        checkpoint: String,
    ) -> Self {
        Self {
            format: PROOF_FORMAT.to_owned(),
            index,
            size,
            entry: STANDARD.encode(entry),
            inclusion,
            checkpoint,
            fact: None,
        }
    }

    /// The entry's bytes.
    pub fn entry(&self) -> Result<Vec<u8>, Error> {
        STANDARD
            .decode(&self.entry)
            .map_err(|error| Error::proof(format!("the entry is no base64: {error}")))
    }

    /// What the checkpoint says, unchecked.
    pub fn claims(&self) -> Result<Checkpoint, Error> {
        let note: crate::note::Note = self.checkpoint.parse()?;
        Checkpoint::parse(&note.text)
    }

    /// Checks all of it: the entry, the hashes, the log's signature, the cosignatures of
    /// `witnesses`, each of whom has to have cosigned, and the fact if there is one.
    pub fn verify(&self, log: &VerifierKey, witnesses: &[VerifierKey]) -> Result<Proven, Error> {
        if self.format != PROOF_FORMAT {
            return Err(Error::proof(format!(
                "its format is {:?}; this program reads {PROOF_FORMAT:?}",
                self.format
            )));
        }
        let signed = SignedCheckpoint::read(&self.checkpoint, log)?;
        let mut seen = Vec::new();
        for witness in witnesses {
            let time = signed.note.cosigned(witness)?.ok_or_else(|| {
                Error::proof(format!(
                    "{} has not cosigned the checkpoint",
                    witness.name()
                ))
            })?;
            seen.push((witness.name().to_owned(), time));
        }
        let entry = self.entry()?;
        let (size, root) = (signed.checkpoint.size, signed.checkpoint.root);
        if self.size != size {
            return Err(Error::proof(format!(
                "it is for {} entries, its checkpoint for {size}",
                self.size
            )));
        }
        verify_inclusion(&leaf_hash(&entry), self.index, size, &self.inclusion, &root)?;
        if let Some(fact) = &self.fact {
            fact.verify_in_entry(&entry)?;
        }
        Ok(Proven {
            origin: signed.checkpoint.origin,
            size,
            root,
            witnesses: seen,
        })
    }
}
