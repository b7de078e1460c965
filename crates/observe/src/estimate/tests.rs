//! Tests of `estimate`.

use super::*;
use crate::table::{Count, Traversal};
use roads::generate::Random;
use roads::generate::{GridSpec, grid};

fn roads() -> Roads {
    Roads::of(&grid(&GridSpec::default()).unwrap())
}

/// True time of a link in a quarter hour: links differ, quarter hours differ, and each link
/// has ups and downs of its own.
fn truth(link: u32, bin: u32) -> f64 {
    let own = 1.0 + 0.1 * f64::from(link * 7 + bin * 13).sin();
    80.0 * own * (1.0 + 0.05 * f64::from(link % 9)) * (1.0 + 0.1 * f64::from(bin % 4))
}

fn observed(roads: &Roads, n: usize, seed: u64) -> Observations {
    let mut table = Observations::new(roads, 10_000);
    let mut random = Random::new(seed, 0);
    for link in 0..roads.links.len() as u32 {
        for bin in 0..4_u32 {
            for vehicle in 0..n as u64 {
                let time = truth(link, bin) * (1.0 + 0.4 * random.normal()).max(0.2);
                let left = f64::from(bin) * 900.0 + 450.0;
                table.traversal(&Traversal {
                    vehicle,
                    link: LinkId(link),
                    entered: left - time,
                    left,
                    from_m: 0.0,
                    to_m: roads.links[link as usize].length_m,
                });
            }
        }
    }
    table
}

fn error(rows: &[LinkObs]) -> f64 {
    let squares = rows
        .iter()
        .map(|row| (row.time_s / truth(row.link.0, row.bin.0) - 1.0).powi(2));
    (squares.sum::<f64>() / rows.len() as f64).sqrt()
}

#[test]
fn rows_that_borrow_are_nearer_to_the_truth_when_there_is_little_to_see() {
    let roads = roads();
    let table = observed(&roads, 3, 1);
    let alone = estimate(&table, &roads, Borrowing::None).unwrap();
    let borrowing = estimate(&table, &roads, Borrowing::Credibility).unwrap();
    let (alone, borrowing) = (error(&alone), error(&borrowing));
    assert!(borrowing < 0.6 * alone, "{borrowing} {alone}");
}

#[test]
fn what_is_borrowed_falls_with_what_is_seen_and_intervals_hold() {
    let roads = roads();
    let share = |n: usize| {
        let rows = estimate(&observed(&roads, n, 2), &roads, Borrowing::Credibility).unwrap();
        let hit = rows.iter().filter(|row| {
            let truth = truth(row.link.0, row.bin.0);
            row.low_s <= truth && truth <= row.high_s
        });
        let held = hit.count() as f64 / rows.len() as f64;
        let borrowed = rows.iter().map(|row| row.borrowed).sum::<f64>() / rows.len() as f64;
        (borrowed, held)
    };
    let (few, many) = (share(2), share(200));
    assert!(few.0 > many.0, "{few:?} {many:?}");
    assert!(few.1 > 0.85 && many.1 > 0.85, "{few:?} {many:?}");
}

#[test]
fn the_time_observed_in_a_quarter_hour_is_kept() {
    let roads = roads();
    let table = observed(&roads, 2, 3);
    let rows = estimate(&table, &roads, Borrowing::Credibility).unwrap();
    for bin in 0..4 {
        let seen: f64 = table
            .cells()
            .filter(|cell| cell.0 == Bin(bin))
            .map(|cell| cell.2.seconds)
            .sum();
        let made: f64 = rows
            .iter()
            .filter(|row| row.bin == Bin(bin))
            .map(|row| row.n * row.time_s)
            .sum();
        assert!((seen / made - 1.0).abs() < 1e-9, "{seen} {made}");
    }
}

#[test]
fn detectors_give_counts_and_where_no_probe_drove_a_speed() {
    let roads = roads();
    let mut table = Observations::new(&roads, 100);
    let count = |link: u32, vehicles: f64, speed| Count {
        link: LinkId(link),
        at: 10.0,
        vehicles,
        speed,
        lane: None,
        occupancy: None,
    };
    table.count(&count(0, 30.0, Some(10.0)));
    table.count(&count(0, 10.0, Some(5.0)));
    table.count(&count(1, 30.0, None));
    let rows = estimate(&table, &roads, Borrowing::None).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].source, Source::Detectors);
    assert_eq!(rows[0].vehicles, Some(40.0));
    // 30 vehicles at 10 m/s and 10 at 5 m/s: 8 m/s in the harmonic mean.
    assert!((rows[0].speed - 8.0).abs() < 1e-9, "{}", rows[0].speed);
    assert!(estimate(&Observations::new(&roads, 9), &roads, Borrowing::None).is_err());
}
