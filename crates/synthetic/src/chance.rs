//! Chance that is a pure function of the seed, a topic and an index: any fact of any person can be
//! worked out at any time, in any order, on any thread, and is always the same.

/// What a chance is about, so that two facts of one person do not depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Topic {
    Household = 1,
    Enterprise,
    Name,
    Career,
    Dwelling,
    Title,
    Register,
    Card,
    Life,
    Vehicle,
    Study,
    Fund,
    Month,
    Trade,
    Permit,
    Account,
    School,
    Fill,
    Fault,
    Landlord,
    Court,
    Money,
}

/// A stream of chances (`SplitMix64`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of the thing `index` on `topic`.
    pub(crate) fn new(seed: u64, topic: Topic, index: u64) -> Self {
        let start = mix(seed ^ mix((topic as u64).wrapping_mul(0xA076_1D64_78BD_642F)));
        Self(mix(start ^ index.wrapping_mul(0xE703_7ED1_A0B4_28DB)))
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number from 0 up to, not including, `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included; `low` if there is none between.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap_or(1);
        low + self.below(span).cast_signed()
    }

    /// The same for days and months.
    pub(crate) fn day(&mut self, low: i32, high: i32) -> i32 {
        self.between(i64::from(low), i64::from(high)) as i32
    }

    /// True in `thousandths` of a thousand cases.
    pub(crate) fn happens(&mut self, thousandths: u64) -> bool {
        self.below(1000) < thousandths
    }

    /// A number from 0 up to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of `choices`, which are not empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// The position of one of `weights`, as often as it weighs.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (at, weight) in weights.iter().enumerate() {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return at,
            }
        }
        0
    }
}

/// Spreads every bit of `value` over all bits.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A number for a text: which stream a dataset's or a field's chances come from.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(
        0x1234_5678_9ABC_DEF0,
        |sum, byte| mix(sum ^ u64::from(byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_spread_and_repeat() {
        let mut counts = [0_u32; 10];
        for index in 0..100_000 {
            let mut chance = Chance::new(7, Topic::Name, index);
            counts[chance.below(10) as usize] += 1;
        }
        assert!(
            counts.iter().all(|count| (9_500..10_500).contains(count)),
            "{counts:?}"
        );
        let twice = [0, 1].map(|_| Chance::new(7, Topic::Name, 3).bits());
        assert_eq!(twice[0], twice[1]);
        assert_ne!(twice[0], Chance::new(7, Topic::Career, 3).bits());
        assert_ne!(twice[0], Chance::new(8, Topic::Name, 3).bits());
    }

    #[test]
    fn weights_are_kept() {
        let mut chance = Chance::new(1, Topic::Fill, 0);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[chance.weighted(&[0, 1, 3])] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!((2_300..2_700).contains(&counts[1]), "{counts:?}");
    }
}
