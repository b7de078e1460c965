//! `citybrain traffic index`, `rank` and `penetration`.

use std::path::PathBuf;

use clap::Args;

use super::traffic::{EngineArgs, ScenarioArgs};
use super::values;

/// `citybrain traffic index`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic index -n roadnet.json -d flow.json
  citybrain traffic index -n city.net.xml --traversals probes.csv --expansion 20 --by corridor
  citybrain traffic index -n city.net.xml --table links.csv --free-flow top4-hourly-mean \\
      --weight vehicles --window 07:00-09:00 --by district --districts districts.geojson --json
  citybrain traffic index -n roadnet.json -d flow.json --out links.csv

docs/congestion.md has the formulas and what the files hold.")]
pub(crate) struct IndexArgs {
    /// Which scenario; it is simulated unless observations are given.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// Read link observations by quarter hour from this CSV or JSON file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["traversals", "counts", "demand", "trips"])]
    pub(crate) table: Option<PathBuf>,
    /// Read traversals of links by probes from this CSV file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demand", "trips"])]
    pub(crate) traversals: Option<PathBuf>,
    /// Read counts of detectors from this CSV file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demand", "trips"])]
    pub(crate) counts: Option<PathBuf>,
    /// What the index is made for: city, district, corridor or link
    #[arg(long, value_name = "WHAT", value_parser = ["city", "district", "corridor", "link"], default_value = "city", hide_possible_values = true)]
    pub(crate) by: String,
    /// Polygons of the districts, GeoJSON, for --by district
    #[arg(long, value_name = "FILE", required_if_eq("by", "district"))]
    pub(crate) districts: Option<PathBuf>,
    /// Speed of free flow: limit, static, top4-hourly-mean or p85-offpeak
    #[arg(long, value_name = "METHOD", value_parser = ["limit", "static", "top4-hourly-mean", "p85-offpeak"], default_value = "limit", hide_possible_values = true)]
    pub(crate) free_flow: String,
    /// What links count with: vkt, vehicles, length or one
    #[arg(long, value_name = "WEIGHT", value_parser = ["vkt", "vehicles", "length", "one"], default_value = "vkt", hide_possible_values = true)]
    pub(crate) weight: String,
    /// Times of day that count (default: all)
    #[arg(long, value_name = "HH:MM-HH:MM")]
    pub(crate) window: Option<String>,
    /// Vehicles that an observed one stands for where none were counted, for hours lost
    #[arg(long, value_name = "N", value_parser = values::factor, default_value_t = 1.0)]
    pub(crate) expansion: f64,
    /// Table of a 0-10 index by road class, JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) class_table: Option<PathBuf>,
    /// Use each row as observed, without borrowing from others
    #[arg(long, conflicts_with = "table")]
    pub(crate) no_borrowing: bool,
    /// Bootstrap replicates behind the intervals
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub(crate) replicates: u64,
    /// Most groups to print, worst first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) top: u64,
    /// What decides the phases where the scenario is simulated (default plan)
    #[arg(long, short, value_name = "CONTROLLER", value_parser = crate::control::parser())]
    pub(crate) control: Option<String>,
    /// Seed of simulation and bootstrap (default 0)
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Time of day at which a simulation begins
    #[arg(long, value_name = "HH:MM", default_value = "07:00")]
    pub(crate) at: String,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Write the link observations to this CSV file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// `citybrain traffic rank`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic rank cities.csv
  citybrain traffic rank 2018-q2.csv --before 2016.csv --city Hangzhou --json

A file has the columns city and index and, where known, low, high and period.")]
pub(crate) struct RankArgs {
    /// Indices of all cities that are ranked, CSV
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Indices of an earlier period, to compare with
    #[arg(long, value_name = "FILE")]
    pub(crate) before: Option<PathBuf>,
    /// Print this city alone
    #[arg(long, value_name = "NAME")]
    pub(crate) city: Option<String>,
    /// Replicates behind the intervals of ranks
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub(crate) replicates: u64,
    /// Seed of the replicates
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// `citybrain traffic penetration`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic penetration -n roadnet.json -d flow.json
  citybrain traffic penetration -n roadnet.json -d flow.json --share 0.05 --every 1,5,10 \\
      --days 20 --probe-seeds 0,1,2,3,4 --json")]
pub(crate) struct PenetrationArgs {
    /// Which scenario.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// Share of vehicles that send positions
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value_t = 0.05)]
    pub(crate) share: f64,
    /// Seconds between two positions of a vehicle, comma-separated
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = values::seconds, default_value = "5")]
    pub(crate) every: Vec<f64>,
    /// Standard deviation of positions in x and in y, metres
    #[arg(long, value_name = "M", value_parser = values::metres_or_zero, default_value_t = 5.0)]
    pub(crate) noise: f64,
    /// Seeds of the draw of probes, comma-separated
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "0,1,2,3,4"
    )]
    pub(crate) probe_seeds: Vec<u64>,
    /// Days of the period, each a run with a seed of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=366))]
    pub(crate) days: u64,
    /// Speed of free flow: limit, static, top4-hourly-mean or p85-offpeak
    #[arg(long, value_name = "METHOD", value_parser = ["limit", "static", "top4-hourly-mean", "p85-offpeak"], default_value = "limit", hide_possible_values = true)]
    pub(crate) free_flow: String,
    /// What links count with: vkt, vehicles, length or one
    #[arg(long, value_name = "WEIGHT", value_parser = ["vkt", "vehicles", "length", "one"], default_value = "vkt", hide_possible_values = true)]
    pub(crate) weight: String,
    /// What decides the phases (default plan)
    #[arg(long, short, value_name = "CONTROLLER", value_parser = crate::control::parser())]
    pub(crate) control: Option<String>,
    /// Seed of the first day (default 0)
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}
