//! `citybrain claims …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::traffic::EngineArgs;
use super::traffic_schemes::Which;
use super::values;

/// `citybrain claims …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain claims traffic
  citybrain claims traffic --scenario roadnet.json,flow.json --seeds 0,1,2 --out claims.html")]
pub(crate) enum ClaimsCommand {
    /// Traffic: speed with a fifth of the road surface closed, congestion, ambulances, ramps
    Traffic(TrafficClaimsArgs),
}

/// One of the claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Claim {
    /// Speed with a fifth of the road surface closed.
    T1,
    /// The congestion index from a few probes.
    T2,
    /// Time to the scene with priority.
    T3,
    /// Elevated roads, arterial roads and ramps guided together.
    T4,
}

/// `citybrain claims traffic`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain claims traffic
  citybrain claims traffic --only t1 --scenario roadnet.json,flow.json --seeds 0,1,2
  citybrain claims traffic --scenario cities/hangzhou --out claims.html --markdown claims.md
  citybrain claims traffic --json

Exit code 1 when a claim is not reached.")]
pub(crate) struct TrafficClaimsArgs {
    /// A scenario, as --network and --demand elsewhere, parted by a comma; may be repeated
    /// (default: the city of option up.city)
    #[arg(long, short, value_name = "NETWORK[,DEMAND]")]
    pub(crate) scenario: Vec<String>,
    /// Only these claims, comma-separated
    #[arg(
        long,
        value_enum,
        value_name = "LIST",
        value_delimiter = ',',
        ignore_case = true
    )]
    pub(crate) only: Vec<Claim>,
    /// Seeds, comma-separated
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0")]
    pub(crate) seeds: Vec<u32>,
    /// T1: how much of the lane area is closed
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value = "0.2")]
    pub(crate) share: f64,
    /// T1: which lane of a road is closed first
    #[arg(long, value_enum, default_value_t)]
    pub(crate) which: Which,
    /// T1: what the signals did before, with all lanes open
    #[arg(long, value_name = "CONTROLLER", value_parser = crate::control::parser(), default_value = "fixed-time")]
    pub(crate) before: String,
    /// T1, T3 and T4: what they do now
    #[arg(long, value_name = "CONTROLLER", value_parser = crate::control::parser(), default_value = "brain")]
    pub(crate) after: String,
    /// T1: controllers to run on both networks, comma-separated (default: all there are)
    #[arg(long, short, value_name = "LIST", value_delimiter = ',', value_parser = crate::control::parser())]
    pub(crate) control: Vec<String>,
    /// T2: share of vehicles that send positions
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value = "0.05")]
    pub(crate) probes: f64,
    /// T3: how many missions
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) missions: usize,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Write a report with plots to this HTML file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write the table to this Markdown file
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
}
