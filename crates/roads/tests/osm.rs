//! The OpenStreetMap reader on small maps: what is on the map must be in the network.

mod osm_map;

use std::path::Path;

use osm_map::Map;
use roads::model::{Aspect, Direction, DrivingSide, JunctionControl, Network, Precedence};
use roads::osm::{self, Connectivity, DeadEnds, Options, Report};

fn read(map: &Map) -> (Network, Report) {
    read_with(map, &Options::default())
}

fn read_with(map: &Map, options: &Options) -> (Network, Report) {
    osm::parse(&map.bytes(), Path::new("test.osm.pbf"), options).expect("the map is sound")
}

/// Two streets that cross at node 1: way 10 from west (2) to east (3), way 20 from south (4) to
/// north (5), 200 m each way.
fn crossing(one: &str, two: &str) -> Map {
    at_crossing(Map::at(24.94, 60.17), one, two, "")
}

fn at_crossing(map: Map, one: &str, two: &str, node: &str) -> Map {
    map.node(1, 0.0, 0.0, node)
        .node(2, -200.0, 0.0, "")
        .node(3, 200.0, 0.0, "")
        .node(4, 0.0, -200.0, "")
        .node(5, 0.0, 200.0, "")
        .way(10, &[2, 1, 3], one)
        .way(20, &[4, 1, 5], two)
}

/// Lanes of a link from which each direction is reached.
fn lanes_to(network: &Network, link: &str, direction: Direction) -> Vec<u32> {
    let link = network.link_named(link).expect("the link exists");
    let mut lanes: Vec<u32> = network
        .movements
        .iter()
        .filter(|movement| movement.direction == direction)
        .map(|movement| &network.lanes[movement.from.index()])
        .filter(|lane| lane.link == link)
        .map(|lane| lane.index)
        .collect();
    lanes.sort_unstable();
    lanes.dedup();
    lanes
}

/// The links that can be reached from a link, by name.
fn exits(network: &Network, link: &str) -> Vec<String> {
    let link = network.link_named(link).expect("the link exists");
    let turns = network.turns.iter().filter(|turn| turn.from == link);
    let mut exits: Vec<String> = turns
        .map(|turn| network.links[turn.to.index()].id.clone())
        .collect();
    exits.sort();
    exits
}

#[test]
fn two_streets_that_cross() {
    let (network, report) = read(&crossing("highway=residential", "highway=residential"));
    assert_eq!(network.links.len(), 8);
    assert_eq!(network.lanes.len(), 8);
    assert_eq!(network.junctions.len(), 5);
    assert_eq!(
        network
            .junctions
            .iter()
            .filter(|junction| junction.boundary)
            .count(),
        4
    );
    assert_eq!(
        network.movements.len(),
        12,
        "three ways on from each of four, none back"
    );
    let junction = &network.junctions[network.junction_named("1").unwrap().index()];
    assert_eq!(junction.control, JunctionControl::ByTurn, "equals");
    assert_eq!(network.name, "test");
    assert_eq!(network.attribution.as_deref(), Some(osm::ATTRIBUTION));
    assert_eq!(report.links_left_out, 0);
    assert!(report.disconnected_length.abs() < 1e-6);
    // 200 m, less half of the crossing road (3 m) and the distance of the stop line (2 m).
    for link in &network.links {
        assert!(
            (link.length - 195.0).abs() < 0.5,
            "{}: {}",
            link.id,
            link.length
        );
    }
}

#[test]
fn right_hand_traffic_keeps_to_the_right() {
    let (network, _) = read(&crossing("highway=residential", "highway=residential"));
    assert_eq!(network.driving_side, DrivingSide::Right);
    let east = &network.lanes_of(network.link_named("10#0").unwrap())[0];
    assert!(east.shape[0].y < 0.0 && east.shape[0].x < east.shape[1].x);
    let north = network.link_named("20#1").unwrap();
    let left = network
        .turns
        .iter()
        .find(|turn| turn.to == north && network.links[turn.from.index()].id == "10#0");
    assert_eq!(left.unwrap().direction, Direction::Left);
}

#[test]
fn left_hand_traffic_is_its_mirror() {
    let malta = at_crossing(
        Map::at(14.5, 35.9),
        "highway=primary lanes=4 turn:lanes:forward=left|through;right",
        "highway=residential",
        "",
    );
    let (network, _) = read(&malta);
    assert_eq!(network.driving_side, DrivingSide::Left);
    let east = network.link_named("10#0").unwrap();
    let [inner, outer] = network.lanes_of(east) else {
        panic!("two lanes");
    };
    assert!(inner.shape[0].x < inner.shape[1].x, "it still leads east");
    assert!(
        outer.shape[0].y > inner.shape[0].y && inner.shape[0].y > 0.0,
        "on the left"
    );
    // Painted from left to right: the outer lane, on the left, is for turning left.
    assert_eq!(lanes_to(&network, "10#0", Direction::Left), [1]);
    assert_eq!(lanes_to(&network, "10#0", Direction::Right), [0]);
    assert_eq!(lanes_to(&network, "10#0", Direction::Straight), [0]);
    let forced = Options {
        driving_side: Some(DrivingSide::Right),
        ..Options::default()
    };
    assert_eq!(
        read_with(&malta, &forced).0.driving_side,
        DrivingSide::Right
    );
}

#[test]
fn the_side_street_gives_way() {
    let (network, _) = read(&crossing("highway=primary", "highway=residential"));
    let index = network.junction_named("1").unwrap().index();
    let junction = &network.junctions[index];
    assert_eq!(junction.control, JunctionControl::ByPriority);
    let mut decided = 0;
    for crossing in &network.crossings[junction.crossings.range()] {
        let from = |movement: roads::MovementId| {
            let lane = &network.lanes[network.movements[movement.index()].from.index()];
            &network.links[lane.link.index()]
        };
        let (a, b) = (from(crossing.a), from(crossing.b));
        if a.class != b.class {
            let first = if a.class < b.class {
                Precedence::A
            } else {
                Precedence::B
            };
            assert_eq!(crossing.precedence, first, "{} and {}", a.id, b.id);
            decided += 1;
        }
    }
    assert!(decided >= 8);
}

#[test]
fn painted_arrows_decide_the_lanes() {
    let (network, _) = read(&crossing(
        "highway=secondary lanes=6 lanes:forward=3 turn:lanes:forward=left|left|through;right",
        "highway=secondary lanes=4",
    ));
    assert_eq!(lanes_to(&network, "10#0", Direction::Left), [0, 1]);
    assert_eq!(lanes_to(&network, "10#0", Direction::Straight), [2]);
    assert_eq!(lanes_to(&network, "10#0", Direction::Right), [2]);
    // No arrows on the others: left from the inside, right from the outside.
    assert_eq!(lanes_to(&network, "20#0", Direction::Left), [0]);
    assert_eq!(lanes_to(&network, "20#0", Direction::Right), [1]);
}

#[test]
fn restrictions_forbid_turns() {
    let open = crossing("highway=primary", "highway=primary");
    // Ways as the database wants them: cut at the junction.
    let cut = Map::at(24.94, 60.17)
        .node(1, 0.0, 0.0, "")
        .node(2, -200.0, 0.0, "")
        .node(3, 200.0, 0.0, "")
        .node(4, 0.0, -200.0, "")
        .node(5, 0.0, 200.0, "")
        .way(10, &[2, 1], "highway=primary")
        .way(11, &[1, 3], "highway=primary")
        .way(20, &[4, 1], "highway=primary")
        .way(21, &[1, 5], "highway=primary");
    let (network, _) = read(&open);
    assert_eq!(exits(&network, "10#0").len(), 3);
    let (network, _) = read(&cut);
    assert_eq!(exits(&network, "10#0"), ["-20#0", "11#0", "21#0"]);
    let (network, report) = read(&cut.clone().restriction("no_left_turn", 10, "n1", 21));
    assert_eq!(exits(&network, "10#0"), ["-20#0", "11#0"]);
    assert_eq!(report.restrictions, 1);
    let (network, _) = read(&cut.clone().restriction("only_straight_on", 10, "n1", 11));
    assert_eq!(exits(&network, "10#0"), ["11#0"]);
    assert_eq!(exits(&network, "20#0").len(), 3, "others may turn");
    let (_, report) = read(&cut.restriction("no_u_turn", 10, "w11", 21));
    assert_eq!(report.restrictions_left_out, 1, "not inside one junction");
}

/// A dual carriageway (ways 10 and 11, 12 m apart) crossed by way 20.
fn dual() -> Map {
    Map::at(24.94, 60.17)
        .node(1, -200.0, -6.0, "")
        .node(2, 0.0, -6.0, "")
        .node(3, 200.0, -6.0, "")
        .node(4, 200.0, 6.0, "")
        .node(5, 0.0, 6.0, "")
        .node(6, -200.0, 6.0, "")
        .node(7, 0.0, -200.0, "")
        .node(8, 0.0, 200.0, "")
        .way(10, &[1, 2, 3], "highway=primary oneway=yes lanes=2")
        .way(11, &[4, 5, 6], "highway=primary oneway=yes lanes=2")
        .way(20, &[7, 2], "highway=secondary")
        .way(21, &[2, 5], "highway=secondary")
        .way(22, &[5, 8], "highway=secondary")
}

#[test]
fn a_crossed_dual_carriageway_is_one_junction() {
    let (network, report) = read(&dual());
    assert_eq!(report.junctions_clustered, 1);
    assert_eq!(
        network
            .junctions
            .iter()
            .filter(|junction| !junction.boundary)
            .count(),
        1
    );
    assert_eq!(network.links.len(), 8);
    assert_eq!(
        exits(&network, "10#0"),
        ["-20#0", "10#1", "22#0"],
        "no turning back"
    );
    assert_eq!(exits(&network, "20#0"), ["10#1", "11#1", "22#0"]);
    let apart = Options {
        junction_radius: 0.0,
        ..Options::default()
    };
    let (network, _) = read_with(&dual(), &apart);
    assert_eq!(
        network
            .junctions
            .iter()
            .filter(|junction| !junction.boundary)
            .count(),
        2
    );
}

#[test]
fn restrictions_inside_a_junction_keep_their_meaning() {
    // From the south, nobody may go left: the restriction lies on the short street inside.
    let (network, _) = read(&dual().restriction("no_left_turn", 21, "n5", 11));
    assert_eq!(exits(&network, "20#0"), ["10#1", "22#0"]);
    // From the west over the street inside to the north; others may.
    let over =
        dual()
            .way(12, &[2, 3], "highway=footway")
            .restriction("no_left_turn", 10, "w21", 22);
    let (network, report) = read(&over);
    assert_eq!(exits(&network, "10#0"), ["-20#0", "10#1"]);
    assert_eq!(exits(&network, "20#0"), ["10#1", "11#1", "22#0"]);
    assert_eq!(report.restrictions_left_out, 0);
}

#[test]
fn signals_before_the_junction_belong_to_it() {
    let signal = "highway=traffic_signals traffic_signals:direction=forward";
    let map = Map::at(24.94, 60.17)
        .node(1, 0.0, 0.0, "")
        .node(2, -200.0, 0.0, "")
        .node(6, -12.0, 0.0, signal)
        .node(3, 200.0, 0.0, "")
        .node(7, 100.0, 0.0, "highway=traffic_signals")
        .node(4, 0.0, -200.0, "")
        .node(5, 0.0, 200.0, "")
        .way(10, &[2, 6, 1, 7, 3], "highway=primary lanes=6")
        .way(20, &[4, 1, 5], "highway=secondary lanes=4");
    let (network, report) = read(&map);
    assert_eq!(network.signals.len(), 1);
    assert_eq!(report.signals_without_junction, 1, "the one in mid-block");
    let signal = &network.signals[0];
    assert_eq!(signal.id, "1");
    assert_eq!(signal.movements.len(), network.movements.len());
    let names: Vec<&str> = signal
        .phases
        .iter()
        .filter_map(|phase| phase.name.as_deref())
        .collect();
    assert_eq!(names.len(), 9, "{names:?}");
    assert_eq!(names[0], "stage 1");
    assert_eq!(
        names[3], "stage 1 left",
        "left turns across three lanes go by themselves"
    );
    assert_eq!(names[6], "stage 2");
    let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
    assert!((60.0..120.0).contains(&cycle), "{cycle}");
    for movement in 0..signal.movements.len() {
        let shown: Vec<Aspect> = signal
            .phases
            .iter()
            .map(|phase| phase.aspects[movement])
            .collect();
        assert!(shown.iter().any(|aspect| aspect.is_green()));
    }
    let left = |link: &str| {
        let link = network.link_named(link).unwrap();
        signal.movements.iter().position(|id| {
            let movement = &network.movements[id.index()];
            movement.direction == Direction::Left
                && network.lanes[movement.from.index()].link == link
        })
    };
    let main = left("10#0").unwrap();
    assert_eq!(signal.phases[0].aspects[main], Aspect::Red);
    assert_eq!(signal.phases[3].aspects[main], Aspect::Protected);
    let side = left("20#0").unwrap();
    assert_eq!(
        signal.phases[6].aspects[side],
        Aspect::Permissive,
        "gives way to the oncoming"
    );
}

#[test]
fn a_roundabout_is_a_ring_with_entries_that_give_way() {
    let mut map = Map::at(24.94, 60.17);
    let mut ring = Vec::new();
    for corner in 0..12 {
        let angle = f64::from(corner) * std::f64::consts::TAU / 12.0; // against the clock
        map = map.node(
            i64::from(corner) + 1,
            25.0 * angle.cos(),
            25.0 * angle.sin(),
            "",
        );
        ring.push(i64::from(corner) + 1);
    }
    ring.push(1);
    map = map
        .node(101, 200.0, 0.0, "")
        .node(104, 0.0, 200.0, "")
        .node(107, -200.0, 0.0, "")
        .way(5, &ring, "highway=tertiary junction=roundabout")
        .way(10, &[101, 1], "highway=tertiary")
        .way(11, &[104, 4], "highway=tertiary")
        .way(12, &[107, 7], "highway=tertiary");
    let (network, _) = read(&map);
    assert_eq!(network.links.len(), 3 + 6);
    let mut entries = 0;
    for junction in network
        .junctions
        .iter()
        .filter(|junction| !junction.boundary)
    {
        assert_eq!(junction.control, JunctionControl::ByPriority);
        for crossing in &network.crossings[junction.crossings.range()] {
            let ring = |movement: roads::MovementId| {
                let lane = &network.lanes[network.movements[movement.index()].from.index()];
                network.links[lane.link.index()].id.starts_with("5#")
            };
            match (ring(crossing.a), ring(crossing.b)) {
                (true, false) => assert_eq!(crossing.precedence, Precedence::A),
                (false, true) => assert_eq!(crossing.precedence, Precedence::B),
                _ => continue,
            }
            entries += 1;
        }
    }
    assert!(entries >= 3);
}

#[test]
fn lanes_that_come_and_go_are_joined() {
    let map = crossing("highway=primary", "highway=primary")
        .node(6, 400.0, 0.0, "")
        .node(7, 600.0, 0.0, "")
        .way(11, &[3, 6], "highway=primary lanes=6")
        .way(
            12,
            &[6, 7],
            "highway=primary oneway=no lanes=4 lanes:forward=1",
        );
    let (network, _) = read(&map);
    let widths = |id: &str| network.lanes_of(network.link_named(id).unwrap()).len();
    assert_eq!((widths("11#0"), widths("-11#0")), (3, 3));
    assert_eq!((widths("12#0"), widths("-12#0")), (1, 3));
    for (index, lane) in network.lanes.iter().enumerate() {
        let link = &network.links[lane.link.index()];
        let name = network.lane_name(index.into());
        let (from, to) = (
            &network.junctions[link.from.index()],
            &network.junctions[link.to.index()],
        );
        assert!(
            to.boundary || !lane.outgoing.is_empty(),
            "{name} leads nowhere"
        );
        assert!(
            from.boundary || !lane.incoming.is_empty(),
            "nothing leads to {name}"
        );
    }
}

#[test]
fn a_bridge_is_no_junction() {
    let map = Map::at(24.94, 60.17)
        .node(1, -200.0, 0.0, "")
        .node(2, 200.0, 0.0, "")
        .node(3, 0.0, -200.0, "")
        .node(4, 0.0, 200.0, "")
        .node(5, 210.0, 200.0, "")
        .way(10, &[1, 2], "highway=trunk bridge=viaduct layer=1")
        .way(20, &[3, 4], "highway=primary lanes=4")
        .way(21, &[4, 5, 2], "highway=trunk_link");
    let (network, _) = read(&map);
    let link = |id: &str| &network.links[network.link_named(id).unwrap().index()];
    assert!(link("10#0").elevated);
    assert!(!link("20#0").elevated);
    assert!(
        network
            .junctions
            .iter()
            .all(|junction| junction.point.norm() > 50.0)
    );
}

#[test]
fn one_way_streets_and_dead_ends() {
    let map = crossing("highway=residential", "highway=residential oneway=-1")
        .node(6, 400.0, 100.0, "")
        .way(30, &[5, 6, 4], "highway=residential oneway=-1");
    let (network, _) = read(&map);
    assert!(
        network.link_named("20#0").is_none(),
        "nobody drives along way 20"
    );
    // Ways 20 and 30 are one street, a loop: two links, named after the longer way.
    assert_eq!(exits(&network, "10#0"), ["-30#0", "10#1"]);
    // A one-way street that leads out of the map is left out; a large one is a gate.
    let lost = crossing("highway=residential", "highway=residential oneway=yes");
    let (network, report) = read(&lost);
    assert_eq!(network.links.len(), 2, "and with it the junction");
    assert!(report.disconnected_length > 390.0);
    let gate = crossing("highway=residential", "highway=primary oneway=yes");
    assert_eq!(read(&gate).0.links.len(), 6);
    let strict = Options {
        connectivity: Connectivity::Strict,
        ..Options::default()
    };
    assert_eq!(read_with(&gate, &strict).0.links.len(), 2);
    let everything = Options {
        connectivity: Connectivity::Everything,
        ..Options::default()
    };
    assert_eq!(read_with(&lost, &everything).0.links.len(), 6);
    let back = Options {
        dead_ends: DeadEnds::TurnBack,
        ..Options::default()
    };
    let (network, _) = read_with(&crossing("highway=primary", "highway=primary"), &back);
    assert!(network.junctions.iter().all(|junction| !junction.boundary));
    assert!(
        network
            .movements
            .iter()
            .any(|movement| movement.direction == Direction::UTurn)
    );
}

#[test]
fn ways_are_cut_where_nodes_are_missing_or_blocked() {
    let map = at_crossing(
        Map::at(24.94, 60.17),
        "highway=residential",
        "highway=residential",
        "",
    )
    .node(6, 100.0, 0.0, "barrier=bollard")
    .way(40, &[3, 99, 5], "highway=residential")
    .way(41, &[5, 6, 4], "highway=residential");
    let (network, report) = read(&map);
    assert_eq!(report.nodes_missing, 2);
    assert_eq!(network.links.len(), 8);
}
