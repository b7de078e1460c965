//! Batches: one entry stands for many facts (all that a decision was based on, say) by holding the
//! root of a Merkle tree over them, so that each can be proven without showing the others.
//!
//! A fact that could be guessed (yes or no, an amount) should be given with random salt in it: its
//! hash stands in the proofs of its neighbours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hash::{Hash, leaf_hash};
use crate::proof::verify_inclusion;
use crate::tree::{self, Frontier, Leaves};

/// The root over `facts`; of no facts it is the hash of nothing.
pub fn root(facts: &[impl AsRef<[u8]>]) -> Hash {
    let mut frontier = Frontier::default();
    for fact in facts {
        frontier.push(leaf_hash(fact.as_ref()));
    }
    frontier.root()
}

/// The proof that fact `index` is one of `facts`.
pub fn proof(facts: &[impl AsRef<[u8]>], index: usize) -> Result<BatchProof, Error> {
    let leaves = Leaves(facts.iter().map(|fact| leaf_hash(fact.as_ref())).collect());
    let hashes = tree::inclusion(&leaves, index as u64, facts.len() as u64)?;
    Ok(BatchProof {
        index: index as u64,
        size: facts.len() as u64,
        fact: STANDARD.encode(facts[index].as_ref()),
        hashes,
    })
}

/// Shows that one fact is in a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchProof {
    /// Its place in the batch, counted from 0.
    pub index: u64,
    /// Facts in the batch.
    pub size: u64,
    /// The fact, base64.
    pub fact: String,
    /// The hashes from the fact up to the root.
    pub hashes: Vec<Hash>,
}

impl BatchProof {
    /// The fact's bytes.
    pub fn fact(&self) -> Result<Vec<u8>, Error> {
        STANDARD
            .decode(&self.fact)
            .map_err(|error| Error::proof(format!("the fact is no base64: {error}")))
    }

    /// Checks that the fact is in the batch with this root.
    pub fn verify(&self, root: &Hash) -> Result<(), Error> {
        let leaf = leaf_hash(&self.fact()?);
        verify_inclusion(&leaf, self.index, self.size, &self.hashes, root)
    }

    /// Checks that the fact is in the batch whose root stands in `entry`, in base64.
    pub fn verify_in_entry(&self, entry: &[u8]) -> Result<(), Error> {
        let text = String::from_utf8_lossy(entry);
        // A root in base64 is 43 characters and `=`, in quotes in a JSON entry.
        let roots = text
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
            .filter_map(|word| word.parse::<Hash>().ok());
        for root in roots {
            if self.verify(&root).is_ok() {
                return Ok(());
            }
        }
        Err(Error::proof(format!(
            "the entry holds no root that fact {} leads to",
            self.index
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fact_of_a_batch_is_proven_alone() {
        for size in 1..40_usize {
            let facts: Vec<String> = (0..size).map(|i| format!("fact {i} of {size}")).collect();
            let root = root(&facts);
            let entry = format!("{{\"kind\":\"decision\",\"facts\":\"{root}\"}}");
            for index in 0..size {
                let one = proof(&facts, index).unwrap();
                one.verify(&root).unwrap();
                one.verify_in_entry(entry.as_bytes()).unwrap();
                let mut other = one.clone();
                other.fact = STANDARD.encode("another");
                assert!(other.verify(&root).is_err());
                assert!(other.verify_in_entry(entry.as_bytes()).is_err());
                let mut moved = one;
                moved.index = (moved.index + 1) % size as u64;
                assert!(size == 1 || moved.verify(&root).is_err());
            }
            assert!(proof(&facts, size).is_err());
        }
    }
}
