//! `citybrain traffic event` on the command line.

use std::path::PathBuf;

use clap::Args;

use super::traffic::{EngineArgs, ScenarioArgs};
use super::values;

/// Where the event is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Event")]
#[group(id = "where", required = true, multiple = false)]
pub(crate) struct WhereArgs {
    /// On this link
    #[arg(long, value_name = "LINK")]
    pub(crate) link: Option<String>,
    /// At this point, metres in the network's plane
    #[arg(long, value_name = "X,Y", value_parser = values::point, allow_hyphen_values = true)]
    pub(crate) at: Option<[f64; 2]>,
    /// At this longitude and latitude, degrees
    #[arg(long, value_name = "LON,LAT", value_parser = values::point, allow_hyphen_values = true)]
    pub(crate) lonlat: Option<[f64; 2]>,
    /// An event of this YAML or JSON file (docs/schemes.md): the first, or --event
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Who comes and when.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Event")]
pub(crate) struct WhoArgs {
    /// With --file: which of its events
    #[arg(long, value_name = "ID", requires = "file")]
    pub(crate) event: Option<String>,
    /// Visitors that come by car; with --file instead of the file's number
    #[arg(long, value_name = "N", required_unless_present = "file")]
    pub(crate) visitors: Option<u32>,
    /// Visitors in a car (default 1)
    #[arg(long, value_name = "N", value_parser = values::factor)]
    pub(crate) per_car: Option<f64>,
    /// Second of the run at which it starts
    #[arg(long, value_name = "S", value_parser = values::seconds, required_unless_present = "file", conflicts_with = "file")]
    pub(crate) start: Option<f64>,
    /// Second of the run at which it ends
    #[arg(long, value_name = "S", value_parser = values::seconds, required_unless_present = "file", conflicts_with = "file")]
    pub(crate) end: Option<f64>,
    /// Seconds before the start over which visitors come, most of them from two thirds of it to one
    /// third before (default 5400: most come 60 to 30 minutes before)
    #[arg(long, value_name = "S", value_parser = values::seconds, conflicts_with = "file")]
    pub(crate) coming: Option<f64>,
    /// Seconds after the end over which they leave, most of them in the first half (default 3000)
    #[arg(long, value_name = "S", value_parser = values::seconds, conflicts_with = "file")]
    pub(crate) leaving: Option<f64>,
    /// They park along all streets within so many metres (default: on the street nearest to it)
    #[arg(long, value_name = "M", value_parser = values::metres, conflicts_with_all = ["file", "car_park"])]
    pub(crate) radius: Option<f64>,
    /// A car park at the end of a link, with its room; may be repeated, the nearest fills first
    #[arg(long, value_name = "LINK:CARS", conflicts_with = "file")]
    pub(crate) car_park: Vec<String>,
    /// A link over which they come, and its share; may be repeated (default: where traffic enters
    /// the network, in proportion to it)
    #[arg(long, value_name = "LINK[:SHARE]", conflicts_with = "file")]
    pub(crate) origin: Vec<String>,
    /// A link over which they leave, and its share; may be repeated (default: where traffic leaves
    /// the network, in proportion to it)
    #[arg(long, value_name = "LINK[:SHARE]", conflicts_with = "file")]
    pub(crate) exit: Vec<String>,
    /// A link, or some of its lanes, 0 the innermost, that is closed with the event; may be repeated
    #[arg(long, value_name = "LINK[:LANES]", conflicts_with = "file")]
    pub(crate) close: Vec<String>,
    /// Share of drivers who hear how fast links are, and go another way where that is faster; with
    /// --file instead of the file's share
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub(crate) guided: Option<f64>,
}

/// `citybrain traffic event`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic event -n roadnet.json -d flow.json --link road_1_2_0 --visitors 500 \\
      --start 2400 --end 3000 --coming 1800 --leaving 1200
  citybrain traffic event -n roadnet.json -d flow.json --at 300,-200 --visitors 800 --start 5400 \\
      --end 9000 --car-park road_1_2_0:500 --car-park road_2_2_1:400 --close road_1_1_0:2 --json
  citybrain traffic event -n city.net.xml -d city.rou.xml --file event.yaml --seeds 0,1,2

The same demand is run with and without the event, under each controller and seed. Cars are dealt
out, not drawn: every run has the same ones. `webster` is timings recomputed for the event, one set
while visitors come and one while they leave.")]
pub(crate) struct EventArgs {
    /// Which scenario.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// Where the event is.
    #[command(flatten)]
    pub(crate) place: WhereArgs,
    /// Who comes and when.
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    /// Controllers to try with and without the event, comma-separated
    #[arg(long, short, value_name = "LIST", value_delimiter = ',', value_parser = crate::control::parser(), default_value = "plan,webster,advanced-max-pressure,brain")]
    pub(crate) control: Vec<String>,
    /// Seeds, comma-separated
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0")]
    pub(crate) seeds: Vec<u32>,
    /// Links and signals in the tables
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) links: usize,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}
