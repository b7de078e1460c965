//! How many vehicles a second the engine moves on a scenario.
//!
//! `cargo run --release -p sim --example speed -- NETWORK DEMAND [on|off] [THREADS] [REPEATS]`
#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::path::Path;
use std::sync::Arc;

use sim::{Config, World};

/// Nanoseconds this process has been on a processor: all its threads.
fn cpu_nanoseconds() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| {
            text.split_whitespace()
                .next()
                .and_then(|t| t.parse::<u64>().ok())
        })
        .sum()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let lane_change = arguments.get(3).is_none_or(|given| given == "on");
    let threads = arguments.get(4).map_or(Ok(1), |given| given.parse())?;
    let repeats = arguments.get(5).map_or(Ok(5), |given| given.parse())?;
    let network = Arc::new(roads::cityflow::read_network(Path::new(&arguments[1]))?);
    let demand = Arc::new(roads::cityflow::read_demand(
        Path::new(&arguments[2]),
        &network,
    )?);
    let mut rates = Vec::new();
    for _ in 0..repeats {
        let config = Config {
            lane_change,
            threads,
            ..Config::default()
        };
        let mut world = World::new(Arc::clone(&network), Arc::clone(&demand), config)?;
        let before = cpu_nanoseconds();
        for _ in 0..3600 {
            world.step();
        }
        let spent = (cpu_nanoseconds() - before) as f64 * 1e-9;
        rates.push(world.metrics(3600.0).vehicle_updates as f64 / spent / 1e6);
    }
    rates.sort_by(f64::total_cmp);
    println!(
        "{:.1} M vehicle updates a CPU-second (median; {:.1} to {:.1})",
        rates[rates.len() / 2],
        rates[0],
        rates[rates.len() - 1]
    );
    Ok(())
}
