//! The exchange's real server, on threads of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use server::exchange::{ExchangeState, app, tls};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::pool::Bench;
use crate::cli::bench_exchange::ExchangeArgs;
use crate::error::Error;

/// A server that runs until it is stopped.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// Starts the server on a free port.
pub(super) fn start(bench: &Bench, args: &ExchangeArgs) -> Result<Running, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.server_threads as usize)
        .thread_name("exchange-server")
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let listener = runtime
        .block_on(TcpListener::bind(("127.0.0.1", 0)))
        .map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let (stop, stopping) = watch::channel(false);
    let state = ExchangeState::new(
        Arc::clone(&bench.exchange),
        bench.folder.join("ledger"),
        stopping.clone(),
    );
    let thread = std::thread::spawn(move || {
        runtime.block_on(tls::serve(listener, app(state), None, stopping));
    });
    Ok(Running {
        address,
        stop,
        thread,
    })
}

impl Running {
    /// Stops it.
    pub(super) fn stop(self) -> Result<(), Error> {
        self.stop.send_replace(true);
        if self.thread.join().is_err() {
            return Err(Error::internal("the server's thread panicked"));
        }
        Ok(())
    }
}
