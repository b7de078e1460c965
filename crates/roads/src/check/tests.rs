//! The checks on small networks, each with one thing wrong.

use super::*;
use crate::builder::{
    Builder, LaneSpec, LinkSpec, MovementKey, MovementSpec, SignalSpec, TurnSpec,
};
use crate::demand::{Flow, VehicleType};
use crate::geometry::Point;
use crate::model::{
    Aspect, Direction, JunctionControl, JunctionId, LinkId, Network, Phase, RoadClass,
};

/// A crossroads of four arms, 100 m each, with a link in and a link out on every arm, and a
/// straight turn from each; a plan with one phase for each axis.
struct Crossroads {
    builder: Builder,
    middle: JunctionId,
    /// Links in from the south, west, north and east.
    into: Vec<LinkId>,
    /// Links out to the south, west, north and east.
    out: Vec<LinkId>,
    movements: Vec<MovementKey>,
}

const ARMS: [(&str, f64, f64); 4] = [
    ("south", 0.0, -1.0),
    ("west", -1.0, 0.0),
    ("north", 0.0, 1.0),
    ("east", 1.0, 0.0),
];

fn lane(shape: &[Point]) -> LaneSpec {
    LaneSpec {
        width: 3.0,
        speed_limit: 13.9,
        shape: shape.to_vec(),
        length: None,
    }
}

fn link(
    builder: &mut Builder,
    id: &str,
    from: JunctionId,
    to: JunctionId,
    line: [Point; 2],
) -> LinkId {
    let spec = LinkSpec {
        id: id.to_owned(),
        name: None,
        from,
        to,
        shape: line.to_vec(),
        lanes: vec![lane(&line)],
        class: RoadClass::Primary,
        elevated: false,
    };
    builder.link(spec).unwrap()
}

impl Crossroads {
    fn new() -> Self {
        let mut builder = Builder::new("crossroads");
        let control = JunctionControl::ByTurn;
        let middle = builder.junction("middle", Point::default(), 10.0, false, control);
        let (mut into, mut out) = (Vec::new(), Vec::new());
        for (name, x, y) in ARMS {
            let at = |distance: f64, side: f64| {
                Point::new(x * distance - y * side, y * distance + x * side)
            };
            let end = builder.junction(name, at(100.0, 0.0), 0.0, true, control);
            let (near, far) = (10.0, 100.0);
            into.push(link(
                &mut builder,
                &format!("from {name}"),
                end,
                middle,
                [at(far, 2.0), at(near, 2.0)],
            ));
            out.push(link(
                &mut builder,
                &format!("to {name}"),
                middle,
                end,
                [at(near, -2.0), at(far, -2.0)],
            ));
        }
        Self {
            builder,
            middle,
            into,
            out,
            movements: Vec::new(),
        }
    }

    fn turn(&mut self, from: usize, to: usize, direction: Direction) {
        let network = self.builder.network_mut();
        let start = network.lanes_of(self.into[from])[0].shape[1];
        let end = network.lanes_of(self.out[to])[0].shape[0];
        let turn = self.builder.turn(TurnSpec {
            junction: self.middle,
            from: self.into[from],
            to: self.out[to],
            direction,
            movements: vec![MovementSpec {
                from_lane: 0,
                to_lane: 0,
                shape: vec![start, end],
                length: None,
                speed_limit: None,
            }],
        });
        self.movements.push(MovementKey { turn, movement: 0 });
    }

    fn straight() -> Self {
        let mut roads = Self::new();
        for from in 0..4 {
            roads.turn(from, (from + 2) % 4, Direction::Straight);
        }
        roads
    }

    fn signal(&mut self, plan: &[(f64, &str)]) {
        let phases = plan
            .iter()
            .map(|&(duration, letters)| Phase {
                name: None,
                duration,
                minimum: None,
                maximum: None,
                aspects: letters
                    .chars()
                    .map(|letter| match letter {
                        'G' => Aspect::Protected,
                        'g' => Aspect::Permissive,
                        'y' => Aspect::Yellow,
                        _ => Aspect::Red,
                    })
                    .collect(),
            })
            .collect();
        self.builder.signal(SignalSpec {
            id: "light".to_owned(),
            junctions: vec![self.middle],
            movements: self.movements.clone(),
            phases,
            offset: 0.0,
        });
    }

    fn network(self) -> Network {
        self.builder.finish().unwrap()
    }
}

fn told(network: &Network, demand: Option<&Demand>) -> Vec<String> {
    check(network, demand)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_sound_crossroads_has_no_faults() {
    let mut roads = Crossroads::straight();
    roads.signal(&[(30.0, "GrGr"), (3.0, "yryr"), (2.0, "rrrr"), (30.0, "rGrG")]);
    assert_eq!(told(&roads.network(), None), Vec::<String>::new());
}

#[test]
fn crossing_streams_may_not_both_have_green() {
    let mut roads = Crossroads::straight();
    roads.signal(&[(30.0, "GGGG")]);
    let faults = check(&roads.network(), None);
    assert_eq!(faults.len(), 4, "each pair of crossing streams once");
    assert!(faults.iter().all(|fault| fault.severity == Severity::Error));
    assert_eq!(
        faults[0].to_string(),
        "error: signal \"light\" gives protected green to \"from south → to north\" and \
         \"from west → to east\" at once in phase 0, and they conflict; \
         give them green in different phases"
    );
}

#[test]
fn a_left_turn_beside_oncoming_traffic_is_a_warning_and_permissive_green_is_none() {
    for (letters, count) in [("GrGrG", 1), ("GrGrg", 0)] {
        let mut roads = Crossroads::straight();
        roads.turn(0, 1, Direction::Left);
        roads.signal(&[(30.0, letters), (30.0, "rGrGr")]);
        let faults = check(&roads.network(), None);
        assert_eq!(faults.len(), count, "{letters}: {faults:?}");
        assert!(
            faults
                .iter()
                .all(|fault| fault.severity == Severity::Warning)
        );
    }
}

#[test]
fn plans_without_green_or_length_are_faults() {
    let mut roads = Crossroads::straight();
    roads.signal(&[(30.0, "GrGr"), (20.0, "rrrr")]);
    assert_eq!(
        told(&roads.network(), None),
        [
            "error: movement \"from west_0_TO_to east_0\" never gets green in the plan of signal \"light\"; give it green in a phase",
            "error: movement \"from east_0_TO_to west_0\" never gets green in the plan of signal \"light\"; give it green in a phase",
            "warning: signal \"light\" shows green to nobody in phase 1, for 20 s; give a movement green or remove the phase",
        ]
    );
    let mut roads = Crossroads::straight();
    roads.signal(&[(0.0, "GrGr")]);
    let faults = told(&roads.network(), None);
    assert!(faults[0].contains("has a cycle of no length"), "{faults:?}");
    let mut roads = Crossroads::straight();
    roads.signal(&[]);
    assert_eq!(
        told(&roads.network(), None),
        ["warning: signal \"light\" has no phases; give it a plan"]
    );
}

#[test]
fn links_that_lead_nowhere_or_come_from_nowhere_are_named() {
    let mut roads = Crossroads::new();
    roads.turn(0, 2, Direction::Straight);
    roads.turn(1, 3, Direction::Straight);
    roads.turn(2, 0, Direction::Straight);
    let faults = told(&roads.network(), None);
    assert_eq!(
        faults,
        [
            "error: link \"from east\" leads nowhere: no turn leaves it at junction \"middle\"; add a turn, or make the junction a boundary",
            "warning: link \"to west\" cannot be reached from any boundary of the network; join it to the network by turns or remove it",
        ]
    );
}

#[test]
fn a_lane_that_ends_and_a_turn_without_lanes_are_named() {
    let mut roads = Crossroads::straight();
    let line = [Point::new(-3.0, -100.0), Point::new(-3.0, -10.0)];
    let (from, to) = (JunctionId(1), roads.middle);
    let spec = LinkSpec {
        id: "second".to_owned(),
        name: None,
        from,
        to,
        shape: line.to_vec(),
        lanes: vec![lane(&line), lane(&line)],
        class: RoadClass::Primary,
        elevated: false,
    };
    let second = roads.builder.link(spec).unwrap();
    let out = roads.out.clone();
    for (to, movements) in [(out[2], vec![0]), (out[3], vec![])] {
        roads.builder.turn(TurnSpec {
            junction: roads.middle,
            from: second,
            to,
            direction: Direction::Straight,
            movements: movements
                .into_iter()
                .map(|from_lane| MovementSpec {
                    from_lane,
                    to_lane: 0,
                    shape: vec![line[1], Point::new(2.0, 10.0)],
                    length: None,
                    speed_limit: None,
                })
                .collect(),
        });
    }
    let faults = told(&roads.network(), None);
    assert_eq!(
        faults,
        [
            "error: turn \"second → to east\" has no movement from a lane to a lane; add lane links or remove it",
            "warning: lane \"second_1\" is left dangling: nothing leads on from it at junction \"middle\"; add a movement from it or remove the lane",
        ]
    );
}

#[test]
fn figures_out_of_range_and_broken_lines_are_named() {
    let mut network = Crossroads::straight().network();
    network.lanes[0].speed_limit = 120.0;
    network.lanes[1].width = 30.0;
    network.lanes[2].length = 0.4;
    network.lanes[3].length = 0.0;
    network.lanes[4].shape[0].x = f64::NAN;
    network.links[5].id = "to south".to_owned();
    network.links[6].shape = [(0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (5.0, -5.0)]
        .map(|(x, y)| Point::new(x, y))
        .to_vec();
    insta::assert_snapshot!(told(&network, None).join("\n"));
}

fn flow(route: u32, start: f64) -> Flow {
    Flow {
        id: Some(format!("flow {route}")),
        vehicle_type: 0,
        route,
        interval: 10.0,
        start,
        end: None,
    }
}

#[test]
fn routes_that_cannot_be_driven_are_named() {
    let roads = Crossroads::straight();
    let (into, out) = (roads.into.clone(), roads.out.clone());
    let network = roads.network();
    let mut late = flow(0, 4000.0);
    late.id = Some("late".to_owned());
    let mut wrong = flow(1, f64::NAN);
    wrong.interval = 0.0;
    let demand = Demand {
        types: vec![VehicleType::default()],
        routes: vec![
            vec![into[0], out[2]],
            vec![into[0], out[1]],
            vec![into[0]],
            vec![],
        ],
        flows: vec![
            flow(0, 0.0),
            wrong,
            flow(2, 0.0),
            flow(3, 0.0),
            flow(9, 0.0),
            late,
        ],
    };
    let faults = check_until(&network, Some(&demand), Some(3600.0));
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(faults.join("\n"));
}

#[test]
fn components_are_found_without_recursion() {
    // 0 → 1 → 2 → 0, 2 → 3, and a chain long enough to overflow a recursive search.
    let mut next: Vec<Vec<LinkId>> = vec![vec![LinkId(1)], vec![LinkId(2)]];
    next.push(vec![LinkId(0), LinkId(3)]);
    let last = 300_000;
    next.extend((4..=last).map(|index| vec![LinkId(index)]));
    next.push(vec![]);
    let component = graph::components(&next);
    assert_eq!(component[0], component[1]);
    assert_eq!(component[1], component[2]);
    assert_ne!(component[2], component[3]);
    assert_ne!(component[3], component[4]);
}
