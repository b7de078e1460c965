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

mod california;
mod silence;

use serde::{Deserialize, Serialize};

pub use california::{California, CaliforniaThresholds, CaliforniaWaves, WaveThresholds};
pub use silence::Silence;

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

/// How well incidents are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Incidents there were.
    pub incidents: usize,
    /// Of those, found.
    pub detected: usize,
    /// Intervals and detectors without an incident that were judged.
    pub quiet: usize,
    /// Of those, alarms.
    pub false_alarms: usize,
    /// Mean time from begin to alarm of those found, seconds.
    pub mean_delay_s: f64,
}

impl Score {
    /// Share of incidents found.
    pub fn detection_rate(&self) -> f64 {
        self.detected as f64 / self.incidents.max(1) as f64
    }

    /// Alarms over decisions where there was nothing (the "off-line" false alarm rate).
    pub fn false_alarm_rate(&self) -> f64 {
        self.false_alarms as f64 / self.quiet.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deviate_needs_both_a_full_and_a_slow_detector_twice() {
        let mut usual = Usual::default();
        for i in 0..10 {
            usual.learn(&Reading {
                occupancy: 0.10 + 0.01 * f64::from(i % 3),
                speed: Some(9.0 + 0.2 * f64::from(i % 2)),
            });
        }
        let reading = |occupancy, speed| Reading { occupancy, speed };
        let mut detector = Deviates::new(DeviateSettings::default());
        assert_eq!(detector.take(&reading(0.5, Some(9.0)), &usual), State::Free);
        assert_eq!(detector.take(&reading(0.1, Some(2.0)), &usual), State::Free);
        assert_eq!(
            detector.take(&reading(0.5, Some(2.0)), &usual),
            State::Tentative
        );
        assert_eq!(detector.take(&reading(0.9, None), &usual), State::Confirmed);
        assert_eq!(detector.take(&reading(0.1, Some(9.0)), &usual), State::Free);
        let mut new = Deviates::new(DeviateSettings::default());
        assert_eq!(
            new.take(&reading(0.9, Some(0.5)), &Usual::default()),
            State::Free
        );
    }
}
