//! Closures, meters, guidance and corridors on the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::traffic::{EngineArgs, ScenarioArgs};
use super::values;

/// Closures, meters and guidance during a run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Schemes")]
pub(crate) struct SchemeArgs {
    /// Close the lanes that this file names (docs/schemes.md), with our simulator
    #[arg(long, value_name = "FILE")]
    pub(crate) closures: Option<PathBuf>,
    /// Meter the ramps of elevated roads and expressways by ALINEA
    #[arg(long)]
    pub(crate) meter_ramps: bool,
    /// Share of drivers who hear how fast links are, and go another way where that is faster
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub(crate) guided: Option<f64>,
}

/// Which lane of a road is closed first.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Which {
    /// The outermost, at the kerb.
    #[default]
    Outermost,
    /// The innermost, in the middle of the road.
    Innermost,
}

impl From<Which> for schemes::closure::Which {
    fn from(which: Which) -> Self {
        match which {
            Which::Outermost => Self::Outermost,
            Which::Innermost => Self::Innermost,
        }
    }
}

/// What is closed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Closures")]
#[group(id = "what", required = true, multiple = false)]
pub(crate) struct WhatArgs {
    /// A link, or some of its lanes, 0 the innermost: LINK or LINK:0,1; may be repeated
    #[arg(long, value_name = "LINK[:LANES]")]
    pub(crate) link: Vec<String>,
    /// So much of all lane area, a lane of each road, those with most vehicles first, never a
    /// road's last lane: 0.2 or 20%
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub(crate) share: Option<f64>,
    /// What this YAML or JSON file says (docs/schemes.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// `citybrain traffic close`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic close --network roadnet.json --demand flow.json --link road_1_2_0
  citybrain traffic close -n roadnet.json -d flow.json --link road_1_2_0:2 --from 600 --until 1800
  citybrain traffic close -n roadnet.json -d flow.json --share 20% --json
  citybrain traffic close -n cities/hangzhou --file works.yaml --control webster,brain")]
pub(crate) struct CloseArgs {
    /// Which scenario.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// What is closed.
    #[command(flatten)]
    pub(crate) what: WhatArgs,
    /// With --link: second from which it is closed
    #[arg(long, value_name = "S", value_parser = values::seconds_or_zero, requires = "link", default_value_t = 0.0)]
    pub(crate) from: f64,
    /// With --link: second until which it is closed (default: as long as the run goes on)
    #[arg(long, value_name = "S", value_parser = values::seconds, requires = "link")]
    pub(crate) until: Option<f64>,
    /// With --share: which lane of a road is closed first
    #[arg(long, value_enum, default_value_t, requires = "share")]
    pub(crate) which: Which,
    /// Controllers to try with and without the closure, comma-separated; the links' table is under
    /// the last
    #[arg(long, short, value_name = "LIST", value_delimiter = ',', value_parser = crate::control::parser(), default_value = "plan,webster,advanced-max-pressure,brain")]
    pub(crate) control: Vec<String>,
    /// Seed of all random numbers (default 0)
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Links in the table
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) links: usize,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// Which corridor.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Corridor")]
#[group(id = "which_corridor", required = true, multiple = false)]
pub(crate) struct WayArgs {
    /// Junctions or signals in the order of travel, comma-separated
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) junctions: Vec<String>,
    /// A street by its name in the network: its longest row of signals
    #[arg(long, value_name = "NAME")]
    pub(crate) street: Option<String>,
    /// A corridor of this YAML or JSON file (docs/schemes.md): the first, or --corridor
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// `citybrain traffic corridor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic corridor -n roadnet.json -d flow.json \\
      --junctions intersection_1_1,intersection_2_1,intersection_3_1 --out corridor.html
  citybrain traffic corridor -n cities/hangzhou --file cities/hangzhou/traffic/corridors.yaml
  citybrain traffic corridor -n city.osm.pbf --street 'Main Street' --cycle 90 --json")]
pub(crate) struct CorridorArgs {
    /// Which scenario.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// Which corridor.
    #[command(flatten)]
    pub(crate) way: WayArgs,
    /// With --file: which of its corridors
    #[arg(long, value_name = "ID", requires = "file")]
    pub(crate) corridor: Option<String>,
    /// Common cycle, seconds (default: the one with the widest bands, from what the busiest signal
    /// needs on)
    #[arg(long, value_name = "S", value_parser = values::seconds)]
    pub(crate) cycle: Option<f64>,
    /// Speed of the green wave as a share of the limit (default 0.9)
    #[arg(long, value_name = "FACTOR", value_parser = values::factor)]
    pub(crate) speed: Option<f64>,
    /// Controllers to compare it with, comma-separated
    #[arg(long, short, value_name = "LIST", value_delimiter = ',', value_parser = crate::control::parser(), default_value = "plan,webster")]
    pub(crate) control: Vec<String>,
    /// Seed of all random numbers (default 0)
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Write the time–space diagram to this file: .svg, or a page .html
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
