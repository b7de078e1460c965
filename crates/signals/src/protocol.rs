//! Under which rules a controller is tried: how often it decides, among which phases, and within
//! which limits. The literature's protocols are here so that results compare.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::limits::Limits;
use crate::phases::{PhaseIndex, SignalPhases};

/// Which green phases of a plan controllers choose among.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseSet {
    /// All of them.
    #[default]
    All,
    /// The first so many.
    First(usize),
}

/// Whose limits the safety envelope keeps unless the city says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// Those of a real street: [`Limits::default`].
    #[default]
    Street,
    /// Those of the published benchmarks: [`Limits::literature`].
    Literature,
}

/// How controllers are run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Seconds between decisions of controllers that do not say themselves.
    pub action_interval: f64,
    /// Seconds between two different phases, where the regime is the literature's; what
    /// controllers that compute timings reckon with otherwise.
    pub yellow: f64,
    /// Which green phases controllers choose among.
    pub phases: PhaseSet,
    /// For how long demand is reckoned, seconds, where a controller computes timings from it.
    pub horizon: f64,
    /// Whose limits apply.
    pub regime: Regime,
}

impl Default for Protocol {
    fn default() -> Self {
        Self::street()
    }
}

impl Protocol {
    /// The literature's "15/5/4": a decision every 15 s, 5 s of clearance inside them on a change,
    /// the first four green phases.
    pub const fn literature() -> Self {
        Self {
            action_interval: 15.0,
            yellow: 5.0,
            phases: PhaseSet::First(4),
            horizon: 3_600.0,
            regime: Regime::Literature,
        }
    }

    /// The literature's "5/2/8": a decision every 5 s, 2 s of clearance, eight green phases.
    pub const fn literature_short() -> Self {
        Self {
            action_interval: 5.0,
            yellow: 2.0,
            phases: PhaseSet::First(8),
            horizon: 3_600.0,
            regime: Regime::Literature,
        }
    }

    /// For real streets: a decision every 5 s, all green phases, safe limits.
    pub const fn street() -> Self {
        Self {
            action_interval: 5.0,
            yellow: 4.0,
            phases: PhaseSet::All,
            horizon: 3_600.0,
            regime: Regime::Street,
        }
    }

    /// The limits that go with it.
    pub fn limits(&self) -> Limits {
        match self.regime {
            Regime::Street => Limits::default(),
            Regime::Literature => Limits {
                timeout: (4.0 * self.action_interval).max(60.0),
                ..Limits::literature(self.yellow)
            },
        }
    }

    /// The green phases of a signal that controllers choose among.
    pub fn usable<'a>(&self, phases: &'a SignalPhases) -> &'a [PhaseIndex] {
        let green = phases.green();
        match self.phases {
            PhaseSet::All => green,
            PhaseSet::First(count) => &green[..count.clamp(1, green.len().max(1)).min(green.len())],
        }
    }

    /// How often a controller is asked that says `own` of it, or nothing, where signals fall back
    /// after `patience` seconds of silence; seconds.
    ///
    /// # Errors
    /// When that is no time, or longer than the signals wait for it.
    pub fn interval(&self, name: &str, own: Option<f64>, patience: f64) -> Result<f64, Error> {
        let interval = own.unwrap_or(self.action_interval);
        if !(interval.is_finite() && interval > 0.0) {
            return Err(Error::Protocol(format!(
                "{name} decides every {interval} s; that must be above zero"
            )));
        }
        if interval > patience {
            return Err(Error::Protocol(format!(
                "{name} decides every {interval} s, but signals fall back after {patience} s of silence"
            )));
        }
        Ok(interval)
    }

    /// Whether it can be run.
    ///
    /// # Errors
    /// When a time is not a positive number or the clearance does not fit into an interval.
    pub fn check(&self) -> Result<(), Error> {
        let fault = |message: String| Err(Error::Protocol(message));
        for (what, seconds) in [
            ("action interval", self.action_interval),
            ("yellow", self.yellow),
            ("horizon", self.horizon),
        ] {
            if !(seconds.is_finite() && seconds > 0.0) {
                return fault(format!("the {what} is {seconds} s; it must be above zero"));
            }
        }
        if self.regime == Regime::Literature && self.yellow > self.action_interval {
            return fault(format!(
                "{} s of yellow do not fit into an action interval of {} s",
                self.yellow, self.action_interval
            ));
        }
        if self.phases == PhaseSet::First(0) {
            return fault("a controller needs at least one phase to choose".to_owned());
        }
        Ok(())
    }
}
