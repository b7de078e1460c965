//! Percentiles in bounded memory: counts in bins whose bounds grow by a fixed ratio, so that every
//! percentile is right within a known relative error (DDSketch: Masson, Rim and Lee, PVLDB 12(12),
//! 2019). Sketches of disjoint observations add up exactly.

use serde::{Deserialize, Serialize};

/// Largest relative error of a percentile.
pub const RELATIVE_ERROR: f64 = 0.02;
/// Smallest value that is told apart, in whatever unit is sketched.
const LEAST: f64 = 1e-3;
/// Most bins: values up to some 10⁵.
const BINS_MAX: u16 = 480;

/// Counts of positive values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    /// Bin and weight, ascending by bin.
    bins: Vec<(u16, f32)>,
}

fn ratio() -> f64 {
    (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR)
}

impl Sketch {
    /// Adds a value with a weight; what is not positive and finite is left out.
    pub fn add(&mut self, value: f64, weight: f64) {
        if !(value.is_finite() && value > 0.0 && weight > 0.0) {
            return;
        }
        let bin = (value.max(LEAST) / LEAST).ln() / ratio().ln();
        self.put((bin.ceil() as u16).min(BINS_MAX), weight as f32);
    }

    fn put(&mut self, bin: u16, weight: f32) {
        match self.bins.binary_search_by_key(&bin, |entry| entry.0) {
            Ok(at) => self.bins[at].1 += weight,
            Err(at) => self.bins.insert(at, (bin, weight)),
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for &(bin, weight) in &other.bins {
            self.put(bin, weight);
        }
    }

    /// The value below which a share `q` (0 to 1) of the weight lies; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let total: f64 = self.bins.iter().map(|&(_, weight)| f64::from(weight)).sum();
        let mut rest = q.clamp(0.0, 1.0) * total;
        let mut found = None;
        for &(bin, weight) in &self.bins {
            found = Some(bin);
            rest -= f64::from(weight);
            if rest <= 0.0 {
                break;
            }
        }
        // The middle of the bin, in the relative sense.
        let top = |bin: u16| LEAST * ratio().powi(i32::from(bin));
        found.map(|bin| 2.0 * top(bin) / (ratio() + 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_within_the_relative_error() {
        let mut sketch = Sketch::default();
        for value in 1..=1000 {
            sketch.add(f64::from(value) / 10.0, 1.0);
        }
        for (q, exact) in [(0.05, 5.0), (0.5, 50.0), (0.95, 95.0), (1.0, 100.0)] {
            let found = sketch.quantile(q).unwrap();
            assert!(
                (found / exact - 1.0).abs() <= RELATIVE_ERROR + 1e-3,
                "{q}: {found}"
            );
        }
        assert_eq!(Sketch::default().quantile(0.5), None);
    }

    #[test]
    fn parts_add_up_to_the_whole_and_bad_values_are_left_out() {
        let (mut one, mut other, mut whole) =
            (Sketch::default(), Sketch::default(), Sketch::default());
        for value in 1..200 {
            let part = if value % 3 == 0 { &mut one } else { &mut other };
            part.add(f64::from(value), 1.0);
            whole.add(f64::from(value), 1.0);
        }
        one.merge(&other);
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            one.add(wrong, 1.0);
        }
        assert_eq!(one, whole);
        one.add(1e300, 1.0);
        assert!(one.quantile(1.0).is_some());
    }
}
