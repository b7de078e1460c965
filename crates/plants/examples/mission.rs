//! An emergency mission in SUMO, three times from the same seed: as a vehicle like any other, under
//! blue light, and with signals that clear its way.
//!
//! ```sh
//! cargo run -p plants --example mission -- SCENARIO.sumocfg FROM TO SECOND [CONTROLLER [SEED]]
//! ```
//!
//! `FROM` and `TO` are edges, `SECOND` is when it is called. `SUMO` names the program.

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plants::sumo::{Guest, Journey, Outcome, Scenario, Sensing, Settings, SumoPlant};
use roads::route::{Router, TurnPenalties};
use roads::{Demand, LinkId, Network};
use signals::priority::{self, Claim, Desk};
use signals::{Plant, Protocol, Runner, controllers};

/// The mission's name, and its number on the desk.
const NAME: (&str, u64) = ("mission", 1);
/// Longest mission, seconds.
const LONGEST: f64 = 3_600.0;

/// What a mission is to be.
struct Order {
    route: Vec<LinkId>,
    stops_at: f64,
    called: f64,
}

fn order(network: &Network, from: &str, to: &str, called: f64) -> Result<Order, Box<dyn Error>> {
    let link = |id: &str| {
        let found = network.link_named(id);
        found.ok_or_else(|| format!("there is no edge {id:?} that cars may use"))
    };
    let (from, last) = (link(from)?, link(to)?);
    let way = Router::new(network, &TurnPenalties::default()).path(from, last);
    let way = way.ok_or_else(|| format!("no way leads to {to:?}"))?;
    Ok(Order {
        route: way.links,
        stops_at: network.links[last.index()].length / 2.0,
        called,
    })
}

/// Seconds from call to arrival, for how many it stood, and what came of the traffic.
fn run(
    scenario: &Scenario,
    settings: &Settings,
    control: &str,
    (order, blue_light, told): (&Order, bool, bool),
) -> Result<(f64, u32, Outcome), Box<dyn Error>> {
    let plant = SumoPlant::start(scenario, settings, Sensing::Vehicles)?;
    let (network, limits) = (Arc::clone(plant.network()), plant.limits().clone());
    let protocol = Protocol::street();
    let controller = controllers::by_name(control, &network, &Demand::default(), &protocol)?;
    let mut runner = Runner::with_limits(plant, controller, &protocol, &limits)?;
    let desk = Desk::new();
    runner.give_priority(&limits, desk.clone(), priority::Settings::default())?;
    runner.run_until(order.called)?;
    runner.plant_mut().send(Guest {
        name: NAME.0.to_owned(),
        route: order.route.clone(),
        stops_at: order.stops_at,
        blue_light,
    })?;
    let mut stood = 0;
    let arrived = loop {
        if let Some(Journey::Arrived(at)) = runner.plant().journey(NAME.0) {
            break at;
        }
        if runner.plant().time() > order.called + LONGEST {
            return Err(format!("it has not arrived within {LONGEST} s").into());
        }
        let claim = Claim::Mission { severity: 1 };
        if let Some(report) = runner.plant().report(NAME.0, claim) {
            stood += u32::from(report.speed < 0.1);
            if told {
                desk.report(NAME.1, report);
            }
        }
        runner.step()?;
    };
    desk.withdraw(NAME.1);
    while runner.plant().expected() > 0 && runner.plant().time() < order.called + LONGEST {
        runner.step()?;
    }
    Ok((arrived - order.called, stood, runner.into_plant().finish()?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, from, to, called, rest @ ..] = arguments.as_slice() else {
        return Err("usage: mission SCENARIO FROM TO SECOND [CONTROLLER [SEED]]".into());
    };
    let program = std::env::var_os("SUMO").map_or_else(|| "sumo".into(), PathBuf::from);
    let mut settings = Settings::new(program);
    let control = rest.first().map_or("max-pressure", String::as_str);
    settings.seed = rest.get(1).map_or(Ok(0), |seed| seed.parse())?;
    let scenario = Scenario::read(Path::new(path))?;
    let order = order(&scenario.import()?.network, from, to, called.parse()?)?;
    println!("{} links, {control}", order.route.len());
    for (name, blue_light, told) in [
        ("ordinary", false, false),
        ("blue light", true, false),
        ("priority", true, true),
    ] {
        let arm = (&order, blue_light, told);
        let (seconds, stood, outcome) = run(&scenario, &settings, control, arm)?;
        println!(
            "{name:12} {seconds:6.1} s, stood {stood:3} s; all: mean trip {:7.2} s, finished {:5}, \
             collisions {}",
            outcome.mean_trip, outcome.finished, outcome.collisions
        );
    }
    Ok(())
}
