//! `citybrain traffic match` and `citybrain bench probes`.

use std::path::PathBuf;

use clap::Args;

use super::values;

/// The network and the table of distances over it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct TableArgs {
    /// Ways between two positions are found up to this length, metres, 4000 at most
    #[arg(long, value_name = "M", value_parser = values::metres, default_value_t = roads::matching::REACH_M)]
    pub(crate) reach: f64,
    /// Keep the table of distances in this file: read where it is there and of this network,
    /// else made and written
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
}

/// `citybrain traffic match`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic match --network malta.osm.pbf --positions taxis.ndjson
  citybrain traffic match -n malta.osm.pbf -p taxis.csv --sigma 5 --out links.csv
  citybrain traffic match -n malta.osm.pbf -p taxis.ndjson --table malta.table --out way.geojson
  citybrain traffic match -n roadnet.json -p probes.ndjson --live --lag 6 --json

Positions are JSON lines {\"vehicle\": \"a\", \"t\": 12.0, \"lon\": 14.5, \"lat\": 35.9} (x and y in
metres of the network's plane where it has no place on the globe), CSV with these columns (.csv), or
binary records of vehicle, t, lon, lat, eight bytes each, little-endian (.bin). Exit code 1: some
lines are no positions.")]
pub(crate) struct MatchArgs {
    /// Network: any that `traffic run` takes
    #[arg(long, short, value_name = "FILE")]
    pub(crate) network: PathBuf,
    /// Positions of vehicles, in any order
    #[arg(long, short, value_name = "FILE")]
    pub(crate) positions: PathBuf,
    /// Standard deviation of a position's error, metres
    #[arg(long, value_name = "M", value_parser = values::metres, default_value_t = 8.0)]
    pub(crate) sigma: f64,
    /// Match as a stream does, in the order of the file, instead of whole traces
    #[arg(long)]
    pub(crate) live: bool,
    /// With --live: newer positions of a vehicle that settle one
    #[arg(long, value_name = "N", default_value_t = 12, requires = "live", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) lag: u64,
    /// With --live: seconds that positions wait for late ones
    #[arg(long, value_name = "S", default_value = "0", requires = "live", value_parser = values::seconds_or_zero)]
    pub(crate) wait: f64,
    /// Write to this file, .csv, .geojson, .ndjson or .json by its name, instead of a table
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The table of distances.
    #[command(flatten)]
    pub(crate) table: TableArgs,
}

/// `citybrain bench probes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain bench probes --json
  citybrain bench probes --network scenarios/malta/malta.osm.pbf
  citybrain bench probes -n malta.osm.pbf --rows 1:5,10:8 --trips 100 --seed 7
  citybrain bench probes -n malta.osm.pbf --write-traces traces.json

Makes trips up on a network (fastest ways between random links at a share of the limit), sees them
every few seconds with normal noise, matches them, and counts: positions per CPU-second of the
matching alone; precision and recall, the share of samples of the matched (true) path, 5 m apart,
within 6 m of the true (matched) path. Then it pushes positions of many vehicles through the stream
matcher, from JSON lines and from binary records to link times. Without a network: a grid of 900
signals. Measure with a release build.")]
pub(crate) struct ProbesArgs {
    /// Network: any that `traffic run` takes (default: a grid of 30 x 30 signals)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) network: Option<PathBuf>,
    /// Trips
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) trips: u64,
    /// Trips are at least so long, metres
    #[arg(long, value_name = "M", value_parser = values::metres, default_value_t = 3_000.0)]
    pub(crate) least: f64,
    /// Speed of the trips as a share of the limit
    #[arg(long, value_name = "FACTOR", value_parser = values::factor, default_value_t = 0.7)]
    pub(crate) share: f64,
    /// Seed of trips and noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Seconds between positions and their noise in metres, comma-separated
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "1:5,5:10,15:10,30:15",
        value_parser = row
    )]
    pub(crate) rows: Vec<Row>,
    /// Measure speed for at least so many CPU seconds a row
    #[arg(long, value_name = "S", value_parser = values::seconds, default_value_t = 1.0)]
    pub(crate) least_cpu: f64,
    /// Positions that are pushed through from end to end; 0 for none
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(0..=100_000_000))]
    pub(crate) stream: u64,
    /// Write trips, positions and matched paths as JSON, for other engines
    #[arg(long, value_name = "FILE")]
    pub(crate) write_traces: Option<PathBuf>,
    /// The table of distances.
    #[command(flatten)]
    pub(crate) table: TableArgs,
}

/// How trips are seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    /// Seconds between positions.
    pub(crate) interval_s: f64,
    /// Standard deviation of x and of y, metres.
    pub(crate) sigma_m: f64,
}

/// `SECONDS:METRES`.
fn row(text: &str) -> Result<Row, String> {
    let wanted = "write seconds and metres like 5:10";
    let (interval, sigma) = text.split_once(':').ok_or(wanted)?;
    let (interval_s, sigma_m) = (values::seconds(interval)?, values::metres_or_zero(sigma)?);
    if interval_s > 3_600.0 || sigma_m > 200.0 {
        return Err(format!("{wanted}, at most 3600:200"));
    }
    Ok(Row {
        interval_s,
        sigma_m,
    })
}
