//! The look-ahead controller: it cannot know what a city cannot know, decides the same on any
//! number of threads, and gives way to advanced max pressure when it is late.

#![expect(
    clippy::unwrap_used,
    reason = "the tests' helpers fail as the tests do"
)]

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};
use roads::{Demand, Flow, LinkId, Network, SignalId};
use signals::brain::{Brain, Discharge, Settings};
use signals::controllers::AdvancedMaxPressure;
use signals::sensing::Sensed;
use signals::{
    Controller, Detail, Error, Observation, Protocol, Runner, SeenVehicle, SimPlant, Wish, Wishes,
};
use sim::{Config, NewVehicle, Place, Signals, VehicleId, World};

/// Everything that was seen and said.
type Record = Arc<Mutex<Vec<(Observation, Wishes)>>>;

/// A controller whose every decision is written down.
struct Recorded<C>(C, Record);

impl<C: Controller> Controller for Recorded<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn detail(&self) -> Detail {
        self.0.detail()
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        self.0.decide(seen, wishes);
        self.1.lock().unwrap().push((seen.clone(), wishes.clone()));
    }
}

fn network() -> Arc<Network> {
    let spec = GridSpec {
        columns: 3,
        rows: 3,
        ..GridSpec::default()
    };
    Arc::new(grid(&spec).unwrap())
}

/// One vehicle every other second, each a flow of its own, over the routes of a made-up demand.
fn demand(network: &Network, vehicles: usize, apart: f64) -> Demand {
    let spec = GridDemandSpec {
        vehicles,
        ..GridDemandSpec::default()
    };
    let mut demand = grid_demand(network, &spec).unwrap();
    demand.flows = (0..vehicles)
        .map(|index| Flow {
            id: None,
            vehicle_type: 0,
            route: (index % demand.routes.len()) as u32,
            interval: 1.0,
            start: apart * index as f64,
            end: Some(apart * index as f64),
        })
        .collect();
    demand
}

/// Runs a controller and returns what it saw and said, and its plant at the end.
fn run(
    network: &Arc<Network>,
    demand: &Demand,
    controller: impl Controller + 'static,
    until: f64,
) -> (Vec<(Observation, Wishes)>, SimPlant) {
    run_sensed(network, demand, controller, until, "full")
}

/// The same, seen with `sensing`.
fn run_sensed(
    network: &Arc<Network>,
    demand: &Demand,
    controller: impl Controller + 'static,
    until: f64,
    sensing: &str,
) -> (Vec<(Observation, Wishes)>, SimPlant) {
    let record = Record::default();
    let recorded = Recorded(controller, Arc::clone(&record));
    let plant = SimPlant::new(
        Arc::clone(network),
        Arc::new(demand.clone()),
        Config::default(),
    )
    .unwrap();
    let plant = Sensed::new(plant, &sensing.parse().unwrap(), 11).unwrap();
    let mut runner = Runner::new(plant, Box::new(recorded), &Protocol::literature()).unwrap();
    runner.run_until(until).unwrap();
    let plant = runner.into_plant().into_inner();
    let record = std::mem::take(&mut *record.lock().unwrap());
    (record, plant)
}

fn brain(network: &Network, settings: Settings) -> Brain {
    Brain::new(network, &Protocol::literature(), settings)
}

/// What a controller says to observations that were made of another's run.
fn answers(brain: &mut Brain, record: &[(Observation, Wishes)]) -> Vec<Wishes> {
    let answer = |(seen, told): &(Observation, Wishes)| {
        let mut wishes = told.clone();
        wishes.clear(seen.time);
        brain.decide(seen, &mut wishes);
        wishes
    };
    record.iter().map(answer).collect()
}

#[test]
fn a_plant_that_begins_anew_is_met_as_if_nothing_had_been_learnt() {
    let network = network();
    let demand = demand(&network, 400, 0.6);
    let street = Protocol::street();
    let fresh = || Brain::new(&network, &street, Settings::default());
    let (record, _) = run(&network, &demand, fresh(), 400.0);
    let mut known = fresh();
    let first = answers(&mut known, &record);
    assert!(
        first
            .iter()
            .zip(&record)
            .all(|(told, (_, run))| told == run)
    );
    // Back at the start, and far in the future.
    assert_eq!(answers(&mut known, &record), first);
    let mut later = record.clone();
    for (seen, _) in &mut later {
        seen.time += 86_400.0;
    }
    assert_eq!(answers(&mut known, &later), answers(&mut fresh(), &later));
}

/// The demand as it might have been just as well, for all that can be seen at the world's time:
/// vehicles go another way after the link to which their lane commits them, and other vehicles
/// depart later, on other routes. Returns it and how many routes differ.
fn another_future(world: &World, demand: &Demand) -> (Demand, usize) {
    // A driver who nears the junction chooses the lane beyond: that begins some 40 m before it.
    const FAR: f64 = 60.0;
    let network = world.network();
    let mut other = demand.clone();
    let mut changed = 0;
    for index in 0..world.vehicles_created() {
        let id = VehicleId(index as u32);
        let Some(vehicle) = world.vehicle(id) else {
            continue;
        };
        let Place::Lane(lane) = vehicle.place else {
            continue;
        };
        let ahead = world.route_ahead(id).unwrap();
        let [here, next, after, ..] = ahead[..] else {
            continue;
        };
        if network.lanes[lane.index()].length - vehicle.distance < FAR {
            continue;
        }
        let turn = |turn: &&roads::model::Turn| turn.from == next && turn.to != after;
        let Some(turn) = network.turns.iter().find(turn) else {
            continue;
        };
        let name = world.vehicle_name(id);
        let flow: usize = name.split('_').nth(1).unwrap().parse().unwrap();
        let whole = &demand.routes[demand.flows[flow].route as usize];
        let place = whole.iter().position(|&link| link == here).unwrap();
        let mut route: Vec<LinkId> = whole[..=place].to_vec();
        route.extend([next, turn.to]);
        other.flows[flow].route = other.routes.len() as u32;
        other.routes.push(route);
        changed += 1;
    }
    let routes = demand.routes.len() as u32;
    for flow in &mut other.flows {
        if flow.start >= world.time() {
            flow.route = (flow.route + routes / 2) % routes;
            flow.start += 1.0;
            flow.end = Some(flow.start);
        }
    }
    (other, changed)
}

#[test]
fn two_demands_that_are_equal_up_to_now_give_equal_decisions() {
    let network = network();
    let one = demand(&network, 900, 1.0);
    let now = 450.0;
    for sensing in [
        "full",
        "detectors:0.1,noise:0.1,stuck:0.05,at:60/entry",
        "probes:0.1",
        "cameras:0.9,noise:0.1+probes:0.3,error:5,every:3",
    ] {
        let decide = |demand, until| {
            let brain = brain(&network, Settings::default());
            run_sensed(&network, demand, brain, until, sensing)
        };
        let (_, plant) = decide(&one, now);
        let (other, changed) = another_future(plant.world(), &one);
        assert!(changed > 30, "{sensing}: {changed} routes differ");
        let (in_one, _) = decide(&one, now + 120.0);
        let (in_other, _) = decide(&other, now + 120.0);
        let up_to_now = |decision: &&(Observation, Wishes)| decision.0.time <= now;
        let decisions = in_one.iter().filter(up_to_now).count();
        assert_eq!(decisions, 31);
        for ((seen, said), (seen_too, said_too)) in in_one.iter().zip(&in_other).take(decisions) {
            assert!(seen == seen_too, "{sensing}: equal at {} s", seen.time);
            assert_eq!(said, said_too, "{sensing}: at {} s", seen.time);
        }
        assert!(in_one != in_other, "{sensing}: the futures do differ");
    }
}

#[test]
fn decisions_do_not_depend_on_the_number_of_threads() {
    let network = network();
    let demand = demand(&network, 600, 1.0);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| {
            run(
                &network,
                &demand,
                brain(&network, Settings::default()),
                600.0,
            )
            .0
        })
    };
    let one = with(1);
    assert_eq!(one.len(), 40);
    for threads in [2, 5] {
        assert!(one == with(threads), "{threads} threads");
    }
}

/// Whether two runs say the same.
fn same(one: &[(Observation, Wishes)], other: &[(Observation, Wishes)]) -> bool {
    one.iter()
        .map(|(_, said)| said)
        .eq(other.iter().map(|(_, said)| said))
}

#[test]
fn it_follows_advanced_max_pressure_when_time_or_work_runs_out() {
    let network = network();
    let demand = demand(&network, 300, 2.0);
    let protocol = Protocol::literature();
    let pressure = AdvancedMaxPressure::new(&network, &protocol);
    let (pressure, _) = run(&network, &demand, pressure, 600.0);
    let late = brain(&network, Settings::default()).with_deadline(Arc::new(|| true));
    let (late, _) = run(&network, &demand, late, 600.0);
    assert!(same(&late, &pressure));
    let idle = Settings {
        work: Some(1_000),
        ..Settings::default()
    };
    let (idle, _) = run(&network, &demand, brain(&network, idle), 600.0);
    assert!(same(&idle, &pressure));
    let (brain, _) = run(
        &network,
        &demand,
        brain(&network, Settings::default()),
        600.0,
    );
    assert!(!same(&brain, &pressure), "the test can tell them apart");
}

#[test]
fn little_work_makes_beams_narrower_before_it_gives_way() {
    let network = network();
    let demand = demand(&network, 300, 1.0);
    let (record, _) = run(
        &network,
        &demand,
        brain(&network, Settings::default()),
        300.0,
    );
    let seen = &record.last().unwrap().0;
    let effort = |work| {
        let settings = Settings {
            work,
            ..Settings::default()
        };
        let mut brain = brain(&network, settings);
        let mut wishes = Wishes::new(network.signals.len());
        brain.decide(seen, &mut wishes);
        brain.effort()
    };
    let all = effort(None);
    let half = effort(Some(all.work / 2));
    assert_eq!((all.degraded, half.degraded), (0, 0));
    assert!(half.work < all.work * 3 / 4, "{half:?} of {all:?}");
    let none = effort(Some(0));
    assert_eq!((none.work, none.degraded), (0, network.signals.len()));
}

#[test]
fn heavy_demand_fares_better_than_under_advanced_max_pressure() {
    let network = network();
    let demand = demand(&network, 2_400, 0.5);
    let horizon = 1_800.0;
    let pressure = AdvancedMaxPressure::new(&network, &Protocol::literature());
    let (_, pressure) = run(&network, &demand, pressure, horizon);
    let (_, brain) = run(
        &network,
        &demand,
        brain(&network, Settings::default()),
        horizon,
    );
    let (pressure, brain) = (
        pressure.world().metrics(horizon),
        brain.world().metrics(horizon),
    );
    assert!(brain.throughput >= pressure.throughput);
    assert!(brain.att_engine < pressure.att_engine);
    assert!(brain.att_lit < pressure.att_lit);
}

/// Seconds after green at which each of a standing queue crosses the stop line in the engine.
fn engine_discharge(queue: usize) -> Result<Vec<f64>, Error> {
    let network = network();
    let kind = roads::VehicleType {
        max_speed: 11.111,
        max_acceleration: 2.0,
        usual_acceleration: 2.0,
        max_deceleration: 4.5,
        usual_deceleration: 4.5,
        min_gap: 2.5,
        headway: 2.0,
        ..demand(&network, 1, 1.0).types[0].clone()
    };
    let straight = |turn: &&roads::model::Turn| {
        let from = network.links[turn.from.index()].from;
        turn.direction == roads::Direction::Straight && network.junctions[from.index()].boundary
    };
    let turn = network.turns.iter().find(straight).unwrap();
    let signal = network.junctions[turn.junction.index()].signal.unwrap();
    let config = Config {
        signals: Signals::External,
        ..Config::default()
    };
    let mut world = World::new(Arc::clone(&network), Arc::new(Demand::default()), config)?;
    world.set_phase(signal, 0)?;
    let vehicles: Vec<VehicleId> = (0..queue)
        .map(|_| {
            world.add_vehicle(NewVehicle {
                name: None,
                kind: kind.clone(),
                route: vec![turn.from, turn.to],
            })
        })
        .collect::<Result<_, _>>()?;
    for _ in 0..200 {
        world.step();
    }
    let start = world.time();
    let movements = &network.signals[signal.index()].movements;
    let first = roads::MovementId(turn.movements.start);
    let position = movements.iter().position(|&id| id == first).unwrap();
    let green = network.signals[signal.index()]
        .phases
        .iter()
        .position(|phase| phase.aspects[position].is_green())
        .unwrap();
    world.set_phase(signal, green)?;
    let mut crossed = vec![None; queue];
    while world.time() < start + 60.0 {
        world.step();
        for (crossed, &vehicle) in crossed.iter_mut().zip(&vehicles) {
            let here = world.vehicle(vehicle).map(|vehicle| vehicle.place);
            let on_approach = matches!(here, Some(Place::Lane(lane))
                if network.lanes[lane.index()].link == turn.from);
            if crossed.is_none() && !on_approach {
                *crossed = Some(world.time() - start);
            }
        }
    }
    Ok(crossed.into_iter().flatten().collect())
}

#[test]
fn a_queue_discharges_as_the_engine_says() {
    let engine = engine_discharge(12).unwrap();
    assert_eq!(engine.len(), 12);
    let model = Discharge::default();
    for (place, &engine) in engine.iter().enumerate() {
        let second = if place > 0 { model.second } else { 0.0 };
        let model = model.reaction + second + model.headway * place as f64;
        // The engine's steps are a second, and a crossing is seen at the end of its step.
        assert!(
            engine - model > -0.6 && engine - model < 1.3,
            "vehicle {place} crosses at {engine} s, in the model at {model} s"
        );
    }
}

#[test]
fn counts_alone_are_enough_to_decide() {
    let network = network();
    let mut seen = Observation::empty(network.signals.len(), network.lanes.len());
    seen.phase.fill(Some(1));
    let turn = network
        .turns
        .iter()
        .find(|turn| turn.direction == roads::Direction::Left)
        .unwrap();
    let lane = network.movements[turn.movements.start as usize].from;
    (seen.count[lane.index()], seen.waiting[lane.index()]) = (9, 6);
    let signal = network.junctions[turn.junction.index()].signal.unwrap();
    let mut wishes = Wishes::new(network.signals.len());
    brain(&network, Settings::default()).decide(&seen, &mut wishes);
    let Wish::Phase(phase) = wishes.get(signal) else {
        panic!("{:?}", wishes.get(signal));
    };
    let signal = &network.signals[signal.index()];
    let serves = signal
        .movements
        .iter()
        .zip(&signal.phases[phase as usize].aspects)
        .any(|(id, aspect)| turn.movements.contains(id.0) && aspect.is_green());
    assert!(serves, "phase {phase} serves those who wait");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_observation_gives_wishes_for_phases_that_exist(
        lanes in proptest::collection::vec((0_usize..132, any::<f64>(), any::<f64>(), 0_u32..90), 0..60),
        phases in proptest::collection::vec(proptest::option::of(0_u32..12), 9),
        times in proptest::collection::vec(any::<f64>(), 1..4),
        clearing in any::<bool>(),
    ) {
        let network = network();
        let (signals, count) = (network.signals.len(), network.lanes.len());
        let mut brain = brain(&network, Settings { beam: 8, ..Settings::default() });
        let mut wishes = Wishes::new(signals);
        let mut lanes: Vec<_> = lanes.into_iter().map(|(lane, a, b, c)| (lane % count, a, b, c)).collect();
        lanes.sort_by_key(|lane| lane.0);
        for time in times {
            let mut seen = Observation::empty(signals, count);
            seen.time = time;
            seen.phase.clone_from(&phases);
            seen.clearing.fill(clearing);
            for &(lane, to_stop_line, speed, number) in &lanes {
                seen.count[lane] = number;
                seen.waiting[lane] = number / 2;
                seen.vehicles.push(SeenVehicle { to_stop_line, speed });
                for first in &mut seen.first_vehicle[lane + 1..] {
                    *first += 1;
                }
            }
            wishes.clear(time);
            brain.decide(&seen, &mut wishes);
            for index in 0..signals {
                match wishes.get(SignalId::from(index)) {
                    Wish::Silent => prop_assert!(false, "it speaks for every signal"),
                    Wish::Keep => {}
                    Wish::Phase(phase) => prop_assert!((1..=4).contains(&phase), "{phase}"),
                }
            }
        }
    }
}
