//! `citybrain traffic incidents`.

use std::path::PathBuf;

use clap::Args;

use super::traffic::{EngineArgs, ScenarioArgs};
use super::values;

/// Thresholds of the algorithms; each says who published it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Thresholds")]
pub(crate) struct ThresholdArgs {
    /// California 7 and 8 (Payne and Tignor, TRR 682, 1978), T1: occupancy upstream minus downstream,
    /// 0 to 1; the middle of the ranges calibrated there, as the next two
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value_t = 0.08)]
    pub(crate) difference: f64,
    /// T2: that difference over the occupancy upstream
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value_t = 0.4)]
    pub(crate) relative: f64,
    /// T3: occupancy downstream at most this
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value_t = 0.15)]
    pub(crate) downstream: f64,
    /// California 8: a wave has at least this occupancy downstream …
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value_t = 0.3)]
    pub(crate) wave: f64,
    /// … which rose within two intervals by more than this share
    #[arg(long, value_name = "FACTOR", value_parser = values::factor, default_value_t = 0.4)]
    pub(crate) wave_rise: f64,
    /// Deviates (Dudek, Messer and Nuckles, TRR 495, 1974): standard deviations by which occupancy
    /// lies above what is usual
    #[arg(long, value_name = "N", value_parser = values::factor, default_value_t = 3.0)]
    pub(crate) occupancy_deviates: f64,
    /// Deviates: standard deviations by which speed lies below
    #[arg(long, value_name = "N", value_parser = values::factor, default_value_t = 2.0)]
    pub(crate) speed_deviates: f64,
    /// Deviates: intervals in a row
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) persistence: u32,
    /// Silence (ours): chance below which it is no chance that nobody passes
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value_t = 0.001)]
    pub(crate) chance: f64,
    /// Intervals before now that say what is usual, until three days are known
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(6..=1000))]
    pub(crate) recent: u64,
}

/// `citybrain traffic incidents`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic incidents counts.csv -n city.net.xml
  citybrain traffic incidents today.csv -n city.net.xml --history june.csv --known police.csv --json
  citybrain traffic incidents -n city.net.xml --traversals probes.csv --expansion 20 --interval 300
  citybrain traffic incidents -n roadnet.json -d flow.json --closures works.yaml --days 5 \\
      --out counts.csv

docs/incidents.md says what the files hold, what is usual, and how well it works.")]
pub(crate) struct IncidentArgs {
    /// Counts of detectors, CSV: link, at, vehicles and speed or occupancy, lane if counted alone
    #[arg(value_name = "FILE", conflicts_with_all = ["demand", "trips"])]
    pub(crate) files: Vec<PathBuf>,
    /// Which scenario; it is simulated, with a loop in each lane, unless observations are given.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// Read traversals of links by probes from this CSV file; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demand", "trips", "files"])]
    pub(crate) traversals: Vec<PathBuf>,
    /// Vehicles that a probe stands for
    #[arg(long, value_name = "N", value_parser = values::factor, default_value_t = 1.0)]
    pub(crate) expansion: f64,
    /// Counts (or, with --traversals, traversals) of days without incidents, to learn from; may be
    /// repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Vec<PathBuf>,
    /// Incidents that are known, CSV: link, from, until; the answer is scored against them
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// Seconds after a known incident in which its queues may still alarm
    #[arg(long, value_name = "S", value_parser = values::seconds_or_zero, default_value_t = 900.0)]
    pub(crate) recovery: f64,
    /// Length of an interval, seconds; between signals a cycle or more
    #[arg(long, value_name = "S", value_parser = values::seconds, default_value_t = observe::incident::INTERVAL_S)]
    pub(crate) interval: f64,
    /// Algorithms, comma-separated: california7, california8, deviates, silence
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = ["california7", "california8", "deviates", "silence"], default_value = "california8,deviates,silence", hide_possible_values = true)]
    pub(crate) method: Vec<String>,
    /// With which thresholds.
    #[command(flatten)]
    pub(crate) thresholds: ThresholdArgs,
    /// Simulated: close what this file says for the time it says (docs/schemes.md); these are the
    /// known incidents
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "traversals", "known"])]
    pub(crate) closures: Option<PathBuf>,
    /// Simulated: days without closures to learn from first, each a run with a seed of its own
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=366))]
    pub(crate) days: u64,
    /// Simulated: what decides the phases (default plan)
    #[arg(long, short, value_name = "CONTROLLER", value_parser = crate::control::parser())]
    pub(crate) control: Option<String>,
    /// Simulated: seed of the last day (default 0); earlier ones have the seeds after it
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Simulated: time of day at which a day begins
    #[arg(long, value_name = "HH:MM", default_value = "07:00")]
    pub(crate) at: String,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Simulated: write what the loops counted on the last day to this CSV file
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["files", "traversals"])]
    pub(crate) out: Option<PathBuf>,
    /// Most incidents to print, the newest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) top: u64,
}
