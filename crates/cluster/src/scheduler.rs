//! The scheduler: takes plans, cuts them into stages, and gives executors their tasks.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;

use crate::codec::Codec;
use crate::error::Error;
use crate::limits::{EXECUTOR_TIMEOUT, HEARTBEAT, MESSAGE_BYTES_MAX, RESULTS_KEPT};

/// How a scheduler runs.
#[derive(Clone, Debug)]
pub struct SchedulerOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Under which name executors reach it; that of `listen`, if there is none.
    pub advertise: Option<String>,
    /// After how long an executor that is silent counts as lost.
    pub executor_timeout: Duration,
}

impl SchedulerOptions {
    /// With the usual times.
    pub const fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            advertise: None,
            executor_timeout: EXECUTOR_TIMEOUT,
        }
    }
}

fn ended(error: impl std::fmt::Display) -> Error {
    Error::Ended {
        part: "scheduler",
        reason: error.to_string(),
    }
}

/// Runs a scheduler until `stop` is done. `ready` is told where it listens.
pub async fn schedule(
    options: SchedulerOptions,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let unheard = |source| Error::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?;
    let timeout = options.executor_timeout.as_secs();
    let config = SchedulerConfig {
        external_host: options
            .advertise
            .unwrap_or_else(|| address.ip().to_string()),
        bind_host: address.ip().to_string(),
        bind_port: address.port(),
        task_distribution: TaskDistributionPolicy::RoundRobin,
        executor_timeout_seconds: timeout,
        expire_dead_executor_interval_seconds: HEARTBEAT.as_secs(),
        no_executors_grace_period_seconds: timeout,
        finished_job_data_clean_up_interval_seconds: RESULTS_KEPT.as_secs(),
        finished_job_state_clean_up_interval_seconds: RESULTS_KEPT.as_secs(),
        grpc_server_max_decoding_message_size: MESSAGE_BYTES_MAX,
        grpc_server_max_encoding_message_size: MESSAGE_BYTES_MAX,
        grpc_client_max_message_size: MESSAGE_BYTES_MAX,
        override_physical_codec: Some(Arc::new(Codec::default())),
        ..SchedulerConfig::default()
    };
    config.validate().map_err(ended)?;
    let cluster = BallistaCluster::new_from_config(&config)
        .await
        .map_err(ended)?;
    let scheduler =
        create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config))
            .await
            .map_err(ended)?;
    tracing::info!(%address, "the scheduler listens");
    ready(address);
    tokio::select! {
        served = start_grpc_service_with_listener(listener, scheduler) => served.map_err(ended),
        () = stop => {
            tracing::info!("the scheduler stops");
            Ok(())
        }
    }
}
