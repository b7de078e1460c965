//! Waiting, in blocking code, for what can only be had by async code: PostgreSQL and object stores.
//!
//! The work runs on threads of the pool's own, so a caller may itself be async code.

use std::future::Future;
use std::sync::mpsc;

use crate::error::Error;

/// A small runtime. Dropping it abandons what still runs.
#[derive(Debug)]
pub(crate) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    pub(crate) fn new() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("pool-io")
            .enable_all()
            .build()
            .map_err(Error::io("start threads for", "pool-io"))?;
        Ok(Self(Some(runtime)))
    }

    /// Runs `work` and waits for it.
    pub(crate) fn wait<F>(&self, work: F) -> Result<F::Output, Error>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let stopped =
            || Error::Stopped("its threads for databases and object stores are gone".to_owned());
        let runtime = self.0.as_ref().ok_or_else(stopped)?;
        let (done, wait) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            drop(done.send(work.await));
        });
        wait.recv().map_err(|_gone| stopped())
    }

    /// Runs `work` by itself.
    pub(crate) fn spawn<F>(&self, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(runtime) = &self.0 {
            runtime.spawn(work);
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background(); // an async caller may not wait here
        }
    }
}
