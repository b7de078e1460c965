//! Meters and guidance on the demonstration city, which comes with the repository.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests stop at what they did not expect, and say what they found"
)]

use std::path::PathBuf;
use std::sync::Arc;

use roads::generate::{CitySpec, DemandSpec, city, city_demand, read_spec};
use roads::{Demand, LinkId, Network};
use schemes::metering::{Alinea, ramps};
use schemes::{Active, LinkWatch, Plan};
use signals::{Protocol, Runner, SimPlant, controllers};
use sim::{Config, Rules};

fn demonstration() -> (Arc<Network>, Arc<Demand>) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../cities/hangzhou/traffic");
    let spec: CitySpec = read_spec(&folder.join("network.yaml")).unwrap();
    let network = Arc::new(city(&spec).unwrap().0);
    let trips: DemandSpec = read_spec(&folder.join("demand.yaml")).unwrap();
    let demand = Arc::new(city_demand(&network, &trips).unwrap());
    (network, demand)
}

struct Outcome {
    metrics: sim::Metrics,
    watch: LinkWatch,
    done: schemes::Done,
}

fn run(network: &Arc<Network>, demand: &Arc<Demand>, plan: &Plan, seconds: f64) -> Outcome {
    let config = Config {
        rules: Rules::Street,
        ..Config::default()
    };
    let protocol = Protocol::street();
    let control = std::env::var("CONTROL").unwrap_or_else(|_| "advanced-max-pressure".to_owned());
    let controller = controllers::by_name(&control, network, demand, &protocol).unwrap();
    let plant = SimPlant::new(Arc::clone(network), Arc::clone(demand), config).unwrap();
    let mut runner = Runner::new(plant, controller, &protocol).unwrap();
    let mut active = Active::new(network, plan, 0).unwrap();
    let mut watch = LinkWatch::new(network);
    while runner.plant().world().time() < seconds {
        active.act(runner.plant_mut()).unwrap();
        runner.step().unwrap();
        watch.look(runner.plant().world());
    }
    Outcome {
        metrics: runner.plant().world().metrics(seconds),
        watch,
        done: active.done(),
    }
}

fn tell(name: &str, network: &Network, outcome: &Outcome) {
    let elevated = (0..network.links.len())
        .map(LinkId::from)
        .filter(|link| network.links[link.index()].elevated);
    let ring = outcome.watch.sum(elevated);
    let on = outcome
        .watch
        .sum(ramps(network).into_iter().map(|ramp| ramp.link));
    let metrics = &outcome.metrics;
    println!(
        "{name}: network {:.3} m/s, {} of {}; ring {:.2} m/s; ramps {:.0} h of delay, queue {}; {:?} {:?}",
        metrics.distance / metrics.time_spent,
        metrics.throughput,
        metrics.vehicles,
        ring.speed().unwrap_or_default(),
        on.delay / 3600.0,
        on.longest_queue,
        outcome.done.guidance,
        outcome.done.metering.as_ref().map(|meters| meters
            .iter()
            .map(|meter| (meter.metered as u64, meter.overrides))
            .collect::<Vec<_>>()),
    );
}

#[test]
fn meters_hold_ramps_back_only_while_the_ring_is_full_and_plans_that_do_nothing_change_nothing() {
    let (network, demand) = demonstration();
    assert!(ramps(&network).len() >= 4, "{:?}", ramps(&network));
    let short = 900.0;
    let plain = run(&network, &demand, &Plan::default(), short);
    let idle = Plan {
        guided: Some(0.0),
        ..Plan::default()
    };
    assert_eq!(plain.metrics, run(&network, &demand, &idle, short).metrics);
    // So low a target holds everybody back who can be held back.
    let strict = Plan {
        metering: Some(Alinea {
            target: Some(0.001),
            ..Alinea::default()
        }),
        ..Plan::default()
    };
    let held = run(&network, &demand, &strict, short);
    tell("plain", &network, &plain);
    tell("strict", &network, &held);
    let on = |outcome: &Outcome| {
        let links = ramps(&network).into_iter().map(|ramp| ramp.link);
        outcome.watch.sum(links).delay
    };
    assert!(on(&held) > 1.5 * on(&plain));
    let meters = held.done.metering.unwrap();
    assert!(meters.iter().all(|meter| meter.rate >= 240.0));
    assert!(meters.iter().any(|meter| meter.metered > 300.0));
}

#[test]
fn guided_drivers_go_another_way_and_the_same_seed_tells_the_same_ones() {
    let (network, demand) = demonstration();
    let plan = Plan {
        guided: Some(0.3),
        ..Plan::default()
    };
    let once = run(&network, &demand, &plan, 900.0);
    let again = run(&network, &demand, &plan, 900.0);
    assert_eq!(once.metrics, again.metrics);
    let counts = once.done.guidance.unwrap();
    let share = counts.guided as f64 / once.metrics.vehicles as f64;
    assert!((0.2..0.35).contains(&share), "{share}");
    assert!(counts.diverted > 0, "{counts:?}");
}

/// `cargo nextest run -p schemes --run-ignored all -E 'test(whole_peak)' --no-capture`
#[test]
#[ignore = "minutes; prints figures for docs/benchmarks.md"]
fn a_whole_peak_with_and_without() {
    let (network, demand) = demonstration();
    for (name, plan) in [
        ("none", Plan::default()),
        (
            "alinea",
            Plan {
                metering: Some(Alinea::default()),
                ..Plan::default()
            },
        ),
        (
            "guided 0.3",
            Plan {
                guided: Some(0.3),
                ..Plan::default()
            },
        ),
        (
            "both",
            Plan {
                metering: Some(Alinea::default()),
                guided: Some(0.3),
                ..Plan::default()
            },
        ),
    ] {
        tell(name, &network, &run(&network, &demand, &plan, 5_400.0));
    }
}
