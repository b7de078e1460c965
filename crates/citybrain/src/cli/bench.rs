//! `citybrain bench …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::values;

/// `citybrain bench …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain bench engine
  citybrain bench engine --signals 900 --vehicles 24000 --lane-change on --json")]
pub(crate) enum BenchCommand {
    /// Measure signal control: how long decisions take for many signals
    Control(super::bench_control::ControlArgs),
    /// Measure the traffic engine: updates per CPU-second, forks, memory
    Engine(EngineArgs),
    /// Measure the exchange: look-ups a second over HTTP, latency, freshness
    Exchange(super::bench_exchange::ExchangeArgs),
    /// Measure the ledger: entries a second, latency, proofs, verification
    Ledger(super::bench_ledger::LedgerArgs),
    /// Measure the pool: loads, look-ups, writes, questions over history
    Pool(super::bench_pool::PoolArgs),
    /// Measure map matching: positions a second, precision, recall, memory
    Probes(super::probes::ProbesArgs),
}

/// Lane change settings to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LaneChange {
    /// With.
    On,
    /// Without.
    Off,
    /// One after the other.
    Both,
}

/// `citybrain bench engine`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain bench engine --signals 16,200,900
  citybrain bench engine --signals 900 --vehicles 24000 --threads 1,2 --json
  citybrain bench engine --network roadnet.json --demand flow.json --lane-change both
  citybrain bench engine --network cologne1.net.xml --demand cologne1.rou.xml --sumo
  citybrain bench engine --network cologne1.sumocfg --sumo --json
  citybrain bench engine --million

Speeds are vehicle updates (one running vehicle moved by one step) per CPU-second of the process,
user and system, around the stepping alone. Measure with a release build.")]
pub(crate) struct EngineArgs {
    /// Signals of the generated grids, comma-separated (default 16,200,900)
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "network", value_parser = clap::value_parser!(u64).range(1..=160_000))]
    pub(crate) signals: Vec<u64>,
    /// Vehicles on each grid at the same time, comma-separated, one for each --signals (default
    /// 100, 8000 and 24000 for 16, 200 and 900 signals; else 27 for each signal)
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        conflicts_with = "network"
    )]
    pub(crate) vehicles: Vec<u64>,
    /// Measure this network instead of grids
    #[arg(long, short, value_name = "FILE")]
    pub(crate) network: Option<PathBuf>,
    /// Demand on that network; without it random trips are made up
    #[arg(long, short, value_name = "FILE", requires = "network")]
    pub(crate) demand: Option<PathBuf>,
    /// Lane change: on, off or both
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = LaneChange::Both, hide_possible_values = true)]
    pub(crate) lane_change: LaneChange,
    /// Numbers of threads, comma-separated; measured in turn, so that they share the machine's mood
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) threads: Vec<u64>,
    /// Steps to measure after the network has filled: one second each (default 300 on grids,
    /// 3600 from the start on a network)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) steps: Option<u64>,
    /// Repetitions of each measurement
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) repeat: u64,
    /// Also measure one million vehicles on a grid of 10,000 signals
    #[arg(long, conflicts_with = "network")]
    pub(crate) million: bool,
    /// Run SUMO on the same scenario and compare (a SUMO network with demand, or a
    /// .sumocfg)
    #[arg(long, requires = "network")]
    pub(crate) sumo: bool,
    /// Seconds to simulate in the comparison with SUMO
    #[arg(long, value_name = "S", default_value = "3600", value_parser = values::seconds)]
    pub(crate) sumo_horizon: f64,
}
