//! Figures of map matching on a network: `matching FILE`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for tuning"
)]

use std::sync::Arc;
use std::time::Instant;

use roads::matching::evaluate::{Score, TripSpec, observed, trips};
use roads::matching::{Map, Matcher, Settings, Table};

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ')
        .next()
        .and_then(|t| t.parse::<f64>().ok())
        .unwrap_or(0.0)
        * 1e-9
}

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap();
    let seed: u64 = args.next().map_or(1, |s| s.parse().unwrap());
    let overrides: Vec<String> = args.collect();
    let network = roads::read::network(path.as_ref()).unwrap();
    let start = Instant::now();
    let map = Arc::new(Map::new(&network).unwrap());
    println!(
        "{} junctions {} links; map {:?}",
        map.junction_count(),
        map.link_count(),
        start.elapsed()
    );
    let start = Instant::now();
    let table = Arc::new(Table::build(&map, 1500.0, &|_| ()).unwrap());
    println!(
        "table {} pairs {:.1} MB {:?}",
        table.pairs(),
        table.bytes() as f64 / 1e6,
        start.elapsed()
    );
    let spec = TripSpec {
        seed,
        ..TripSpec::default()
    };
    let start = Instant::now();
    let made = trips(&network, &map, &spec).unwrap();
    println!(
        "trips {:?}, {:.0} km",
        start.elapsed(),
        made.iter().map(|t| t.length()).sum::<f64>() / 1e3
    );
    for (interval, sigma) in [(1.0, 5.0), (5.0, 10.0), (15.0, 10.0), (30.0, 15.0)] {
        let mut settings = serde_json::to_value(Settings::for_noise(sigma)).unwrap();
        for text in &overrides {
            let (name, value) = text.split_once('=').unwrap();
            let value: f64 = value.parse().unwrap();
            settings[name] = if name == "candidates" || name == "misfits_max" {
                serde_json::json!(value as u64)
            } else {
                serde_json::json!(value)
            };
        }
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let matcher = Matcher::new(Arc::clone(&map), Arc::clone(&table), settings).unwrap();
        let fixes = observed(&made, interval, sigma, seed);
        let points: usize = fixes.iter().map(Vec::len).sum();
        let mut score = Score::default();
        let mut counts = roads::matching::Counts::default();
        let matched: Vec<_> = fixes.iter().map(|f| matcher.match_trace(f)).collect();
        for (trip, matched) in made.iter().zip(&matched) {
            score.add(&map, trip, &matched.passages);
            counts.add(&matched.counts);
        }
        let start = cpu();
        let mut rounds = 0;
        while cpu() - start < 0.5 {
            for f in &fixes {
                std::hint::black_box(matcher.match_trace(f));
            }
            rounds += 1;
        }
        let speed = (points * rounds) as f64 / (cpu() - start);
        println!(
            "{interval:>4} s σ{sigma:>3} {points:>6} points {speed:>9.0}/cpu-s  P {:.4} R {:.4}  links P {:.4} R {:.4} time {:.3}  obs {} off {} misfit {} chains {}",
            score.precision(),
            score.recall(),
            score.link_precision(),
            score.link_recall(),
            score.time_error(),
            counts.observations,
            counts.off_road,
            counts.misfits,
            counts.chains
        );
    }
}
