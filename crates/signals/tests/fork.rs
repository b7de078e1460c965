//! A runner can be had twice: both go on from where it stands, and nothing is shared.

#![expect(
    clippy::unwrap_used,
    reason = "the tests' helpers fail as the tests do"
)]

use std::sync::Arc;

use roads::SignalId;
use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};
use signals::{Protocol, Runner, SimPlant, controllers};
use sim::{Config, Metrics};

fn running() -> Runner<SimPlant> {
    let network = Arc::new(grid(&GridSpec::default()).unwrap());
    let spec = GridDemandSpec {
        vehicles: 600,
        horizon: 600.0,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(&network, &spec).unwrap());
    let protocol = Protocol::street();
    let plan = controllers::by_name("plan", &network, &demand, &protocol).unwrap();
    let plant = SimPlant::new(network, demand, Config::default()).unwrap();
    let mut runner = Runner::new(plant, plan, &protocol).unwrap();
    runner.run_until(150.0).unwrap();
    runner
}

fn fork(runner: &Runner<SimPlant>, controller: &str) -> Runner<SimPlant> {
    let world = runner.plant().world();
    let protocol = Protocol::street();
    let controller = controllers::by_name(controller, world.network(), world.demand(), &protocol);
    runner.fork_under(controller.unwrap()).unwrap()
}

fn metrics(runner: &Runner<SimPlant>) -> Metrics {
    runner.plant().world().metrics(600.0)
}

#[test]
fn a_fork_begins_with_what_the_signals_show_and_what_they_counted() {
    let runner = running();
    let fork = fork(&runner, "max-pressure");
    assert_eq!(metrics(&fork), metrics(&runner));
    assert_eq!(fork.safety(), runner.safety());
    for signal in 0..runner.plant().world().network().signals.len() {
        let signal = SignalId::from(signal);
        assert_eq!(
            fork.envelope().phase(signal),
            runner.envelope().phase(signal)
        );
        let shown: Vec<_> = fork.envelope().shown(signal).collect();
        assert!(shown.iter().copied().eq(runner.envelope().shown(signal)));
    }
}

#[test]
fn forks_under_one_controller_stay_equal_and_leave_the_original_alone() {
    let runner = running();
    let before = metrics(&runner);
    let mut forks = [fork(&runner, "max-pressure"), fork(&runner, "max-pressure")];
    let mut other = fork(&runner, "plan");
    for fork in forks.iter_mut().chain([&mut other]) {
        fork.run_until(400.0).unwrap();
    }
    assert_eq!(metrics(&forks[0]), metrics(&forks[1]));
    assert_ne!(metrics(&forks[0]), metrics(&other));
    assert_eq!(metrics(&runner), before);
}
