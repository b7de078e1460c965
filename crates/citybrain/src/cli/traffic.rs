//! `citybrain traffic …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use signals::sensing::Sensing;

use super::traffic_schemes::SchemeArgs;
use super::{traffic_index, values};

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
    /// Drive the signals of another program, or of controllers at the kerb
    Drive(DriveArgs),
    /// Close lanes: what it costs, and what signals should do
    Close(super::traffic_schemes::CloseArgs),
    /// Plan for a big event: what thousands of visitors by car do, and what to do about it
    Event(Box<super::traffic_event::EventArgs>),
    /// Coordinate the signals of a corridor for green waves in both directions
    Corridor(super::traffic_schemes::CorridorArgs),
    /// Send emergency vehicles at the peak, with and without priority, and compare
    Mission(MissionArgs),
    /// Match a file of positions to the links that were driven, and when
    Match(super::probes::MatchArgs),
    /// Measure congestion: every published index, with intervals
    Index(traffic_index::IndexArgs),
    /// Rank cities by their indices, with the number ranked
    Rank(traffic_index::RankArgs),
    /// Compare the index from a few probes with the index from every vehicle
    Penetration(traffic_index::PenetrationArgs),
    /// Look for incidents in what detectors and probes saw
    Incidents(Box<super::traffic_incidents::IncidentArgs>),
}

/// What the signals stand in.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Plant")]
pub(crate) struct PlantArgs {
    /// What simulates the traffic: sim (ours) or sumo, which is driven over TraCI and runs until
    /// its last vehicle has arrived
    #[arg(long, value_name = "PLANT", value_parser = ["sim", "sumo"], default_value = "sim", hide_possible_values = true)]
    pub(crate) plant: String,
    /// With sumo: see only what its lane-area detectors count, of the scenario or laid over the last
    /// 100 m before each stop line; other sensors with --sensing
    #[arg(long)]
    pub(crate) detectors: bool,
    /// With sumo: how far back from a stop line vehicles are seen where its lane is shorter, metres
    #[arg(long, value_name = "M", value_parser = values::metres_or_zero, default_value_t = 80.0)]
    pub(crate) reach: f64,
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
  citybrain traffic run -n roadnet.json -d flow.json --control brain --sensing probes:0.1
  citybrain traffic run -n grid.json --trips 5000 --out trajectories.parquet
  citybrain traffic run -n cologne8.sumocfg --plant sumo --control brain --sensing detectors:0.1")]
pub(crate) struct RunArgs {
    /// Which scenario.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// What decides the phases (default plan)
    #[arg(long, short, value_name = "CONTROLLER", value_parser = crate::control::parser())]
    pub(crate) control: Option<String>,
    /// With sumo: another program that decides, over JSON lines (docs/plants.md); words are parted
    /// by spaces
    #[arg(long, value_name = "COMMAND", conflicts_with = "control")]
    pub(crate) control_program: Option<String>,
    /// Seed of all random numbers (default 0)
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// What controllers see with: full, or detectors[:LOSS][,noise:SHARE][,stuck:SHARE]
    /// [,at:METRES/…/entry], probes:SHARE[,error:METRES][,every:SECONDS],
    /// cameras:SHARE[,noise:SHARE][,range:METRES], joined with +; and seed:NUMBER
    #[arg(long, value_name = "SENSING", value_parser = values::sensing, default_value = "full")]
    pub(crate) sensing: Sensing,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Closures, meters and guidance.
    #[command(flatten)]
    pub(crate) schemes: SchemeArgs,
    /// What the signals stand in.
    #[command(flatten)]
    pub(crate) plant: PlantArgs,
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
  citybrain traffic compare -n roadnet.json -d flow.json --json > runs.json
  citybrain traffic compare -n roadnet.json -d flow.json --control max-pressure,brain \\
      --sensing full --sensing detectors:0.1 --sensing cameras:0.9,noise:0.1+probes:0.1
  citybrain traffic compare -n cologne8.sumocfg --plant sumo --seeds 0,1,2")]
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
    /// What controllers see with: full, or detectors[:LOSS][,noise:SHARE][,stuck:SHARE]
    /// [,at:METRES/…/entry], probes:SHARE[,error:METRES][,every:SECONDS],
    /// cameras:SHARE[,noise:SHARE][,range:METRES], joined with +; and seed:NUMBER.
    /// More than once to compare
    #[arg(long, value_name = "SENSING", value_parser = values::sensing, default_value = "full")]
    pub(crate) sensing: Vec<Sensing>,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Closures, meters and guidance.
    #[command(flatten)]
    pub(crate) schemes: SchemeArgs,
    /// What the signals stand in.
    #[command(flatten)]
    pub(crate) plant: PlantArgs,
    /// Write a report with plots to this HTML file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// `citybrain traffic drive`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic drive --plant 'python3 plant.py' --control max-pressure
  citybrain traffic drive --stdio --control advanced-max-pressure
  citybrain traffic drive --ntcip cabinets.json --network city.net.xml --duration 3600

docs/plants.md describes what is said over JSON lines and SNMP.")]
pub(crate) struct DriveArgs {
    /// Start this program as the plant and speak JSON lines with it; words are parted by spaces
    #[arg(long, value_name = "COMMAND", required_unless_present_any = ["stdio", "ntcip"], conflicts_with_all = ["stdio", "ntcip"])]
    pub(crate) plant: Option<String>,
    /// Speak JSON lines with the plant that has started us, on standard input and output
    #[arg(long, conflicts_with = "ntcip")]
    pub(crate) stdio: bool,
    /// Drive the controllers at the kerb that this JSON file names, over SNMP
    #[arg(long, value_name = "FILE", requires = "network")]
    pub(crate) ntcip: Option<PathBuf>,
    /// With --ntcip: the network whose signals they are
    #[arg(long, short, value_name = "FILE")]
    pub(crate) network: Option<PathBuf>,
    /// What decides the phases (default plan)
    #[arg(long, short, value_name = "CONTROLLER", value_parser = crate::control::parser())]
    pub(crate) control: Option<String>,
    /// Another program that decides, over JSON lines; words are parted by spaces
    #[arg(long, value_name = "COMMAND", conflicts_with = "control")]
    pub(crate) control_program: Option<String>,
    /// Seconds between two decisions of a controller (default 5)
    #[arg(long, value_name = "S", value_parser = values::seconds, allow_negative_numbers = true)]
    pub(crate) action: Option<f64>,
    /// Stop after so many seconds of the plant's clock
    #[arg(long, value_name = "S", value_parser = values::seconds, allow_negative_numbers = true)]
    pub(crate) duration: Option<f64>,
    /// How long the plant may take for an observation, seconds
    #[arg(long, value_name = "S", value_parser = values::patience, default_value_t = 10.0, allow_negative_numbers = true)]
    pub(crate) patience: f64,
}

/// `citybrain traffic mission`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain traffic mission --network roadnet.json --demand flow.json
  citybrain traffic mission -n roadnet.json -d flow.json --control fixed-time --missions 50 --json
  citybrain traffic mission -n cities/hangzhou --units cities/hangzhou/traffic/units.yaml
  citybrain traffic mission -n roadnet.json -d flow.json --from road_1_1_0 --to road_3_3_0

Each mission runs in forks of one world at one second: as a vehicle like any other, under blue
light (others make way), and with priority (signals clear the way). Ends with 1 if greens that
conflict were ever shown. docs/missions.md says how it works.")]
pub(crate) struct MissionArgs {
    /// Which scenario.
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// What decides the phases where no mission does
    #[arg(long, short, value_name = "CONTROLLER", default_value = "brain", value_parser = crate::control::parser())]
    pub(crate) control: String,
    /// How many missions
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) missions: usize,
    /// How many of them at the same second in the same world
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) at_once: usize,
    /// Seed of their times and places
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Link on which all begin; without it they begin at random places
    #[arg(long, value_name = "LINK", requires = "to")]
    pub(crate) from: Option<String>,
    /// Link in whose middle all scenes are
    #[arg(long, value_name = "LINK", requires = "from")]
    pub(crate) to: Option<String>,
    /// Units that can be sent (YAML): the one that is soonest at each scene goes
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) units: Option<PathBuf>,
    /// With --units: what a unit has to be able to do
    #[arg(
        long,
        value_name = "ABILITY",
        default_value = "ambulance",
        requires = "units"
    )]
    pub(crate) ability: String,
    /// Seconds after the last arrival over which the delay of others is counted
    #[arg(long, value_name = "S", default_value_t = 900.0, value_parser = values::seconds, allow_negative_numbers = true)]
    pub(crate) window: f64,
    /// Desired speed under blue light as a multiple of the limit
    #[arg(long, value_name = "FACTOR", default_value_t = 1.5, value_parser = values::factor, allow_negative_numbers = true)]
    pub(crate) speed_factor: f64,
    /// How it is run.
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}
