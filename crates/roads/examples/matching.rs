//! Figures of map matching on a network, with other settings where wanted; for tuning.
//! `cargo run -p roads --example matching -- FILE [SEED] [beta_m=8 …] [traces=FILE]`
//! (`traces`: for other engines, read by `script/matchers.py`). `citybrain bench probes` is the
//! command for the same without settings.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for tuning stops at the first fault and prints"
)]

use std::sync::Arc;

use roads::matching::evaluate::{Score, Seen, TripSpec, observed, traces, trips};
use roads::matching::{Counts, Map, Matched, Matcher, REACH_M, Settings, Table};
use roads::route::LinkGraph;
use serde_json::{Value, json};

/// CPU seconds of this thread.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat
        .split(' ')
        .next()
        .and_then(|text| text.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) * 1e-9
}

fn settings(sigma: f64, changes: &[(String, String)]) -> Settings {
    let mut settings = serde_json::to_value(Settings::for_noise(sigma)).unwrap();
    for (name, value) in changes {
        settings[name] = serde_json::from_str(value).unwrap();
    }
    serde_json::from_value(settings).unwrap()
}

/// Passages that follow one another over no turn of the network, and all that follow one another.
fn undrivable(graph: &LinkGraph, matched: &[Matched]) -> (usize, usize) {
    let pairs = matched.iter().flat_map(|one| one.passages.windows(2));
    let joined = pairs.filter(|pair| !pair[1].starts);
    let links = joined.map(|pair| (pair[0].traversal.link, pair[1].traversal.link));
    links.fold((0, 0), |(bad, all), (from, to)| {
        (bad + usize::from(graph.turn(from, to).is_none()), all + 1)
    })
}

fn main() {
    let mut args = std::env::args().skip(1);
    let network = roads::read::network(args.next().unwrap().as_ref()).unwrap();
    let seed: u64 = args.next().map_or(1, |text| text.parse().unwrap());
    let split = |text: String| {
        text.split_once('=')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    let mut changes: Vec<(String, String)> = args.filter_map(split).collect();
    let out = changes.iter().position(|(name, _)| name == "traces");
    let out = out.map(|index| changes.remove(index).1);
    let start = cpu();
    let map = Arc::new(Map::new(&network).unwrap());
    let table = Arc::new(Table::build(&map, REACH_M, &|_| ()).unwrap());
    println!(
        "{} junctions, {} links; {} pairs, {:.1} MB, {:.1} CPU-seconds",
        map.junction_count(),
        map.link_count(),
        table.pairs(),
        table.bytes() as f64 / 1e6,
        cpu() - start
    );
    let spec = TripSpec {
        seed,
        ..TripSpec::default()
    };
    let made = trips(&network, &map, &spec).unwrap();
    let graph = LinkGraph::new(&network);
    let (mut seen, mut measured) = (Vec::new(), Vec::new());
    for (interval_s, sigma_m) in [(1.0, 5.0), (5.0, 10.0), (15.0, 10.0), (30.0, 15.0)] {
        let settings = settings(sigma_m, &changes);
        let matcher = Matcher::new(Arc::clone(&map), Arc::clone(&table), settings).unwrap();
        let fixes = observed(&made, interval_s, sigma_m, seed);
        let all = || -> Vec<Matched> { fixes.iter().map(|f| matcher.match_trace(f)).collect() };
        let matched = all();
        let (mut score, mut counts) = (Score::default(), Counts::default());
        for (trip, matched) in made.iter().zip(&matched) {
            score.add(&map, trip, &matched.passages);
            counts.add(&matched.counts);
        }
        let (start, mut rounds) = (cpu(), 0);
        while cpu() - start < 1.0 {
            std::hint::black_box(all());
            rounds += 1;
        }
        let speed = (counts.positions * rounds) as f64 / (cpu() - start);
        let (bad, joins) = undrivable(&graph, &matched);
        println!(
            "{interval_s:>4} s σ{sigma_m:>3} {:>6} positions {speed:>9.0}/cpu-s  P {:.4} R {:.4}  \
             links P {:.4} R {:.4}  times {:.3}  {} chains, {bad} of {joins} joins undrivable",
            counts.positions,
            score.precision(),
            score.recall(),
            score.link_precision(),
            score.link_recall(),
            score.time_error(),
            counts.chains,
        );
        measured.push(json!({"positions": counts.positions, "positions_per_cpu_second": speed}));
        seen.push(Seen {
            interval_s,
            sigma_m,
            fixes,
            matched,
        });
    }
    if let Some(path) = out {
        let all = traces(&network, &map, &made, &seen, Value::from(measured)).unwrap();
        std::fs::write(path, all.to_string()).unwrap();
    }
}
