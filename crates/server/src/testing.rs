//! Small networks for unit tests.

use roads::builder::{
    Builder, LaneSpec, LinkSpec, MovementKey, MovementSpec, SignalSpec, TurnSpec, aspects,
};
use roads::geometry::{bezier, offset_right, trimmed};
use roads::model::{JunctionControl, JunctionId, Phase, RoadClass};
use roads::{Direction, LinkId, Network, Point};

/// Metres from the middle to the ends of the arms.
const ARM: f64 = 200.0;
/// Metres by which arms are cut back.
const CUT: f64 = 12.0;
/// Metres.
const LANE: f64 = 3.5;

/// Four arms of two lanes each way that meet at a signal with two phases; the inner lane goes left
/// and straight, the outer one straight and right.
pub(crate) fn crossing() -> Network {
    let mut builder = Builder::new("crossing");
    let middle = builder.junction("m", Point::default(), CUT, false, JunctionControl::ByTurn);
    let arms = [
        Point::new(0.0, 1.0),
        Point::new(1.0, 0.0),
        Point::new(0.0, -1.0),
        Point::new(-1.0, 0.0),
    ];
    let mut links = Vec::new();
    for (i, arm) in arms.into_iter().enumerate() {
        let end = arm * ARM;
        let edge = builder.junction(format!("e{i}"), end, 0.0, true, JunctionControl::ByTurn);
        let inwards = add_link(&mut builder, &format!("in{i}"), (edge, middle), end, true);
        let outwards = add_link(&mut builder, &format!("out{i}"), (middle, edge), end, false);
        links.push((inwards, outwards));
    }
    let mut keys = Vec::new();
    for from in 0..4 {
        for (step, direction, lanes) in [
            (1, Direction::Left, &[0_u32] as &[u32]),
            (2, Direction::Straight, &[0, 1]),
            (3, Direction::Right, &[1]),
        ] {
            let to = (from + step) % 4;
            let movements = lanes
                .iter()
                .map(|&lane| movement(&mut builder, links[from].0, links[to].1, lane))
                .collect();
            let turn = builder.turn(TurnSpec {
                junction: middle,
                from: links[from].0,
                to: links[to].1,
                direction,
                movements,
            });
            keys.extend(
                (0..lanes.len()).map(|movement| (MovementKey { turn, movement }, from % 2)),
            );
        }
    }
    let phases = (0..2)
        .map(|axis| Phase {
            name: None,
            duration: 30.0,
            minimum: None,
            maximum: None,
            aspects: aspects(keys.len(), |i| keys[i].1 == axis),
        })
        .collect();
    builder.signal(SignalSpec {
        id: "s".to_owned(),
        junctions: vec![middle],
        movements: keys.iter().map(|(key, _)| *key).collect(),
        phases,
        offset: 0.0,
    });
    builder.finish().unwrap()
}

fn add_link(
    builder: &mut Builder,
    id: &str,
    ends: (JunctionId, JunctionId),
    end: Point,
    inwards: bool,
) -> LinkId {
    let shape = if inwards {
        vec![end, Point::default()]
    } else {
        vec![Point::default(), end]
    };
    let (start_cut, end_cut) = if inwards { (0.0, CUT) } else { (CUT, 0.0) };
    let cut = trimmed(&shape, start_cut, end_cut);
    let lanes = (0..2)
        .map(|lane| LaneSpec {
            width: LANE,
            speed_limit: 12.0,
            shape: offset_right(&cut, LANE * (f64::from(lane) + 0.5)),
            length: None,
        })
        .collect();
    builder
        .link(LinkSpec {
            id: id.to_owned(),
            name: Some("测试路".to_owned()),
            from: ends.0,
            to: ends.1,
            shape,
            lanes,
            class: RoadClass::Primary,
            elevated: false,
        })
        .unwrap()
}

fn movement(builder: &mut Builder, from: LinkId, to: LinkId, lane: u32) -> MovementSpec {
    let network = builder.network_mut();
    let enter = &network.lanes_of(from)[lane as usize].shape;
    let leave = &network.lanes_of(to)[lane as usize].shape;
    let shape = bezier(
        enter[1],
        (enter[1] - enter[0]).unit(),
        leave[0],
        (leave[1] - leave[0]).unit(),
        true,
        true,
    );
    MovementSpec {
        from_lane: lane,
        to_lane: lane,
        shape,
        length: None,
        speed_limit: None,
    }
}
