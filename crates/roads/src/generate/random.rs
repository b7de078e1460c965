//! The random numbers of the generators: the 64-bit Mersenne Twister, whose output is defined to
//! the bit, so a seed written down today makes the same city in ten years.

use rand_mt::Mt64;

/// A seeded source of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(Mt64);

impl Random {
    /// A source that starts from `seed`; `stream` keeps sources with different uses apart.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(Mt64::new(
            seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17),
        ))
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.0.next_u64() >> 11) as f64 * STEP
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number in `0..count`; 0 when `count` is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// The position of one of `weights`, drawn in proportion to them; `None` when none is
    /// greater than zero.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
