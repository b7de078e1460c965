//! Tests of `credibility` on numbers whose components are known.

use super::*;
use roads::generate::Random;

/// What the numbers are made with.
const LINKS: f64 = 0.06;
const ROWS: f64 = 0.03;
const WITHIN: f64 = 0.25;
const BINS: usize = 4;

/// A positive factor of mean 1 and this variance: log-normal.
fn factor(random: &mut Random, variance: f64) -> f64 {
    let log = (1.0 + variance).ln();
    (log.sqrt() * random.normal() - log / 2.0).exp()
}

/// Rows of as many links, and what is true of each, relative to its family's mean in the sample.
/// Links are of two kinds: the one has a spread within of `calm` times σ², the other so much that
/// the mean is σ².
fn made(links: usize, calm: f64, seed: u64) -> (Vec<Seen>, Vec<f64>) {
    let mut random = Random::new(seed, 9);
    let (mut rows, mut truths) = (Vec::new(), Vec::new());
    for link in 0..links {
        let own = factor(&mut random, LINKS);
        let within = WITHIN * if link % 2 == 0 { calm } else { 2.0 - calm };
        for bin in 0..BINS {
            let usual = 1.0 + 0.2 * bin as f64;
            let truth = usual * own * factor(&mut random, ROWS);
            let n = 1 + random.below(5);
            let seen: Vec<f64> = (0..n)
                .map(|_| truth * factor(&mut random, within))
                .collect();
            let mean = seen.iter().sum::<f64>() / n as f64;
            let squares: f64 = seen.iter().map(|x| (x - mean).powi(2)).sum();
            truths.push(truth);
            rows.push(Seen {
                link,
                family: link % 2 * BINS + bin,
                kind: link % 2,
                n: n as f64,
                x: mean,
                variance: (n > 1).then(|| squares / (n as f64 - 1.0)),
            });
        }
    }
    for family in 0..2 * BINS {
        let of = |rows: &[Seen], pick: fn(&Seen) -> f64| -> f64 {
            rows.iter()
                .filter(|row| row.family == family)
                .map(pick)
                .sum()
        };
        let usual = of(&rows, |row| row.n * row.x) / of(&rows, |row| row.n);
        for (row, truth) in rows
            .iter_mut()
            .zip(&mut truths)
            .filter(|(row, _)| row.family == family)
        {
            row.x /= usual;
            row.variance = row.variance.map(|variance| variance / (usual * usual));
            *truth /= usual;
        }
    }
    (rows, truths)
}

#[test]
fn components_come_out_as_they_went_in_on_the_mean_over_seeds() {
    for links in [12, 200] {
        let seeds = 24_000 / links as u64;
        let mut sum = Components::default();
        for seed in 0..seeds {
            let found = Model::of(&made(links, 1.0, seed).0).components();
            sum.within += found.within / seeds as f64;
            sum.rows += found.rows / seeds as f64;
            sum.links += found.links / seeds as f64;
        }
        println!("{links} links: {sum:?}");
        // Of 12 links a component is often cut off at zero, which lifts its mean.
        let near = |found: f64, truth: f64| {
            (found / truth - 1.0).abs() < if links < 100 { 0.2 } else { 0.06 }
        };
        assert!(near(sum.within, WITHIN * (1.0 + ROWS)), "{links}: {sum:?}");
        assert!(near(sum.rows, ROWS), "{links}: {sum:?}");
        assert!(near(sum.links, LINKS), "{links}: {sum:?}");
    }
}

/// Share of intervals that hold the truth, and mean square error over mean square claimed; of even
/// and odd links.
fn held(calm: f64) -> [(f64, f64); 2] {
    let mut sums = [(0.0, 0.0, 0.0, 0.0); 2];
    for seed in 0..60 {
        let (rows, truths) = made(150, calm, seed);
        let model = Model::of(&rows);
        for (row, truth) in rows.iter().zip(truths) {
            let drawn = model.drawn(row);
            let se = drawn.x * drawn.mse.sqrt();
            let sum = &mut sums[row.link % 2];
            sum.0 += 1.0;
            sum.1 += f64::from(u8::from((drawn.x - truth).abs() <= 1.96 * se));
            sum.2 += (drawn.x - truth).powi(2);
            sum.3 += se * se;
        }
    }
    sums.map(|(n, inside, off, claimed)| (inside / n, off / claimed))
}

#[test]
fn intervals_hold_the_truth_in_about_95_of_100_rows() {
    let found = held(1.0);
    println!("{found:?}");
    for (inside, ratio) in found {
        assert!((0.935..=0.965).contains(&inside), "{found:?}");
        assert!((0.9..=1.1).contains(&ratio), "{found:?}");
    }
}

#[test]
fn kinds_have_a_spread_of_their_own() {
    // One σ² for all holds 98 and 90 of a hundred.
    let found = held(0.2);
    println!("{found:?}");
    for (inside, ratio) in found {
        assert!((0.93..=0.97).contains(&inside), "{found:?}");
        assert!((0.8..=1.2).contains(&ratio), "{found:?}");
    }
}

#[test]
fn drawn_rows_are_nearer_to_the_truth_than_rows_alone() {
    let (mut own, mut drawn) = (0.0, 0.0);
    for seed in 0..20 {
        let (rows, truths) = made(150, 1.0, seed);
        let model = Model::of(&rows);
        for (row, truth) in rows.iter().zip(truths) {
            own += (model.alone(row).x - truth).powi(2);
            drawn += (model.drawn(row).x - truth).powi(2);
        }
    }
    assert!(drawn < 0.5 * own, "{drawn} {own}");
}

#[test]
fn a_row_that_nobody_lends_to_keeps_all_of_its_own() {
    // One link alone in its family: the family's mean is the row.
    let lone = |family: usize| Seen {
        link: 0,
        family,
        kind: 0,
        n: 4.0,
        x: 1.0,
        variance: Some(0.2),
    };
    let rows = [lone(0), lone(1)];
    let model = Model::of(&rows);
    let drawn = model.drawn(&rows[0]);
    assert!(
        drawn.borrowed.abs() < 1e-12 && (drawn.x - 1.0).abs() < 1e-12,
        "{drawn:?}"
    );
    let claimed = drawn.mse / model.alone(&rows[0]).mse;
    assert!((claimed - 1.0).abs() < 1e-9, "{claimed}");
}

#[test]
fn the_share_borrowed_is_what_a_change_of_the_row_does_not_change() {
    let (rows, _) = made(60, 1.0, 5);
    let model = Model::of(&rows);
    for row in rows.iter().take(20) {
        let drawn = model.drawn(row);
        // The family's mean moves with the row, everybody's x with the mean.
        let step = 1e-6;
        let n: f64 = rows
            .iter()
            .filter(|r| r.family == row.family)
            .map(|r| r.n)
            .sum();
        let usual = 1.0 + step * row.n / n;
        let moved: Vec<Seen> = rows
            .iter()
            .map(|other| Seen {
                x: match other {
                    _ if other == row => (other.x + step) / usual,
                    _ if other.family == row.family => other.x / usual,
                    _ => other.x,
                },
                ..*other
            })
            .collect();
        let link = &model.links[row.link];
        let sum: f64 = moved
            .iter()
            .filter(|other| other.link == row.link)
            .map(|other| other.x / variance(model.components.rows, link.within, other.n))
            .sum();
        let factor = 1.0 + link.credible * (sum / link.precision - 1.0);
        let z = model.components.rows / variance(model.components.rows, link.within, row.n);
        let x = (row.x + step) / usual;
        let after = usual * (factor + z * (x - factor));
        let own = (after - drawn.x) / step;
        // Where x is 1 it is exact.
        assert!(
            (own - (1.0 - drawn.borrowed)).abs() < 0.05,
            "{own} {drawn:?}"
        );
    }
}
