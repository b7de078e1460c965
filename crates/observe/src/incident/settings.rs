//! Which algorithms look for incidents, and with which thresholds.

use serde::{Deserialize, Serialize};

use super::{CaliforniaThresholds, DeviateSettings, WaveThresholds};
use crate::error::Error;

/// Length of an interval unless told otherwise, seconds: a signal's cycle or more.
pub const INTERVAL_S: f64 = 120.0;
/// Fewer intervals than this tell nothing of what is usual.
pub(super) const RECENT_LEAST: usize = 6;

/// An algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// California algorithm 7, between two stations without a signal.
    California7,
    /// California algorithm 8, as 7 but silent for waves.
    California8,
    /// Standard normal deviates of occupancy and speed.
    Deviates,
    /// A detector that nobody passes any more.
    Silence,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 4] = [
        Self::California7,
        Self::California8,
        Self::Deviates,
        Self::Silence,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::California7 => "california7",
            Self::California8 => "california8",
            Self::Deviates => "deviates",
            Self::Silence => "silence",
        }
    }
}

/// How incidents are looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Length of an interval, seconds.
    pub interval_s: f64,
    /// Which algorithms.
    pub methods: Vec<Method>,
    /// Thresholds of California algorithms 7 and 8.
    pub california: CaliforniaThresholds,
    /// What algorithm 8 takes for a wave.
    pub waves: WaveThresholds,
    /// How deviates are judged.
    pub deviates: DeviateSettings,
    /// Chance below which silence is no chance.
    pub silence: f64,
    /// Intervals before now that are what is usual, where there are too few earlier days.
    pub recent: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval_s: INTERVAL_S,
            methods: vec![Method::California8, Method::Deviates, Method::Silence],
            california: CaliforniaThresholds::default(),
            waves: WaveThresholds::default(),
            deviates: DeviateSettings::default(),
            silence: 1e-3,
            recent: 20,
        }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), Error> {
        check_interval(self.interval_s)?;
        if !(RECENT_LEAST..=1000).contains(&self.recent) {
            let wanted = "it must be 6 to 1000";
            let what = "the number of recent intervals";
            return Err(Error::argument(what, self.recent, wanted));
        }
        self.deviates.check()
    }

    pub(super) fn has(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }
}

/// Refuses an interval that is out of range.
pub(super) fn check_interval(interval_s: f64) -> Result<(), Error> {
    if (1.0..=3600.0).contains(&interval_s) {
        return Ok(());
    }
    let wanted = "it must be 1 to 3600 s";
    Err(Error::argument("the interval", interval_s, wanted))
}
