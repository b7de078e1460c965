//! An executor: works tasks out over history, and keeps what it made until it is fetched.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use ballista_core::RuntimeProducer;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use pool::HistoryUrl;
use tokio::net::TcpListener;
use url::Url;

use crate::codec::Codec;
use crate::error::Error;
use crate::limits::{HEARTBEAT, MESSAGE_BYTES_MAX, SCHEDULER_WAIT};
use crate::teller::Teller;

/// How an executor runs.
#[derive(Clone, Debug)]
pub struct ExecutorOptions {
    /// Its scheduler, `http://HOST:PORT`.
    pub scheduler: String,
    /// Where it listens: for fetches on this port, for tasks on the next. Port 0 takes free ones.
    pub listen: SocketAddr,
    /// Under which name it is reached; the address from which it calls, if there is none.
    pub advertise: Option<String>,
    /// Tasks at the same time.
    pub slots: usize,
    /// Memory of all tasks together.
    pub memory_bytes: u64,
    /// A folder, its own, for what is passed on and what does not fit into memory.
    pub work_dir: PathBuf,
    /// Where history is.
    pub history: HistoryUrl,
}

fn ended(error: impl std::fmt::Display) -> Error {
    Error::Ended {
        part: "executor",
        reason: error.to_string(),
    }
}

/// Host and port of a scheduler's address.
pub(crate) fn address(url: &str) -> Result<(String, u16), Error> {
    let wrong = || Error::Url {
        url: url.to_owned(),
    };
    let parsed = Url::parse(url).map_err(|_not_a_url| wrong())?;
    let bare = parsed.path() == "/" && parsed.query().is_none() && parsed.scheme() == "http";
    match (bare, parsed.host_str(), parsed.port_or_known_default()) {
        (true, Some(host), Some(port)) => Ok((host.to_owned(), port)),
        _ => Err(wrong()),
    }
}

/// A port that is free now; the next caller may be quicker, then starting fails and says so.
async fn free(ip: IpAddr) -> Result<u16, Error> {
    let address = SocketAddr::new(ip, 0);
    let unheard = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(unheard)?;
    Ok(listener.local_addr().map_err(unheard)?.port())
}

/// Runs an executor until it is told to stop by SIGTERM, Ctrl-C or its scheduler; it finishes the
/// tasks that it has. `ready` is told where it listens.
pub async fn execute(
    options: ExecutorOptions,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), Error> {
    let (scheduler_host, scheduler_port) = address(&options.scheduler)?;
    let folder = options.work_dir.display().to_string();
    let unusable = |source| Error::Folder {
        folder: folder.clone(),
        source,
    };
    std::fs::create_dir_all(&options.work_dir).map_err(unusable)?;
    let runtime = lake::questions::carry::runtime(&options.history, &options.work_dir)?;
    let runtime: RuntimeProducer = Arc::new(move |_| Ok(Arc::clone(&runtime)));
    let ip = options.listen.ip();
    let (port, grpc_port) = match options.listen.port() {
        0 => (free(ip).await?, free(ip).await?),
        port => (port, port.saturating_add(1)),
    };
    let config = ExecutorProcessConfig {
        bind_host: ip.to_string(),
        external_host: options.advertise,
        port,
        grpc_port,
        scheduler_host,
        scheduler_port,
        scheduler_connect_timeout_seconds: u16::try_from(SCHEDULER_WAIT.as_secs())
            .unwrap_or(u16::MAX),
        vcores: options.slots.max(1),
        work_dir: Some(folder.clone()),
        memory_pool_size: Some(options.memory_bytes),
        grpc_max_decoding_message_size: MESSAGE_BYTES_MAX,
        grpc_max_encoding_message_size: MESSAGE_BYTES_MAX,
        executor_heartbeat_interval_seconds: HEARTBEAT.as_secs(),
        override_execution_engine: Some(Arc::new(Teller::default())),
        override_runtime_producer: Some(runtime),
        override_physical_codec: Some(Arc::new(Codec::default())),
        ..ExecutorProcessConfig::default()
    };
    let address = SocketAddr::new(ip, port);
    tracing::info!(%address, scheduler = options.scheduler, "the executor starts");
    ready(address);
    start_executor_process(Arc::new(config))
        .await
        .map_err(ended)?;
    tracing::info!("the executor stopped");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheduler_has_a_host_and_a_port_and_nothing_else() {
        assert_eq!(
            address("http://127.0.0.1:50050").unwrap(),
            ("127.0.0.1".to_owned(), 50_050)
        );
        for wrong in ["", "127.0.0.1:50050", "https://h:1", "http://h:1/path"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
