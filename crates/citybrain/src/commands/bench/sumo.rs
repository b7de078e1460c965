//! The same scenario in SUMO, in the same run: its speed and its own mean trip time beside ours.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use roads::{Demand, Network};
use serde::Serialize;
use sim::{Config, World};

use crate::error::Error;
use crate::measure::{Stopwatch, children_cpu};
use crate::sumo::{self, INSTALL};

/// Both simulators on one scenario.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    /// First line of `sumo --version`.
    pub(super) sumo_version: String,
    /// Second at which the scenario begins.
    pub(super) begin: f64,
    /// Second at which it ends.
    pub(super) end: f64,
    pub(super) sumo: Side,
    pub(super) ours: Side,
    /// Our vehicle updates per CPU-second over SUMO's.
    pub(super) speed_ratio: f64,
}

/// One simulator.
#[derive(Debug, Serialize)]
pub(super) struct Side {
    pub(super) vehicle_updates: u64,
    /// SUMO's whole process (reading included); our steps alone.
    pub(super) cpu_seconds: f64,
    pub(super) updates_per_cpu_second: f64,
    /// Vehicles that finished.
    pub(super) finished: u64,
    /// Mean time of finished vehicles from departure onto the network to arrival, seconds.
    pub(super) mean_trip_s: Option<f64>,
    /// Mean time of finished vehicles from the wish to depart to arrival, seconds.
    pub(super) mean_trip_with_waiting_s: Option<f64>,
}

/// The scenario's files, for SUMO.
pub(super) struct Files<'a> {
    /// A network, or a configuration where there is no demand.
    pub(super) network: &'a Path,
    /// Demand on the network.
    pub(super) demand: Option<&'a Path>,
}

/// Runs both from second `begin` of SUMO's clock on for `horizon` seconds; our network and demand
/// count time from there.
pub(super) fn compare(
    files: &Files,
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    (begin, horizon): (f64, f64),
) -> Result<Comparison, Error> {
    let program = sumo::program()?;
    let end = begin + horizon;
    let theirs = run_sumo(&program, files, begin, end)?;
    let ours = run_ours(network, demand, horizon)?;
    Ok(Comparison {
        sumo_version: sumo::version(&program)?,
        begin,
        end,
        speed_ratio: ours.updates_per_cpu_second / theirs.updates_per_cpu_second.max(1e-9),
        sumo: theirs,
        ours,
    })
}

fn failed(program: &Path, why: &str) -> Error {
    Error::Program {
        message: format!("{} failed: {why}", program.display()),
        help: Some(INSTALL.to_owned()),
    }
}

fn run_sumo(program: &Path, files: &Files, begin: f64, end: f64) -> Result<Side, Error> {
    let folder = tempfile::tempdir().map_err(|error| failed(program, &error.to_string()))?;
    let (summary, trips) = (
        folder.path().join("summary.xml"),
        folder.path().join("trips.xml"),
    );
    let before = children_cpu();
    let mut command = Command::new(program);
    match files.demand {
        Some(demand) => command
            .arg("--net-file")
            .arg(files.network)
            .arg("--route-files")
            .arg(demand),
        None => command.arg("--configuration-file").arg(files.network),
    };
    let answer = command
        .args(["--begin", &begin.to_string(), "--end", &end.to_string()])
        .args([
            "--step-length",
            "1",
            "--seed",
            "0",
            "--no-step-log",
            "--no-warnings",
        ])
        .arg("--summary-output")
        .arg(&summary)
        .arg("--tripinfo-output")
        .arg(&trips)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(program, &error.to_string()))?;
    let cpu_seconds = children_cpu().saturating_sub(before).as_secs_f64();
    if !answer.status.success() {
        return Err(failed(
            program,
            String::from_utf8_lossy(&answer.stderr).trim(),
        ));
    }
    let mut vehicle_updates = 0.0;
    for_each_element(program, &summary, "step", |attribute| {
        vehicle_updates += attribute("running").unwrap_or(0.0);
    })?;
    let (mut finished, mut duration, mut delay) = (0_u64, 0.0, 0.0);
    for_each_element(program, &trips, "tripinfo", |attribute| {
        finished += 1;
        duration += attribute("duration").unwrap_or(0.0);
        delay += attribute("departDelay").unwrap_or(0.0);
    })?;
    let mean = |sum: f64| (finished > 0).then(|| sum / finished as f64);
    Ok(Side {
        vehicle_updates: vehicle_updates as u64,
        cpu_seconds,
        updates_per_cpu_second: vehicle_updates / cpu_seconds.max(1e-9),
        finished,
        mean_trip_s: mean(duration),
        mean_trip_with_waiting_s: mean(duration + delay),
    })
}

/// Calls `visit` with the numbers of each element of this name. SUMO writes one element a line.
fn for_each_element(
    program: &Path,
    file: &Path,
    name: &str,
    mut visit: impl FnMut(&dyn Fn(&str) -> Option<f64>),
) -> Result<(), Error> {
    let reader = File::open(file).map_err(|error| failed(program, &error.to_string()))?;
    let opening = format!("<{name} ");
    for line in BufReader::new(reader).lines() {
        let line = line.map_err(|error| failed(program, &error.to_string()))?;
        if let Some(element) = line.trim_start().strip_prefix(&opening) {
            visit(&|attribute| number(element, attribute));
        }
    }
    Ok(())
}

/// The number in an attribute.
fn number(element: &str, attribute: &str) -> Option<f64> {
    element
        .split_whitespace()
        .find_map(|part| part.strip_prefix(attribute)?.strip_prefix("=\""))?
        .split('"')
        .next()?
        .parse()
        .ok()
}

fn run_ours(network: &Arc<Network>, demand: &Arc<Demand>, horizon: f64) -> Result<Side, Error> {
    let config = Config {
        rules: sim::Rules::Street,
        signals: sim::Signals::Plan,
        ..Config::default()
    };
    let mut world = World::new(Arc::clone(network), Arc::clone(demand), config)
        .map_err(|error| failed(Path::new("our engine"), &error.to_string()))?;
    let watch = Stopwatch::start();
    while world.time() < horizon {
        world.step();
    }
    let cpu_seconds = watch.cpu().as_secs_f64();
    let metrics = world.metrics(horizon);
    Ok(Side {
        vehicle_updates: metrics.vehicle_updates,
        cpu_seconds,
        updates_per_cpu_second: metrics.vehicle_updates as f64 / cpu_seconds.max(1e-9),
        finished: metrics.throughput,
        mean_trip_s: None,
        mean_trip_with_waiting_s: (metrics.throughput > 0).then_some(metrics.att_finished),
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn an_attribute_is_found_by_its_whole_name() {
        let element = r#"time="25200.00" loaded="3" running="12" waiting="0"/>"#;
        assert_eq!(number(element, "running"), Some(12.0));
        assert_eq!(number(element, "time"), Some(25200.0));
        assert_eq!(number(element, "run"), None);
    }
}
