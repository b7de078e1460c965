//! Approaches on roads made for the purpose: whose vehicles count where, and that the search ends.

use roads::builder::{
    Builder, LaneSpec, LinkSpec, MovementKey, MovementSpec, SignalSpec, TurnSpec,
};
use roads::model::{Direction, JunctionControl, Phase, RoadClass};
use roads::{Aspect, JunctionId, LinkId, Point};

use super::*;

/// A road of so many links of a metre each, one behind the other, with a signal at its end; the
/// movements between two are those of the pairs of lanes for which `leads` holds.
fn road(links: usize, lanes: u32, leads: impl Fn(u32, u32) -> bool) -> Network {
    let mut builder = Builder::new("road");
    let ends: Vec<JunctionId> = (0..links + 2)
        .map(|index| {
            let point = Point::new(index as f64 * 2.0, 0.0);
            builder.junction(
                format!("j{index}"),
                point,
                0.0,
                false,
                JunctionControl::ByTurn,
            )
        })
        .collect();
    let ids: Vec<LinkId> = (0..=links)
        .map(|index| {
            let line = |y: f64| {
                let x = index as f64 * 2.0;
                vec![Point::new(x, y), Point::new(x + 1.0, y)]
            };
            let lane = |number: u32| LaneSpec {
                width: 3.0,
                speed_limit: 10.0,
                shape: line(f64::from(number) * -3.0),
                length: Some(1.0),
            };
            let spec = LinkSpec {
                id: format!("l{index}"),
                name: None,
                from: ends[index],
                to: ends[index + 1],
                shape: line(0.0),
                lanes: (0..lanes).map(lane).collect(),
                class: RoadClass::default(),
                elevated: false,
            };
            builder.link(spec).unwrap()
        })
        .collect();
    for (index, pair) in ids.windows(2).enumerate() {
        let pairs = (0..lanes).flat_map(|a| (0..lanes).map(move |b| (a, b)));
        let movement = |(from_lane, to_lane): (u32, u32)| MovementSpec {
            from_lane,
            to_lane,
            shape: vec![
                Point::new(index as f64 * 2.0 + 1.0, f64::from(from_lane) * -3.0),
                Point::new(index as f64 * 2.0 + 2.0, f64::from(to_lane) * -3.0),
            ],
            length: Some(1.0),
            speed_limit: None,
        };
        let movements: Vec<_> = pairs.filter(|&(a, b)| leads(a, b)).map(movement).collect();
        let count = movements.len();
        let turn = builder.turn(TurnSpec {
            junction: ends[index + 1],
            from: pair[0],
            to: pair[1],
            direction: Direction::Straight,
            movements,
        });
        if index + 1 == links {
            let key = |movement: usize| MovementKey { turn, movement };
            builder.signal(SignalSpec {
                id: "signal".to_owned(),
                junctions: vec![ends[index + 1]],
                movements: (0..count).map(key).collect(),
                phases: vec![Phase {
                    name: None,
                    duration: 10.0,
                    minimum: None,
                    maximum: None,
                    aspects: vec![Aspect::Protected; count],
                }],
                offset: 0.0,
            });
        }
    }
    builder.finish().unwrap()
}

#[test]
fn each_lane_behind_counts_with_its_share_of_the_ways_from_it() {
    // Both lanes lead straight on, and the inner one to the outer one, too.
    let network = road(3, 2, |a, b| a <= b);
    let found = feeders(&network, 100.0);
    let of = |lane: u32, behind: u32| -> Vec<(f64, usize, usize)> {
        let of = found
            .iter()
            .filter(|feeder| (feeder.lane, feeder.behind) == (LaneId(lane), LaneId(behind)));
        of.map(|feeder| (feeder.offset, feeder.branch, feeder.of))
            .collect()
    };
    // Links are numbered from the far end: lanes 4 and 5 have the stop line.
    assert_eq!(of(4, 2), [(2.0, 0, 2)]);
    assert_eq!(of(5, 2), [(2.0, 1, 2)]);
    assert_eq!(of(5, 3), [(2.0, 0, 1)]);
    assert_eq!(of(4, 0), [(4.0, 0, 4)]);
    let mut two_ways = of(5, 0);
    two_ways.sort_by_key(|&(_, branch, _)| branch);
    assert_eq!(two_ways, [(4.0, 1, 2), (4.0, 2, 4)]);
    assert_eq!(of(5, 1), [(4.0, 0, 1)]);
    // No farther than what is seen.
    let near = feeders(&network, 2.0);
    assert!(near.iter().all(|feeder| feeder.offset <= 2.0));
    assert_eq!(near.len(), 3);
}

#[test]
fn where_every_lane_leads_to_every_lane_the_work_is_bounded() {
    // 6 lanes over 16 links: 6 to the power of 15 ways.
    let network = road(16, 6, |_, _| true);
    let found = feeders(&network, 1_000.0);
    let most = 6 * 15 * 6 * WAYS_MAX as usize;
    assert!(found.len() <= most, "{}", found.len());
    for stop in 90..96 {
        for behind in 0..90 {
            let pair = (LaneId(stop), LaneId(behind));
            assert!(
                found
                    .iter()
                    .any(|feeder| (feeder.lane, feeder.behind) == pair),
                "{pair:?}"
            );
        }
    }
}
