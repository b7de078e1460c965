//! How long routing and generating take on a grid of 10,000 junctions: `cargo bench -p roads`.

use std::sync::{Arc, LazyLock};

use roads::generate::{GridDemandSpec, GridSpec, GridStart, grid, grid_demand};
use roads::route::{
    Costs, LaneRouter, LinkGraph, Router, Shortest, TimedRouter, TravelTimes, Tree, TurnPenalties,
};
use roads::{LinkId, Network};

struct Case {
    network: Network,
    graph: Arc<LinkGraph>,
    costs: Costs,
    router: Router,
    timed: TimedRouter,
}

static CASE: LazyLock<Case> = LazyLock::new(|| {
    let network = grid(&hundred()).expect("the specification is in range");
    let graph = Arc::new(LinkGraph::new(&network));
    let costs = Costs::free_flow(&network, &TurnPenalties::default());
    let times = rush_hour(&costs);
    Case {
        router: Router::with_costs(&network, Arc::clone(&graph), &costs),
        timed: TimedRouter::new(Arc::clone(&graph), times),
        network,
        graph,
        costs,
    }
});

fn hundred() -> GridSpec {
    GridSpec {
        columns: 100,
        rows: 100,
        ..GridSpec::default()
    }
}

/// Times in quarters of an hour over a morning, up to three times those of the empty road.
fn rush_hour(costs: &Costs) -> TravelTimes {
    let free = costs.links.clone();
    TravelTimes::by_slice(costs.clone(), 900.0, 16, |link, slice| {
        let peak = 1.0 - (slice as f64 - 8.0).abs() / 8.0;
        let much = f64::from(link.0.wrapping_mul(2_654_435_761) >> 24) / 128.0;
        Some(free[link.index()] as f64 / 1000.0 * (1.0 + peak * much))
    })
}

/// Pairs of links all over the network, the same on every run.
fn pairs(network: &Network) -> impl Iterator<Item = (LinkId, LinkId)> {
    let links = network.links.len() as u64;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        LinkId::from((state % links) as usize)
    };
    std::iter::repeat_with(move || (draw(), draw()))
}

#[divan::bench(sample_count = 3)]
fn generate_grid() -> Network {
    grid(&hundred()).expect("the specification is in range")
}

#[divan::bench(sample_count = 3)]
fn generate_a_million_vehicles() -> roads::Demand {
    let spec = GridDemandSpec {
        vehicles: 1_000_000,
        horizon: 60.0,
        start: GridStart::Everywhere,
        ..GridDemandSpec::default()
    };
    grid_demand(&CASE.network, &spec).expect("the specification is in range")
}

#[divan::bench(sample_count = 1)]
fn prepare_hierarchy() -> Router {
    Router::with_costs(&CASE.network, Arc::clone(&CASE.graph), &CASE.costs)
}

#[divan::bench(sample_count = 1)]
fn prepare_landmarks() -> TimedRouter {
    TimedRouter::new(Arc::clone(&CASE.graph), rush_hour(&CASE.costs))
}

#[divan::bench]
fn query_hierarchy(bencher: divan::Bencher<'_, '_>) {
    let mut router = CASE.router.clone();
    let mut pairs = pairs(&CASE.network);
    bencher
        .with_inputs(move || pairs.next().unwrap_or((LinkId(0), LinkId(0))))
        .bench_local_values(|(from, to)| router.path(from, to));
}

#[divan::bench]
fn query_time_dependent(bencher: divan::Bencher<'_, '_>) {
    let mut timed = CASE.timed.clone();
    let mut pairs = pairs(&CASE.network);
    bencher
        .with_inputs(move || pairs.next().unwrap_or((LinkId(0), LinkId(0))))
        .bench_local_values(|(from, to)| timed.path(from, to, 3_600_000));
}

#[divan::bench]
fn query_time_dependent_unguided(bencher: divan::Bencher<'_, '_>) {
    let mut timed = CASE.timed.clone();
    let mut pairs = pairs(&CASE.network);
    bencher
        .with_inputs(move || pairs.next().unwrap_or((LinkId(0), LinkId(0))))
        .bench_local_values(|(from, to)| timed.path_unguided(from, to, 3_600_000));
}

#[divan::bench]
fn query_shortest_by_length(bencher: divan::Bencher<'_, '_>) {
    let mut shortest = Shortest::with_graph(&CASE.network, Arc::clone(&CASE.graph));
    let mut pairs = pairs(&CASE.network);
    bencher
        .with_inputs(move || pairs.next().unwrap_or((LinkId(0), LinkId(0))))
        .bench_local_values(|(from, to)| shortest.path(from, to));
}

#[divan::bench]
fn query_by_lanes(bencher: divan::Bencher<'_, '_>) {
    let mut lanes = LaneRouter::new(&CASE.network, CASE.costs.clone(), 5_000);
    let mut pairs = pairs(&CASE.network);
    bencher
        .with_inputs(move || pairs.next().unwrap_or((LinkId(0), LinkId(0))))
        .bench_local_values(|(from, to)| lanes.path(from, to));
}

#[divan::bench]
fn tree_to_one(bencher: divan::Bencher<'_, '_>) {
    let mut tree = Tree::new();
    let mut pairs = pairs(&CASE.network);
    bencher
        .with_inputs(move || pairs.next().unwrap_or((LinkId(0), LinkId(0))))
        .bench_local_values(|(_, to)| tree.grow_to(&CASE.graph, &CASE.costs, to));
}

fn main() {
    divan::main();
}
