//! The engine through its front door: what must hold for any network, demand and caller.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::sync::Arc;

use proptest::prelude::*;
use roads::generate::{GridDemandSpec, GridSpec, GridStart, grid, grid_demand};
use roads::{Aspect, Demand, LaneId, LinkId, Network, SignalId, VehicleType};
use sim::{Config, Error, NewVehicle, Place, Rules, Signals, VehicleId, World};

fn town(columns: u32, rows: u32, vehicles: usize, seed: u64) -> (Arc<Network>, Arc<Demand>) {
    let network = grid(&GridSpec {
        columns,
        rows,
        spacing_x: 200.0,
        spacing_y: 150.0,
        ..Default::default()
    })
    .unwrap();
    let demand = grid_demand(
        &network,
        &GridDemandSpec {
            vehicles,
            horizon: 300.0,
            seed,
            start: GridStart::Boundary,
            ..Default::default()
        },
    )
    .unwrap();
    (Arc::new(network), Arc::new(demand))
}

fn world(config: Config) -> World {
    let (network, demand) = town(6, 6, 900, 3);
    World::new(network, demand, config).unwrap()
}

fn run(world: &mut World, steps: usize) {
    for _ in 0..steps {
        world.step();
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for rules in [Rules::Benchmark, Rules::Street] {
        let one = Config {
            rules,
            ..Config::default()
        };
        let mut alone = world(one.clone());
        run(&mut alone, 400);
        for threads in [2, 3, 8] {
            let mut shared = world(Config {
                threads,
                ..one.clone()
            });
            run(&mut shared, 400);
            assert!(
                alone.vehicles().eq(shared.vehicles()),
                "{threads} threads, {rules:?}"
            );
            assert_eq!(alone.metrics(400.0), shared.metrics(400.0));
        }
    }
}

#[test]
fn a_fork_goes_on_as_its_world_would_and_leaves_it_alone() {
    let mut original = world(Config::default());
    run(&mut original, 150);
    let before = original.save().unwrap();
    let mut fork = original.fork();
    run(&mut fork, 100);
    assert_eq!(
        before,
        original.save().unwrap(),
        "the fork's steps do not touch its world"
    );
    run(&mut original, 100);
    assert_eq!(original.save().unwrap(), fork.save().unwrap());
}

#[test]
fn a_restored_world_goes_on_as_the_saved_one() {
    let mut original = world(Config::default());
    run(&mut original, 120);
    let kind = VehicleType {
        length: 9.0,
        ..VehicleType::default()
    };
    let route = original.route(VehicleId(0)).unwrap();
    original
        .add_vehicle(NewVehicle {
            name: Some("bus".into()),
            kind,
            route,
        })
        .unwrap();
    original.close_lane(LaneId(40)).unwrap();
    original.set_speed_limit(LinkId(3), Some(5.0)).unwrap();
    let bytes = original.save().unwrap();
    let mut restored = World::restore(Arc::clone(original.network()), &bytes).unwrap();
    run(&mut original, 200);
    run(&mut restored, 200);
    assert!(original.vehicles().eq(restored.vehicles()));
    assert_eq!(original.metrics(400.0), restored.metrics(400.0));
    assert_eq!(original.vehicle_named("bus"), restored.vehicle_named("bus"));
}

#[test]
fn a_saved_world_that_is_damaged_or_of_another_network_is_refused() {
    let mut original = world(Config::default());
    run(&mut original, 60);
    let bytes = original.save().unwrap();
    let (other, _) = town(3, 3, 10, 1);
    let refused = World::restore(other, &bytes);
    assert!(matches!(refused, Err(Error::Restore(_))), "{refused:?}");
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        let refused = World::restore(Arc::clone(original.network()), &bytes[..cut]);
        assert!(matches!(refused, Err(Error::Restore(_))), "cut at {cut}");
    }
}

#[test]
fn red_stops_everybody_who_can_stop() {
    let mut world = world(Config {
        signals: Signals::External,
        ..Config::default()
    });
    for signal in 0..world.network().signals.len() {
        let movements = world.network().signals[signal].movements.len();
        let red = vec![Aspect::Red; movements];
        world.set_aspects(SignalId::from(signal), &red).unwrap();
    }
    run(&mut world, 300);
    let inside = world
        .vehicles()
        .filter(|v| matches!(v.place, Place::Movement(_)))
        .count();
    assert_eq!(inside, 0);
    assert_eq!(world.metrics(300.0).throughput, 0);
    assert!(world.metrics(300.0).running > 0);
}

#[test]
fn a_closed_lane_empties_and_stays_empty() {
    let mut world = world(Config::default());
    run(&mut world, 120);
    // Left, straight and right lanes each have a movement of their own, and every movement may
    // end on any lane: so the other lanes take over where the route allows.
    let lane = LaneId(0);
    world.close_lane(lane).unwrap();
    assert!(world.is_closed(lane));
    let before: Vec<VehicleId> = world
        .lane_vehicles(lane)
        .map(|vehicle| vehicle.id)
        .collect();
    for _ in 0..200 {
        world.step();
        for vehicle in world.lane_vehicles(lane) {
            assert!(
                before.contains(&vehicle.id),
                "{vehicle:?} entered a closed lane"
            );
        }
    }
    world.open_lane(lane).unwrap();
    assert!(!world.is_closed(lane));
}

#[test]
fn a_speed_limit_holds() {
    let mut world = world(Config::default());
    for link in 0..world.network().links.len() {
        world
            .set_speed_limit(LinkId::from(link), Some(4.0))
            .unwrap();
    }
    run(&mut world, 200);
    let lanes: Vec<f64> = world
        .vehicles()
        .filter(|vehicle| matches!(vehicle.place, Place::Lane(_)))
        .map(|vehicle| vehicle.speed)
        .collect();
    assert!(!lanes.is_empty());
    // Inside junctions the model knows no limit; a vehicle that has just left one still brakes.
    let fast = lanes.iter().filter(|&&speed| speed > 4.0 + 1e-9).count();
    assert!(fast * 20 < lanes.len(), "{fast} of {}", lanes.len());
}

#[test]
fn what_does_not_exist_is_refused() {
    let mut world = world(Config::default());
    let none = u32::MAX - 7;
    assert!(world.set_phase(SignalId(none), 0).is_err());
    assert!(world.set_phase(SignalId(0), 99).is_err());
    assert!(world.set_aspects(SignalId(0), &[]).is_err());
    assert!(world.close_lane(LaneId(none)).is_err());
    assert!(world.set_speed_limit(LinkId(none), Some(3.0)).is_err());
    assert!(world.set_speed_limit(LinkId(0), Some(f64::NAN)).is_err());
    assert!(world.remove_vehicle(VehicleId(none)).is_err());
    assert!(world.set_vehicle_speed(VehicleId(none), 3.0).is_err());
    assert!(world.set_route(VehicleId(none), &[LinkId(0)]).is_err());
    let kind = VehicleType::default();
    let route = vec![LinkId(none)];
    assert!(
        world
            .add_vehicle(NewVehicle {
                name: None,
                kind,
                route
            })
            .is_err()
    );
    assert_eq!(world.vehicle(VehicleId(none)), None);
    assert_eq!(world.link_speed(LinkId(none)), None);
    let (network, demand) = town(2, 2, 5, 1);
    for config in [
        Config {
            interval: 0.0,
            ..Config::default()
        },
        Config {
            interval: f64::NAN,
            ..Config::default()
        },
        Config {
            threads: 0,
            ..Config::default()
        },
    ] {
        let refused = World::new(Arc::clone(&network), Arc::clone(&demand), config);
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
}

/// Something that a caller may do between two steps.
#[derive(Clone, Debug)]
enum Act {
    Phase(u32, usize),
    Dark(u32),
    Close(u32),
    Open(u32),
    Limit(u32, f64),
    Remove(u32),
    Add(u32),
    Send(u32, u32),
    Speed(u32, f64),
    Fork,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..9_u32, 0..9_usize).prop_map(|(signal, phase)| Act::Phase(signal, phase)),
        (0..9_u32).prop_map(Act::Dark),
        (0..144_u32).prop_map(Act::Close),
        (0..144_u32).prop_map(Act::Open),
        (0..48_u32, 1.0..20.0).prop_map(|(link, limit)| Act::Limit(link, limit)),
        (0..120_u32).prop_map(Act::Remove),
        (0..120_u32).prop_map(Act::Add),
        (0..120_u32, 0..48_u32).prop_map(|(vehicle, link)| Act::Send(vehicle, link)),
        (0..120_u32, 0.0..15.0).prop_map(|(vehicle, speed)| Act::Speed(vehicle, speed)),
        Just(Act::Fork),
    ]
}

/// Refusals are fine here; what counts is that the world stays whole.
fn perform(world: &mut World, act: &Act) {
    let _: Result<(), Error> = match *act {
        Act::Phase(signal, phase) => world.set_phase(SignalId(signal), phase),
        Act::Dark(signal) => world.set_aspects(SignalId(signal), &[Aspect::Red; 36]),
        Act::Close(lane) => world.close_lane(LaneId(lane)),
        Act::Open(lane) => world.open_lane(LaneId(lane)),
        Act::Limit(link, limit) => world.set_speed_limit(LinkId(link), Some(limit)),
        Act::Remove(vehicle) => world.remove_vehicle(VehicleId(vehicle)),
        Act::Add(like) => match world.route(VehicleId(like)) {
            Some(route) => world
                .add_vehicle(NewVehicle {
                    name: None,
                    kind: VehicleType::default(),
                    route,
                })
                .map(|_| ()),
            None => Ok(()),
        },
        Act::Send(vehicle, link) => world.set_route(VehicleId(vehicle), &[LinkId(link)]),
        Act::Speed(vehicle, speed) => world.set_vehicle_speed(VehicleId(vehicle), speed),
        Act::Fork => {
            *world = world.fork();
            Ok(())
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_vehicle_is_ever_lost_whatever_a_caller_does(
        seed in 0..1000_u64,
        street in any::<bool>(),
        lane_change in any::<bool>(),
        acts in prop::collection::vec(prop::option::of(act()), 150),
    ) {
        let (network, demand) = town(3, 3, 200, seed);
        let rules = if street { Rules::Street } else { Rules::Benchmark };
        let config = Config { rules, lane_change, ..Config::default() };
        let mut world = World::new(network, demand, config).unwrap();
        for act in acts.iter().chain(std::iter::repeat_n(&None, 200)) {
            if let Some(act) = act {
                perform(&mut world, act);
                prop_assert_eq!(world.check_invariants(), Ok(()), "after {:?}", act);
            }
            world.step();
            prop_assert_eq!(world.check_invariants(), Ok(()), "at {} s", world.time());
        }
    }
}
