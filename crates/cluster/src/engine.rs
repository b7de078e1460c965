//! The asking side: plans go to the scheduler, answers come from the executors.

use std::sync::Arc;

use ballista_core::extension::SessionConfigExt;
use ballista_core::optimizer::ballista_default_optimizer_rules;
use ballista_core::utils::{GrpcClientConfig, default_config_producer, default_session_builder};
use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};
use futures::{StreamExt, TryStreamExt};
use lake::questions::carry::heard;

use crate::codec::Codec;
use crate::error::Error;
use crate::executor::address;
use crate::job;
use crate::limits::{ATTEMPT_PAUSE, ATTEMPTS, MESSAGE_BYTES_MAX};

/// A cluster, as those who ask see it.
pub struct Cluster {
    url: String,
    partitions: usize,
    /// What schedulers and executors know of functions.
    known: Arc<TaskContext>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// The cluster of the scheduler at `url`, `http://HOST:PORT`. Each stage of a question is cut
    /// into as many as `partitions` tasks: no fewer than all executors have slots.
    pub fn new(url: &str, partitions: usize) -> std::result::Result<Self, Error> {
        let (host, port) = address(url)?;
        let state = default_session_builder(default_config_producer());
        let state = state.map_err(|error| Error::Ended {
            part: "engine",
            reason: error.to_string(),
        })?;
        Ok(Self {
            url: format!("http://{host}:{port}"),
            partitions: partitions.max(1),
            known: SessionContext::new_with_state(state).task_ctx(),
        })
    }
}

/// Options with which Ballista works, as far as they concern plans.
fn options(options: SessionConfig, partitions: usize) -> SessionConfig {
    options
        .upgrade_for_ballista()
        .with_target_partitions(partitions)
        // A tenth of the time of its choice, sorting both sides; an executor whose memory does not
        // hold its part says so.
        .set_bool("datafusion.optimizer.prefer_hash_join", true)
        // No side of a join is collected for all tasks at once: Ballista decides that itself.
        .set_u64("datafusion.optimizer.hash_join_single_partition_threshold", 0)
        .set_u64("datafusion.optimizer.hash_join_single_partition_threshold_rows", 0)
        .set_str(
            "ballista.client.grpc_max_message_size",
            &MESSAGE_BYTES_MAX.to_string(),
        )
        .set_str("ballista.client.io_retry_wait_time_ms", "500")
}

impl lake::Engine for Cluster {
    fn prepare(&self, mut state: SessionStateBuilder) -> SessionStateBuilder {
        let config = state.config().take().unwrap_or_default();
        state
            .with_config(options(config, self.partitions))
            .with_optimizer_rules(ballista_default_optimizer_rules())
    }

    fn answer(&self, plan: &Arc<dyn ExecutionPlan>) -> Option<SendableRecordBatchStream> {
        let codec = Codec::default();
        let bytes = physical_plan_to_bytes_with_extension_codec(Arc::clone(plan), &codec);
        // Read back: what cannot be would fail on every executor.
        let known = bytes.and_then(|bytes| {
            physical_plan_from_bytes_with_extension_codec(&bytes, &self.known, &codec)?;
            Ok(bytes)
        });
        let bytes = match known {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(%error, "a question cannot be sent; it is worked out in this process");
                return None;
            }
        };
        let (url, partitions) = (self.url.clone(), self.partitions);
        let rows = futures::stream::once(ask(url, partitions, bytes)).try_flatten();
        Some(Box::pin(RecordBatchStreamAdapter::new(plan.schema(), rows)))
    }
}

type Rows = futures::stream::BoxStream<'static, Result<RecordBatch>>;

/// Hands a plan in, and again if a part of the cluster fails before anything is answered.
async fn ask(url: String, partitions: usize, plan: Bytes) -> Result<Rows> {
    let mut attempt = 1;
    loop {
        match begun(&url, partitions, &plan).await {
            Ok(rows) => return Ok(rows),
            Err(error) if heard(&error.to_string()).is_some() || attempt >= ATTEMPTS => {
                return Err(shown(&error));
            }
            Err(error) => {
                tracing::warn!(%error, attempt, "the cluster lost a question; it is asked again");
                tokio::time::sleep(ATTEMPT_PAUSE).await;
                attempt += 1;
            }
        }
    }
}

/// The answer, of which the first batch is there.
async fn begun(url: &str, partitions: usize, plan: &Bytes) -> Result<Rows> {
    let session = options(SessionConfig::new(), partitions);
    let grpc = Arc::new(GrpcClientConfig::from(&session.ballista_config()));
    let parts = job::run(url, plan, &session, &grpc).await?;
    let mut rows = futures::stream::iter(parts)
        .then(move |part| job::fetch(part, Arc::clone(&grpc)))
        .try_flatten()
        .boxed();
    let first = rows.try_next().await?;
    let rest = rows.map_err(|error| shown(&error));
    Ok(futures::stream::iter(first.map(Ok)).chain(rest).boxed())
}

/// A failure as it goes on to the session, which shows no other than the lake's own.
fn shown(error: &DataFusionError) -> DataFusionError {
    let text = error.to_string();
    let known = heard(&text).unwrap_or_else(|| {
        tracing::error!(error = text, "the cluster could not answer a question");
        if text.contains("transport") {
            lake::Error::ClusterAway
        } else {
            lake::Error::Hidden
        }
    });
    DataFusionError::External(Box::new(known))
}
