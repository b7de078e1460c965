//! `citybrain bench exchange`.

use std::path::PathBuf;

use clap::Args;

/// `citybrain bench exchange`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain bench exchange --json
  citybrain bench exchange --requests 2000000 --connections 64
  citybrain bench exchange --agreements 5900 --requests 200000
  citybrain bench exchange --records 1000000 --data scratch

Starts the exchange's real server in this process and calls it over 127.0.0.1 with a load generator
on the same cores: each request is a look-up with a token of its own, whose signature is checked,
against an agreement, with a ledger entry on the disk before the answer. At the end the ledger is
read, and has to hold a transfer for each answered token. Measure with a release build.")]
pub(crate) struct ExchangeArgs {
    /// Look-ups over HTTP
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) requests: u64,
    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4_096))]
    pub(crate) connections: u64,
    /// Agreements in force
    #[arg(long, value_name = "N", default_value_t = 59, value_parser = clap::value_parser!(u64).range(59..=6_800))]
    pub(crate) agreements: u64,
    /// Records in the pool
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(59..=1_000_000_000))]
    pub(crate) records: u64,
    /// Threads of the server
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) server_threads: u64,
    /// Threads of the load generator
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) client_threads: u64,
    /// Updates whose freshness is measured
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) updates: u64,
    /// Keep everything in this folder (default: a temporary one, removed at the end)
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}
