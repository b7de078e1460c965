//! What all pages of the Bureau share.

use std::sync::{Arc, OnceLock};

use pool::exchange::{Compiled, Exchange};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::miss::Miss;
use super::state::Bureau;
use crate::assets::Assets;
use crate::questions::Asker;

/// Most streams of transfers at the same time.
const STREAMS_MAX: usize = 64;

/// The state behind the Bureau's routes.
pub(super) struct Desk {
    pub(super) data: Bureau,
    pub(super) asker: Asker,
    pub(super) assets: Assets,
    /// Turns true when the server stops.
    pub(super) stopping: watch::Receiver<bool>,
    /// A person and an enterprise of the demonstration, once they were found.
    pub(super) person: OnceLock<String>,
    pub(super) enterprise: OnceLock<String>,
    streams: Arc<Semaphore>,
}

impl Desk {
    pub(super) fn new(data: Bureau, stopping: watch::Receiver<bool>) -> Self {
        Self {
            asker: Asker::new(Arc::clone(&data.exchange), Arc::clone(&data.lake)),
            data,
            assets: Assets,
            stopping,
            person: OnceLock::new(),
            enterprise: OnceLock::new(),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    pub(super) fn exchange(&self) -> &Arc<Exchange> {
        &self.data.exchange
    }

    /// The definitions and what follows from them, as of now.
    pub(super) fn compiled(&self) -> Arc<Compiled> {
        self.data.exchange.compiled()
    }

    /// Only where all records are made up may a visitor without a login see them.
    pub(super) fn only_demonstration(&self) -> Result<(), Miss> {
        if self.data.demonstration {
            Ok(())
        } else {
            Err(Miss::NoLogin)
        }
    }

    /// A place for a stream.
    pub(super) fn stream(&self) -> Result<OwnedSemaphorePermit, Miss> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_full| {
            Miss::Busy(format!(
                "{STREAMS_MAX} streams are open, and no more are allowed"
            ))
        })
    }

    /// Runs what reads databases and files on a thread of its own.
    pub(super) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        run: impl FnOnce(&Self) -> Result<T, Miss> + Send + 'static,
    ) -> Result<T, Miss> {
        let desk = Arc::clone(self);
        match tokio::task::spawn_blocking(move || run(&desk)).await {
            Ok(result) => result,
            Err(error) => Err(Miss::broken(&error)),
        }
    }
}
