//! `citybrain up`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::values;

/// `citybrain up`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain up
  citybrain up cities/hangzhou --control max-pressure --speed 10 --open
  citybrain up --network roadnet.json --demand flow.json
  citybrain up --probes nats://127.0.0.1:4222 --probes-subject 'gps.*.positions'
  citybrain up --port 0 --json            a free port; one JSON line with the address")]
pub(crate) struct UpArgs {
    /// The city's folder (default: option up.city, cities/hangzhou)
    #[arg(conflicts_with = "network")]
    pub(crate) city: Option<PathBuf>,
    /// Another network instead of a city's
    #[arg(long, short, value_name = "FILE")]
    pub(crate) network: Option<PathBuf>,
    /// Demand on that network; without it random trips are made up
    #[arg(long, short, value_name = "FILE", requires = "network")]
    pub(crate) demand: Option<PathBuf>,
    /// Address to listen on (default 127.0.0.1:8080)
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Port to listen on, instead of the one in --listen; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// What decides the phases at the start (default plan)
    #[arg(long, short, value_name = "CONTROLLER", value_parser = crate::control::parser())]
    pub(crate) control: Option<String>,
    /// Simulated seconds for each real one (default 5)
    #[arg(long, value_name = "FACTOR", value_parser = values::factor, allow_negative_numbers = true)]
    pub(crate) speed: Option<f64>,
    /// Multiply the demand by this factor (default 1.0)
    #[arg(long, value_name = "FACTOR", value_parser = values::factor, allow_negative_numbers = true)]
    pub(crate) scale: Option<f64>,
    /// Seed of all random numbers (default 0)
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Threads that share a step (default 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) threads: Option<u64>,
    /// NATS server that positions of vehicles come from, besides posts (default: option
    /// probes.nats)
    #[arg(long, value_name = "URL")]
    pub(crate) probes: Option<String>,
    /// Subject of their messages (default probes.>)
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) probes_subject: Option<String>,
    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
    /// Folder of all that the pool keeps (default data)
    #[arg(long, value_name = "DIR", conflicts_with = "network")]
    pub(crate) data: Option<PathBuf>,
    /// Serve the Command centre alone, without the city's data
    #[arg(long, conflicts_with = "data")]
    pub(crate) no_data: bool,
}
