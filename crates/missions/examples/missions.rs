//! Runs the experiment of emergency missions and prints its figures.
//!
//! ```sh
//! cargo run -p missions --release --example missions -- SETS CONTROLLERS MISSIONS [SEED [AT_ONCE]]
//! ```
//!
//! Sets as in `signals/examples/control.rs`: `HZ1`, `HZ2`, `JN1`, `demo`, `grid:6000:1`, each with a
//! factor such as `*1.3` after it.

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use missions::experiment::{self, Spec};
use roads::generate::{
    GridDemandSpec, GridSpec, Turning, city, city_demand, grid, grid_demand, read_spec,
};
use roads::{Demand, Network, cityflow};
use signals::{Protocol, Runner, SimPlant, controllers};
use sim::{Config, Rules};

/// Seconds after its model that an added vehicle departs.
const LATER: f64 = 7.0;

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
    let [kind, vehicles, seed] = parts[..] else {
        return Err(format!("there is no set {name:?}").into());
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
                ..GridSpec::default()
            })?,
            demand: Demand::default(),
            rules: Rules::Street,
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

fn change(spec: &mut Spec, text: &str) -> Result<(), Box<dyn Error>> {
    let (key, value) = text.split_once('=').ok_or("a setting is KEY=VALUE")?;
    let number: f64 = value.parse()?;
    match key {
        "factor" => spec.light.speed_factor = number,
        "reach" => spec.light.reach = number,
        "passing" => spec.light.passing = number,
        "margin" => spec.priority.margin = number,
        "keep" => spec.priority.keep = number,
        "lead" => spec.priority.longest_lead = number,
        "payback" => spec.priority.longest_payback = number,
        "peak" => spec.peak = Some((number, number + 300.0)),
        "window" => spec.window = number,
        _ => return Err(format!("there is no setting {key:?}").into()),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sets, names, count, rest @ ..] = arguments.as_slice() else {
        return Err(
            "usage: missions SETS CONTROLLERS MISSIONS [SEED [AT_ONCE [KEY=VALUE]…]]".into(),
        );
    };
    for name in sets.split(',') {
        let Set {
            network,
            demand,
            rules,
        } = set(name)?;
        let (network, demand) = (Arc::new(network), Arc::new(demand));
        let protocol = match rules {
            Rules::Street => Protocol::street(),
            Rules::Benchmark => Protocol::literature(),
        };
        for control in names.split(',') {
            let mut spec = Spec::new(&protocol);
            spec.missions = count.parse()?;
            spec.seed = rest.first().map_or(Ok(1), |text| text.parse())?;
            spec.at_once = rest.get(1).map_or(Ok(1), |text| text.parse())?;
            for text in rest.iter().skip(2) {
                change(&mut spec, text)?;
            }
            let start = || -> Result<Runner<SimPlant>, missions::Error> {
                let config = Config {
                    rules,
                    ..Config::default()
                };
                let controller = controllers::by_name(control, &network, &demand, &protocol)?;
                let plant = SimPlant::new(Arc::clone(&network), Arc::clone(&demand), config)?;
                Ok(Runner::new(plant, controller, &protocol)?)
            };
            let report = experiment::run(&network, &demand, &start, &spec, &mut |_, _| {})?;
            let summary = &report.summary;
            println!(
                "{name} {control} peak {:?} missions {}",
                report.peak, summary.missions
            );
            for (arm, total) in report.arms.iter().zip(&summary.arms) {
                println!("  {arm:?} {total:.2?}");
            }
            if std::env::var_os("EACH").is_some() {
                for mission in report.groups.iter().flat_map(|group| &group.missions) {
                    let arms = mission.arms.iter();
                    let times: Vec<_> = arms
                        .map(|arm| (arm.time_to_scene, arm.forecast.round(), arm.stops))
                        .collect();
                    println!(
                        "    {:6.0} s {:3} links {:6.0} m free {:5.0} s {times:?}",
                        mission.ordered, mission.links, mission.metres, mission.free
                    );
                }
            }
            println!("  ordinary {:.4?}", summary.against_ordinary);
            println!("  blue {:.4?}", summary.against_blue_light);
            println!(
                "  conflicts {} of {} looks, clearance {:?}",
                summary.conflicting_greens, summary.looks, summary.shortest_clearance
            );
        }
    }
    Ok(())
}
