//! What matching can be told: how noisy positions are, and what a driver is not expected to do.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Most candidates of one position: their set is a word of bits.
pub const CANDIDATES_MAX: usize = 32;

/// The model's parameters, after P. Newson and J. Krumm, *Hidden Markov Map Matching Through Noise
/// and Sparseness*, ACM SIGSPATIAL GIS 2009: a position lies off the road by a normal error of
/// [`Settings::sigma_m`] (their eq. 1), and the way driven between two positions is longer or
/// shorter than the straight line by an exponential difference of [`Settings::beta_m`] (eq. 2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Standard deviation of positions, each of x and y, metres.
    pub sigma_m: f64,
    /// Roads so far from a position are looked at, metres.
    pub radius_m: f64,
    /// Mean difference between the way driven and the straight line, metres, for positions that
    /// follow at once.
    pub beta_m: f64,
    /// By how much that mean grows with the straight line: metres for each metre.
    pub beta_growth: f64,
    /// Positions nearer than this to the mean of those before are one observation, metres.
    pub collapse_m: f64,
    /// By how much a vehicle may seem to go back on its link without having turned, metres.
    pub back_m: f64,
    /// Turning back is as unlikely as this much of a detour, metres.
    pub u_turn_m: f64,
    /// A turn that the network does not have is as unlikely as this much of a detour, metres.
    pub forbidden_m: f64,
    /// Roads that are looked at for each position, at most, the nearest first.
    pub candidates: usize,
    /// A vehicle that was silent for longer starts a new chain, seconds.
    pub gap_s: f64,
    /// Nobody is faster on the straight line, m/s.
    pub speed_max: f64,
    /// So many positions in a row that fit no way are errors; one more starts a new chain.
    pub misfits_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self::for_noise(8.0)
    }
}

impl Settings {
    /// The defaults for positions with this standard deviation in metres.
    pub fn for_noise(sigma_m: f64) -> Self {
        Self {
            sigma_m,
            radius_m: (5.0 * sigma_m).max(30.0),
            beta_m: 6.0,
            beta_growth: 0.05,
            collapse_m: 2.0 * sigma_m,
            back_m: (6.0 * sigma_m).max(20.0),
            u_turn_m: 80.0,
            forbidden_m: 80.0,
            candidates: 12,
            gap_s: 180.0,
            speed_max: 70.0,
            misfits_max: 3,
        }
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the setting, its value and the right range.
    pub fn check(&self) -> Result<(), Error> {
        let ranges = [
            ("sigma_m", self.sigma_m, 0.1, 200.0),
            ("radius_m", self.radius_m, 1.0, 1_000.0),
            ("beta_m", self.beta_m, 0.1, 1_000.0),
            ("beta_growth", self.beta_growth, 0.0, 10.0),
            ("collapse_m", self.collapse_m, 0.0, 500.0),
            ("back_m", self.back_m, 0.0, 1_000.0),
            ("u_turn_m", self.u_turn_m, 0.0, 100_000.0),
            ("forbidden_m", self.forbidden_m, 0.0, 100_000.0),
            (
                "candidates",
                self.candidates as f64,
                1.0,
                CANDIDATES_MAX as f64,
            ),
            ("gap_s", self.gap_s, 1.0, 86_400.0),
            ("speed_max", self.speed_max, 1.0, 1_000.0),
            ("misfits_max", f64::from(self.misfits_max), 0.0, 1_000.0),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                let message = format!("is {value}; it must be from {low} to {high}");
                return Err(Error::element("setting of matching", name, message));
            }
        }
        Ok(())
    }
}
