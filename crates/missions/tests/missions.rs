//! Missions through the front door: the nearest unit, all missions end, no greens conflict, and the
//! watch that says so can say otherwise.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::path::Path;
use std::sync::Arc;

use missions::experiment::{self, Report, Spec};
use missions::{Arm, Dispatcher, GreenWatch, LiveTimes, Place, Units, UnitsFile};
use proptest::prelude::*;
use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand, parse_spec};
use roads::route::{Milliseconds, Tree};
use roads::{Aspect, Demand, LinkId, Network, SignalId};
use signals::{Protocol, Runner, SimPlant, controllers};
use sim::{Config, Rules, Signals, World};

fn town(vehicles: usize, seed: u64) -> (Arc<Network>, Arc<Demand>) {
    let network = grid(&GridSpec {
        columns: 4,
        rows: 3,
        ..GridSpec::default()
    })
    .unwrap();
    let spec = GridDemandSpec {
        vehicles,
        horizon: 600.0,
        seed,
        ..GridDemandSpec::default()
    };
    let demand = grid_demand(&network, &spec).unwrap();
    (Arc::new(network), Arc::new(demand))
}

fn run(protocol: &Protocol, rules: Rules, spec: &Spec, vehicles: usize, seed: u64) -> Report {
    let (network, demand) = town(vehicles, seed);
    let start = || -> Result<Runner<SimPlant>, missions::Error> {
        let control = "advanced-max-pressure";
        let controller = controllers::by_name(control, &network, &demand, protocol)?;
        let config = Config {
            rules,
            ..Config::default()
        };
        let plant = SimPlant::new(Arc::clone(&network), Arc::clone(&demand), config)?;
        Ok(Runner::new(plant, controller, protocol)?)
    };
    experiment::run(&network, &demand, &start, spec, &mut |_, _| {}).unwrap()
}

fn spec(protocol: &Protocol, missions: usize, at_once: usize, seed: u64) -> Spec {
    Spec {
        missions,
        at_once,
        seed,
        horizon: 600.0,
        window: 60.0,
        ..Spec::new(protocol)
    }
}

#[test]
fn priority_saves_time_costs_others_next_to_nothing_and_shows_no_conflicting_green() {
    for (protocol, rules) in [
        (Protocol::literature(), Rules::Benchmark),
        (Protocol::street(), Rules::Street),
    ] {
        let report = run(&protocol, rules, &spec(&protocol, 8, 1, 3), 1000, 1);
        let summary = &report.summary;
        assert_eq!(summary.missions, 8);
        assert!(summary.arms.iter().all(|arm| arm.not_arrived == 0));
        assert!(summary.against_ordinary.mean < -0.25, "{summary:?}");
        assert!(summary.against_blue_light.mean < 0.0, "{summary:?}");
        assert!(summary.against_ordinary.others_time < 0.02, "{summary:?}");
        assert_eq!(summary.conflicting_greens, 0);
        assert!(summary.looks > 1_000);
        assert!(summary.shortest_clearance.unwrap() >= 4.0);
    }
}

#[test]
fn the_same_seed_gives_the_same_report_and_another_gives_another() {
    let protocol = Protocol::literature();
    let report = |seed| {
        let report = run(
            &protocol,
            Rules::Benchmark,
            &spec(&protocol, 4, 1, seed),
            800,
            1,
        );
        let times = report.groups.iter().flat_map(|group| &group.missions);
        times
            .flat_map(|mission| mission.arms.iter().map(|arm| arm.time_to_scene))
            .collect::<Vec<_>>()
    };
    assert_eq!(report(1), report(1));
    assert_ne!(report(1), report(2));
}

#[test]
fn a_mission_between_two_links_goes_there() {
    let protocol = Protocol::literature();
    let (network, _) = town(10, 1);
    let link = |name| network.link_named(name).unwrap();
    let (from, to) = (link("road_1_1_0"), link("road_3_3_0"));
    let place = |link| Place { link, at: 20.0 };
    let spec = Spec {
        between: Some((place(from), place(to))),
        ..spec(&protocol, 2, 1, 1)
    };
    let report = run(&protocol, Rules::Benchmark, &spec, 600, 1);
    let mission = &report.groups[0].missions[0];
    assert_eq!(
        (mission.from.as_str(), mission.to.as_str()),
        ("road_1_1_0", "road_3_3_0")
    );
    assert!(mission.arms.iter().all(|arm| arm.arrived));
    assert_eq!(report.arms[2], Arm::Priority);
}

#[test]
fn the_watch_sees_greens_that_conflict() {
    let (network, demand) = town(10, 1);
    let config = Config {
        signals: Signals::External,
        ..Config::default()
    };
    let mut world = World::new(Arc::clone(&network), demand, config).unwrap();
    let mut watch = GreenWatch::new(&network);
    world.set_phase(SignalId(0), 1).unwrap();
    watch.look(&world);
    assert_eq!(watch.count(), 0);
    let all = vec![Aspect::Protected; network.signals[0].movements.len()];
    world.set_aspects(SignalId(0), &all).unwrap();
    watch.look(&world);
    assert!(watch.count() > 0);
    assert_eq!(watch.conflicts()[0].signal, network.signals[0].id);
}

#[test]
fn units_that_cannot_be_used_are_named_with_what_is_wrong() {
    let (network, _) = town(10, 1);
    let read = |text: &str| {
        let file: UnitsFile = parse_spec(text, Path::new("units.yaml")).unwrap();
        Units::new(&network, &file)
    };
    let good = "units: [{ id: a, abilities: [ambulance], link: road_1_1_0 }, { id: b, abilities: [rescue], at: [0, 0] }]";
    assert_eq!(read(good).unwrap().able("rescue").count(), 1);
    for (text, what) in [
        (
            "units: [{ id: a, abilities: [ambulance], link: nowhere }]",
            "nowhere",
        ),
        (
            "units: [{ id: a, abilities: [], link: road_1_1_0 }]",
            "no abilities",
        ),
        (
            "units: [{ id: a, abilities: [ambulance] }]",
            "either `link` or `at`",
        ),
        (
            "units: [{ id: a, abilities: [x], at: [0, 0] }, { id: a, abilities: [x], at: [0, 0] }]",
            "twice",
        ),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, ..ProptestConfig::default() })]

    /// Whatever set of missions is under way at once, all of them end, and no greens conflict.
    #[test]
    fn any_set_of_missions_at_once_ends(
        at_once in 1_usize..12,
        seed in 0_u64..1000,
        vehicles in 100_usize..1000,
        street in any::<bool>(),
    ) {
        let (protocol, rules) = if street {
            (Protocol::street(), Rules::Street)
        } else {
            (Protocol::literature(), Rules::Benchmark)
        };
        let report = run(&protocol, rules, &spec(&protocol, at_once, at_once, seed), vehicles, seed);
        let priority = report.summary.arms[2];
        prop_assert_eq!(priority.not_arrived, 0);
        prop_assert_eq!(report.summary.conflicting_greens, 0);
    }

    /// The unit that goes is the one that a search from each unit to the scene finds soonest.
    #[test]
    fn the_nearest_unit_is_that_of_brute_force(
        places in proptest::collection::vec((0_usize..1000, any::<bool>(), any::<bool>()), 1..20),
        scene in 0_usize..1000,
    ) {
        let (network, _) = town(10, 1);
        let times = LiveTimes::new(&network);
        let link = |index: usize| LinkId::from(index % network.links.len());
        let units = Units {
            units: places.iter().enumerate().map(|(index, &(at, able, _))| missions::Unit {
                id: index.to_string(),
                abilities: vec![if able { "ambulance" } else { "rescue" }.to_owned()],
                place: Place { link: link(at), at: 0.0 },
            }).collect(),
        };
        let scene = Place { link: link(scene), at: 10.0 };
        let found = Dispatcher::new()
            .nearest(&times, &units, "ambulance", scene, |unit| places[unit].2);
        let mut best: Option<(Milliseconds, usize)> = None;
        for (index, unit) in units.units.iter().enumerate() {
            if !(places[index].1 && places[index].2) {
                continue;
            }
            let mut tree = Tree::new();
            tree.grow_from(times.graph(), times.costs(), unit.place.link);
            if let Some(rest) = tree.cost(scene.link) {
                let time = rest + times.costs().links[unit.place.link.index()];
                if best.is_none_or(|(least, _)| time < least) {
                    best = Some((time, index));
                }
            }
        }
        prop_assert_eq!(found.as_ref().map(|found| (found.forecast, found.unit)), best);
        if let Some(found) = found {
            let own = units.units[found.unit].place.link;
            prop_assert_eq!(found.route.first(), Some(&own));
            prop_assert_eq!(found.route.last(), Some(&scene.link));
        }
    }
}

#[test]
fn a_way_through_closed_lanes_is_shut_and_another_is_found() {
    let (network, demand) = town(0, 1);
    let mut world = World::new(Arc::clone(&network), demand, Config::default()).unwrap();
    let mut times = LiveTimes::new(&network);
    times.look(&world);
    let open = times.clone();
    let mut dispatcher = Dispatcher::new();
    let inside = |link: &LinkId| {
        let link = &network.links[link.index()];
        let boundary = |junction: roads::JunctionId| network.junctions[junction.index()].boundary;
        !boundary(link.from) && !boundary(link.to)
    };
    let links: Vec<LinkId> = (0..network.links.len())
        .map(LinkId::from)
        .filter(inside)
        .collect();
    let (from, to) = (links[0], *links.last().unwrap());
    let way = dispatcher.way(&times, from, to).unwrap();
    assert!(way.len() > 3 && times.is_open(&way));
    // Every lane from which the second link is left towards the third.
    for lane in network.links[way[1].index()].lanes.range() {
        let leaves = network.lanes[lane].outgoing.iter().any(|movement| {
            let entered = network.movements[movement.index()].to;
            network.lanes[entered.index()].link == way[2]
        });
        if leaves {
            world.close_lane(roads::LaneId::from(lane)).unwrap();
        }
    }
    times.look(&world);
    assert!(!times.is_open(&way));
    let other = dispatcher.way(&times, from, to).unwrap();
    assert_ne!(other, way);
    assert!(times.is_open(&other));
    for lane in 0..network.lanes.len() {
        let lane = roads::LaneId::from(lane);
        if world.is_closed(lane) {
            world.open_lane(lane).unwrap();
        }
    }
    times.look(&world);
    assert_eq!(times.costs(), open.costs(), "nothing stays shut");
}

#[test]
fn missions_are_forecast_as_they_are_driven() {
    for (protocol, rules) in [
        (Protocol::literature(), Rules::Benchmark),
        (Protocol::street(), Rules::Street),
    ] {
        let report = run(&protocol, rules, &spec(&protocol, 8, 1, 3), 1000, 1);
        for (arm, share) in report.arms.iter().zip([0.25, 0.25, 0.1]) {
            let place = report.arms.iter().position(|one| one == arm).unwrap();
            let total = report.summary.arms[place];
            let off = total.forecast / total.mean - 1.0;
            assert!(off.abs() < share, "{arm:?}: {total:?}");
        }
        let priority = report.summary.arms[2];
        assert!(priority.forecast_off < 0.1 * priority.mean, "{priority:?}");
    }
}
