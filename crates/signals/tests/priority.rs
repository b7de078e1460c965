//! Priority through its front door: nothing without a vehicle, green in time with one, and the
//! weak form only for who is late.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::sync::Arc;

use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};
use roads::{Direction, LinkId, Network, SignalId};
use signals::priority::{Claim, Desk, Report, Service, Settings};
use signals::{Plant, Protocol, Runner, SignalPhases, SimPlant, controllers};
use sim::Config;

fn runner(control: &str, vehicles: usize) -> Runner<SimPlant> {
    let spec = GridSpec {
        columns: 3,
        rows: 3,
        ..GridSpec::default()
    };
    let network = Arc::new(grid(&spec).unwrap());
    let spec = GridDemandSpec {
        vehicles,
        horizon: 240.0,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(&network, &spec).unwrap());
    let protocol = Protocol::street();
    let controller = controllers::by_name(control, &network, &demand, &protocol).unwrap();
    let plant = SimPlant::new(network, demand, Config::default()).unwrap();
    Runner::new(plant, controller, &protocol).unwrap()
}

fn with_desk(runner: &mut Runner<SimPlant>) -> Desk {
    let desk = Desk::new();
    let limits = Protocol::street().limits().into();
    runner
        .give_priority(&limits, desk.clone(), Settings::default())
        .unwrap();
    desk
}

#[test]
fn with_nobody_on_the_desk_every_controller_decides_as_it_would_alone() {
    for info in controllers::all() {
        let mut alone = runner(info.name, 400);
        alone.run_until(60.0).unwrap();
        let mut before = alone.fork().unwrap();
        let desk = with_desk(&mut before);
        alone.run_until(240.0).unwrap();
        before.run_until(240.0).unwrap();
        assert!(desk.is_empty());
        let worlds = [alone, before].map(|runner| runner.plant().world().save().unwrap());
        assert_eq!(worlds[0], worlds[1], "{}", info.name);
    }
}

#[test]
fn priority_that_is_taken_away_again_leaves_every_controller_as_if_there_had_been_none() {
    for info in controllers::all() {
        let mut alone = runner(info.name, 400);
        alone.run_until(60.0).unwrap();
        assert!(!alone.end_priority(), "there is none to take away");
        let mut before = alone.fork().unwrap();
        let desk = with_desk(&mut before);
        // At a second that is no decision of most controllers.
        before.run_until(83.0).unwrap();
        let (route, ..) = left_turn(before.plant().network());
        desk.report(7, report(&route, 60.0, Claim::Mission { severity: 1 }));
        assert!(!before.end_priority(), "somebody has it");
        desk.withdraw(7);
        assert!(before.end_priority(), "{}", info.name);
        assert!(!before.end_priority(), "it is gone");
        alone.run_until(240.0).unwrap();
        before.run_until(240.0).unwrap();
        let worlds = [alone, before].map(|runner| runner.plant().world().save().unwrap());
        assert_eq!(worlds[0], worlds[1], "{}", info.name);
    }
}

#[test]
fn priority_is_not_taken_away_before_others_have_their_green_back() {
    let mut runner = runner("advanced-max-pressure", 800);
    let desk = with_desk(&mut runner);
    runner.run_until(60.0).unwrap();
    let (route, ..) = left_turn(runner.plant().network());
    for second in 0..20 {
        desk.report(7, report(&route, 60.0, Claim::Mission { severity: 1 }));
        runner.run_until(61.0 + f64::from(second)).unwrap();
    }
    assert!(!desk.service().held.is_empty());
    desk.withdraw(7);
    let mut paid = 0;
    let ended = (0..180).any(|second| {
        runner.run_until(81.0 + f64::from(second)).unwrap();
        paid += usize::from(!desk.service().paying_back.is_empty());
        runner.end_priority()
    });
    assert!(ended, "priority never ends");
    assert!(paid > 0, "nothing was paid back");
}

/// A turn to the left between two links inside the network: its links, signal, and the phases that
/// serve it.
fn left_turn(network: &Network) -> (Vec<LinkId>, SignalId, Vec<u32>) {
    let inside =
        |link: LinkId| !network.junctions[network.links[link.index()].from.index()].boundary;
    let turn = network
        .turns
        .iter()
        .find(|turn| turn.direction == Direction::Left && inside(turn.from))
        .unwrap();
    let signal = network.junctions[turn.junction.index()].signal.unwrap();
    let phases = &SignalPhases::of_network(network)[signal.index()];
    let movements = &network.signals[signal.index()].movements;
    let serves = |phase: &u32| {
        (0..movements.len()).any(|position| {
            let movement = &network.movements[movements[position].index()];
            network.turns[movement.turn.index()].from == turn.from
                && movement.direction == Direction::Left
                && phases.serves(*phase, position)
        })
    };
    let serving = phases.green().iter().copied().filter(serves).collect();
    (vec![turn.from, turn.to], signal, serving)
}

fn report(route: &[LinkId], to_end: f64, claim: Claim) -> Report {
    Report {
        claim,
        route: route.to_vec(),
        lane: None,
        to_end,
        speed: 15.0,
        max_speed: 25.0,
        speed_factor: 1.5,
        stops_at: 10.0,
    }
}

/// Seconds in which the signal shows a phase that serves the turn, with a vehicle that
/// comes nearer at 15 m/s and passes after 20 s.
fn greens(claim: Option<Claim>) -> (u32, bool) {
    // A vehicle that nobody sees but its own report: the roads are empty.
    let mut runner = runner("fixed-time", 0);
    let desk = with_desk(&mut runner);
    let network = Arc::clone(runner.plant().world().network());
    let (route, signal, serving) = left_turn(&network);
    let serves = |runner: &Runner<SimPlant>| {
        let phase = runner.plant().world().phase(signal);
        phase.is_some_and(|phase| serving.contains(&(phase as u32)))
    };
    // Begin when the left turn has just lost its green: the wait would be long.
    let mut served = false;
    for _ in 0..1_000 {
        let now = serves(&runner);
        if served && !now {
            break;
        }
        served = now;
        runner.step().unwrap();
    }
    let (mut seconds, mut at_the_line) = (0, false);
    for second in 0..40 {
        let to_end = 300.0 - 15.0 * f64::from(second);
        match claim {
            Some(claim) if to_end >= 0.0 => desk.report(1, report(&route, to_end, claim)),
            _ => desk.withdraw(1),
        }
        runner.step().unwrap();
        seconds += u32::from(serves(&runner));
        if second == 20 {
            at_the_line = serves(&runner);
        }
    }
    (seconds, at_the_line)
}

#[test]
fn a_mission_has_green_when_it_comes_and_not_much_longer() {
    let (without, at_the_line) = greens(None);
    assert!(!at_the_line, "{without}");
    let (seconds, at_the_line) = greens(Some(Claim::Mission { severity: 1 }));
    assert!(at_the_line);
    assert!((1..=16).contains(&seconds), "{seconds}");
}

#[test]
fn the_desk_says_which_signal_is_held_for_whom_and_which_pays_back() {
    // Full roads, so that somebody waits for what was lost.
    let mut runner = runner("fixed-time", 600);
    let desk = with_desk(&mut runner);
    runner.run_until(120.0).unwrap();
    assert_eq!(desk.service(), Service::default(), "nobody is on the desk");
    let network = Arc::clone(runner.plant().world().network());
    let (route, signal, _) = left_turn(&network);
    let mut held = 0;
    for second in 0..60 {
        let to_end = (300.0 - 15.0 * f64::from(second)).max(5.0);
        desk.report(7, report(&route, to_end, Claim::Mission { severity: 1 }));
        runner.step().unwrap();
        held += u32::from(desk.service().held == [(signal, 7)]);
    }
    assert!(held > 20, "{held}");
    desk.withdraw(7);
    runner.step().unwrap();
    let after = desk.service();
    assert_eq!(after.held, []);
    assert_eq!(after.paying_back, [signal]);
    runner
        .run_until(runner.plant().world().time() + 120.0)
        .unwrap();
    assert_eq!(desk.service(), Service::default());
}

#[test]
fn a_bus_has_an_early_green_only_when_it_is_late() {
    let (_, punctual) = greens(Some(Claim::Transit { late: 10.0 }));
    assert!(!punctual);
    let (_, late) = greens(Some(Claim::Transit { late: 300.0 }));
    assert!(late);
}
