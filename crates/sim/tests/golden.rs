//! The engine against what the reference simulator did on Hangzhou's streets.
//!
//! Needs the published scenarios: set `CITYBRAIN_SCENARIOS`, or have them in `../shared/scenarios`
//! beside the checkout. Without them these tests say so and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests stop at what they did not expect, and say what they skip"
)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use roads::{Demand, Network};
use serde_json::Value;
use sim::{Config, Place, VehicleId, World};

fn scenarios() -> Option<PathBuf> {
    let given = std::env::var_os("CITYBRAIN_SCENARIOS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/scenarios");
    given
        .into_iter()
        .chain([beside])
        .find(|path| path.join("hangzhou-4x4").is_dir())
}

struct Scenario {
    network: Arc<Network>,
    demand: Arc<Demand>,
    golden: Value,
}

fn load(folder: &str, demand: &str, golden: &str) -> Option<Scenario> {
    let Some(root) = scenarios() else {
        println!("skipped: no published scenarios here (set CITYBRAIN_SCENARIOS)");
        return None;
    };
    let folder = root.join(folder);
    let network = roads::cityflow::read_network(&folder.join("roadnet.json")).unwrap();
    let demand = roads::cityflow::read_demand(&folder.join(demand), &network).unwrap();
    let golden = std::fs::read(folder.join("golden").join(golden)).unwrap();
    Some(Scenario {
        network: Arc::new(network),
        demand: Arc::new(demand),
        golden: serde_json::from_slice(&golden).unwrap(),
    })
}

fn place_name(network: &Network, place: Place) -> String {
    match place {
        Place::Lane(lane) => network.lane_name(lane),
        Place::Movement(movement) => network.movement_name(movement),
    }
}

/// Runs the hour without lane change and compares every second with the golden file.
fn compare_exactly(scenario: &Scenario) {
    let config = Config {
        lane_change: false,
        ..Config::default()
    };
    let mut world = World::new(
        Arc::clone(&scenario.network),
        Arc::clone(&scenario.demand),
        config,
    )
    .unwrap();
    let mut enter: HashMap<String, u64> = HashMap::new();
    let mut finish: HashMap<String, u64> = HashMap::new();
    let mut running: HashMap<VehicleId, String> = HashMap::new();
    let trajectories = scenario.golden["trajectories_first_300_s"]
        .as_object()
        .unwrap();
    let mut compared = 0;
    for step in 1..=3600_u64 {
        world.step();
        let mut present: HashMap<VehicleId, String> = HashMap::new();
        for vehicle in world.vehicles() {
            let name = running
                .remove(&vehicle.id)
                .unwrap_or_else(|| world.vehicle_name(vehicle.id));
            enter.entry(name.clone()).or_insert(step);
            if step <= 300
                && let Some(points) = trajectories.get(&name).and_then(Value::as_array)
                && let Some(point) = points.iter().find(|p| p[0].as_u64() == Some(step))
            {
                let at = format!("{name} at {step} s");
                assert_eq!(point[1], place_name(world.network(), vehicle.place), "{at}");
                let (distance, speed) = (point[2].as_f64().unwrap(), point[3].as_f64().unwrap());
                assert!(
                    (distance - vehicle.distance).abs() <= 1e-6,
                    "{at}: {vehicle:?} {point}"
                );
                assert!(
                    (speed - vehicle.speed).abs() <= 1e-6,
                    "{at}: {vehicle:?} {point}"
                );
                compared += 1;
            }
            present.insert(vehicle.id, name);
        }
        for (_, name) in running.drain() {
            finish.insert(name, step);
        }
        running = present;
    }
    let whole: usize = trajectories
        .values()
        .map(|points| points.as_array().unwrap().len())
        .sum();
    assert_eq!(
        compared, whole,
        "every golden trajectory point was compared"
    );
    let as_map = |key: &str| -> HashMap<String, u64> {
        let map = scenario.golden[key].as_object().unwrap();
        map.iter()
            .map(|(name, second)| (name.clone(), second.as_u64().unwrap()))
            .collect()
    };
    assert_eq!(as_map("enter_s"), enter);
    assert_eq!(as_map("finish_s"), finish);
    let golden = scenario.golden["average_travel_time_s"].as_f64().unwrap();
    let ours = world.metrics(3600.0).att_engine;
    assert!(
        (golden - ours).abs() < 1e-9,
        "average travel time {ours}, golden {golden}"
    );
}

/// Runs the hour with lane change and compares the sums with the golden file.
fn compare_statistically(scenario: &Scenario) {
    let mut world = World::new(
        Arc::clone(&scenario.network),
        Arc::clone(&scenario.demand),
        Config::default(),
    )
    .unwrap();
    let mut worst: f64 = 0.0;
    for point in scenario.golden["series"].as_array().unwrap() {
        while world.time() < point[0].as_f64().unwrap() {
            world.step();
        }
        let metrics = world.metrics(3600.0);
        let golden = point[1].as_f64().unwrap();
        let ours = metrics.running as f64;
        let apart = (ours - golden).abs();
        println!(
            "{:>5} s  running {ours:>5} golden {golden:>5}  finished {:>5} golden {:>5}  att {:.3} golden {:.3}",
            metrics.time,
            metrics.throughput,
            point[2],
            metrics.att_engine,
            point[3].as_f64().unwrap()
        );
        // One per cent of a few dozen vehicles is less than one.
        assert!(
            apart <= (0.01 * golden).max(1.0),
            "at {} s: {ours} running, {golden}",
            point[0]
        );
        worst = worst.max(apart / golden);
    }
    let golden = scenario.golden["average_travel_time_s"].as_f64().unwrap();
    let ours = world.metrics(3600.0).att_engine;
    println!(
        "average travel time {ours:.3} s, golden {golden:.3} s; running counts within {worst:.4}"
    );
    assert!((golden - ours).abs() <= 0.003 * golden);
}

#[test]
fn hangzhou_hour_without_lane_change_is_exact() {
    if let Some(scenario) = load("hangzhou-4x4", "flow.json", "flow.lane_change_0.json") {
        compare_exactly(&scenario);
    }
}

#[test]
fn hangzhou_peak_without_lane_change_is_exact() {
    if let Some(scenario) = load(
        "hangzhou-4x4",
        "flow_peak.json",
        "flow_peak.lane_change_0.json",
    ) {
        compare_exactly(&scenario);
    }
}

#[test]
fn hangzhou_hour_with_lane_change_agrees() {
    if let Some(scenario) = load("hangzhou-4x4", "flow.json", "flow.lane_change_1.json") {
        compare_statistically(&scenario);
    }
}

#[test]
fn hangzhou_peak_with_lane_change_agrees() {
    if let Some(scenario) = load(
        "hangzhou-4x4",
        "flow_peak.json",
        "flow_peak.lane_change_1.json",
    ) {
        compare_statistically(&scenario);
    }
}

#[test]
fn one_real_junction_with_lane_change_agrees() {
    if let Some(scenario) = load("hangzhou-1x1", "flow.json", "flow.lane_change_1.json") {
        compare_statistically(&scenario);
    }
}
