//! Random numbers that depend only on what they are drawn for: the same detector misses the same
//! vehicle whatever else happens, in whatever order and on however many threads one asks.

/// Mixes a number so that neighbours have nothing in common.
///
/// The finaliser of `SplitMix64`: Steele, Lea and Flood, *Fast splittable pseudorandom number
/// generators*, OOPSLA 2014.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// What a number is drawn for; one for each use, so that uses do not depend on each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum For {
    LoopBias = 1,
    LoopMiss,
    LoopDouble,
    LoopStuck,
    Probe,
    ProbePlace,
    CameraMiss,
    CameraNoise,
}

/// A number in `0.0..1.0` for this use, of this one and that one.
pub(super) fn uniform(seed: u64, what: For, one: u64, other: u64) -> f64 {
    let mixed = mix(mix(mix(seed ^ ((what as u64) << 56)) ^ one) ^ other.rotate_left(32));
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// A standard normal number, by Box and Muller's method.
pub(super) fn normal(seed: u64, what: For, one: u64, other: u64) -> f64 {
    let radius = uniform(seed, what, one, other).max(f64::MIN_POSITIVE);
    let angle = uniform(!seed, what, one, other);
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_evenly_and_uses_have_nothing_in_common() {
        let count = 20_000;
        let mean = |draw: &dyn Fn(u64) -> f64| (0..count).map(draw).sum::<f64>() / count as f64;
        let one = |other| uniform(7, For::Probe, other, 0) - 0.5;
        let two = |other| uniform(7, For::LoopMiss, other, 0) - 0.5;
        assert!(mean(&one).abs() < 0.01);
        assert!((mean(&|other| one(other).powi(2)) - 1.0 / 12.0).abs() < 0.002);
        assert!(mean(&|other| one(other) * two(other)).abs() < 0.002);
        assert!(mean(&|other| one(other) * one(other + 1)).abs() < 0.002);
        let noise = |other| normal(7, For::CameraNoise, 3, other);
        assert!(mean(&noise).abs() < 0.03);
        assert!((mean(&|other| noise(other).powi(2)) - 1.0).abs() < 0.05);
    }
}
