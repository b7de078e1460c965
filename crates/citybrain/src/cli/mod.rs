//! The shape of the command line: types for clap and nothing else.
//!
//! What a value falls back to when a flag is not given is decided in [`crate::settings`], so
//! flags that have an option in `citybrain.toml` are `Option`s here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) mod bench;
pub(crate) mod bench_control;
pub(crate) mod bench_exchange;
pub(crate) mod bench_ledger;
pub(crate) mod bench_pool;
pub(crate) mod city;
pub(crate) mod claims;
pub(crate) mod cluster;
pub(crate) mod exchange;
pub(crate) mod ledger;
pub(crate) mod pool;
pub(crate) mod pool_generate;
pub(crate) mod pool_sql;
pub(crate) mod probes;
pub(crate) mod roads;
pub(crate) mod traffic;
pub(crate) mod traffic_event;
pub(crate) mod traffic_incidents;
pub(crate) mod traffic_index;
pub(crate) mod traffic_schemes;
pub(crate) mod up;
pub(crate) mod values;

/// Run a city on what its departments know.
#[derive(Debug, Parser)]
#[command(
    name = "citybrain",
    version,
    max_term_width = 100,
    propagate_version = true,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "\
Examples:
  citybrain up                                    the demonstration city on the Command centre
  citybrain check cities/hangzhou                 every fault of a city's definition files
  citybrain roads generate --grid 4x4 --out grid.json
  citybrain traffic run --network grid.json --control max-pressure
  citybrain traffic compare --network grid.json --out report.html

Exit codes: 0 done, 1 findings, 2 wrong usage, 3 input cannot be used, 4 fault of the program,
5 something outside failed (port in use, output not writable, SUMO missing).
Options come from flags, environment (CITYBRAIN_*), citybrain.toml, defaults, in this order."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Options every command takes.
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Options every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Print results as JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print results only: no progress, no notes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Colour in tables and messages (default auto: on a terminal)
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: Option<Color>,
    /// What to log.
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        help = "What to log, as RUST_LOG understands it: warn, debug, sim=trace,info (default warn)"
    )]
    pub(crate) log: Option<String>,
    /// Configuration file (default citybrain.toml in the current folder, if there)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set any option of the configuration file, e.g. traffic.horizon=7200
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = values::assignment)]
    pub(crate) set: Vec<(String, String)>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// The word on the command line and in the configuration file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a city or any scenario on the Command centre
    Up(up::UpArgs),
    /// Report every fault of a city's definition files
    Check(city::CheckArgs),
    /// Print the JSON Schema of definition files
    Schema(city::SchemaArgs),
    /// Read, check, convert and generate road networks
    #[command(subcommand)]
    Roads(roads::RoadsCommand),
    /// Simulate traffic
    #[command(subcommand)]
    Traffic(traffic::TrafficCommand),
    /// Load, pull, mend and measure departments' records
    #[command(subcommand)]
    Pool(pool::PoolCommand),
    /// Run a cluster that answers questions in SQL
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Make keys for departments' systems, and list those systems
    #[command(subcommand)]
    Client(exchange::ClientCommand),
    /// Propose, approve, revoke and list sharing agreements
    #[command(subcommand)]
    Agreement(exchange::AgreementCommand),
    /// Read records through the exchange
    #[command(subcommand)]
    Exchange(exchange::ExchangeCommand),
    /// Check, read and prove what the ledger holds
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Repeat what the original system is reported to have done
    #[command(subcommand)]
    Claims(claims::ClaimsCommand),
    /// Measure speed and memory
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Print every option in force and where it comes from
    #[command(after_help = "\
Examples:
  citybrain config
  citybrain config --json
  CITYBRAIN_TRAFFIC_HORIZON=7200 citybrain config --set up.speed=10")]
    Config,
    /// Print a completion script for a shell
    Completions(city::CompletionsArgs),
    /// Print the reference page of the command line (docs/cli.md)
    #[command(hide = true)]
    Reference,
}
