//! `citybrain roads …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::values;

/// `citybrain roads …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain roads info cologne1.net.xml
  citybrain roads check roadnet.json --demand flow.json
  citybrain roads convert helsinki.osm.pbf --to cityflow --out helsinki.json
  citybrain roads generate --grid 30x30 --out grid.json

Networks are CityFlow JSON, SUMO .net.xml (or .net.xml.gz), OpenStreetMap .osm.pbf, or a
description for the generator (.yaml).")]
pub(crate) enum RoadsCommand {
    /// Say what a network is made of
    Info(InfoArgs),
    /// Name every fault of a network and of the demand on it
    Check(CheckArgs),
    /// Write a network in another format
    Convert(ConvertArgs),
    /// Make a network up: a grid, or a city from its description
    Generate(GenerateArgs),
    /// Find the fastest way from one link to another
    Route(RouteArgs),
}

/// `citybrain roads info`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain roads info roadnet.json
  citybrain roads info cologne1.net.xml --json")]
pub(crate) struct InfoArgs {
    /// The network's file
    pub(crate) network: PathBuf,
}

/// `citybrain roads check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain roads check roadnet.json
  citybrain roads check roadnet.json --demand flow.json --json

Exit code 1 when there is a fault; warnings alone leave it at 0.")]
pub(crate) struct CheckArgs {
    /// The network's file
    pub(crate) network: PathBuf,
    /// A demand file to check against the network
    #[arg(long, value_name = "FILE")]
    pub(crate) demand: Option<PathBuf>,
}

/// Formats that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON of the CityFlow simulator
    Cityflow,
    /// GeoJSON, one feature for each link and signal
    Geojson,
}

/// `citybrain roads convert`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain roads convert cologne1.net.xml --to geojson --out cologne.geojson
  citybrain roads convert cologne1.net.xml --to cityflow --out roadnet.json \\
      --demand cologne1.rou.xml --demand-out flow.json")]
pub(crate) struct ConvertArgs {
    /// The network's file
    pub(crate) network: PathBuf,
    /// Format to write
    #[arg(long, value_enum)]
    pub(crate) to: Format,
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Demand to convert along with the network
    #[arg(long, value_name = "FILE", requires = "demand_out")]
    pub(crate) demand: Option<PathBuf>,
    /// File to write the demand to (CityFlow JSON)
    #[arg(long, value_name = "FILE", requires = "demand")]
    pub(crate) demand_out: Option<PathBuf>,
}

/// `citybrain roads generate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain roads generate --grid 30x30 --out grid.json
  citybrain roads generate --grid 4x4 --spacing 400 --lanes 3 --out grid.json \\
      --vehicles 2000 --demand-out flow.json
  citybrain roads generate --spec cities/hangzhou/traffic/network.yaml --out hangzhou.json")]
pub(crate) struct GenerateArgs {
    /// Description of a city's network
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "grid",
        conflicts_with = "grid"
    )]
    pub(crate) spec: Option<PathBuf>,
    /// A grid of signalised junctions, columns × rows
    #[arg(long, value_name = "COLSxROWS", value_parser = values::grid)]
    pub(crate) grid: Option<(usize, usize)>,
    /// Distance between the junctions of a grid, metres (default 800 east-west, 600 north-south)
    #[arg(long, value_name = "M", value_parser = values::metres, requires = "grid")]
    pub(crate) spacing: Option<f64>,
    /// Lanes of each link of a grid (default 3: left, straight, right)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=6), requires = "grid")]
    pub(crate) lanes: Option<u32>,
    /// File to write (CityFlow JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// File to write a demand to (CityFlow JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) demand_out: Option<PathBuf>,
    /// Vehicles an hour in the demand
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2000,
        requires = "demand_out"
    )]
    pub(crate) vehicles: usize,
    /// Seed of the demand
    #[arg(long, value_name = "N", default_value_t = 0, requires = "demand_out")]
    pub(crate) seed: u64,
}

/// `citybrain roads route`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain roads route roadnet.json --from road_0_1_0 --to road_4_3_0")]
pub(crate) struct RouteArgs {
    /// The network's file
    pub(crate) network: PathBuf,
    /// Name of the link to start on
    #[arg(long, value_name = "LINK")]
    pub(crate) from: String,
    /// Name of the link to end on
    #[arg(long, value_name = "LINK")]
    pub(crate) to: String,
}
