//! `citybrain pool …`: records into the pool, and how good they are.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `citybrain pool …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain pool generate --out generated
  citybrain pool load vehicles.csv --dataset vehicles
  citybrain pool load generated/
  citybrain pool pull --source vehicles.toml --follow
  citybrain pool quarantine list --dataset vehicles
  citybrain pool quality vehicles
  citybrain pool repair")]
pub(crate) enum PoolCommand {
    /// Make up a city's records, to try the pool with
    Generate(super::pool_generate::GenerateArgs),
    /// Load files: CSV, JSON Lines, Parquet, Arrow IPC
    Load(LoadArgs),
    /// Take what is new from a department's PostgreSQL or from NATS
    Pull(PullArgs),
    /// See, correct, replay and discard records that are not right
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Ask questions in SQL
    Sql(super::pool_sql::SqlArgs),
    /// Print how good the datasets' records are
    Quality(QualityArgs),
    /// Look for damage in keyed state, and rebuild damaged files from history
    Repair(RepairArgs),
}

/// Where the city and its data are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Folder of all that the pool keeps (default: option pool.data)
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The city's folder (default: option pool.city)
    #[arg(long, value_name = "DIR")]
    pub(crate) city: Option<PathBuf>,
}

/// What a file's records do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// They are new, or take the place of those with the same keys
    #[default]
    Upsert,
    /// They are new; those whose keys are there already are quarantined
    Insert,
    /// Records with their keys are deleted
    Delete,
    /// They are all that there is: what the file does not have is deleted
    Snapshot,
}

/// How a text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    /// UTF-8
    #[value(name = "utf-8")]
    Utf8,
    /// GB 18030, of which GBK and GB 2312 are parts
    Gb18030,
}

/// `citybrain pool load`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain pool load vehicles.csv --dataset vehicles
  citybrain pool load vehicles-2026-11.parquet --dataset vehicles --mode snapshot
  citybrain pool load s3://intake/vehicles.csv.gz --dataset vehicles
  citybrain pool load generated/              all of DIR/<department>/<dataset>.*

Records that are not right wait in the quarantine, and the load goes on; then the exit code is 1.
A load that was stopped goes on where it was when the same command is given again; a file that
was loaded is not loaded a second time, unless with --again.")]
pub(crate) struct LoadArgs {
    /// Files, addresses in an object store (s3://BUCKET/NAME), or folders
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// The dataset (default: the file's name without its endings)
    #[arg(long, value_name = "DATASET")]
    pub(crate) dataset: Option<String>,
    /// What the records do
    #[arg(long, value_enum, default_value_t)]
    pub(crate) mode: Mode,
    /// The text's encoding (default: found out)
    #[arg(long, value_enum)]
    pub(crate) encoding: Option<Encoding>,
    /// The offset from UTC of moments that name none, e.g. +08:00
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub(crate) zone: Option<String>,
    /// Load a file although it was loaded before
    #[arg(long)]
    pub(crate) again: bool,
    /// Let a snapshot delete more than a tenth of the records
    #[arg(long)]
    pub(crate) allow_deletes: bool,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// `citybrain pool pull`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain pool pull --source vehicles.toml
  citybrain pool pull --source vehicles.toml --follow

The source file is TOML:
  kind = \"postgres-query\"            or \"postgres-replication\" or \"nats\"
  dataset = \"vehicles\"
  url = \"postgres://reader:secret@db.traffic/registry\"
  table = \"public.vehicle\"
  cursor = \"updated_at\"
  columns = { plate = \"plate_no\" }  # field = column, where they differ
docs/ingest.md has all of it.")]
pub(crate) struct PullArgs {
    /// The file that says where the records are
    #[arg(long, value_name = "FILE")]
    pub(crate) source: PathBuf,
    /// Stop when there is nothing new (the default)
    #[arg(long, conflicts_with = "follow")]
    pub(crate) once: bool,
    /// Go on until stopped with Ctrl-C
    #[arg(long)]
    pub(crate) follow: bool,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// `citybrain pool quarantine …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain pool quarantine list
  citybrain pool quarantine list --dataset vehicles --code no-such-date
  citybrain pool quarantine show 17
  citybrain pool quarantine correct 17 '{\"plate\": \"浙A12345\", \"registered_on\": \"2024-02-29\"}'
  citybrain pool quarantine replay --dataset vehicles
  citybrain pool quarantine discard --dataset vehicles --code duplicate-key --note 'sent twice'")]
pub(crate) enum QuarantineCommand {
    /// List the records that wait, and count them
    List(QuarantineListArgs),
    /// Show a record with all that is wrong with it
    Show(QuarantineShowArgs),
    /// Take a corrected record in the place of one that waits
    Correct(QuarantineCorrectArgs),
    /// Try records again that wait, since the rules have changed
    Replay(QuarantineSomeArgs),
    /// Discard records that wait
    Discard(QuarantineSomeArgs),
}

/// Which records are meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Which {
    /// Those of this dataset
    #[arg(long, value_name = "DATASET")]
    pub(crate) dataset: Option<String>,
    /// Those of this load
    #[arg(long, value_name = "LOAD")]
    pub(crate) load: Option<String>,
    /// Those whose first fault is of this sort, e.g. not-date
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
}

/// `citybrain pool quarantine list`.
#[derive(Debug, Args)]
pub(crate) struct QuarantineListArgs {
    /// Which records are meant.
    #[command(flatten)]
    pub(crate) which: Which,
    /// Those that were corrected or discarded as well
    #[arg(long)]
    pub(crate) all: bool,
    /// Most records that are listed
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// `citybrain pool quarantine show`.
#[derive(Debug, Args)]
pub(crate) struct QuarantineShowArgs {
    /// The record's number
    pub(crate) id: u64,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// `citybrain pool quarantine correct`.
#[derive(Debug, Args)]
pub(crate) struct QuarantineCorrectArgs {
    /// The record's number
    pub(crate) id: u64,
    /// The record as it should be, an object in JSON
    pub(crate) record: String,
    /// Take it although the pool has a newer record with the same key
    #[arg(long)]
    pub(crate) force: bool,
    /// Who corrects it, and why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) note: String,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// `citybrain pool quarantine replay` and `discard`.
#[derive(Debug, Args)]
pub(crate) struct QuarantineSomeArgs {
    /// The records' numbers (default: all that are meant by the options)
    pub(crate) ids: Vec<u64>,
    /// Which records are meant.
    #[command(flatten)]
    pub(crate) which: Which,
    /// All that wait
    #[arg(long)]
    pub(crate) all: bool,
    /// Who does it, and why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) note: String,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// `citybrain pool quality`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain pool quality
  citybrain pool quality vehicles --json

Shares of records: complete (values that are there), valid (no rule is broken), unique (no key
came twice), sound (references that lead to a record, of a sample). Age is that of the newest load;
late ones are older than the dataset's cycle allows.")]
pub(crate) struct QualityArgs {
    /// One dataset, with how it was over time
    pub(crate) dataset: Option<String>,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// `citybrain pool repair`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain pool repair --check
  citybrain pool repair --data /srv/citybrain

Nothing else may have the pool open. All of keyed state is read. A damaged file is set aside, in
the folder damaged of the data folder, and made anew: history has the records in force as of an
entry of the outbox, and the outbox has what came after. With --check it only looks, and the exit
code is 1 when something is damaged.")]
pub(crate) struct RepairArgs {
    /// Only look
    #[arg(long)]
    pub(crate) check: bool,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}
