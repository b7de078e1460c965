//! How long decisions take. The crate reads no clock, so the caller hands one in.

use std::sync::{Arc, Mutex, PoisonError};

use roads::{Demand, Network};

use crate::controller::{Controller, Detail};
use crate::error::Error;
use crate::observation::{Observation, Wishes};
use crate::plant::SimPlant;
use crate::protocol::Protocol;
use crate::runner::Runner;

/// Seconds of some clock that only goes forward.
pub type Clock = Box<dyn FnMut() -> f64 + Send>;

/// How long each decision of a run took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecisionTimes {
    /// Signals decided for.
    pub signals: usize,
    /// Vehicles on the road at the end.
    pub vehicles: u64,
    /// Seconds that each decision after the start took, in order.
    pub seconds: Vec<f64>,
}

impl DecisionTimes {
    /// The time within which this share of the decisions was made, seconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let place = (share.clamp(0.0, 1.0) * last as f64).ceil() as usize;
        sorted.get(place).copied().unwrap_or(0.0)
    }
}

/// A controller that is timed.
struct Timed {
    controller: Box<dyn Controller>,
    clock: Clock,
    seconds: Arc<Mutex<Vec<f64>>>,
}

impl Controller for Timed {
    fn name(&self) -> &'static str {
        self.controller.name()
    }

    fn detail(&self) -> Detail {
        self.controller.detail()
    }

    fn interval(&self) -> Option<f64> {
        self.controller.interval()
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        let start = (self.clock)();
        self.controller.decide(seen, wishes);
        let took = (self.clock)() - start;
        self.seconds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(took);
    }
}

/// Runs a controller on our simulator for `start` seconds and then times each decision of the
/// `length` seconds after.
///
/// # Errors
/// When world or protocol are out of range.
pub fn decision_times(
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    config: sim::Config,
    (controller, protocol): (Box<dyn Controller>, &Protocol),
    (start, length): (f64, f64),
    clock: Clock,
) -> Result<DecisionTimes, Error> {
    let seconds = Arc::new(Mutex::new(Vec::new()));
    let timed = Timed {
        controller,
        clock,
        seconds: Arc::clone(&seconds),
    };
    let plant = SimPlant::new(Arc::clone(network), Arc::clone(demand), config)?;
    let mut runner = Runner::new(plant, Box::new(timed), protocol)?;
    runner.run_until(start)?;
    seconds
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clear();
    runner.run_until(start + length)?;
    let seconds = std::mem::take(&mut *seconds.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(DecisionTimes {
        signals: network.signals.len(),
        vehicles: runner.plant().world().metrics(start + length).running,
        seconds,
    })
}
