//! Tests of `live`.

use super::*;
use roads::generate::{GridSpec, grid};

const QUERY: Query = Query {
    free_flow: FreeFlow::Limit,
    weight: Weight::Vkt,
    by: By::City,
    top: 10,
};

fn live() -> (roads::Network, Live) {
    let network = grid(&GridSpec::default()).unwrap();
    let roads = Arc::new(Roads::of(&network));
    let matcher = matched::matcher(&network, 5.0).unwrap();
    (
        network,
        Live::new(roads, Vec::new(), Some(matcher)).unwrap(),
    )
}

/// A drive at half the limit along the longest straight way of the grid.
fn drive(network: &roads::Network, start: f64) -> Vec<ProbePoint> {
    let link = network.link_named("road_0_1_0").unwrap();
    let shape = &network.links[link.index()].shape;
    let from = shape[0];
    (0..400)
        .map(|second| ProbePoint {
            vehicle: vehicle_of("taxi 7"),
            sequence: Some(second + 1),
            time: start + second as f64,
            point: Point::new(from.x + 5.5 * second as f64, from.y - 6.0),
        })
        .collect()
}

#[test]
fn positions_become_an_index_and_repeated_ones_change_nothing() {
    let (network, mut live) = live();
    assert_eq!(live.index(&QUERY).unwrap(), None);
    let points = drive(&network, 7.0 * 3600.0);
    let first = live.accept(&points).unwrap();
    assert_eq!((first.received, first.repeated, first.refused), (400, 0, 0));
    live.settle().unwrap();
    let index = live.index(&QUERY).unwrap().unwrap();
    let tti = index.measured[0].measured.tti.value;
    assert!((tti - 11.111 / 5.5).abs() < 0.1, "{tti}");
    let again = live.accept(&points).unwrap();
    assert_eq!(again.repeated, 400);
    live.settle().unwrap();
    assert_eq!(
        live.index(&QUERY).unwrap().unwrap().measured,
        index.measured
    );
    assert_eq!(index.series.len(), 1);
}

#[test]
fn a_clock_that_is_wrong_moves_nothing() {
    let (network, mut live) = live();
    live.accept(&drive(&network, 25_200.0)).unwrap();
    let wrong = |time: f64| ProbePoint {
        vehicle: 9,
        sequence: None,
        time,
        point: Point::new(0.0, 0.0),
    };
    let refused = live
        .accept(&[wrong(1e9), wrong(f64::NAN), wrong(-1.0)])
        .unwrap();
    assert_eq!(refused.refused, 3);
    live.settle().unwrap();
    assert!(live.index(&QUERY).unwrap().unwrap().time < 26_000.0);
}

#[test]
fn a_first_position_from_a_wrong_clock_is_got_over() {
    let (network, mut live) = live();
    let wrong = ProbePoint {
        vehicle: 9,
        sequence: None,
        time: 1.7e9,
        point: Point::new(0.0, 0.0),
    };
    assert_eq!(live.accept(&[wrong]).unwrap().refused, 0);
    let taken = live.accept(&drive(&network, 25_200.0)).unwrap();
    // The first hundred are refused but one, then the clock begins anew.
    assert_eq!((taken.received, taken.refused), (400, 99));
    live.settle().unwrap();
    let index = live.index(&QUERY).unwrap().unwrap();
    assert!(index.time < 26_000.0, "{}", index.time);
}

#[test]
fn what_was_begun_before_a_reset_counts_for_nothing_after_it() {
    let (network, mut live) = live();
    let (_, mut matching) = live.begin(&drive(&network, 25_200.0)).unwrap();
    matching.work();
    live.reset();
    live.end(matching);
    live.settle().unwrap();
    assert_eq!(
        live.index(&QUERY).unwrap(),
        None,
        "nothing of before is left"
    );
    // It goes on: the same drive is new.
    assert_eq!(live.accept(&drive(&network, 25_200.0)).unwrap().repeated, 0);
    live.settle().unwrap();
    assert!(live.index(&QUERY).unwrap().is_some());
}

#[test]
fn positions_that_come_while_others_are_matched_are_refused_and_may_come_again() {
    let (network, mut live) = live();
    let points = drive(&network, 25_200.0);
    let (_, mut matching) = live.begin(&points[..200]).unwrap();
    let refused = live.begin(&points[200..]).unwrap_err().to_string();
    assert!(refused.contains("end what was begun first"), "{refused}");
    assert!(live.settle().is_err());
    matching.work();
    live.end(matching);
    let again = live.accept(&points[200..]).unwrap();
    assert_eq!((again.received, again.repeated), (200, 0));
    let roads = Arc::new(Roads::of(&network));
    let mut without = Live::new(roads, Vec::new(), None).unwrap();
    let refused = without.accept(&points).unwrap_err().to_string();
    assert!(refused.contains("there is no matcher"), "{refused}");
}
