//! `citybrain bench pool`.

use std::path::PathBuf;

use clap::Args;

/// `citybrain bench pool`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain bench pool --json
  citybrain bench pool --records 100000000 --departments 10 --data scratch
  citybrain bench pool --records 100000000 --only questions --data scratch
  citybrain bench pool --records 20000000 --departments 2 --only questions --history s3://bench/pool --executors 2 --json

Loads records into a new pool and looks them up; then makes history of as many records, spread over
departments, and asks: all records grouped by department and status, two departments joined. History
that is in --data from an earlier run is asked again. With --executors it starts a cluster on this
machine and asks that as well; its answers have to be the same. Measure with a release build.")]
pub(crate) struct PoolArgs {
    /// Records
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000_000))]
    pub(crate) records: u64,
    /// Departments over which history is spread, each with one dataset
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub(crate) departments: u32,
    /// How often each question is asked when all is warm
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) repeat: u32,
    /// Look-ups by key, and as many by subject
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) look_ups: u64,
    /// Single writes
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) writes: u64,
    /// Measure only this
    #[arg(long, value_name = "WHAT", value_enum)]
    pub(crate) only: Option<Part>,
    /// Keep history in this object store (keys and endpoint: AWS_* in the environment)
    #[arg(long, value_name = "URL")]
    pub(crate) history: Option<String>,
    /// Executors of a cluster to ask besides this process
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) executors: Option<u32>,
    /// Tasks at the same time in each executor
    #[arg(long, value_name = "N", default_value_t = 1, requires = "executors", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) slots: u32,
    /// Tasks into which the cluster cuts each stage
    #[arg(long, value_name = "N", default_value_t = 4, requires = "executors", value_parser = clap::value_parser!(u32).range(1..=4_096))]
    pub(crate) partitions: u32,
    /// Keep everything in this folder (default: a temporary one, removed at the end)
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Loads, look-ups and writes
    State,
    /// Questions over history
    Questions,
}
