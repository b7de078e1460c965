//! Runs controllers over sets of traffic and prints what came of it, all metrics on a line.
//!
//! ```sh
//! cargo run -p signals --release --example control -- SETS CONTROLLERS [ACTION [SETTING=VALUE]…]
//! ```
//!
//! Sets, separated by commas: `HZ1`, `HZ2`, `JN1` (the published scenarios, in the folder of
//! `CITYBRAIN_SCENARIOS`), `demo` (the demonstration city); made-up demand for the published
//! networks, `HZg:4000:1` and `JNg:6000:1` (vehicles and seed), and for a grid of 36 signals,
//! `grid:6000:1`, or with blocks of so many metres, `grid:6000:1:150`, and `blocks:6000:1:150` under
//! the literature's rules. `*1.3` after any of them means 30 % more vehicles. `ACTION` is the
//! literature's action interval, seconds. `sensing=…` as `--sensing` of the command line.

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roads::generate::{
    GridDemandSpec, GridSpec, Turning, city, city_demand, grid, grid_demand, read_spec,
};
use roads::{Demand, Network, cityflow};
use signals::brain::{Brain, Discharge, Settings};
use signals::sensing::{Sensed, Sensing};
use signals::{Controller, Protocol, Runner, SimPlant, controllers};
use sim::{Config, Rules};

/// Seconds after its model that an added vehicle departs.
const LATER: f64 = 7.0;

/// The last seconds of a run, whose throughput is told by itself: next to nothing in a gridlock.
const LAST: f64 = 600.0;

struct Set {
    network: Network,
    demand: Demand,
    rules: Rules,
}

fn published(folder: &str, flow: &str) -> Result<Set, Box<dyn Error>> {
    let root = std::env::var_os("CITYBRAIN_SCENARIOS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/scenarios"),
        PathBuf::from,
    );
    let network = cityflow::read_network(&root.join(folder).join("roadnet.json"))?;
    let demand = cityflow::read_demand(&root.join(folder).join(flow), &network)?;
    Ok(Set {
        network,
        demand,
        rules: Rules::Benchmark,
    })
}

fn demonstration() -> Result<Set, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cities/hangzhou/traffic");
    let (network, _) = city(&read_spec(&folder.join("network.yaml"))?)?;
    let demand = city_demand(&network, &read_spec(&folder.join("demand.yaml"))?)?;
    Ok(Set {
        network,
        demand,
        rules: Rules::Street,
    })
}

fn made_up(name: &str) -> Result<Set, Box<dyn Error>> {
    let parts: Vec<&str> = name.split(':').collect();
    let (kind, vehicles, seed, spacing) = match parts[..] {
        [kind, vehicles, seed] => (kind, vehicles, seed, None),
        [kind, vehicles, seed, spacing] => (kind, vehicles, seed, Some(spacing.parse()?)),
        _ => return Err(format!("there is no set {name:?}").into()),
    };
    let mut spec = GridDemandSpec {
        vehicles: vehicles.parse()?,
        seed: seed.parse()?,
        ..GridDemandSpec::default()
    };
    let mut set = match kind {
        "HZg" => published("hangzhou-4x4", "flow.json")?,
        "JNg" => published("jinan-3x4", "flow.json")?,
        _ => Set {
            network: grid(&GridSpec {
                columns: 6,
                rows: 6,
                spacing_x: spacing.unwrap_or(GridSpec::default().spacing_x),
                spacing_y: spacing.unwrap_or(GridSpec::default().spacing_y),
                ..GridSpec::default()
            })?,
            demand: Demand::default(),
            rules: if kind == "blocks" {
                Rules::Benchmark
            } else {
                Rules::Street
            },
        },
    };
    if let Some(kind) = set.demand.types.first() {
        spec.vehicle = kind.clone();
        spec.turning = Turning::Shares {
            straight: 0.6,
            left: 0.15,
            right: 0.25,
        };
    }
    set.demand = grid_demand(&set.network, &spec)?;
    Ok(set)
}

/// Adds vehicles like those there are, evenly.
fn more(demand: &mut Demand, factor: f64) {
    let mut due = 0.0;
    for index in 0..demand.flows.len() {
        due += factor - 1.0;
        if due >= 1.0 {
            due -= 1.0;
            let mut flow = demand.flows[index].clone();
            flow.start += LATER;
            flow.end = flow.end.map(|end| end + LATER);
            flow.id = None;
            demand.flows.push(flow);
        }
    }
}

fn set(name: &str) -> Result<Set, Box<dyn Error>> {
    let (base, factor) = name.split_once('*').unwrap_or((name, "1"));
    let mut set = match base {
        "HZ1" => published("hangzhou-4x4", "flow.json")?,
        "HZ2" => published("hangzhou-4x4", "flow_peak.json")?,
        "JN1" => published("jinan-3x4", "flow.json")?,
        "demo" => demonstration()?,
        _ => made_up(base)?,
    };
    more(&mut set.demand, factor.parse()?);
    Ok(set)
}

fn change(settings: &mut Settings, text: &str) -> Result<(), Box<dyn Error>> {
    let (key, value) = text.split_once('=').ok_or("a setting is KEY=VALUE")?;
    let number: f64 = value.parse()?;
    match key {
        "horizon" => settings.horizon = number,
        "beam" => settings.beam = number as usize,
        "sweeps" => settings.sweeps = number as usize,
        "work" => settings.work = Some(number as u64),
        "red_at_horizon" => settings.red_at_horizon = number,
        "lost_onward" => settings.lost_onward = number,
        "memory" => settings.memory = number,
        "headway" => {
            settings.discharge = Some(Discharge {
                headway: number,
                ..Discharge::default()
            });
        }
        _ => return Err(format!("there is no setting {key:?}").into()),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sets, names, rest @ ..] = arguments.as_slice() else {
        return Err("usage: control SETS CONTROLLERS [ACTION [SETTING=VALUE]…]".into());
    };
    let mut settings = Settings::default();
    let mut sensing = Sensing::default();
    for text in rest.iter().skip(1) {
        match text.strip_prefix("sensing=") {
            Some(text) => sensing = text.parse()?,
            None => change(&mut settings, text)?,
        }
    }
    for name in sets.split(',') {
        let Set {
            network,
            demand,
            rules,
        } = set(name)?;
        let (network, demand) = (Arc::new(network), Arc::new(demand));
        let mut protocol = match rules {
            Rules::Street => Protocol::street(),
            Rules::Benchmark => Protocol::literature(),
        };
        if let (Some(action), Rules::Benchmark) = (rest.first(), rules) {
            protocol.action_interval = action.parse()?;
        }
        for control in names.split(',') {
            let controller: Box<dyn Controller> = match control {
                "brain" => Box::new(Brain::new(&network, &protocol, settings.clone())),
                _ => controllers::by_name(control, &network, &demand, &protocol)?,
            };
            let config = Config {
                rules,
                ..Config::default()
            };
            let plant = SimPlant::new(Arc::clone(&network), Arc::clone(&demand), config)?;
            let plant = Sensed::new(plant, &sensing, 0)?;
            let mut runner = Runner::new(plant, controller, &protocol)?;
            runner.run_until(protocol.horizon - LAST)?;
            let before = runner
                .plant()
                .inner()
                .world()
                .metrics(protocol.horizon - LAST);
            runner.run_until(protocol.horizon)?;
            let metrics = runner.plant().inner().world().metrics(protocol.horizon);
            let errors = runner.plant().errors().map_or_else(String::new, |errors| {
                format!(
                    "  error: waiting {:.2}, count {:.2} of {:.2}, bias {:+.2}, penetration {:.3}",
                    errors.waiting_rmse,
                    errors.count_rmse,
                    errors.count_mean,
                    errors.count_bias,
                    errors.penetration.unwrap_or(1.0)
                )
            });
            println!(
                "{name:12} {control:22} att_lit {:7.2}  att_engine {:7.2}  throughput {:5}  \
                 outside {:4}  inside {:5}  last {:4}  relocated {}  overrides {}  \
                 sensing {sensing}{errors}",
                metrics.att_lit,
                metrics.att_engine,
                metrics.throughput,
                metrics.waiting_to_enter,
                metrics.running,
                metrics.throughput - before.throughput,
                metrics.relocated,
                runner.safety().overrides,
            );
        }
    }
    Ok(())
}
