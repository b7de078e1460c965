//! One question's way through the cluster: handed in, waited for, fetched; and taken back if its
//! asker goes away, so that nobody can fill a cluster with what no one waits for.

use std::sync::Arc;

use ballista_core::client::BallistaClient;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::job_status::Status;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, ExecuteQueryParams, KeyValuePair, PartitionLocation,
};
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_connection};
use ballista_core::version::insert_version_header;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SessionConfig;
use tonic::transport::Channel;

/// All questions are of one session, so that executors keep files' footers between them.
const SESSION: &str = "citybrain";

/// A question that the scheduler has, until it is finished or dropped.
struct Job {
    scheduler: SchedulerGrpcClient<Channel>,
    id: Option<String>,
}

impl Drop for Job {
    fn drop(&mut self) {
        let (Some(job_id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let mut scheduler = self.scheduler.clone();
        runtime.spawn(async move {
            if let Err(error) = scheduler.cancel_job(CancelJobParams { job_id }).await {
                tracing::warn!(%error, "a question that nobody waits for could not be taken back");
            }
        });
    }
}

fn lost(error: impl std::fmt::Display) -> DataFusionError {
    DataFusionError::External(error.to_string().into())
}

/// Hands a plan in to the scheduler at `url` and waits: where the results' parts are.
pub(crate) async fn run(
    url: &str,
    plan: &[u8],
    session: &SessionConfig,
    grpc: &GrpcClientConfig,
) -> Result<Vec<PartitionLocation>> {
    let settings = session.options().entries().into_iter();
    let settings = settings.map(|entry| KeyValuePair {
        key: entry.key,
        value: entry.value,
    });
    let mut question = tonic::Request::new(ExecuteQueryParams {
        query: Some(Query::PhysicalPlan(plan.to_vec())),
        settings: settings.collect(),
        session_id: SESSION.to_owned(),
        operation_id: String::new(),
    });
    insert_version_header(question.metadata_mut());
    let channel = create_grpc_client_connection(url.to_owned(), grpc);
    let channel = channel
        .await
        .map_err(|error| lost(format_args!("transport: {error}")))?;
    let scheduler = SchedulerGrpcClient::new(channel)
        .max_encoding_message_size(grpc.max_message_size)
        .max_decoding_message_size(grpc.max_message_size);
    let mut job = Job {
        scheduler,
        id: None,
    };
    let news = job.scheduler.execute_query_push(question).await;
    let mut news = news.map_err(lost)?.into_inner();
    while let Some(news) = news.message().await.map_err(lost)? {
        let Some(news) = news.status else { continue };
        job.id = Some(news.job_id);
        match news.status {
            Some(Status::Failed(failed)) => {
                job.id = None;
                return Err(lost(failed.error));
            }
            Some(Status::Successful(done)) => {
                job.id = None;
                return Ok(done.partition_location);
            }
            Some(Status::Queued(_) | Status::Running(_)) | None => {}
        }
    }
    Err(lost("the scheduler ended before the question did"))
}

/// A part of the results, from the executor that has it.
pub(crate) async fn fetch(
    part: PartitionLocation,
    grpc: Arc<GrpcClientConfig>,
) -> Result<SendableRecordBatchStream> {
    let layout = part.layout();
    let (Some(executor), Some(id)) = (part.executor_meta, part.partition_id) else {
        return Err(lost("a part of the results is nowhere"));
    };
    let port = u16::try_from(executor.port).map_err(lost)?;
    let client = BallistaClient::try_new(
        &executor.host,
        port,
        grpc.max_message_size,
        grpc.use_tls,
        None,
        grpc.io_retries_times,
        grpc.io_retry_wait_time_ms,
        grpc.initial_connection_window_size,
        grpc.initial_stream_window_size,
    );
    let mut client = client.await.map_err(lost)?;
    client
        .fetch_partition(&executor.id, &id.into(), part.file_id, layout, true)
        .await
        .map_err(lost)
}
