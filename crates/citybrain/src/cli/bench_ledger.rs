//! `citybrain bench ledger`.

use std::path::PathBuf;

use clap::Args;

/// `citybrain bench ledger`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain bench ledger --json
  citybrain bench ledger --entries 10000000 --threads 64
  citybrain bench ledger --entries 100000 --threads 64 --group 1
  citybrain bench ledger --folder /var/lib/ledger-disk

Appends with group commit from threads that each wait until their entries are on the disk, then
publishes, proves and verifies all of it. Measure with a release build, on the disk it will be on.")]
pub(crate) struct LedgerArgs {
    /// Entries
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) entries: u64,
    /// Bytes of an entry
    #[arg(long, value_name = "N", default_value_t = 320, value_parser = clap::value_parser!(u64).range(16..=65_535))]
    pub(crate) entry_bytes: u64,
    /// Threads that append
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1_024))]
    pub(crate) threads: u64,
    /// Entries that each hands in at a time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub(crate) group: u64,
    /// Groups of entries that may be synced at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=16))]
    pub(crate) committers: u64,
    /// An empty folder on the disk to measure (default: a temporary one)
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
