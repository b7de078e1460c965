//! `citybrain bench control`.

use clap::Args;

/// `citybrain bench control`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain bench control --json
  citybrain bench control --signals 1024 --vehicles 24000
  citybrain bench control --control brain,max-pressure --signals 100
  citybrain bench control --sensing detectors:0.1

Fills a generated grid, then lets each controller decide for a minute and times every decision, with
all threads of the machine: under the literature's protocol (15 s, 5 s of yellow) and under the
street's (5 s). A decision has to be there within its tick. Measure with a release build.")]
pub(crate) struct ControlArgs {
    /// Signals of the grid, rounded to a square
    #[arg(long, value_name = "N", default_value_t = 1_024, value_parser = clap::value_parser!(u64).range(1..=160_000))]
    pub(crate) signals: u64,
    /// Vehicles on the grid (default: 23 for each signal)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4_000_000))]
    pub(crate) vehicles: Option<u64>,
    /// Controllers, comma-separated
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "advanced-max-pressure,brain",
        value_parser = crate::control::parser(),
        hide_possible_values = true
    )]
    pub(crate) control: Vec<String>,
    /// What controllers see with: full, or detectors[:LOSS][,noise:SHARE][,stuck:SHARE]
    /// [,at:METRES/…/entry], probes:SHARE[,error:METRES][,every:SECONDS],
    /// cameras:SHARE[,noise:SHARE][,range:METRES], joined with +; and seed:NUMBER
    #[arg(long, value_name = "SENSING", value_parser = super::values::sensing, default_value = "full")]
    pub(crate) sensing: signals::sensing::Sensing,
    /// Seconds over which decisions are timed
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(15..=3_600))]
    pub(crate) seconds: u64,
}
