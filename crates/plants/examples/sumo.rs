//! Runs controllers in SUMO and prints what came of it, a line for each controller and seed.
//!
//! ```sh
//! cargo run -p plants --example sumo -- SCENARIO.sumocfg CONTROLLERS SEEDS [SETTING=VALUE]…
//! ```
//!
//! `SUMO` names the program. Settings: `action` (seconds between decisions), `reach` (metres),
//! `detectors=1` (SUMO's own), `sensing=probes:0.1` and the like, and those of `brain`: `horizon`,
//! `beam`, `lost_onward`, `headway`, `red`.

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plants::sumo::{Own, Scenario, Sensing, Settings, SumoPlant, run_alone};
use plants::{Driver, ThreadBrain, Watch};
use roads::Demand;
use signals::sensing::{self, Sensed};
use signals::{Controller, Plant, Protocol, brain, controllers};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(2);
/// Longest run, seconds of SUMO's clock.
const LONGEST: f64 = 20_000.0;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, names, seeds, rest @ ..] = arguments.as_slice() else {
        return Err("usage: sumo SCENARIO CONTROLLERS SEEDS [SETTING=VALUE]…".into());
    };
    let program = std::env::var_os("SUMO").map_or_else(|| "sumo".into(), PathBuf::from);
    let mut settings = Settings {
        patience: PATIENCE,
        ..Settings::new(program)
    };
    let mut thinking = brain::Settings::default();
    let mut protocol = Protocol::street();
    let mut sensing = Sensing::Vehicles;
    let mut sensors = sensing::Sensing::default();
    for text in rest {
        let (key, value) = text.split_once('=').ok_or("a setting is KEY=VALUE")?;
        if key == "sensing" {
            sensors = value.parse()?;
            continue;
        }
        let number: f64 = value.parse()?;
        match key {
            "action" => protocol.action_interval = number,
            "reach" => settings.reach = number,
            "detectors" => sensing = Sensing::Detectors,
            "horizon" => thinking.horizon = number,
            "beam" => thinking.beam = number as usize,
            "lost_onward" => thinking.lost_onward = number,
            "headway" => {
                thinking.discharge = Some(brain::Discharge {
                    headway: number,
                    ..brain::Discharge::default()
                });
            }
            "red" => thinking.red_at_horizon = number,
            _ => return Err(format!("there is no setting {key:?}").into()),
        }
    }
    let scenario = Scenario::read(Path::new(path))?;
    let demand = Arc::new(Demand::default());
    for seed in seeds.split(',') {
        settings.seed = seed.parse()?;
        for name in names.split(',') {
            let outcome = match name {
                "plan" => run_alone(&scenario, &settings, Own::Plan)?,
                "actuated" => run_alone(&scenario, &settings, Own::Actuated)?,
                _ => {
                    let plant = SumoPlant::start(&scenario, &settings, sensing)?;
                    let (network, limits) = (Arc::clone(plant.network()), plant.limits().clone());
                    let plant = Sensed::new(plant, &sensors, u64::from(settings.seed))?;
                    let make = {
                        let (network, demand) = (Arc::clone(&network), Arc::clone(&demand));
                        let (protocol, thinking) = (protocol.clone(), thinking.clone());
                        let name = name.to_owned();
                        move || -> Result<Box<dyn Controller>, signals::Error> {
                            if name == "brain" {
                                let settings = thinking.clone();
                                let brain = brain::Brain::new(&network, &protocol, settings);
                                return Ok(Box::new(brain));
                            }
                            controllers::by_name(&name, &network, &demand, &protocol)
                        }
                    };
                    let brain = Box::new(ThreadBrain::new(Box::new(make))?);
                    let watch = Watch {
                        brain_patience: PATIENCE,
                        ..Watch::default()
                    };
                    let mut driver = Driver::new(plant, brain, &protocol, limits, watch)?
                        .with_reach(settings.reach);
                    while driver.plant().inner().expected() > 0 && driver.plant().time() < LONGEST {
                        driver.step()?;
                    }
                    let plant = driver.into_plant();
                    if let Some(errors) = plant.errors() {
                        println!("{errors:?}");
                    }
                    plant.into_inner().finish()?
                }
            };
            println!(
                "{name:22} seed {seed:>3}  mean trip {:7.2}  depart delay {:6.2}  waiting {:6.2}  \
                 finished {:5}  unfinished {:3}  teleports {}",
                outcome.mean_trip,
                outcome.mean_depart_delay,
                outcome.mean_waiting,
                outcome.finished,
                outcome.unfinished,
                outcome.teleports,
            );
        }
    }
    Ok(())
}
