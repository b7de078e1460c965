//! What the exchange's handlers share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use pool::exchange::{Compiled, Denial, Exchange};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::limits::{CALLS_MAX, PUSHES_MAX, STREAMS_MAX};

/// What the exchange's handlers share. Cheap to clone.
#[derive(Clone)]
pub struct ExchangeState(Arc<Inner>);

struct Inner {
    exchange: Arc<Exchange>,
    /// Where the ledger's tiles lie.
    ledger_folder: PathBuf,
    /// Turns true when the server stops.
    stopping: watch::Receiver<bool>,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    pushes: Arc<Semaphore>,
    catalogue: Mutex<Option<(Arc<Compiled>, Bytes)>>,
}

impl ExchangeState {
    /// Serves `exchange`, whose ledger writes its tiles into `ledger_folder`, until `stopping`
    /// turns true.
    pub fn new(
        exchange: Arc<Exchange>,
        ledger_folder: PathBuf,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self(Arc::new(Inner {
            exchange,
            ledger_folder,
            stopping,
            calls: Arc::new(Semaphore::new(CALLS_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            pushes: Arc::new(Semaphore::new(PUSHES_MAX)),
            catalogue: Mutex::new(None),
        }))
    }

    /// The exchange.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.0.exchange
    }

    /// Where the ledger's tiles lie.
    pub(super) fn ledger_folder(&self) -> &Path {
        &self.0.ledger_folder
    }

    /// Turns true when the server stops.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.clone()
    }

    /// A place for a call.
    pub(super) fn call(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Denial> {
        self.0
            .calls
            .try_acquire()
            .or(Err(Denial::Busy { limit: "calls_max" }))
    }

    /// A place for a stream.
    pub(super) fn stream(&self) -> Result<OwnedSemaphorePermit, Denial> {
        Arc::clone(&self.0.streams)
            .try_acquire_owned()
            .or(Err(Denial::Busy {
                limit: "streams_max",
            }))
    }

    /// A place for a push.
    pub(super) fn push(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Denial> {
        self.0.pushes.try_acquire().or(Err(Denial::Busy {
            limit: "pushes_max",
        }))
    }

    /// The catalogue's bytes, made once for each set of definitions.
    pub(super) fn catalogue(&self, make: impl FnOnce(&Compiled) -> Bytes) -> Bytes {
        let compiled = self.0.exchange.compiled();
        // A panic of another thread left a whole catalogue, or none.
        let mut made = self
            .0
            .catalogue
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match &*made {
            Some((of, bytes)) if Arc::ptr_eq(of, &compiled) => bytes.clone(),
            _ => {
                let bytes = make(&compiled);
                *made = Some((compiled, bytes.clone()));
                bytes
            }
        }
    }
}
