//! What each group of vehicles has of a cell of the table, so that it can be left out.

use serde::{Deserialize, Serialize};

/// Vehicles fall into so many groups, each the same one wherever it drives: what hangs on which
/// vehicles were seen is found by leaving one group out at a time.
pub const GROUPS: u8 = 30;

/// A vehicle's group. The mixing is that of SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) const fn group_of(vehicle: u64) -> u8 {
    let mut mixed = vehicle.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) % GROUPS as u64) as u8
}

/// What a group of vehicles has of a cell; units as there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which group.
    pub group: u8,
    /// Traversals.
    pub n: f32,
    /// Metres.
    pub metres: f32,
    /// Seconds.
    pub seconds: f32,
    /// Sum of n · pace².
    pub squares: f32,
}

impl Part {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.metres += other.metres;
        self.seconds += other.seconds;
        self.squares += other.squares;
    }
}
