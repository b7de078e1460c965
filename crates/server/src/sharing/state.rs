//! What the handlers share.

use std::sync::Arc;

use axum::http::HeaderMap;
use lake::exports::Exports;
use pool::exchange::{Denial, Exchange, Sharer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::limits::{FILES_MAX, QUERIES_MAX};
use super::problem::SharingProblem;
use crate::exchange::body;

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct SharingState(Arc<Inner>);

struct Inner {
    exchange: Arc<Exchange>,
    exports: Arc<Exports>,
    queries: Semaphore,
    files: Arc<Semaphore>,
}

impl SharingState {
    /// Shares what agreements of `exchange` let be taken, as files of `exports`.
    pub fn new(exchange: Arc<Exchange>, exports: Arc<Exports>) -> Self {
        Self(Arc::new(Inner {
            exchange,
            exports,
            queries: Semaphore::new(QUERIES_MAX),
            files: Arc::new(Semaphore::new(FILES_MAX)),
        }))
    }

    pub(super) fn exchange(&self) -> &Arc<Exchange> {
        &self.0.exchange
    }

    pub(super) fn exports(&self) -> &Arc<Exports> {
        &self.0.exports
    }

    /// A place for a query.
    pub(super) fn query(&self) -> Result<SemaphorePermit<'_>, Denial> {
        self.0.queries.try_acquire().or(Err(Denial::Busy {
            limit: "queries_max",
        }))
    }

    /// A place for a file.
    pub(super) fn file(&self) -> Result<OwnedSemaphorePermit, Denial> {
        Arc::clone(&self.0.files)
            .try_acquire_owned()
            .or(Err(Denial::Busy { limit: "files_max" }))
    }

    /// Who calls, by the profile's bearer token.
    pub(super) async fn sharer(&self, headers: &HeaderMap) -> Result<Sharer, SharingProblem> {
        let token = body::bearer(headers).map(str::to_owned);
        let known = self.blocking(move |exchange| exchange.bearer(token.as_deref()));
        Ok(known.await?)
    }

    /// Does what asks the meta database, away from the threads that must not wait.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Exchange) -> Result<T, Denial> + Send + 'static,
    ) -> Result<T, Denial> {
        let exchange = Arc::clone(self.exchange());
        let done = tokio::task::spawn_blocking(move || work(&exchange)).await;
        done.unwrap_or_else(|error| Err(Denial::Storage(error.to_string())))
    }
}
