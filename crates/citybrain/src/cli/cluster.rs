//! `citybrain cluster …`: many machines for questions in SQL.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `citybrain cluster …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain cluster scheduler
  citybrain cluster executor --scheduler http://127.0.0.1:50050
  citybrain pool sql \"SELECT count(*) FROM vehicles\" --as transport --cluster http://127.0.0.1:50050

Whoever reaches these ports can read all of history, and whoever runs these programs sees raw rows:
a cluster is the exchange operator's own, on a network of its own. See docs/scale.md.")]
pub(crate) enum ClusterCommand {
    /// Run the scheduler, which shares questions out
    Scheduler(SchedulerArgs),
    /// Run an executor, which works parts of questions out
    Executor(ExecutorArgs),
}

/// `citybrain cluster scheduler`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain cluster scheduler
  citybrain cluster scheduler --listen 10.0.0.1:50050 --executor-timeout 60

Runs until it is stopped with Ctrl-C or SIGTERM. It keeps nothing: questions under way are lost
when it stops, and executors that do not hear of it for half a minute end too: start them again.")]
pub(crate) struct SchedulerArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
    pub(crate) listen: SocketAddr,
    /// The name under which executors reach it (default: the address it listens on)
    #[arg(long, value_name = "HOST")]
    pub(crate) advertise: Option<String>,
    /// Seconds of silence after which an executor counts as lost and others take its tasks
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(10..=3_600))]
    pub(crate) executor_timeout: u64,
}

/// `citybrain cluster executor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain cluster executor --scheduler http://127.0.0.1:50050
  citybrain cluster executor --scheduler http://10.0.0.1:50050 --listen 10.0.0.2:50051 --slots 16 --memory-mib 65536 --work-dir /scratch/executor
  citybrain cluster executor --scheduler http://10.0.0.1:50050 --set pool.history=s3://city/history

Reads history where the options pool.history and pool.data say it is, with AWS_* from the
environment: the same as those who ask. Stopped with Ctrl-C or SIGTERM, it finishes its tasks.")]
pub(crate) struct ExecutorArgs {
    /// The scheduler's address
    #[arg(long, value_name = "URL")]
    pub(crate) scheduler: String,
    /// Where to listen for fetches; tasks come in on the next port. Port 0 takes free ones
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// The name under which others reach it (default: the address from which it calls)
    #[arg(long, value_name = "HOST")]
    pub(crate) advertise: Option<String>,
    /// Tasks at the same time (default: one for each processor)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) slots: Option<u16>,
    /// Memory for its tasks, in MiB
    #[arg(long, value_name = "N", default_value_t = 4_096, value_parser = clap::value_parser!(u64).range(64..=16_777_216))]
    pub(crate) memory_mib: u64,
    /// A folder of its own for what it passes on and what does not fit into memory (default: a
    /// temporary one, removed at the end)
    #[arg(long, value_name = "DIR")]
    pub(crate) work_dir: Option<PathBuf>,
    /// Folder of all that the pool keeps (default: option pool.data)
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}
