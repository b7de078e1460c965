//! The SUMO readers on small junctions: a crossroads with signals, pavements, crossings for people
//! on foot and a bus lane; a T junction where one road has priority; the same driven on the left.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use std::io::Write;
use std::path::{Path, PathBuf};

use roads::model::{DrivingSide, JunctionControl, MovementId, Precedence};
use roads::{Aspect, Direction, Network, check, cityflow, geojson, read, sumo};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn movement(network: &Network, name: &str) -> MovementId {
    let found = (0..network.movements.len())
        .map(MovementId::from)
        .find(|&movement| network.movement_name(movement) == name);
    found.unwrap_or_else(|| panic!("no movement {name}"))
}

/// Who has precedence where two movements meet; `None` where they do not.
fn first<'n>(network: &Network, one: &'n str, two: &'n str) -> Option<&'n str> {
    let (a, b) = (movement(network, one), movement(network, two));
    let crossing = network
        .crossings
        .iter()
        .find(|crossing| (crossing.a, crossing.b) == (a.min(b), a.max(b)))?;
    let (a_name, b_name) = if a < b { (one, two) } else { (two, one) };
    Some(match crossing.precedence {
        Precedence::A => a_name,
        Precedence::B => b_name,
        Precedence::Equal => "nobody",
    })
}

/// What must hold for every network that was read.
fn assert_joined(network: &Network) {
    for movement in &network.movements {
        let (from, to) = (
            &network.lanes[movement.from.index()],
            &network.lanes[movement.to.index()],
        );
        let start = from.shape.last().unwrap().distance(movement.shape[0]);
        let end = to.shape[0].distance(*movement.shape.last().unwrap());
        assert!(start < 0.05 && end < 0.05, "{start} {end}");
    }
    for (index, one) in network.movements.iter().enumerate() {
        for (other, two) in network.movements.iter().enumerate().skip(index + 1) {
            let crossing = network
                .crossings
                .iter()
                .find(|c| (c.a.index(), c.b.index()) == (index, other));
            if one.from == two.from {
                assert!(crossing.is_none(), "movements of one lane do not cross");
            } else if one.to == two.to {
                assert!(crossing.is_some(), "movements into one lane meet");
            }
        }
    }
    for crossing in &network.crossings {
        let (a, b) = (
            &network.movements[crossing.a.index()],
            &network.movements[crossing.b.index()],
        );
        assert!(crossing.at_a <= a.length + 0.1 && crossing.at_b <= b.length + 0.1);
    }
}

#[test]
fn a_crossroads_keeps_what_cars_use_and_says_what_it_dropped() {
    let import = sumo::import(&data("crossroads.net.xml")).unwrap();
    let network = &import.network;
    assert_joined(network);
    assert_eq!(network.links.len(), 8);
    assert_eq!(network.junctions.len(), 5);
    assert_eq!(network.junctions.iter().filter(|j| j.boundary).count(), 4);
    // Eight pavements and the bus lane are gone, and with it one of 15 movements of vehicles.
    assert_eq!(network.lanes.len(), 12);
    assert_eq!(network.movements.len(), 14);
    let told: Vec<String> = import.issues.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["9 lanes (first \"east_in_*\"): is left out: it is not open to cars"]
    );
    let road = network.link_named("east_in").unwrap();
    assert_eq!(
        network.links[road.index()].name.as_deref(),
        Some("Lake Road")
    );
    assert_eq!(check::check(network, None), []);
}

#[test]
fn lanes_are_counted_from_the_middle_of_the_road() {
    let import = sumo::import(&data("crossroads.net.xml")).unwrap();
    let network = &import.network;
    let road = network.link_named("west_in").unwrap();
    let lanes = network.links[road.index()].lanes.range();
    assert_eq!(
        import.names.lanes[lanes.clone()],
        ["west_in_3", "west_in_2"]
    );
    let offsets: Vec<f64> = network.lanes[lanes].iter().map(|l| l.shape[0].y).collect();
    assert!(
        offsets[0] > offsets[1],
        "driving east, the inner lane lies north"
    );
    let line = &network.links[road.index()].shape;
    assert!((line[0].y - (offsets[0] + 1.6)).abs() < 1e-9, "inner edge");
}

#[test]
fn signals_show_their_letters() {
    let import = sumo::import(&data("crossroads.net.xml")).unwrap();
    let network = &import.network;
    let signal = &network.signals[0];
    assert_eq!(network.signals.len(), 1);
    assert_eq!((signal.id.as_str(), signal.phases.len()), ("centre", 6));
    assert_eq!(signal.movements.len(), 14);
    let states = [
        "rrrgGGgrrrggGGgGrGr",
        "rrrgGGgrrrggGGgrrrr",
        "rrryyyyrrryyyyyrrrr",
    ];
    for (phase, state) in signal.phases.iter().zip(states) {
        for (aspect, &link) in phase.aspects.iter().zip(&import.names.signal_links[0]) {
            let expected = match &state[link as usize..=link as usize] {
                "G" => Aspect::Protected,
                "g" => Aspect::Permissive,
                "y" => Aspect::Yellow,
                _ => Aspect::Red,
            };
            assert_eq!(*aspect, expected);
        }
    }
    let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
    assert!((cycle - 90.0).abs() < 1e-9);
}

#[test]
fn the_matrix_of_a_junction_with_crossings_for_people_is_counted_rightly() {
    let network = sumo::read_network(&data("crossroads.net.xml")).unwrap();
    let (left, straight) = ("south_in_0_TO_west_out_0", "north_in_0_TO_south_out_0");
    assert_eq!(first(&network, left, straight), Some(straight));
    let (minor, major) = ("south_in_0_TO_north_out_0", "east_in_1_TO_west_out_1");
    assert_eq!(first(&network, minor, major), Some(major));
}

#[test]
fn the_road_with_priority_goes_first() {
    let network = sumo::read_network(&data("tee.net.xml")).unwrap();
    assert_joined(&network);
    let centre = network.junction_named("centre").unwrap();
    let centre = &network.junctions[centre.index()];
    assert_eq!(centre.control, JunctionControl::ByPriority);
    assert_eq!(centre.movements.len(), 6);
    let (out_left, out_right) = ("south_in_0_TO_west_out_0", "south_in_0_TO_east_out_0");
    let (east, west) = ("west_in_0_TO_east_out_0", "east_in_0_TO_west_out_0");
    let in_left = "east_in_0_TO_south_out_0";
    assert_eq!(first(&network, out_left, east), Some(east));
    assert_eq!(first(&network, out_left, west), Some(west));
    assert_eq!(first(&network, out_left, in_left), Some(in_left));
    assert_eq!(first(&network, out_right, east), Some(east));
    assert_eq!(first(&network, in_left, east), Some(east));
    assert_eq!(first(&network, east, west), None);
    assert_eq!(first(&network, out_left, out_right), None);
    let turn = &network.movements[movement(&network, in_left).index()];
    assert_eq!(turn.direction, Direction::Left);
    // Through the waiting place in the middle of the junction: 4.07 m and 10.13 m.
    assert!((turn.length - 14.2).abs() < 1e-9);
    assert_eq!(turn.speed_limit, Some(8.0));
    assert_eq!(check::check(&network, None), []);
}

#[test]
fn on_the_left_the_innermost_lane_is_still_the_first() {
    let network = sumo::read_network(&data("left_hand_tee.net.xml")).unwrap();
    assert_joined(&network);
    assert_eq!(network.driving_side, DrivingSide::Left);
    let road = network.link_named("west_in").unwrap();
    let (line, lane) = (
        &network.links[road.index()].shape,
        &network.lanes_of(road)[0].shape,
    );
    assert!(lane[0].y > 0.0, "driving east on the left is north");
    assert!(line[0].y.abs() < 1e-9, "the inner edge is the middle");
    let (right, straight) = ("west_in_0_TO_south_out_0", "east_in_0_TO_west_out_0");
    assert_eq!(
        network.movements[movement(&network, right).index()].direction,
        Direction::Right
    );
    assert_eq!(first(&network, right, straight), Some(straight));
}

#[test]
fn compressed_files_are_the_same_files() {
    let plain = std::fs::read(data("tee.net.xml")).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&plain).unwrap();
    let packed = encoder.finish().unwrap();
    let path = Path::new("tee.net.xml.gz");
    let text =
        |bytes: &[u8]| serde_json::to_string(&sumo::parse_network(bytes, path).unwrap()).unwrap();
    assert_eq!(text(&plain), text(&packed));
}

#[test]
fn demand_keeps_road_vehicles_and_says_what_it_dropped() {
    let network = read::network(&data("tee.net.xml")).unwrap();
    let (demand, issues) = read::demand(&data("tee.rou.xml"), &network).unwrap();
    let told: Vec<String> = issues.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
    let flow = |id: &str| {
        let found = demand
            .flows
            .iter()
            .find(|flow| flow.id.as_deref() == Some(id));
        found.unwrap_or_else(|| panic!("no flow {id}"))
    };
    let van = &demand.types[flow("first").vehicle_type as usize];
    assert_eq!(van.id, "van");
    for (found, expected) in [
        (van.length, 6.0),
        (van.width, 2.16),
        (van.usual_acceleration, 2.0),
        (van.max_deceleration, 4.0),
        (van.min_gap, 3.0),
        (van.headway, 1.2),
        (van.max_speed, 13.89), // the highest limit of the network
        (flow("first").start, 100.5),
        (flow("inline").start, 102.0),
    ] {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
    let vehicles = |id: &str| {
        let flow = flow(id).clone();
        let one = roads::Demand {
            flows: vec![flow],
            ..demand.clone()
        };
        one.vehicles_before(10_000.0)
    };
    assert_eq!(vehicles("first"), 1);
    assert_eq!(vehicles("steady"), 10);
    assert_eq!(vehicles("hourly"), 180);
    assert_eq!(vehicles("chance"), 10);
    // Eight vehicles of two types on two routes, in proportion.
    let some: Vec<_> = (0..8).map(|index| flow(&format!("some.{index}"))).collect();
    let quick = some
        .iter()
        .filter(|flow| demand.types[flow.vehicle_type as usize].id == "quick");
    assert_eq!(quick.count(), 6);
    let route = some[0].route;
    assert_eq!(some.iter().filter(|flow| flow.route == route).count(), 4);
    let errors: Vec<_> = check::check(&network, Some(&demand))
        .into_iter()
        .filter(|fault| fault.severity == check::Severity::Error)
        .collect();
    assert_eq!(errors, []);
}

#[test]
fn a_configuration_is_a_scenario_that_begins_at_zero() {
    let scenario = read::scenario(&data("tee.sumocfg")).unwrap();
    assert_eq!(scenario.name, "tee");
    assert!((scenario.begin - 100.0).abs() < 1e-9);
    assert_eq!(scenario.duration, Some(1900.0));
    assert!((scenario.step - 0.5).abs() < 1e-9);
    let flows = &scenario.demand.flows;
    assert!(flows.iter().all(|flow| flow.id.as_deref() != Some("early")));
    let first = flows
        .iter()
        .find(|flow| flow.id.as_deref() == Some("first"));
    assert!((first.unwrap().start - 0.5).abs() < 1e-9);
    assert!(
        scenario
            .issues
            .iter()
            .any(|issue| issue.message.contains("before the simulation begins"))
    );
}

#[test]
fn a_sumo_network_can_be_written_for_cityflow() {
    for name in ["crossroads.net.xml", "tee.net.xml", "left_hand_tee.net.xml"] {
        let network = sumo::read_network(&data(name)).unwrap();
        let mut bytes = Vec::new();
        let issues = cityflow::write_network(&network, &mut bytes).unwrap();
        assert!(!issues.is_empty(), "right of way cannot be said");
        let back = cityflow::parse_network(&bytes, Path::new("roadnet.json")).unwrap();
        assert_eq!(back.links.len(), network.links.len());
        assert_eq!(back.movements.len(), network.movements.len());
        for (one, two) in network.links.iter().zip(&back.links) {
            assert_eq!(one.id, two.id);
            assert!((one.length - two.length).abs() < 0.01, "{}", one.id);
        }
        for (index, signal) in network.signals.iter().enumerate() {
            for (number, phase) in signal.phases.iter().enumerate() {
                for (&movement, aspect) in signal.movements.iter().zip(&phase.aspects) {
                    let name = network.movement_name(movement);
                    let other = &back.signals[index];
                    let same = (0..back.movements.len())
                        .map(MovementId::from)
                        .find(|&movement| back.movement_name(movement) == name)
                        .unwrap();
                    let place = other.movements.iter().position(|&m| m == same).unwrap();
                    let shown = other.phases[number].aspects[place];
                    assert_eq!(shown.is_green(), aspect.is_green(), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_network_with_a_projection_has_a_place_on_the_globe() {
    let text = std::fs::read_to_string(data("tee.net.xml")).unwrap();
    // The same T junction near the Rhine at Cologne, 300 km from the origin of SUMO's plane.
    let text = text
        .replace("netOffset=\"0.00,0.00\"", "netOffset=\"-356000,-5645000\"")
        .replace(
            "projParameter=\"!\"",
            "projParameter=\"+proj=utm +zone=32 +ellps=WGS84 +datum=WGS84 +units=m +no_defs\"",
        );
    let network = sumo::parse_network(text.as_bytes(), Path::new("tee.net.xml")).unwrap();
    assert_joined(&network);
    let place = network.georeference.unwrap();
    assert!((place.longitude - 6.95).abs() < 0.01, "{place:?}");
    assert!((place.latitude - 50.94).abs() < 0.01, "{place:?}");
    for lane in &network.lanes {
        let drawn = roads::geometry::length(&lane.shape);
        // The grid's scale, and a sphere in place of the ellipsoid: 0.3 % east to west here.
        assert!((drawn / lane.length - 1.0).abs() < 5e-3, "no distortion");
    }
    let mut bytes = Vec::new();
    geojson::write_network(&network, &mut bytes).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let features = file["features"].as_array().unwrap();
    let expected = network.links.len()
        + network.lanes.len()
        + network.movements.len()
        + network.junctions.len()
        + network.signals.len();
    assert_eq!(features.len(), expected);
    for feature in features {
        let mut first = &feature["geometry"]["coordinates"];
        while first[0].is_array() {
            first = &first[0];
        }
        let (longitude, latitude) = (first[0].as_f64().unwrap(), first[1].as_f64().unwrap());
        assert!((longitude - place.longitude).abs() < 0.01);
        assert!((latitude - place.latitude).abs() < 0.01);
    }
}

#[test]
fn the_published_benchmark_scenarios_of_sumo_are_read_whole() {
    // RESCO, as it comes inside the Python package sumo-rl; the number of vehicles is what SUMO
    // itself says it loads.
    let Some(folder) = std::env::var_os("CITYBRAIN_RESCO").map(PathBuf::from) else {
        println!("skipped: CITYBRAIN_RESCO does not name the folder of the RESCO scenarios");
        return;
    };
    for (name, signals, vehicles) in [
        ("arterial4x4", 16, 2484),
        ("cologne1", 1, 2015),
        ("cologne3", 3, 2856),
        ("cologne8", 8, 2046),
        ("grid4x4", 16, 1473),
        ("ingolstadt1", 1, 1716),
        ("ingolstadt7", 7, 3031),
        ("ingolstadt21", 21, 4283),
    ] {
        let scenario = read::scenario(&folder.join(name)).unwrap();
        assert_eq!(scenario.network.signals.len(), signals, "{name}");
        assert_eq!(scenario.demand.vehicles_before(4000.0), vehicles, "{name}");
        for fault in check::check(&scenario.network, Some(&scenario.demand)) {
            println!("{name}: {fault}");
            let route = fault.element == "flow" && fault.severity == check::Severity::Error;
            assert!(!route, "{name}: {fault}");
        }
    }
}

#[test]
fn elements_are_found_by_name_and_not_by_what_else_a_file_says() {
    let routes = data("tee.rou.xml");
    assert!(sumo::has_element(&routes, &["laneAreaDetector", "trip"]).unwrap());
    assert!(!sumo::has_element(&routes, &["laneAreaDetector", "triggered"]).unwrap());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("more.add.xml");
    std::fs::write(&file, "<additional><!-- no <trip/> --></additional>").unwrap();
    assert!(!sumo::has_element(&file, &["trip"]).unwrap());
    std::fs::write(&file, "<additional><poly>").unwrap();
    let message = sumo::has_element(&file, &["trip"]).unwrap_err().to_string();
    assert!(message.contains("more.add.xml"), "{message}");
}
