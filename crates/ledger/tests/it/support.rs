//! Logs to test with.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ledger::{Algorithm, Clock, LocalSigner, Log, Options, SecretKey, Signer, VerifierKey};

/// The log's key.
pub(crate) fn key() -> SecretKey {
    SecretKey::from_seed("city.example/ledger", Algorithm::Log, [1; 32]).unwrap()
}

/// A witness's key.
pub(crate) fn witness_key() -> SecretKey {
    SecretKey::from_seed("court.example/witness", Algorithm::Cosignature, [2; 32]).unwrap()
}

/// The log's public key.
pub(crate) fn vkey() -> VerifierKey {
    key().verifier().clone()
}

/// The log's signer.
pub(crate) fn signer() -> Arc<dyn Signer> {
    Arc::new(LocalSigner::new(key()).unwrap())
}

/// A clock that goes on by a second each time it is read.
pub(crate) fn clock() -> Clock {
    let now = AtomicI64::new(1_700_000_000_000_000);
    Arc::new(move || now.fetch_add(1_000_000, Ordering::SeqCst))
}

/// A log in `folder` that publishes only when it is told to.
pub(crate) fn options(folder: &Path) -> Options {
    Options {
        publish_every: None,
        ..Options::new(folder, signer())
    }
}

/// Opens it.
pub(crate) fn open(options: &Options) -> Log {
    Log::open(options.clone(), clock()).unwrap()
}

/// Entry number `index`: of a length between 0 and 299 bytes, no two alike.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    let mut entry = format!("entry {index} ").into_bytes();
    let length = 20 + (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 280;
    entry.resize(length as usize, b'.');
    entry
}

/// Entries of a range.
pub(crate) fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

/// A log of `size` entries in `folder`, published at each of `checkpoints`.
pub(crate) fn build(folder: &Path, checkpoints: &[u64]) {
    let log = open(&options(folder));
    for &size in checkpoints {
        log.append_many_wait(entries(log.size()..size)).unwrap();
        log.publish().unwrap();
    }
}
