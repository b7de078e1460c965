//! Connections between executors, kept for the next fetch: a question that shuffles much would
//! otherwise open one for each piece.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ballista_core::client::BallistaClient;
use ballista_core::client_pool::{BallistaClientPool, PooledClient};
use ballista_core::error::Result;
use ballista_core::extension::BallistaConfigGrpcEndpoint;
use ballista_core::utils::GrpcClientConfig;

use crate::limits::{IDLE_CONNECTIONS_MAX, IDLE_EXECUTORS_MAX};

type Idle = HashMap<(String, u16), Vec<BallistaClient>>;

/// The connections that nobody uses at the moment.
#[derive(Clone, Default)]
pub(crate) struct Clients(Arc<Mutex<Idle>>);

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clients")
    }
}

impl Clients {
    fn idle<T>(&self, with: impl FnOnce(&mut Idle) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, address: (String, u16), client: BallistaClient) {
        self.idle(|idle| {
            if idle.len() >= IDLE_EXECUTORS_MAX {
                idle.clear();
            }
            let clients = idle.entry(address).or_default();
            if clients.len() < IDLE_CONNECTIONS_MAX {
                clients.push(client);
            }
        });
    }
}

#[async_trait]
impl BallistaClientPool for Clients {
    async fn acquire(
        &self,
        host: &str,
        port: u16,
        config: &GrpcClientConfig,
        endpoint: Option<Arc<BallistaConfigGrpcEndpoint>>,
    ) -> Result<PooledClient> {
        let address = (host.to_owned(), port);
        let idle = self.idle(|idle| idle.get_mut(&address).and_then(Vec::pop));
        let client = match idle {
            Some(client) => client,
            None => {
                BallistaClient::try_new(
                    host,
                    port,
                    config.max_message_size,
                    config.use_tls,
                    endpoint,
                    config.io_retries_times,
                    config.io_retry_wait_time_ms,
                    config.initial_connection_window_size,
                    config.initial_stream_window_size,
                )
                .await?
            }
        };
        let clients = self.clone();
        let back = move |client| clients.keep(address, client);
        Ok(PooledClient::new(client, Box::new(back)))
    }

    async fn evict_idle(&self) {
        self.idle(HashMap::clear);
    }
}
