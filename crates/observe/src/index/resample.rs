//! Intervals by the bootstrap (Efron and Tibshirani 1993, chapters 6, 8 and 13: percentile
//! intervals; whole days are drawn where there are enough, since quarter hours of one day depend
//! on one another).

use roads::generate::Random;

use super::formulas::{self, DAYS_LEAST, Point, Sample};
use super::{Basis, Estimate, Options};

/// A time never falls below this share of itself in a replicate.
const LEAST_SHARE: f64 = 0.1;

/// The figures, and those of each replicate.
pub(super) fn intervals(
    samples: &[Sample],
    days: &[u32],
    options: &Options,
    stream: u64,
) -> (Point, Vec<Point>, Basis) {
    let by_days = days.len() >= DAYS_LEAST;
    let own: Vec<f64> = samples.iter().map(|sample| sample.time_s).collect();
    let once = vec![1.0; samples.len()];
    let point = formulas::point(samples, &own, &once, by_days, options);
    if options.replicates == 0 {
        return (point, Vec::new(), Basis::None);
    }
    let mut random = Random::new(options.seed, stream);
    let mut spread = Vec::with_capacity(options.replicates);
    for _ in 0..options.replicates {
        let replicate = if by_days {
            let mut drawn = vec![0.0; days.len()];
            for _ in days {
                drawn[random.below(days.len())] += 1.0;
            }
            let over: Vec<f64> = samples
                .iter()
                .map(|sample| {
                    days.binary_search(&sample.bin.day())
                        .map_or(0.0, |d| drawn[d])
                })
                .collect();
            formulas::point(samples, &own, &over, true, options)
        } else {
            let times: Vec<f64> = samples
                .iter()
                .map(|s| (s.time_s + s.se_s * random.normal()).max(s.time_s * LEAST_SHARE))
                .collect();
            formulas::point(samples, &times, &once, false, options)
        };
        spread.push(replicate);
    }
    let basis = if by_days { Basis::Days } else { Basis::Rows };
    (point, spread, basis)
}

/// A figure with the 2.5 and 97.5 % points of its replicates; the figure itself always lies
/// between them.
pub(super) fn estimate(point: &Point, spread: &[Point], pick: fn(&Point) -> f64) -> Estimate {
    let value = pick(point);
    let mut values: Vec<f64> = spread.iter().map(pick).collect();
    values.sort_by(f64::total_cmp);
    let at = |q: f64| {
        let place = q * (values.len() as f64 - 1.0);
        values.get(place.round().max(0.0) as usize).copied()
    };
    Estimate {
        value,
        low: at(0.025).map_or(value, |low| low.min(value)),
        high: at(0.975).map_or(value, |high| high.max(value)),
    }
}
