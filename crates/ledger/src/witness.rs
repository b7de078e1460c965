//! A witness whose key and memory are in this process: what `citybrain ledger witness` is, and what
//! a second office can run beside a log.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::checkpoint::{Checkpoint, SignedCheckpoint, cosign};
use crate::error::Error;
use crate::hash::empty_root;
use crate::key::{Algorithm, SecretKey, VerifierKey};
use crate::options::Clock;
use crate::outside::{Outage, Witness, WitnessRefusal, WitnessRequest};
use crate::proof::verify_consistency;
use crate::storage::Storage;

/// Cosigns the checkpoints of one log, each only if it continues the one before.
pub struct LocalWitness {
    key: SecretKey,
    log: VerifierKey,
    clock: Clock,
    memory: Box<dyn Storage>,
    name: String,
    turn: Mutex<()>,
}

impl fmt::Debug for LocalWitness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalWitness({} of {})", self.key.verifier(), self.log)
    }
}

impl LocalWitness {
    /// A witness with `key` for the log with key `log`. What it cosigned last is kept in the file
    /// `name` of `memory`, which should not be where the log can write.
    pub fn new(
        key: SecretKey,
        log: VerifierKey,
        clock: Clock,
        memory: Box<dyn Storage>,
        name: &str,
    ) -> Result<Self, Error> {
        if key.verifier().algorithm() != Algorithm::Cosignature {
            return Err(Error::key(format!(
                "{} is a log's key; a witness cosigns with one of its own",
                key.verifier().name()
            )));
        }
        Ok(Self {
            key,
            log,
            clock,
            memory,
            name: name.to_owned(),
            turn: Mutex::default(),
        })
    }

    /// What it cosigned last; `None` for nothing yet.
    pub fn last(&self) -> Result<Option<Checkpoint>, Error> {
        let read = |name: &str| match self.memory.read(name) {
            Ok(bytes) => Checkpoint::parse(&String::from_utf8_lossy(&bytes)).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file("read", name, &error)),
        };
        // A crash may have torn the one that was written last; then the other is whole.
        match (read(&self.name), read(&self.other_name())) {
            (Ok(one), Ok(other)) => Ok(one.into_iter().chain(other).max_by_key(|last| last.size)),
            (Ok(Some(one)), Err(_)) | (Err(_), Ok(Some(one))) => Ok(Some(one)),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    fn other_name(&self) -> String {
        format!("{}.next", self.name)
    }

    /// Remembers a checkpoint, durably: once beside, then in its place.
    fn remember(&self, checkpoint: &Checkpoint) -> Result<(), Error> {
        for name in [&self.other_name(), &self.name] {
            self.memory
                .put(name, checkpoint.to_string().as_bytes())
                .and_then(|()| self.memory.sync(name))
                .and_then(|()| self.memory.sync_folder(""))
                .map_err(|error| Error::file("write", name, &error))?;
        }
        Ok(())
    }

    fn decide(&self, request: &WitnessRequest) -> Result<String, WitnessRefusal> {
        let refuse = |error: Error| WitnessRefusal::Refuses(error.to_string());
        let away = |error: Error| WitnessRefusal::Away(Outage(error.to_string()));
        let signed = SignedCheckpoint::read(&request.checkpoint, &self.log).map_err(refuse)?;
        let new = &signed.checkpoint;
        let last = self.last().map_err(away)?;
        let (size, root) = last.map_or((0, empty_root()), |last| (last.size, last.root));
        if request.old_size != size {
            return Err(WitnessRefusal::Elsewhere { size });
        }
        verify_consistency((size, &root), (new.size, &new.root), &request.consistency)
            .map_err(refuse)?;
        let seconds = (self.clock)().div_euclid(1_000_000).max(0) as u64;
        let line = cosign(&self.key, &signed.note.text, seconds).map_err(refuse)?;
        // It remembers before it speaks, so that it never says two things.
        self.remember(new).map_err(away)?;
        Ok(line.to_string())
    }
}

impl Witness for LocalWitness {
    fn key(&self) -> &VerifierKey {
        self.key.verifier()
    }

    fn cosign(&self, request: &WitnessRequest) -> Result<String, WitnessRefusal> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.decide(request)
    }
}
