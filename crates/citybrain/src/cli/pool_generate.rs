//! `citybrain pool generate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `citybrain pool generate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain pool generate --out generated
  citybrain pool generate --persons 1000000 --seed 7 --out generated
  citybrain pool generate --datasets residents,title-deeds --format csv --out generated
  citybrain pool generate --format csv --faults 0.001 --out generated
  citybrain pool load generated

Nothing in the records is real, and the files say so. The same persons, seed and day give the same
records on any number of threads. Files that a stopped run of the same options wrote are kept; the
options stand in DIR/generated.manifest, and a run with others begins anew.")]
pub(crate) struct GenerateArgs {
    /// How many persons live in the city
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) persons: u64,
    /// Another seed gives another city
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Folder for DIR/<department>/<dataset>.<format>
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Format of the files
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: FileFormat,
    /// These datasets only (default: all)
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub(crate) datasets: Vec<String>,
    /// The city's folder (default: option pool.city)
    #[arg(long, value_name = "DIR")]
    pub(crate) city: Option<PathBuf>,
    /// Share of records that are wrong on purpose, to try the quarantine
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) faults: f64,
    /// The day that it is in the city, YYYY-MM-DD (default: today)
    #[arg(long, value_name = "DATE")]
    pub(crate) today: Option<jiff::civil::Date>,
    /// Threads (default: as many as there are processors)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// A format of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// Apache Parquet
    #[default]
    Parquet,
    /// Comma-separated values
    Csv,
    /// JSON Lines
    Jsonl,
    /// Arrow IPC
    Arrow,
}

/// A share from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "write a share from 0 to 1, for example 0.001".to_owned())
}
