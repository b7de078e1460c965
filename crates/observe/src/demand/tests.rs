//! Tests of `demand`.

use super::*;
use roads::LinkId;
use roads::generate::{GridSpec, grid};
use roads::route::LinkGraph;

fn options() -> DemandOptions {
    DemandOptions {
        from: 0.0,
        to: 3600.0,
        slice_s: 900.0,
        expansion: None,
        vehicle: VehicleType::default(),
        seed: 1,
    }
}

fn count(link: LinkId, vehicles: f64) -> Count {
    Count {
        link,
        at: 450.0,
        vehicles,
        speed: None,
        lane: None,
        occupancy: None,
    }
}

#[test]
fn counts_scale_the_routes_over_them() {
    let network = grid(&GridSpec::default()).unwrap();
    let (a, b) = (&network.turns[0], &network.turns[1]);
    let trip = |vehicle: u64, turn: &roads::model::Turn| Trip {
        vehicle,
        links: vec![turn.from, turn.to],
        offsets: vec![0.0, 0.0],
        start: 100.0,
        end: 200.0,
    };
    assert_eq!(a.from, b.from);
    let trips = [trip(1, a), trip(2, a), trip(3, b)];
    let counts = [count(a.from, 300.0), count(a.to, 100.0)];
    let found = estimate_demand(&network, &trips, &counts, &options()).unwrap();
    let on = |links: &[LinkId]| {
        let flows = found.demand.flows.iter();
        flows
            .filter(|flow| found.demand.routes[flow.route as usize] == links)
            .count()
    };
    assert!(
        (95..=105).contains(&on(&[a.from, a.to])),
        "{}",
        on(&[a.from, a.to])
    );
    // The three probes, too, are believed, by what they weigh beside 400 vehicles counted.
    assert!((190..=205).contains(&on(&[b.from, b.to])));
    let fit = found.fit.unwrap();
    assert!((fit.geh_below_5 - 1.0).abs() < 1e-12 && fit.links == 2);
    assert_eq!(
        found,
        estimate_demand(&network, &trips, &counts, &options()).unwrap()
    );
}

#[test]
fn counts_alone_give_ways_from_edge_to_edge() {
    let network = grid(&GridSpec::default()).unwrap();
    let edge = |j: roads::JunctionId| network.junctions[j.index()].boundary;
    let counts: Vec<Count> = (0..network.links.len())
        .filter(|&l| edge(network.links[l].from) || edge(network.links[l].to))
        .map(|l| count(LinkId::from(l), 100.0))
        .collect();
    let found = estimate_demand(&network, &[], &counts, &options()).unwrap();
    let graph = LinkGraph::new(&network);
    assert!(
        found
            .demand
            .routes
            .iter()
            .all(|route| graph.is_drivable(route))
    );
    assert!(found.fit.unwrap().geh_below_5 > 0.95, "{:?}", found.fit);
}

#[test]
fn nothing_and_nonsense_are_refused() {
    let network = grid(&GridSpec::default()).unwrap();
    assert!(estimate_demand(&network, &[], &[], &options()).is_err());
    let backwards = DemandOptions {
        to: -1.0,
        ..options()
    };
    assert!(estimate_demand(&network, &[], &[], &backwards).is_err());
}

#[test]
fn geh_is_that_of_the_manual() {
    assert!((geh(120.0, 100.0) - (2.0 * 400.0 / 220.0_f64).sqrt()).abs() < 1e-12);
    assert!(geh(0.0, 0.0).abs() < 1e-12);
}

#[test]
fn what_does_not_fit_into_memory_is_refused_with_what_to_shorten() {
    let network = grid(&GridSpec::default()).unwrap();
    let graph = LinkGraph::new(&network);
    // Ways of four links from every link, one trip each: a few thousand routes.
    let mut trips = Vec::new();
    let mut ways: Vec<Vec<LinkId>> = (0..network.links.len()).map(|l| vec![l.into()]).collect();
    for _ in 0..6 {
        ways = ways
            .iter()
            .flat_map(|way| {
                let last = *way.last().unwrap();
                let next = network.turns.iter().filter(move |turn| turn.from == last);
                next.map(|turn| [&way[..], &[turn.to]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
        for way in ways.iter().filter(|way| graph.is_drivable(way)) {
            trips.push(Trip {
                vehicle: trips.len() as u64,
                offsets: vec![0.0; way.len()],
                links: way.clone(),
                start: 1.0,
                end: 2.0,
            });
        }
    }
    let fine = DemandOptions {
        slice_s: 1.0,
        ..options()
    };
    let counts = [count(LinkId(0), 1.0)];
    let fault = estimate_demand(&network, &trips, &counts, &fine).unwrap_err();
    assert!(
        matches!(fault, Error::Limit { limit, .. } if limit == VOLUMES_MAX as u64),
        "{fault}"
    );
    assert!(fault.to_string().contains("lengthen the slices"), "{fault}");
}
