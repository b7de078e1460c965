//! The demonstration city as its definition draws it.

use std::path::{Path, PathBuf};

use super::curve::{distance_to, inside};
use super::*;
use crate::generate::{DemandSpec, city_demand, parse_spec, random_demand, read_spec};
use crate::model::{Direction, LinkId};
use crate::route::{Costs, LinkGraph, Tree, TurnPenalties};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cities/hangzhou/traffic")
}

fn spec() -> CitySpec {
    read_spec(&folder().join("network.yaml")).unwrap()
}

fn bytes(network: &Network) -> Vec<u8> {
    serde_json::to_vec(network).unwrap()
}

#[test]
fn the_same_definition_draws_the_same_city_and_another_seed_another() {
    let spec = spec();
    let once = bytes(&city(&spec).unwrap().0);
    assert_eq!(once, bytes(&city(&spec).unwrap().0));
    let other = CitySpec { seed: 1, ..spec };
    assert_ne!(once, bytes(&city(&other).unwrap().0));
}

#[test]
fn it_has_what_the_definition_promises() {
    let (network, grounds) = city(&spec()).unwrap();
    assert!(
        (90..=120).contains(&network.signals.len()),
        "{}",
        network.signals.len()
    );
    assert!(network.georeference.is_some() && network.attribution.is_some());
    assert!(network.links.iter().all(|link| link.name.is_some()));
    let ramps = network
        .links
        .iter()
        .filter(|link| link.class == RoadClass::TrunkLink)
        .count();
    assert!(ramps >= 24, "{ramps} ramps");
    for link in &network.links {
        assert_eq!(
            link.elevated,
            matches!(link.class, RoadClass::Trunk | RoadClass::TrunkLink)
        );
    }
    let lake = grounds
        .iter()
        .find(|ground| ground.kind == GroundKind::Lake)
        .unwrap();
    let dry =
        |point: Point| !inside(&lake.outline, point) && distance_to(&lake.outline, point) > 5.0;
    for lane in &network.lanes {
        assert!(
            lane.shape.iter().all(|&point| dry(point)),
            "{}",
            network.links[lane.link.index()].id
        );
    }
    let river = grounds
        .iter()
        .find(|ground| ground.kind == GroundKind::River)
        .unwrap();
    let bridges = network
        .links
        .iter()
        .filter(|link| {
            let steps = 50;
            (0..=steps).any(|step| {
                let along =
                    crate::geometry::length(&link.shape) * f64::from(step) / f64::from(steps);
                inside(
                    &river.outline,
                    crate::geometry::point_at(&link.shape, along),
                )
            })
        })
        .count();
    assert!((4..=8).contains(&bridges), "{bridges} links over the river");
}

#[test]
fn every_lane_leads_somewhere_and_every_link_to_every_exit() {
    let (network, _) = city(&spec()).unwrap();
    for lane in &network.lanes {
        let link = &network.links[lane.link.index()];
        let leaves = network.junctions[link.to.index()].boundary;
        let enters = network.junctions[link.from.index()].boundary;
        assert_eq!(lane.outgoing.is_empty(), leaves, "{}", link.id);
        assert_eq!(lane.incoming.is_empty(), enters, "{}", link.id);
    }
    let graph = LinkGraph::new(&network);
    let costs = Costs::free_flow(&network, &TurnPenalties::default());
    let mut tree = Tree::new();
    for (number, exit) in network.links.iter().enumerate() {
        if !network.junctions[exit.to.index()].boundary {
            continue;
        }
        tree.grow_to(&graph, &costs, LinkId::from(number));
        for (other, link) in network.links.iter().enumerate() {
            let gone = network.junctions[link.to.index()].boundary;
            // Nobody turns back at the edge: an entry does not lead to its own exit only.
            assert!(
                gone || tree.cost(LinkId::from(other)).is_some(),
                "{} {}",
                link.id,
                exit.id
            );
        }
    }
}

#[test]
fn protected_greens_never_conflict_and_every_movement_gets_its_turn() {
    let (network, _) = city(&spec()).unwrap();
    for signal in &network.signals {
        let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
        assert!((cycle - 120.0).abs() < 1e-9, "{} {cycle}", signal.id);
        let junction = &network.junctions[signal.junctions[0].index()];
        let place = |movement| {
            signal
                .movements
                .iter()
                .position(|m| *m == movement)
                .unwrap()
        };
        let link = |movement: crate::model::MovementId| {
            network.lanes[network.movements[movement.index()].from.index()].link
        };
        for crossing in &network.crossings[junction.crossings.range()] {
            if link(crossing.a) == link(crossing.b) {
                continue;
            }
            let (a, b) = (place(crossing.a), place(crossing.b));
            for phase in &signal.phases {
                let both = phase.aspects[a] == crate::Aspect::Protected
                    && phase.aspects[b] == crate::Aspect::Protected;
                assert!(!both, "{} {:?}", signal.id, phase.name);
            }
        }
        for (place, &movement) in signal.movements.iter().enumerate() {
            assert!(
                signal
                    .phases
                    .iter()
                    .any(|phase| phase.aspects[place].is_green())
            );
            let right = network.movements[movement.index()].direction == Direction::Right;
            for (phase, next) in signal
                .phases
                .iter()
                .zip(signal.phases.iter().cycle().skip(1))
            {
                let (now, then) = (phase.aspects[place], next.aspects[place]);
                // Green is followed by green or yellow, never by red at once.
                assert!(!now.is_green() || then != crate::Aspect::Red || right);
            }
        }
    }
}

#[test]
fn green_waves_reach_each_junction_as_its_green_begins() {
    let spec = spec();
    let (network, _) = city(&spec).unwrap();
    let wave = &spec.signals.waves[0];
    // Along the coordinated street from one junction to the next.
    let ahead = |link: &&crate::model::Link| {
        link.id.starts_with(&format!("{}-", wave.street)) && link.id.ends_with('f')
    };
    let start = |junction: crate::model::JunctionId, link: usize| {
        let signal = &network.signals[network.junctions[junction.index()].signal?.index()];
        let mut time = signal.offset;
        for phase in &signal.phases {
            let green = signal
                .movements
                .iter()
                .zip(&phase.aspects)
                .any(|(movement, aspect)| {
                    let movement = &network.movements[movement.index()];
                    network.lanes[movement.from.index()].link.index() == link
                        && movement.direction == Direction::Straight
                        && *aspect == crate::Aspect::Protected
                });
            if green {
                return Some(time);
            }
            time += phase.duration;
        }
        None
    };
    let links: Vec<usize> = (0..network.links.len())
        .filter(|&link| ahead(&&network.links[link]))
        .collect();
    let mut pairs = 0;
    for pair in links.windows(2) {
        let (before, after) = (&network.links[pair[0]], &network.links[pair[1]]);
        assert_eq!(before.to, after.from);
        if let (Some(first), Some(second)) = (start(before.to, pair[0]), start(after.to, pair[1])) {
            let drive = crate::geometry::length(&after.shape) / wave.speed;
            let late = (second - first - drive).rem_euclid(spec.signals.cycle);
            assert!(
                late < 2.5 || late > spec.signals.cycle - 2.5,
                "{} {late}",
                after.id
            );
            pairs += 1;
        }
    }
    assert!(pairs >= 8, "{pairs}");
}

#[test]
fn demand_repeats_can_be_driven_and_scales_with_its_level() {
    let (network, _) = city(&spec()).unwrap();
    let spec: DemandSpec = read_spec(&folder().join("demand.yaml")).unwrap();
    let demand = city_demand(&network, &spec).unwrap();
    assert_eq!(demand, city_demand(&network, &spec).unwrap());
    let graph = LinkGraph::new(&network);
    assert!(
        demand
            .routes
            .iter()
            .all(|route| route.len() >= 2 && graph.is_drivable(route))
    );
    assert_eq!(demand.vehicles_before(spec.horizon), demand.flows.len());
    let half = city_demand(
        &network,
        &DemandSpec {
            level: 0.5,
            ..spec.clone()
        },
    )
    .unwrap();
    let ratio = half.flows.len() as f64 / demand.flows.len() as f64;
    assert!((ratio - 0.5).abs() < 0.001, "{ratio}");
    // The trips drawn are the trips asked for: hardly any is lost for want of a way.
    let rate = demand.flows.len() as f64 / spec.horizon * 3600.0;
    assert!(
        rate > 0.8 * spec.trips_per_hour && rate < spec.trips_per_hour,
        "{rate}"
    );
}

#[test]
fn random_demand_can_be_driven_on_any_network() {
    let grid = crate::generate::grid(&crate::generate::GridSpec::default()).unwrap();
    for network in [city(&spec()).unwrap().0, grid] {
        let demand = random_demand(&network, 2_000, 3_600.0, 5).unwrap();
        let graph = LinkGraph::new(&network);
        assert_eq!(demand.flows.len(), 2_000);
        assert!(
            demand
                .routes
                .iter()
                .all(|route| route.len() >= 2 && graph.is_drivable(route))
        );
        assert_eq!(demand, random_demand(&network, 2_000, 3_600.0, 5).unwrap());
    }
    assert!(random_demand(&Network::default(), 10, 3_600.0, 0).is_err());
    assert!(random_demand(&Network::default(), 10, f64::NAN, 0).is_err());
}

#[test]
fn faults_of_a_definition_are_named() {
    let text = "name: { zh: 城, en: City }\ngeoreference: { longitude: 0, latitude: 0 }\n\
                edge: { west: -1, east: 1, south: -1, north: 1 }\nstreets: []\nlakes: []\n";
    let fault = parse_spec::<CitySpec>(text, Path::new("network.yaml")).unwrap_err();
    let message = fault.to_string();
    assert!(
        message.starts_with("network.yaml:5:") && message.contains("lakes"),
        "{message}"
    );

    let broken = |change: &dyn Fn(&mut CitySpec), words: &str| {
        let mut spec = spec();
        change(&mut spec);
        let message = city(&spec).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    };
    broken(&|spec| spec.streets[0].line.truncate(1), "fenglin");
    broken(
        &|spec| spec.streets[1].id = "fenglin".to_owned(),
        "given twice",
    );
    broken(
        &|spec| spec.streets[2].line[0] = At(f64::NAN, 0.0),
        "caotang",
    );
    broken(&|spec| spec.standards.primary.lanes = 0, "1 to 8 lanes");
    broken(
        &|spec| spec.signals.waves[0].street = "nowhere".to_owned(),
        "nowhere",
    );
    broken(
        &|spec| spec.signals.cycle = f64::INFINITY,
        "0 and 600 seconds",
    );
    broken(
        &|spec| {
            if let Some(ring) = &mut spec.ring {
                ring.interchanges = vec!["nowhere".to_owned()];
            }
        },
        "nowhere",
    );
    // Two streets side by side leave no room between their junctions.
    broken(
        &|spec| {
            let mut twin = spec.streets[5].clone();
            twin.id = "twin".to_owned();
            twin.line.iter_mut().for_each(|at| at.0 += 60.0);
            spec.streets.push(twin);
        },
        "apart",
    );
}

#[test]
fn grounds_are_closed_rings_of_degrees() {
    let spec = spec();
    let (_, grounds) = city(&spec).unwrap();
    let value = grounds_geojson(&grounds, spec.georeference);
    let features = value["features"].as_array().unwrap();
    assert_eq!(features.len(), spec.grounds.len());
    for feature in features {
        let ring = feature["geometry"]["coordinates"][0].as_array().unwrap();
        assert_eq!(ring.first(), ring.last());
        let longitude = ring[0][0].as_f64().unwrap();
        assert!((120.0..120.4).contains(&longitude), "{longitude}");
    }
}
