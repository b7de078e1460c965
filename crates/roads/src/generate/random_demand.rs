//! Plausible trips for a network of which nothing else is known, such as an extract of a map.

use super::demand_spec::FleetSpec;
use super::random::Random;
use super::trips::{Pool, Trips, at_edge, frontage, gate};
use crate::demand::{Demand, VehicleType};
use crate::error::Error;
use crate::model::{LinkId, Network};
use crate::route::{Costs, LinkGraph, Tree, TurnPenalties};

/// The most trips that are made.
const MOST_TRIPS: usize = 5_000_000;
/// Distinct destinations: one search serves all trips to one of them.
const DESTINATIONS: usize = 256;
/// How often another origin is drawn when a trip would be too short or impossible.
const TRIES: usize = 32;
/// Share of trip ends at the edge, where a network has one.
const AT_EDGE: f64 = 0.5;

/// Makes `trips` trips that start evenly over `horizon` seconds.
///
/// Half of the ends lie at the network's edge, by the class and lanes of the road; the others on
/// links by their length, little streets more than big ones. Trips take the fastest way on the
/// empty road and span at least an eighth of the network. Where the network falls into parts
/// there may be fewer trips than asked for.
///
/// # Errors
/// When there are too many trips, the horizon is not greater than zero, or nothing in the network
/// can be driven to.
pub fn random_demand(
    network: &Network,
    trips: usize,
    horizon: f64,
    seed: u64,
) -> Result<Demand, Error> {
    if trips > MOST_TRIPS {
        return Err(Error::Limit {
            what: "number of trips",
            found: trips as u64,
            limit: MOST_TRIPS as u64,
        });
    }
    if !(horizon.is_finite() && horizon > 0.0) {
        let what = "needs a horizon greater than zero seconds";
        return Err(Error::element("demand", &network.name, what));
    }
    let graph = LinkGraph::new(network);
    let costs = Costs::free_flow(network, &TurnPenalties::default());
    let mut random = Random::new(seed, 5);
    let (origins, destinations) = ends(network, &graph);
    let least = extent(network) / 8.0;
    let mut made = Trips::new(vec![VehicleType::from(&FleetSpec::default())]);
    let mut tree = Tree::new();
    let pool = DESTINATIONS.min(trips);
    let mut reached = 0_usize;
    for number in 0..pool {
        let count = (number + 1) * trips / pool - number * trips / pool;
        let Some(to) = destinations.draw(&mut random) else {
            break;
        };
        tree.grow_to(&graph, &costs, to);
        let there = network.junctions[network.links[to.index()].to.index()].point;
        let far = |from: LinkId| {
            let here = network.junctions[network.links[from.index()].from.index()].point;
            from != to && here.distance(there) >= least
        };
        for _ in 0..count {
            let from = (0..TRIES).find_map(|_| {
                let from = origins.draw(&mut random)?;
                (far(from) && tree.cost(from).is_some()).then_some(from)
            });
            if let Some(route) = from.and_then(|from| tree.path(from)) {
                made.add(0, route, (random.unit() * horizon).floor());
                reached += 1;
            }
        }
    }
    if reached == 0 && trips > 0 {
        let what = "has no two links far enough apart with a way between them";
        return Err(Error::element("network", &network.name, what));
    }
    Ok(made.finish())
}

/// Links to start and to end on.
fn ends(network: &Network, graph: &LinkGraph) -> (Pool, Pool) {
    let links = || (0..network.links.len()).map(LinkId::from);
    let weigh = |is_gate: &dyn Fn(LinkId) -> bool, usable: &dyn Fn(LinkId) -> bool| {
        let inner = |link: LinkId| {
            let link = &network.links[link.index()];
            frontage(link.class) * link.length
        };
        let gates: f64 = links()
            .filter(|&link| is_gate(link) && usable(link))
            .map(|link| gate(network, link))
            .sum();
        let inside: f64 = links()
            .filter(|&link| !is_gate(link) && usable(link))
            .map(inner)
            .sum();
        let scale = if gates > 0.0 && inside > 0.0 {
            AT_EDGE / (1.0 - AT_EDGE) * inside / gates
        } else {
            1.0
        };
        let mut pool = Pool::default();
        for link in links().filter(|&link| usable(link)) {
            let weight = if is_gate(link) {
                gate(network, link) * scale
            } else {
                inner(link)
            };
            pool.push(link, weight);
        }
        pool
    };
    (
        weigh(&|link| at_edge(network, link).0, &|link| {
            !graph.from(link).is_empty()
        }),
        weigh(&|link| at_edge(network, link).1, &|link| {
            !graph.into(link).is_empty()
        }),
    )
}

/// The larger side of the box round all junctions, metres.
fn extent(network: &Network) -> f64 {
    let span = |of: fn(&crate::model::Junction) -> f64| {
        let values = network.junctions.iter().map(of);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        (high - low).max(0.0)
    };
    span(|junction| junction.point.x).max(span(|junction| junction.point.y))
}
