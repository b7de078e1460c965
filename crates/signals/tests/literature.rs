//! The published figures of the reference controllers, reproduced on the scenarios they were
//! measured on: protocol 15/5/4, lane change on, seed 0, an hour.
//!
//! Skips with a note where the scenarios are absent.

#![expect(
    clippy::print_stdout,
    reason = "the tests print their table, and why they skip"
)]

use std::error::Error;
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

fn run(
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    controller: &str,
    protocol: &Protocol,
) -> Result<Metrics, signals::Error> {
    let controller = controllers::by_name(controller, network, demand, protocol)?;
    let plant = SimPlant::new(Arc::clone(network), Arc::clone(demand), Config::default())?;
    let mut runner = Runner::new(plant, controller, protocol)?;
    runner.run_until(protocol.horizon)?;
    assert_eq!(
        runner.safety().overrides,
        0,
        "the envelope stays out of the way"
    );
    assert_eq!(runner.safety().delays, 0);
    assert_eq!(runner.safety().fallbacks, 0);
    Ok(runner.plant().world().metrics(protocol.horizon))
}

/// A network and its demand, if the scenarios are there.
type Scenario = Option<(Arc<Network>, Arc<Demand>)>;

fn read(folder: &str, demand: &str) -> Result<Scenario, roads::Error> {
    let Some(scenarios) = scenarios() else {
        return Ok(None);
    };
    let folder = scenarios.join(folder);
    let network = cityflow::read_network(&folder.join("roadnet.json"))?;
    let demand = cityflow::read_demand(&folder.join(demand), &network)?;
    Ok(Some((Arc::new(network), Arc::new(demand))))
}

fn reproduces(folder: &str, demand: &str, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let Some((network, demand)) = read(folder, demand)? else {
        return Ok(());
    };
    let mut faults = Vec::new();
    for &(controller, att_lit, att_engine, throughput) in rows {
        let metrics = run(&network, &demand, controller, &Protocol::literature())?;
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
    Ok(())
}

#[test]
fn hangzhou() -> Result<(), Box<dyn Error>> {
    reproduces(
        "hangzhou-4x4",
        "flow.json",
        &[
            ("fixed-time", 497.87, 567.23, 2435),
            ("max-pressure", 289.55, 334.20, 2732),
            ("efficient-max-pressure", 285.16, 330.25, 2735),
            ("advanced-max-pressure", 284.54, 328.57, 2729),
        ],
    )
}

#[test]
fn hangzhou_at_the_peak() -> Result<(), Box<dyn Error>> {
    reproduces(
        "hangzhou-4x4",
        "flow_peak.json",
        &[
            ("fixed-time", 408.31, 558.50, 3799),
            ("max-pressure", 349.85, 441.74, 4382),
            ("efficient-max-pressure", 328.64, 427.59, 4493),
            ("advanced-max-pressure", 322.31, 419.38, 4543),
        ],
    )
}

#[test]
fn jinan() -> Result<(), Box<dyn Error>> {
    reproduces(
        "jinan-3x4",
        "flow.json",
        &[
            ("fixed-time", 429.27, 499.80, 4984),
            ("max-pressure", 274.99, 319.99, 5679),
            ("efficient-max-pressure", 270.70, 315.95, 5679),
            ("advanced-max-pressure", 255.83, 301.33, 5745),
        ],
    )
}

#[test]
fn the_short_protocol() -> Result<(), Box<dyn Error>> {
    let protocol = Protocol::literature_short();
    for (folder, demand, published) in [
        ("hangzhou-4x4", "flow.json", 263.2),
        ("hangzhou-4x4", "flow_peak.json", 280.5),
        ("jinan-3x4", "flow.json", 225.0),
    ] {
        let Some((network, demand)) = read(folder, demand)? else {
            return Ok(());
        };
        let found = run(&network, &demand, "advanced-max-pressure", &protocol)?.att_lit;
        println!("5/2/8 advanced-max-pressure on {folder}: {found:.2} ({published})");
        assert!(
            (found / published - 1.0).abs() < TOLERANCE,
            "{found} for {published}"
        );
    }
    Ok(())
}

/// The look-ahead controller: scenario, best published `att_lit`, and its own figures.
const BRAIN: [(&str, &str, f64, Row); 3] = [
    (
        "hangzhou-4x4",
        "flow.json",
        271.73,
        ("HZ1", 265.97, 311.35, 2752),
    ),
    (
        "hangzhou-4x4",
        "flow_peak.json",
        311.12,
        ("HZ2", 294.45, 387.00, 4763),
    ),
    (
        "jinan-3x4",
        "flow.json",
        247.32,
        ("JN1", 236.09, 282.99, 5772),
    ),
];

#[test]
fn the_look_ahead_is_below_the_best_published_results() -> Result<(), Box<dyn Error>> {
    for (folder, flow, published, (name, att_lit, att_engine, throughput)) in BRAIN {
        let Some((network, demand)) = read(folder, flow)? else {
            return Ok(());
        };
        let protocol = Protocol::literature();
        let pressure = run(&network, &demand, "advanced-max-pressure", &protocol)?;
        let brain = run(&network, &demand, "brain", &protocol)?;
        println!(
            "brain on {name}: att_lit {:.2} ({published} published)  att_engine {:.2}  throughput {}  \
             outside {}",
            brain.att_lit, brain.att_engine, brain.throughput, brain.waiting_to_enter
        );
        assert!(brain.att_lit < published, "{name}: {}", brain.att_lit);
        assert!(brain.att_engine < pressure.att_engine);
        assert!(brain.throughput >= pressure.throughput);
        assert!(brain.waiting_to_enter <= pressure.waiting_to_enter);
        for (what, found, recorded) in [
            ("att_lit", brain.att_lit, att_lit),
            ("att_engine", brain.att_engine, att_engine),
            ("throughput", brain.throughput as f64, throughput as f64),
        ] {
            let off = (found / recorded - 1.0).abs();
            assert!(
                off < TOLERANCE,
                "{name}: {what} is {found:.2}, recorded {recorded:.2}"
            );
        }
    }
    Ok(())
}

#[test]
fn the_look_ahead_gains_more_when_it_decides_every_five_seconds() -> Result<(), Box<dyn Error>> {
    let protocol = Protocol {
        action_interval: 5.0,
        ..Protocol::literature()
    };
    for (folder, flow, least) in [
        ("hangzhou-4x4", "flow.json", 0.05),
        ("hangzhou-4x4", "flow_peak.json", 0.1),
        ("jinan-3x4", "flow.json", 0.2),
    ] {
        let Some((network, demand)) = read(folder, flow)? else {
            return Ok(());
        };
        let pressure = run(&network, &demand, "advanced-max-pressure", &protocol)?;
        let brain = run(&network, &demand, "brain", &protocol)?;
        println!(
            "5/5/4 on {folder} {flow}: {:.2} against {:.2}",
            brain.att_lit, pressure.att_lit
        );
        assert!(brain.att_lit < (1.0 - least) * pressure.att_lit);
        assert!(brain.att_engine < (1.0 - least) * pressure.att_engine);
        assert!(brain.throughput >= pressure.throughput);
    }
    Ok(())
}
