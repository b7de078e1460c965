//! `citybrain traffic …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::values;

/// `citybrain traffic …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain traffic run --network roadnet.json --demand flow.json --control max-pressure
  citybrain traffic run --network cologne1.net.xml --demand cologne1.rou.xml --json
  citybrain traffic compare --network roadnet.json --demand flow.json --out report.html")]
pub(crate) enum TrafficCommand {
    /// Run one scenario under one controller
    Run(RunArgs),
    /// Run one scenario under several controllers and seeds, and report
    Compare(CompareArgs),
}

/// Which scenario.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Scenario")]
pub(crate) struct ScenarioArgs {
    /// Network: CityFlow JSON, SUMO .net.xml[.gz], OpenStreetMap .osm.pbf, a description .yaml; or
    /// a whole scenario: a .sumocfg, a CityFlow configuration, a folder with one, a city's folder
    #[arg(long, short, value_name = "FILE")]
    pub(crate) network: PathBuf,
    /// Demand: CityFlow JSON, SUMO .rou.xml or .trips.xml, a description .yaml; without it random
    /// trips are made up
    #[arg(long, short, value_name = "FILE")]
    pub(crate) demand: Option<PathBuf>,
    /// Second of the demand's own clock to begin at (default: the minute of the first departure for
    /// SUMO demand, 0 for all other)
    #[arg(long, value_name = "S", value_parser = values::seconds_or_zero, requires = "demand")]
    pub(crate) begin: Option<f64>,
    /// Random trips within the horizon when there is no demand file (default 2000)
    #[arg(long, value_name = "N", conflicts_with = "demand", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) trips: Option<u64>,
    /// Multiply the demand by this factor (default 1.0)
    #[arg(long, value_name = "FACTOR", value_parser = values::factor, allow_negative_numbers = true)]
    pub(crate) scale: Option<f64>,
}

/// How it is run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct EngineArgs {
    /// Seconds to simulate (default 3600)
    #[arg(long, value_name = "S", value_parser = values::seconds, allow_negative_numbers = true)]
    pub(crate) horizon: Option<f64>,
    /// Threads that share a step; results do not depend on it (default 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) threads: Option<u64>,
    /// Whether vehicles change lanes: on or off (default on)
    #[arg(long, value_name = "on|off", value_parser = values::switch)]
    pub(crate) lane_change: Option<bool>,
    /// Rules vehicles follow: benchmark, street, or auto, which is benchmark for CityFlow files
    /// and street for all others (default auto)
    #[arg(long, value_name = "RULES", value_parser = ["auto", "benchmark", "street"], hide_possible_values = true)]
    pub(crate) rules: Option<String>,
    /// Seconds between two decisions of a controller (default 15 under the benchmark rules, 5 under
    /// the street rules)
    #[arg(long, value_name = "S", value_parser = values::seconds, allow_negative_numbers = true)]
    pub(crate) action: Option<f64>,
    /// Seconds of yellow at a change of phase, within the action (default 5 under the benchmark
    /// rules)
    #[arg(long, value_name = "S", value_parser = values::seconds_or_zero, allow_negative_numbers = true)]
    pub(crate) yellow: Option<f64>,
    /// How many of a signal's green phases controllers choose among (default 4 under the benchmark
    /// rules, all under the street rules)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=64))]
    pub(crate) phases: Option<i64>,
    /// Seconds between two points of the series in reports (default 60)
    #[arg(long, value_name = "S", value_parser = values::seconds, allow_negative_numbers = true)]
    pub(crate) metrics_every: Option<f64>,
}

/// `citybrain traffic run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic run --network roadnet.json --demand flow.json
  citybrain traffic run -n roadnet.json -d flow.json --control advanced-max-pressure --json
  citybrain traffic run -n roadnet.json -d flow.json --control max-pressure --action 10 --yellow 3
  citybrain traffic run -n grid.json --trips 5000 --out trajectories.parquet")]
pub(crate) struct RunArgs {
    /// Which scenario.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// What decides the phases (default plan)
    #[arg(long, short, value_name = "CONTROLLER", value_parser = crate::control::parser())]
    pub(crate) control: Option<String>,
    /// Seed of all random numbers (default 0)
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Write every vehicle at every second to this Parquet file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// `citybrain traffic compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic compare --network roadnet.json --demand flow.json
  citybrain traffic compare -n roadnet.json -d flow.json --control plan,max-pressure \\
      --seeds 0,1,2 --out report.html
  citybrain traffic compare -n roadnet.json -d flow.json --json > runs.json")]
pub(crate) struct CompareArgs {
    /// Which scenario.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// Controllers, comma-separated (default fixed-time, max-pressure, efficient- and
    /// advanced-max-pressure)
    #[arg(long, short, value_name = "LIST", value_delimiter = ',', value_parser = crate::control::parser())]
    pub(crate) control: Vec<String>,
    /// Seeds, comma-separated (default 0)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) seeds: Vec<u32>,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Write a report with plots to this HTML file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
