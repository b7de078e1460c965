//! The searches against one another, on random small networks.

use std::sync::Arc as Shared;

use proptest::prelude::*;

use super::*;
use crate::builder::{Builder, LaneSpec, LinkSpec, MovementSpec, TurnSpec};
use crate::geometry::Point;
use crate::model::{Direction, JunctionControl, JunctionId, LinkId, Network, RoadClass};

/// Links and turns of a network to be: `(from, to, lanes, speed)` between junctions, and which of
/// the possible turns are left out.
#[derive(Clone, Debug)]
struct Sketch {
    junctions: Vec<(f64, f64)>,
    links: Vec<(usize, usize, u32, f64)>,
    dropped: Vec<bool>,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    (3_usize..8).prop_flat_map(|count| {
        (
            prop::collection::vec((0.0..2_000.0, 0.0..2_000.0), count),
            prop::collection::vec((0..count, 0..count, 1_u32..4, 5.0..25.0), 3..24),
            prop::collection::vec(prop::bool::weighted(0.2), 64),
        )
            .prop_map(|(junctions, links, dropped)| Sketch {
                junctions,
                links: links
                    .into_iter()
                    .filter(|(from, to, ..)| from != to)
                    .collect(),
                dropped,
            })
    })
}

fn build(sketch: &Sketch) -> Network {
    let mut builder = Builder::new("random");
    for (number, &(x, y)) in sketch.junctions.iter().enumerate() {
        let point = Point::new(x + 10.0 * number as f64, y);
        builder.junction(
            format!("j{number}"),
            point,
            0.0,
            false,
            JunctionControl::ByTurn,
        );
    }
    let ends = |network: &Network, from: usize, to: usize| {
        (network.junctions[from].point, network.junctions[to].point)
    };
    for (number, &(from, to, lanes, speed_limit)) in sketch.links.iter().enumerate() {
        let (start, end) = ends(builder.network_mut(), from, to);
        let shape = vec![start, end + Point::new(0.5, 0.5)];
        let lane = LaneSpec {
            width: 3.0,
            speed_limit,
            shape: shape.clone(),
            length: None,
        };
        builder
            .link(LinkSpec {
                id: format!("l{number}"),
                name: None,
                from: JunctionId::from(from),
                to: JunctionId::from(to),
                shape,
                lanes: vec![lane; lanes as usize],
                class: RoadClass::Residential,
                elevated: false,
            })
            .unwrap();
    }
    let mut possible = 0;
    for (from, one) in sketch.links.iter().enumerate() {
        for (to, two) in sketch.links.iter().enumerate() {
            if one.1 != two.0 {
                continue;
            }
            possible += 1;
            if sketch.dropped[possible % sketch.dropped.len()] {
                continue;
            }
            let point = Point::new(0.0, 0.0);
            builder.turn(TurnSpec {
                junction: JunctionId::from(one.1),
                from: LinkId::from(from),
                to: LinkId::from(to),
                direction: [Direction::Left, Direction::Straight, Direction::Right][possible % 3],
                movements: vec![MovementSpec {
                    from_lane: possible as u32 % one.2,
                    to_lane: (possible as u32 / 3) % two.2,
                    shape: vec![point, Point::new(5.0 + possible as f64, 0.0)],
                    length: None,
                    speed_limit: None,
                }],
            });
        }
    }
    builder.finish().unwrap()
}

fn links(network: &Network) -> impl Iterator<Item = LinkId> + use<> {
    (0..network.links.len()).map(LinkId::from)
}

/// What a route costs by adding up its parts.
fn added_up(graph: &LinkGraph, costs: &Costs, route: &[LinkId]) -> Milliseconds {
    route
        .windows(2)
        .map(|pair| {
            costs.turns[graph.turn(pair[0], pair[1]).unwrap().index()]
                + costs.links[pair[1].index()]
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_searches_agree_on_constant_costs(sketch in sketch()) {
        let network = build(&sketch);
        let graph = Shared::new(LinkGraph::new(&network));
        let costs = Costs::free_flow(&network, &TurnPenalties::default());
        let mut router = Router::with_costs(&network, Shared::clone(&graph), &costs);
        let times = TravelTimes::constant(costs.clone());
        let mut timed = TimedRouter::new(Shared::clone(&graph), times);
        let mut lanes = LaneRouter::new(&network, costs.clone(), 0);
        let (mut forward, mut backward) = (Tree::new(), Tree::new());
        for from in links(&network) {
            forward.grow_from(&graph, &costs, from);
            for to in links(&network) {
                let expected = forward.cost(to);
                backward.grow_to(&graph, &costs, to);
                prop_assert_eq!(backward.cost(from), expected);
                let routes = [
                    router.path(from, to),
                    timed.path(from, to, 12_345),
                    timed.path_unguided(from, to, 0),
                    backward.path(from).map(|links| Route { links, cost: expected.unwrap() }),
                    lanes.path(from, to).map(|route| Route { links: route.links, cost: route.cost }),
                ];
                for route in routes {
                    prop_assert_eq!(route.as_ref().map(|route| route.cost), expected);
                    let Some(route) = route else { continue };
                    prop_assert_eq!((route.links.first(), route.links.last()), (Some(&from), Some(&to)));
                    prop_assert!(graph.is_drivable(&route.links));
                    prop_assert_eq!(added_up(&graph, &costs, &route.links), route.cost);
                }
            }
        }
    }

    #[test]
    fn guidance_changes_no_answer_when_times_change(
        sketch in sketch(),
        factors in prop::collection::vec(0.5..6.0, 24 * 4),
        departure in 0..400_000_u64,
    ) {
        let network = build(&sketch);
        let graph = Shared::new(LinkGraph::new(&network));
        let costs = Costs::free_flow(&network, &TurnPenalties::default());
        let free = costs.links.clone();
        let times = TravelTimes::by_slice(costs, 90.0, 4, |link, slice| {
            // Of every third link nothing is known.
            let factor = factors[link.index() % 24 * 4 + slice];
            (link.0 % 3 != 0).then(|| free[link.index()] as f64 / 1000.0 * factor)
        });
        let mut timed = TimedRouter::new(Shared::clone(&graph), times.clone());
        for from in links(&network) {
            for to in links(&network) {
                let (guided, plain) = (timed.path(from, to, departure), timed.path_unguided(from, to, departure));
                prop_assert_eq!(guided.as_ref().map(|r| r.cost), plain.as_ref().map(|r| r.cost));
                if let Some(route) = guided {
                    // Driving it takes as long as it says.
                    let mut time = departure;
                    for pair in route.links.windows(2) {
                        let turn = graph.turn(pair[0], pair[1]).unwrap();
                        time = times.leave(pair[1], time + times.base().turns[turn.index()]);
                    }
                    prop_assert_eq!(time - departure, route.cost);
                    // Who departs later arrives no earlier.
                    let later = timed.path(from, to, departure + 7_000).unwrap();
                    prop_assert!(departure + 7_000 + later.cost >= departure + route.cost);
                }
            }
        }
    }

    #[test]
    fn lane_routes_say_what_they_cost(sketch in sketch(), change in 0..60_000_u64) {
        let network = build(&sketch);
        let graph = LinkGraph::new(&network);
        let costs = Costs::free_flow(&network, &TurnPenalties::default());
        let mut lanes = LaneRouter::new(&network, costs.clone(), change);
        for from in links(&network) {
            for to in links(&network) {
                let Some(route) = lanes.path(from, to) else { continue };
                prop_assert!(graph.is_drivable(&route.links));
                prop_assert_eq!(route.movements.len() + 1, route.links.len());
                let driving = added_up(&graph, &costs, &route.links);
                prop_assert_eq!(driving + u64::from(route.lane_changes) * change, route.cost);
                let fewest = fewest_lane_changes(&network, &route.links);
                prop_assert!(fewest <= Some(route.lane_changes));
                if change > 0 {
                    prop_assert_eq!(fewest, Some(route.lane_changes));
                }
            }
        }
    }
}

#[test]
fn newer_times_are_followed() {
    let network = crate::generate::grid(&crate::generate::GridSpec::default()).unwrap();
    let graph = Shared::new(LinkGraph::new(&network));
    let costs = Costs::free_flow(&network, &TurnPenalties::NONE);
    let mut timed = TimedRouter::new(Shared::clone(&graph), TravelTimes::constant(costs.clone()));
    let link = |id: &str| network.link_named(id).unwrap();
    let (from, to) = (link("road_0_1_0"), link("road_4_1_0"));
    let direct = timed.path(from, to, 0).unwrap();
    assert_eq!(direct.links.len(), 5);
    // A jam on the way from minute 5 on: who comes before drives on, who comes later goes round.
    let jam = link("road_2_1_0");
    let times = TravelTimes::by_slice(costs.clone(), 60.0, 30, |link, slice| {
        (link == jam && slice >= 15).then_some(3_000.0)
    });
    timed.set_times(times);
    assert_eq!(timed.path(from, to, 0).unwrap(), direct);
    assert!(
        !timed
            .path(from, to, 1_200_000)
            .unwrap()
            .links
            .contains(&jam)
    );
    // Faster than ever before: the bounds must follow.
    let fast = TravelTimes::by_slice(costs, 60.0, 1, |_, _| Some(1.0));
    timed.set_times(fast);
    let (guided, plain) = (timed.path(from, to, 0), timed.path_unguided(from, to, 0));
    assert_eq!(
        guided.map(|route| route.cost),
        plain.map(|route| route.cost)
    );
}

#[test]
fn links_that_are_not_there_have_no_ways() {
    let network = Network::default();
    let graph = Shared::new(LinkGraph::new(&network));
    let costs = Costs::free_flow(&network, &TurnPenalties::default());
    assert_eq!(
        Router::with_costs(&network, Shared::clone(&graph), &costs).path(LinkId(0), LinkId(1)),
        None
    );
    let mut timed = TimedRouter::new(graph, TravelTimes::constant(costs.clone()));
    assert_eq!(timed.path(LinkId(0), LinkId(1), 0), None);
    assert_eq!(
        LaneRouter::new(&network, costs, 0).path(LinkId(0), LinkId(1)),
        None
    );
    assert_eq!(fewest_lane_changes(&network, &[LinkId(0)]), None);
    assert_eq!(fewest_lane_changes(&network, &[]), None);
}
