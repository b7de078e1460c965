//! Incidents from speed and occupancy at detectors.
//!
//! Published algorithms:
//!
//! * [`California`]: algorithm 7 of Payne and Tignor (Transportation Research Record 682, 1978), and
//!   [`CaliforniaWaves`]: their algorithm 8. They compare occupancy at two stations: an incident
//!   between them raises it upstream and empties the road downstream. For roads without signals.
//! * [`Deviates`]: the standard normal deviate of Dudek, Messer and Nuckles (Transportation
//!   Research Record 495, 1974), here of occupancy and of speed together and against the same
//!   quarter hour of earlier days where there are some, which is what lets it work between
//!   signals. An interval should be a whole signal cycle or more.
//! * [`Silence`]: our own, for one lane's detector, which nobody passes any more.
//!
//! [`Detection`] runs them over all detectors of a network, interval by interval, and keeps the
//! incidents that are open and over; [`Scorer`] holds them against incidents that are known.

mod book;
mod california;
mod detection;
mod intervals;
mod loops;
mod score;
mod settings;
mod silence;
mod stations;

use serde::{Deserialize, Serialize};

use crate::error::Error;

pub use book::{Alarm, Comparison, Evidence, Incident, Judged};
pub use california::{California, CaliforniaThresholds, CaliforniaWaves, WaveThresholds};
pub use detection::Detection;
pub use intervals::{Intervals, VEHICLE_M, counted};
pub use loops::Loops;
pub use score::{Known, Score, Scorer, read_known};
pub use settings::{INTERVAL_S, Method, Settings};
pub use silence::Silence;
pub use stations::Station;

/// What a detector measured in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Share of the time in which the detector was covered, 0 to 1.
    pub occupancy: f64,
    /// Mean speed of vehicles, m/s; `None` when none passed.
    pub speed: Option<f64>,
}

/// A detector with more occupancy than this that nobody passes has somebody standing on it.
const STANDING: f64 = 0.5;

impl Reading {
    /// Whether nobody passes because somebody stands there.
    fn is_stood_on(&self) -> bool {
        self.speed.is_none() && self.occupancy > STANDING
    }
}

/// State of an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing.
    #[default]
    Free,
    /// Seen once; the next interval decides.
    Tentative,
    /// An incident.
    Confirmed,
}

/// How deviates are judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviateSettings {
    /// Standard deviations by which occupancy must lie above its mean.
    pub occupancy: f64,
    /// Standard deviations by which speed must lie below its mean.
    pub speed: f64,
    /// Intervals in a row after which it is confirmed.
    pub persistence: u32,
    /// Least standard deviation of occupancy, 0 to 1: a quiet detector is no proof.
    pub occupancy_least: f64,
    /// Least standard deviation of speed, m/s.
    pub speed_least: f64,
}

impl Default for DeviateSettings {
    fn default() -> Self {
        Self {
            occupancy: 3.0,
            speed: 2.0,
            persistence: 2,
            occupancy_least: 0.012,
            speed_least: 0.8,
        }
    }
}

impl DeviateSettings {
    /// Refuses what is out of range.
    fn check(&self) -> Result<(), Error> {
        let all = [
            ("the deviations of occupancy", self.occupancy),
            ("the deviations of speed", self.speed),
            ("the least deviation of occupancy", self.occupancy_least),
            ("the least deviation of speed", self.speed_least),
        ];
        for (what, value) in all {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::argument(what, value, "it must be more than zero"));
            }
        }
        if self.persistence == 0 {
            let what = "the number of intervals in a row";
            return Err(Error::argument(what, 0, "it must be at least 1"));
        }
        Ok(())
    }
}

/// What a detector usually has in an interval of the day (Welford 1962: one pass, stable).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    occupancy: Running,
    speed: Running,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Running {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Running {
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        let off = value - self.mean;
        self.mean += off / self.n;
        self.squares += off * (value - self.mean);
    }

    /// Deviations from the mean, at least `least` wide; `None` with fewer than three values.
    fn deviate(&self, value: f64, least: f64) -> Option<f64> {
        (self.n >= 3.0).then(|| {
            let deviation = (self.squares / (self.n - 1.0)).sqrt().max(least);
            (value - self.mean) / deviation
        })
    }
}

impl Usual {
    /// Learns a reading.
    pub fn learn(&mut self, reading: &Reading) {
        self.occupancy.add(reading.occupancy);
        if let Some(speed) = reading.speed {
            self.speed.add(speed);
        }
    }

    /// Mean occupancy, 0 to 1; `None` where nothing is known.
    pub fn occupancy(&self) -> Option<f64> {
        (self.occupancy.n > 0.0).then_some(self.occupancy.mean)
    }

    /// Mean speed, m/s; `None` where nobody passed.
    pub fn speed(&self) -> Option<f64> {
        (self.speed.n > 0.0).then_some(self.speed.mean)
    }

    /// How many readings it was learnt from.
    pub const fn readings(&self) -> u64 {
        self.occupancy.n as u64
    }

    /// How likely it is that nobody passes, 0 to 1; a half where nothing is known.
    fn silent(&self) -> f64 {
        (self.occupancy.n - self.speed.n + 0.5) / (self.occupancy.n + 1.0)
    }
}

/// Standard normal deviates for one detector.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Deviates {
    settings: DeviateSettings,
    in_a_row: u32,
}

impl Deviates {
    /// A detector without an incident.
    pub const fn new(settings: DeviateSettings) -> Self {
        Self {
            settings,
            in_a_row: 0,
        }
    }

    /// Takes the next interval's reading, beside what is usual then. With nothing to compare with
    /// there is no alarm. A covered detector that nobody passes has no speed and counts as slow.
    pub fn take(&mut self, reading: &Reading, usual: &Usual) -> State {
        let settings = &self.settings;
        let high = usual
            .occupancy
            .deviate(reading.occupancy, settings.occupancy_least)
            .is_some_and(|deviate| deviate > settings.occupancy);
        let slow = match reading.speed {
            None => reading.is_stood_on(),
            Some(speed) => usual
                .speed
                .deviate(speed, settings.speed_least)
                .is_some_and(|deviate| deviate < -settings.speed),
        };
        self.in_a_row = if high && slow { self.in_a_row + 1 } else { 0 };
        match self.in_a_row {
            0 => State::Free,
            n if n < settings.persistence => State::Tentative,
            _ => State::Confirmed,
        }
    }
}

#[cfg(test)]
mod tests;
