//! Time in quarter hours.

use serde::{Deserialize, Serialize};

/// Length of a bin, seconds.
pub const BIN_SECONDS: f64 = 900.0;
/// Seconds of a day.
pub(crate) const DAY: f64 = 86_400.0;
/// Bins of a day.
pub const BINS_PER_DAY: u32 = 96;
/// The last bin there is: a century after the table's first midnight.
pub const LAST_BIN: u32 = 100 * 366 * BINS_PER_DAY;

/// A quarter hour, counted from the first midnight of a table (local time).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Bin(pub u32);

impl Bin {
    /// The bin of a moment, seconds since the first midnight; `None` before it, a century after
    /// it, or for what is no number.
    pub fn at(seconds: f64) -> Option<Self> {
        let bin = (seconds / BIN_SECONDS).floor();
        (bin >= 0.0 && bin <= f64::from(LAST_BIN)).then_some(Self(bin as u32))
    }

    /// The day, from 0.
    pub const fn day(self) -> u32 {
        self.0 / BINS_PER_DAY
    }

    /// The quarter hour of the day, 0 to 95.
    pub const fn of_day(self) -> u32 {
        self.0 % BINS_PER_DAY
    }

    /// The hour of the table, day and night counted on: 24 is the second midnight's.
    pub const fn hour(self) -> u32 {
        self.0 / 4
    }

    /// Its first second.
    pub fn start(self) -> f64 {
        f64::from(self.0) * BIN_SECONDS
    }

    /// Its time of day, `07:15`.
    pub fn clock(self) -> String {
        let minutes = self.of_day() * 15;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Which quarter hours count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First quarter hour of the day, 0 to 95.
    pub from: u32,
    /// One past the last, up to 96.
    pub to: u32,
    /// First day.
    pub first_day: u32,
    /// One past the last day.
    pub end_day: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            from: 0,
            to: BINS_PER_DAY,
            first_day: 0,
            end_day: u32::MAX,
        }
    }
}

impl Window {
    /// Whether a bin lies in it.
    pub const fn contains(self, bin: Bin) -> bool {
        let (day, quarter) = (bin.day(), bin.of_day());
        self.first_day <= day && day < self.end_day && self.from <= quarter && quarter < self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_falls_into_its_quarter_hour() {
        assert_eq!(Bin::at(0.0), Some(Bin(0)));
        assert_eq!(Bin::at(899.999), Some(Bin(0)));
        assert_eq!(Bin::at(900.0), Some(Bin(1)));
        let bin = Bin::at(86_400.0 + 7.25 * 3600.0).unwrap();
        assert_eq!((bin.day(), bin.of_day(), bin.hour()), (1, 29, 31));
        assert_eq!(bin.clock(), "07:15");
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e18] {
            assert_eq!(Bin::at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_window_is_a_time_of_day_on_some_days() {
        let peak = Window {
            from: 28,
            to: 36,
            first_day: 1,
            end_day: 2,
        };
        assert!(peak.contains(Bin(96 + 28)) && peak.contains(Bin(96 + 35)));
        assert!(!peak.contains(Bin(96 + 36)) && !peak.contains(Bin(30)));
    }
}
