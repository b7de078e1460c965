//! The published figures of the reference controllers, reproduced on the scenarios they were
//! measured on: protocol 15/5/4, lane change on, seed 0, an hour.
//!
//! Skips with a note where the scenarios are absent.

use std::path::PathBuf;
use std::sync::Arc;

use roads::{Demand, Network, cityflow};
use signals::{Protocol, Runner, SimPlant, controllers};
use sim::{Config, Metrics};

/// Controller, `att_lit`, `att_engine`, throughput.
type Row = (&'static str, f64, f64, u64);

/// How far a figure may be from the published one. The reference simulator itself varies from run
/// to run in the second decimal with lane change on.
const TOLERANCE: f64 = 0.005;

fn scenarios() -> Option<PathBuf> {
    let folder = std::env::var_os("CITYBRAIN_SCENARIOS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/scenarios"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no scenarios at {}", folder.display());
    None
}

fn run(network: &Arc<Network>, demand: &Arc<Demand>, controller: &str) -> Metrics {
    let protocol = Protocol::literature();
    let controller = controllers::by_name(controller, network, demand, &protocol).unwrap();
    let plant = SimPlant::new(Arc::clone(network), Arc::clone(demand), Config::default()).unwrap();
    let mut runner = Runner::new(plant, controller, &protocol).unwrap();
    runner.run_until(protocol.horizon).unwrap();
    assert_eq!(
        runner.safety().overrides,
        0,
        "the envelope stays out of the way"
    );
    assert_eq!(runner.safety().fallbacks, 0);
    runner.plant().world().metrics(protocol.horizon)
}

fn reproduces(folder: &str, demand: &str, rows: &[Row]) {
    let Some(scenarios) = scenarios() else {
        return;
    };
    let folder = scenarios.join(folder);
    let network = cityflow::read_network(&folder.join("roadnet.json")).unwrap();
    let demand = cityflow::read_demand(&folder.join(demand), &network).unwrap();
    let (network, demand) = (Arc::new(network), Arc::new(demand));
    let mut faults = Vec::new();
    for &(controller, att_lit, att_engine, throughput) in rows {
        let metrics = run(&network, &demand, controller);
        println!(
            "{controller:24} att_lit {:7.2} ({att_lit:7.2})  att_engine {:7.2} ({att_engine:7.2})  \
             throughput {:4} ({throughput:4})",
            metrics.att_lit, metrics.att_engine, metrics.throughput
        );
        for (what, found, published) in [
            ("att_lit", metrics.att_lit, att_lit),
            ("att_engine", metrics.att_engine, att_engine),
            ("throughput", metrics.throughput as f64, throughput as f64),
        ] {
            let off = found / published - 1.0;
            if off.abs() > TOLERANCE {
                faults.push(format!(
                    "{controller}: {what} is {found:.2}, published {published:.2} ({:+.2} %)",
                    off * 100.0
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn hangzhou() {
    reproduces(
        "hangzhou-4x4",
        "flow.json",
        &[
            ("fixed-time", 497.87, 567.23, 2435),
            ("max-pressure", 289.55, 334.20, 2732),
            ("efficient-max-pressure", 285.16, 330.25, 2735),
            ("advanced-max-pressure", 284.54, 328.57, 2729),
        ],
    );
}

#[test]
fn hangzhou_at_the_peak() {
    reproduces(
        "hangzhou-4x4",
        "flow_peak.json",
        &[
            ("fixed-time", 408.31, 558.50, 3799),
            ("max-pressure", 349.85, 441.74, 4382),
            ("efficient-max-pressure", 328.64, 427.59, 4493),
            ("advanced-max-pressure", 322.31, 419.38, 4543),
        ],
    );
}

#[test]
fn jinan() {
    reproduces(
        "jinan-3x4",
        "flow.json",
        &[
            ("fixed-time", 429.27, 499.80, 4984),
            ("max-pressure", 274.99, 319.99, 5679),
            ("efficient-max-pressure", 270.70, 315.95, 5679),
            ("advanced-max-pressure", 255.83, 301.33, 5745),
        ],
    );
}
