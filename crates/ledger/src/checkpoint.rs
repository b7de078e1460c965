//! Checkpoints, as C2SP's tlog-checkpoint writes them: a note that says which log, how many entries
//! and which root; and the cosignatures of witnesses on it.

use std::fmt;

use crate::error::Error;
use crate::hash::Hash;
use crate::key::{Algorithm, SecretKey, VerifierKey};
use crate::note::{Note, NoteSignature, cosigned_message};
use crate::outside::{Outage, Signer};

/// Which log, how long, and the root over all its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a note. Lines after the third are extensions; they are allowed and mean
    /// nothing to us.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::note("the checkpoint", reason);
        let mut lines = text.lines();
        let mut line = |what: &str| {
            let line = lines.next().filter(|line| !line.is_empty());
            line.ok_or_else(|| wrong(format!("it has no {what}")))
        };
        let (origin, size, root) = (line("origin")?, line("size")?, line("root")?);
        let plain = size == "0" || (!size.starts_with('0') && !size.starts_with('+'));
        let size = plain.then(|| size.parse().ok()).flatten().ok_or_else(|| {
            wrong(format!(
                "{size:?} is no size: a whole number without leading zeros"
            ))
        })?;
        let root = root.parse().map_err(|error| wrong(format!("{error}")))?;
        let origin = origin.to_owned();
        Ok(Self { origin, size, root })
    }

    /// Signs it.
    pub(crate) fn sign(&self, signer: &dyn Signer) -> Result<Note, Outage> {
        let text = self.to_string();
        let signature = signer.sign(text.as_bytes())?;
        if !signer.key().verifies(text.as_bytes(), &signature) {
            let name = signer.key().name();
            return Err(Outage(format!("what it signed is not by the key {name}")));
        }
        let signatures = vec![NoteSignature::of_log(signer.key(), &signature)];
        Ok(Note { text, signatures })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)
    }
}

/// A checkpoint whose log's signature has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note it was read from.
    pub note: Note,
}

impl SignedCheckpoint {
    /// Reads a note and checks that the log with `key` signed it.
    pub fn read(note: &str, key: &VerifierKey) -> Result<Self, Error> {
        Self::of(note.parse()?, key)
    }

    /// Checks that the log with `key` signed `note`.
    pub fn of(note: Note, key: &VerifierKey) -> Result<Self, Error> {
        note.verify(key)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        if checkpoint.origin != key.name() {
            return Err(Error::note(
                "the checkpoint",
                format!(
                    "it is of the log {:?}, the key of {:?}",
                    checkpoint.origin,
                    key.name()
                ),
            ));
        }
        Ok(Self { checkpoint, note })
    }
}

/// Makes a witness's signature line under a checkpoint's `text`, at `time` in seconds since 1970.
pub fn cosign(key: &SecretKey, text: &str, time: u64) -> Result<NoteSignature, Error> {
    if key.verifier().algorithm() != Algorithm::Cosignature {
        return Err(Error::key(format!(
            "{} is a log's key; a witness cosigns with one of its own",
            key.verifier().name()
        )));
    }
    let signature = key.sign(cosigned_message(time, text).as_bytes());
    Ok(NoteSignature::of_witness(key.verifier(), time, &signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::LocalSigner;

    #[test]
    fn a_checkpoint_is_three_lines() {
        let root = Hash([1; 32]);
        let text = format!("city.example/ledger\n42\n{root}\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (42, root));
        assert_eq!(checkpoint.to_string(), text);
        assert_eq!(
            Checkpoint::parse(&(text.clone() + "more\n")).unwrap(),
            checkpoint
        );
        for wrong in ["", "a\n", "a\n01\n", "a\n+1\n", "a\n-1\n", "a\nx\n"] {
            let wrong = wrong.to_owned() + &root.to_string();
            assert!(Checkpoint::parse(&wrong).is_err(), "{wrong:?}");
        }
        assert!(Checkpoint::parse("a\n1\nAAAA\n").is_err());
    }

    #[test]
    fn a_checkpoint_of_another_log_is_refused() {
        let key = |name| SecretKey::from_seed(name, Algorithm::Log, [5; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: "other".to_owned(),
            size: 1,
            root: Hash([1; 32]),
        };
        let signer = LocalSigner::new(key("ours")).unwrap();
        let note = checkpoint.sign(&signer).unwrap().to_string();
        assert!(SignedCheckpoint::read(&note, signer.key()).is_err());
        let signer = LocalSigner::new(key("other")).unwrap();
        let note = checkpoint.sign(&signer).unwrap().to_string();
        let read = SignedCheckpoint::read(&note, signer.key()).unwrap();
        assert_eq!(read.checkpoint, checkpoint);
    }
}
