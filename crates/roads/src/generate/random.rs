//! The random numbers of generators and of intervals: the 64-bit Mersenne Twister, whose output is
//! defined to the bit, so a seed written down today makes the same city in ten years.

use rand_mt::Mt64;

/// A seeded source of random numbers.
#[derive(Clone, Debug)]
pub struct Random(Mt64);

impl Random {
    /// A source that starts from `seed`; `stream` keeps sources with different uses apart.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(Mt64::new(
            seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17),
        ))
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.0.next_u64() >> 11) as f64 * STEP
    }

    /// Uniform in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number in `0..count`; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// The position of one of `weights`, drawn in proportion to them; `None` when none is
    /// greater than zero.
    pub fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let total: f64 = weights.iter().sum();
        let mut rest = self.unit() * total;
        let mut last = None;
        for (index, &weight) in weights.iter().enumerate() {
            if weight > 0.0 {
                last = Some(index);
                if rest < weight {
                    break;
                }
                rest -= weight;
            }
        }
        last
    }

    /// A standard normal number.
    pub fn normal(&mut self) -> f64 {
        self.normal_pair().0
    }

    /// Two independent standard normal numbers (G. E. P. Box and M. E. Muller 1958).
    pub fn normal_pair(&mut self) -> (f64, f64) {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.unit()).sin_cos();
        (radius * cosine, radius * sine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut random = Random::new(3, 1);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
    }

    #[test]
    fn draws_stay_in_range_and_repeat() {
        let (mut one, mut two) = (Random::new(7, 1), Random::new(7, 1));
        for _ in 0..1000 {
            let unit = one.unit();
            assert!((0.0..1.0).contains(&unit));
            assert_eq!(unit.to_bits(), two.unit().to_bits());
        }
        assert_ne!(
            Random::new(7, 1).unit().to_bits(),
            Random::new(7, 2).unit().to_bits()
        );
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::new(1, 0);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[random.weighted(&[1.0, 0.0, 3.0]).unwrap()] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
        assert_eq!(random.weighted(&[0.0, 0.0]), None);
        assert_eq!(random.weighted(&[]), None);
    }
}
