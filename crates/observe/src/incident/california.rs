//! Two of the California algorithms (Payne and Tignor, Transportation Research Record 682, 1978):
//! occupancies of two stations, one after the other on a road without signals.

use serde::{Deserialize, Serialize};

use super::State;
use crate::error::Error;

/// Thresholds of California algorithm 7; occupancies 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaliforniaThresholds {
    /// T1: occupancy upstream minus downstream.
    pub difference: f64,
    /// T2: that difference over the occupancy upstream.
    pub relative: f64,
    /// T3: occupancy downstream at most this.
    pub downstream: f64,
}

impl Default for CaliforniaThresholds {
    /// In the middle of the ranges calibrated by Payne and Tignor; calibrate your own.
    fn default() -> Self {
        Self {
            difference: 0.08,
            relative: 0.4,
            downstream: 0.15,
        }
    }
}

/// California algorithm 7 for one section between two stations.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct California {
    thresholds: CaliforniaThresholds,
    state: State,
}

impl California {
    /// A section without an incident.
    ///
    /// # Errors
    /// When a threshold is not between 0 and 1.
    pub fn new(thresholds: CaliforniaThresholds) -> Result<Self, Error> {
        let all = [
            thresholds.difference,
            thresholds.relative,
            thresholds.downstream,
        ];
        if let Some(wrong) = all.iter().find(|t| !(0.0..=1.0).contains(*t)) {
            let wanted = "it must be 0 to 1";
            return Err(Error::argument("a threshold", wrong, wanted));
        }
        Ok(Self {
            thresholds,
            state: State::Free,
        })
    }

    /// Takes the next interval's occupancies.
    pub fn take(&mut self, upstream: f64, downstream: f64) -> State {
        let difference = upstream - downstream;
        let relative = if upstream > 0.0 {
            difference / upstream
        } else {
            0.0
        };
        let persists =
            difference >= self.thresholds.difference && relative >= self.thresholds.relative;
        self.state = match self.state {
            State::Free if persists && downstream <= self.thresholds.downstream => State::Tentative,
            State::Tentative | State::Confirmed if persists => State::Confirmed,
            _ => State::Free,
        };
        self.state
    }
}

/// Intervals for which a compression wave that was seen downstream keeps a section silent.
const SILENT: u32 = 5;

/// What algorithm 8 takes for a compression wave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WaveThresholds {
    /// Occupancy downstream of at least this, 0 to 1 …
    pub downstream: f64,
    /// … that rose within two intervals by more than this share of what it was.
    pub rise: f64,
}

impl Default for WaveThresholds {
    /// Near those of Payne and Tignor; calibrate your own.
    fn default() -> Self {
        Self {
            downstream: 0.3,
            rise: 0.4,
        }
    }
}

/// California algorithm 8: as 7, but silent for five intervals after a compression wave was seen
/// downstream. Waves of dense traffic travel upstream and fill one station before the other, which
/// otherwise makes most of the false alarms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CaliforniaWaves {
    section: California,
    waves: WaveThresholds,
    /// Occupancy downstream one and two intervals ago.
    before: [Option<f64>; 2],
    silent: u32,
}

impl CaliforniaWaves {
    /// A section without an incident.
    ///
    /// # Errors
    /// When a threshold of occupancy is not between 0 and 1, or the rise is below zero.
    pub fn new(thresholds: CaliforniaThresholds, waves: WaveThresholds) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&waves.downstream) {
            let wanted = "it must be 0 to 1";
            return Err(Error::argument("a threshold", waves.downstream, wanted));
        }
        if !(waves.rise >= 0.0 && waves.rise.is_finite()) {
            let wanted = "it must be zero or more";
            return Err(Error::argument("the rise of a wave", waves.rise, wanted));
        }
        Ok(Self {
            section: California::new(thresholds)?,
            waves,
            ..Self::default()
        })
    }

    /// Takes the next interval's occupancies.
    pub fn take(&mut self, upstream: f64, downstream: f64) -> State {
        let wave = downstream >= self.waves.downstream
            && self.before[1].is_some_and(|before| downstream > before * (1.0 + self.waves.rise));
        self.before = [Some(downstream), self.before[0]];
        let was = self.section.state;
        if was == State::Free {
            if wave {
                self.silent = SILENT;
            }
            if self.silent > 0 {
                self.silent -= 1;
                return State::Free;
            }
        }
        let state = self.section.take(upstream, downstream);
        if wave && was == State::Tentative && state == State::Free {
            self.silent = SILENT;
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_in_occupancy_must_persist() {
        let mut section = California::new(CaliforniaThresholds::default()).unwrap();
        assert_eq!(section.take(0.12, 0.10), State::Free);
        assert_eq!(section.take(0.35, 0.05), State::Tentative);
        assert_eq!(section.take(0.40, 0.04), State::Confirmed);
        assert_eq!(section.take(0.40, 0.04), State::Confirmed);
        assert_eq!(section.take(0.12, 0.10), State::Free);
        // A bottleneck further on fills both: no incident between them.
        assert_eq!(section.take(0.40, 0.35), State::Free);
        // Full downstream: T3 says no.
        assert_eq!(section.take(0.60, 0.20), State::Free);
        let wrong = CaliforniaThresholds {
            relative: 1.5,
            ..CaliforniaThresholds::default()
        };
        assert!(California::new(wrong).is_err());
    }

    #[test]
    fn a_wave_that_passes_both_stations_is_no_incident_for_algorithm_8() {
        let thresholds = CaliforniaThresholds::default();
        let mut seven = California::new(thresholds).unwrap();
        let mut eight = CaliforniaWaves::new(thresholds, WaveThresholds::default()).unwrap();
        // Downstream fills and empties, then upstream, as the wave comes up the road.
        let wave = [
            (0.12, 0.12),
            (0.12, 0.12),
            (0.12, 0.45),
            (0.40, 0.10),
            (0.45, 0.10),
            (0.12, 0.12),
        ];
        let seen = wave.map(|(up, down)| (seven.take(up, down), eight.take(up, down)));
        assert!(seen.iter().any(|both| both.0 == State::Confirmed));
        assert!(seen.iter().all(|both| both.1 == State::Free), "{seen:?}");
        // It speaks again after five intervals.
        for _ in 0..5 {
            eight.take(0.12, 0.12);
        }
        assert_eq!(eight.take(0.4, 0.05), State::Tentative);
        assert_eq!(eight.take(0.4, 0.05), State::Confirmed);
        assert!(
            CaliforniaWaves::new(
                thresholds,
                WaveThresholds {
                    downstream: 2.0,
                    rise: 0.4
                }
            )
            .is_err()
        );
    }
}
