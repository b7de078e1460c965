//! Properties of matching: the way without noise, the table against Dijkstra's algorithm, streams
//! against whole traces, hostile positions.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::evaluate::{Trip, TripSpec, observed, trips};
use super::grid::Grid;
use super::table::units;
use super::*;
use crate::generate::{GridSpec, grid};
use crate::geometry::Point;
use crate::model::{LinkId, Network};
use crate::route::LinkGraph;

fn town() -> Network {
    grid(&GridSpec {
        columns: 6,
        rows: 5,
        ..GridSpec::default()
    })
    .unwrap()
}

/// The town's lines and distances, made once.
static PREPARED: LazyLock<(Arc<Map>, Arc<Table>)> = LazyLock::new(|| {
    let map = Arc::new(Map::new(&town()).unwrap());
    let table = Arc::new(Table::build(&map, 3_000.0, &|_| ()).unwrap());
    (map, table)
});

fn matcher(settings: Settings) -> Matcher {
    let (map, table) = &*PREPARED;
    Matcher::new(Arc::clone(map), Arc::clone(table), settings).unwrap()
}

/// A way of `count` links that goes on by turns that are not back.
fn wander(network: &Network, map: &Map, choices: &[usize]) -> Vec<LinkId> {
    let graph = LinkGraph::new(network);
    let inner = |link: &LinkId| !graph.from(*link).is_empty();
    let links: Vec<LinkId> = (0..map.link_count())
        .map(LinkId::from)
        .filter(inner)
        .collect();
    let mut route = vec![links[choices[0] % links.len()]];
    for choice in &choices[1..] {
        let here = *route.last().unwrap();
        let back = map.ways[here.index()].back;
        let next: Vec<LinkId> = graph
            .from(here)
            .iter()
            .map(|arc| arc.link)
            .filter(|link| back >> map.ways[link.index()].place & 1 == 0)
            .collect();
        let Some(&link) = next.get(choice % next.len().max(1)) else {
            break;
        };
        route.push(link);
    }
    route
}

fn links(passages: &[Passage]) -> Vec<LinkId> {
    passages
        .iter()
        .map(|passage| passage.traversal.link)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn dense_positions_without_noise_give_exactly_the_way(
        choices in prop::collection::vec(0_usize..1000, 2..12),
    ) {
        let network = town();
        let matcher = matcher(Settings::for_noise(4.0));
        let route = wander(&network, matcher.map(), &choices);
        let trip = Trip::drive(matcher.map(), &route, 0.7);
        let fixes = &observed(std::slice::from_ref(&trip), 1.0, 0.0, 1)[0];
        let matched = matcher.match_trace(fixes);
        prop_assert_eq!(links(&matched.passages), route);
        prop_assert_eq!(matched.counts.chains, 1);
        prop_assert_eq!(matched.counts.observed, fixes.len() as u64);
        let last = matched.passages.len() - 1;
        for (index, (passage, truth)) in matched.passages.iter().zip(&trip.traversals).enumerate() {
            let found = passage.traversal;
            prop_assert_eq!(found.whole, index > 0 && index < last);
            // Within what a second at this speed and positions that are put together can tell.
            prop_assert!((found.left - truth.left).abs() < 3.0, "{found:?} {truth:?}");
            prop_assert!(found.entered <= found.left);
        }
    }

    #[test]
    fn a_stream_that_waits_for_ever_gives_what_whole_traces_give(
        seed in 0_u64..1000, interval in 1.0..20.0_f64, sigma in 0.0..20.0_f64,
    ) {
        let network = town();
        let matcher = matcher(Settings::for_noise(sigma.max(3.0)));
        let spec = TripSpec { count: 5, least_m: 1_500.0, seed, ..TripSpec::default() };
        let made = trips(&network, matcher.map(), &spec).unwrap();
        let traces = observed(&made, interval, sigma, seed);
        let whole: Vec<Matched> = traces.iter().map(|trace| matcher.match_trace(trace)).collect();
        let (ours, counts) = streamed(&matcher, &traces, StreamSettings {
            lag: usize::MAX >> 40, ..StreamSettings::default()
        });
        for (one, matched) in ours.iter().zip(&whole) {
            prop_assert_eq!(one, &matched.passages);
        }
        let mut sum = Counts::default();
        for matched in &whole {
            sum.add(&matched.counts);
        }
        prop_assert_eq!(counts.positions, sum);
        prop_assert_eq!((counts.vehicles, counts.waiting), (0, 0));
    }

    #[test]
    fn with_a_short_lag_little_waits_and_the_way_has_no_holes(
        seed in 0_u64..1000, lag in 1_usize..6,
    ) {
        let network = town();
        let matcher = matcher(Settings::for_noise(15.0));
        let spec = TripSpec { count: 3, least_m: 1_500.0, seed, ..TripSpec::default() };
        let made = trips(&network, matcher.map(), &spec).unwrap();
        let traces = observed(&made, 5.0, 15.0, seed);
        let settings = StreamSettings { lag, ..StreamSettings::default() };
        let mut stream = Stream::new(matcher.clone(), settings).unwrap();
        let mut all = Vec::new();
        for &fix in &traces[0] {
            all.extend(stream.take(&[Position { vehicle: 0, fix }]));
            // One gathering of at most a few positions beside the lag.
            prop_assert!(stream.counts().waiting <= lag as u64 + 8, "{:?}", stream.counts());
        }
        all.extend(stream.finish());
        prop_assert!(all.len() > 1);
        for pair in all.windows(2) {
            let (one, two) = (pair[0].1, pair[1].1);
            if !two.starts {
                let map = matcher.map();
                let (from, to) = (one.traversal.link.index(), two.traversal.link.index());
                prop_assert_eq!(map.ways[from].to, map.ways[to].from);
                prop_assert!((one.traversal.left - two.traversal.entered).abs() < 1e-9);
                prop_assert!(two.from_m.abs() < 1e-9);
            }
        }
    }

    #[test]
    fn hostile_positions_are_counted_and_never_a_panic(
        positions in prop::collection::vec(
            (0_u8..4, hostile(-50.0, 900.0), hostile(-500.0, 5_000.0), hostile(-500.0, 5_000.0)), 1..200),
        wait in prop_oneof![Just(0.0), Just(20.0)],
        lag in 1_usize..4,
    ) {
        let matcher = matcher(Settings::default());
        let settings = StreamSettings { lag, wait_s: wait, waiting_max: 5, vehicles_max: 32 };
        let mut stream = Stream::new(matcher, settings).unwrap();
        let positions: Vec<Position<u8>> = positions
            .into_iter()
            .map(|(vehicle, time, x, y)| Position { vehicle, fix: Fix { time, point: Point { x, y } } })
            .collect();
        let mut all = stream.take(&positions);
        all.extend(stream.finish());
        let counts = stream.counts().positions;
        prop_assert_eq!(counts.positions, positions.len() as u64);
        let kinds = [counts.not_numbers, counts.outside, counts.late, counts.repeated,
            counts.off_road, counts.misfits, counts.observed];
        prop_assert_eq!(kinds.iter().sum::<u64>(), counts.positions, "{:?}", counts);
        for (_, passage) in &all {
            let one = passage.traversal;
            prop_assert!(one.entered.is_finite() && one.left.is_finite() && one.entered <= one.left);
            prop_assert!(passage.from_m <= passage.to_m);
        }
    }

    #[test]
    fn the_table_has_the_distances_of_dijkstras_algorithm_up_to_its_bound(
        origin in 0_u32..42, reach in 100.0..4_000.0_f64,
    ) {
        let network = town();
        let map = Map::new(&network).unwrap();
        let table = Table::build(&map, reach, &|_| ()).unwrap();
        let far = plain_dijkstra(&map, origin % map.junction_count() as u32);
        for (to, &distance) in far.iter().enumerate() {
            let found = table.distance(origin % map.junction_count() as u32, to as u32);
            let within = f64::from(distance) * UNIT_M <= table.reach_m() && distance < u32::MAX;
            prop_assert_eq!(found, within.then(|| f64::from(distance) * UNIT_M));
            let mut way = Vec::new();
            if within {
                prop_assert!(table.way(&map, origin % map.junction_count() as u32, to as u32, &mut way));
                let length: u32 = way.iter().map(|&link| units(map.ways[link as usize].length)).sum();
                prop_assert_eq!(length, distance);
            }
        }
    }

    #[test]
    fn a_damaged_table_is_refused(at in 0_usize..2_000, bit in 0_u8..8) {
        let network = town();
        let map = Map::new(&network).unwrap();
        let table = Table::build(&map, 500.0, &|_| ()).unwrap();
        let mut bytes = Vec::new();
        table.write(&mut bytes).unwrap();
        prop_assert_eq!(Table::parse(&bytes, &map).unwrap(), table);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(Table::parse(&bytes, &map).is_err());
        bytes.truncate(at);
        prop_assert!(Table::parse(&bytes, &map).is_err());
    }
}

/// Ordinary numbers, and others.
fn hostile(low: f64, high: f64) -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => low..high,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-f64::INFINITY),
        1 => Just(1e300),
        1 => Just(-1e18),
    ]
}

/// Traces through a stream, mixed in the order of time.
fn streamed(
    matcher: &Matcher,
    traces: &[Vec<Fix>],
    settings: StreamSettings,
) -> (Vec<Vec<Passage>>, StreamCounts) {
    let mut positions: Vec<Position<usize>> = traces
        .iter()
        .enumerate()
        .flat_map(|(vehicle, trace)| trace.iter().map(move |&fix| Position { vehicle, fix }))
        .collect();
    positions.sort_by(|a, b| a.fix.time.total_cmp(&b.fix.time));
    let mut stream = Stream::new(matcher.clone(), settings).unwrap();
    let mut passages = vec![Vec::new(); traces.len()];
    for batch in positions.chunks(311) {
        for (vehicle, passage) in stream.take(batch) {
            passages[vehicle].push(passage);
        }
    }
    for (vehicle, passage) in stream.finish() {
        passages[vehicle].push(passage);
    }
    (passages, stream.counts())
}

/// The positions of one trip of two kilometres or more.
fn one_trace(matcher: &Matcher, interval_s: f64, sigma_m: f64, seed: u64) -> Vec<Fix> {
    let spec = TripSpec {
        count: 1,
        least_m: 2_000.0,
        ..TripSpec::default()
    };
    let made = trips(&town(), matcher.map(), &spec).unwrap();
    observed(&made, interval_s, sigma_m, seed).remove(0)
}

/// Distances in units by the textbook: no bound, no heap.
fn plain_dijkstra(map: &Map, origin: u32) -> Vec<u32> {
    let mut distance = vec![u32::MAX; map.junction_count()];
    let mut done = vec![false; distance.len()];
    distance[origin as usize] = 0;
    while let Some(here) = (0..distance.len())
        .filter(|&node| !done[node] && distance[node] < u32::MAX)
        .min_by_key(|&node| distance[node])
    {
        done[here] = true;
        for way in map.ways.iter().filter(|way| way.from as usize == here) {
            let length = distance[here] + units(way.length);
            let to = &mut distance[way.to as usize];
            *to = (*to).min(length);
        }
    }
    distance
}

#[test]
fn late_positions_are_put_in_their_place_while_the_stream_waits() {
    let matcher = matcher(Settings::for_noise(5.0));
    let trace = one_trace(&matcher, 2.0, 3.0, 9);
    let whole = matcher.match_trace(&trace);
    let mut mixed = trace.clone();
    for pair in mixed.chunks_mut(3) {
        pair.reverse();
    }
    let settings = StreamSettings {
        wait_s: 6.0,
        lag: 1_000_000,
        ..StreamSettings::default()
    };
    let (passages, counts) = streamed_as_is(&matcher, &mixed, settings, 1);
    assert_eq!(passages, whole.passages);
    assert_eq!(counts.positions.late, 0);
    assert!(counts.reordered > 0);

    let (_, impatient) = streamed_as_is(&matcher, &mixed, StreamSettings::default(), mixed.len());
    assert!(impatient.positions.late > 0, "{impatient:?}");
}

/// One vehicle's trace through a stream, so many positions at a time.
fn streamed_as_is(
    matcher: &Matcher,
    trace: &[Fix],
    settings: StreamSettings,
    batch: usize,
) -> (Vec<Passage>, StreamCounts) {
    let mut stream = Stream::new(matcher.clone(), settings).unwrap();
    let positions: Vec<_> = trace
        .iter()
        .map(|&fix| Position { vehicle: 0, fix })
        .collect();
    let mut all: Vec<_> = positions
        .chunks(batch)
        .flat_map(|positions| stream.take(positions))
        .collect();
    all.extend(stream.finish());
    (
        all.into_iter().map(|(_, passage)| passage).collect(),
        stream.counts(),
    )
}

#[test]
fn results_do_not_depend_on_threads() {
    let network = town();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let map = Arc::new(Map::new(&network).unwrap());
            let table = Arc::new(Table::build(&map, 3_000.0, &|_| ()).unwrap());
            let matcher = Matcher::new(map, table, Settings::for_noise(10.0)).unwrap();
            let spec = TripSpec {
                count: 60,
                least_m: 1_500.0,
                ..TripSpec::default()
            };
            let made = trips(&network, matcher.map(), &spec).unwrap();
            let traces = observed(&made, 5.0, 10.0, 3);
            let settings = StreamSettings {
                vehicles_max: 32,
                ..StreamSettings::default()
            };
            let (passages, counts) = streamed(&matcher, &traces, settings);
            (matcher.table().as_ref().clone(), passages, counts)
        })
    };
    let (one, three) = (run(1), run(3));
    assert_eq!(one, three);
    assert!(
        one.2.evicted > 0,
        "so many vehicles at once that some are forgotten"
    );
}

#[test]
fn a_vehicle_that_stands_is_one_observation_over_all_that_time() {
    let matcher = matcher(Settings::for_noise(5.0));
    let line = matcher.map().line(LinkId(20));
    let place = line[0].lerp(line[line.len() - 1], 0.5);
    let fixes: Vec<Fix> = (0..100)
        .map(|second| Fix {
            time: f64::from(second),
            point: place,
        })
        .collect();
    let matched = matcher.match_trace(&fixes);
    assert_eq!(matched.counts.observations, 1);
    let passage = matched.passages[0].traversal;
    assert_eq!(
        (passage.entered, passage.left, passage.whole),
        (0.0, 99.0, false)
    );
}

#[test]
fn a_clock_that_was_set_back_costs_a_few_positions_only() {
    let matcher = matcher(Settings::for_noise(5.0));
    let trace = one_trace(&matcher, 1.0, 2.0, 5);
    let mut wrong = vec![Fix {
        time: 1e12,
        ..trace[0]
    }];
    wrong.extend(&trace);
    let matched = matcher.match_trace(&wrong);
    assert_eq!(matched.counts.late, 16);
    assert!(matched.counts.observed as usize > trace.len() - 20);
}

#[test]
fn the_table_of_another_network_is_refused() {
    let network = town();
    let map = Map::new(&network).unwrap();
    let other = grid(&GridSpec::default()).unwrap();
    let other = Map::new(&other).unwrap();
    let table = Table::build(&map, 500.0, &|_| ()).unwrap();
    let mut bytes = Vec::new();
    table.write(&mut bytes).unwrap();
    let refusal = Table::parse(&bytes, &other).unwrap_err();
    assert_eq!(
        refusal,
        "was made for another network; make it anew for this one"
    );
    let error = Matcher::new(Arc::new(other), Arc::new(table), Settings::default()).unwrap_err();
    assert!(
        error.to_string().contains("made for another network"),
        "{error}"
    );
    let settings = Settings {
        sigma_m: 0.0,
        ..Settings::default()
    };
    let text = settings.check().unwrap_err().to_string();
    assert!(
        text.contains("\"sigma_m\" is 0; it must be from 0.1 to 200"),
        "{text}"
    );
}

#[test]
fn both_arms_of_a_hairpin_bend_are_candidates() {
    let points = [
        (0.0, 0.0),
        (400.0, 0.0),
        (410.0, 10.0),
        (400.0, 20.0),
        (0.0, 20.0),
    ];
    let points = points.map(|(x, y)| Point::new(x, y));
    let along = [0.0, 400.0, 414.0, 428.0, 828.0];
    let bend = Grid::new(&points, &along, &[0, 5]).unwrap();
    let mut found = Vec::new();
    bend.near(Point::new(200.0, 9.0), 30.0, 12, &mut found);
    let places: Vec<f32> = found.iter().map(|near| near.along).collect();
    assert_eq!(places, [200.0, 628.0]);
    bend.near(Point::new(200.0, -20.0), 30.0, 12, &mut found);
    assert_eq!(found.len(), 1);
}
