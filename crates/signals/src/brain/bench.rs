//! How long decisions take. The crate reads no clock, so the caller hands one in.

use std::sync::{Arc, Mutex, PoisonError};

use roads::{Demand, Network};

use crate::controller::{Controller, Detail};
use crate::error::Error;
use crate::observation::{Observation, Wishes};
use crate::plant::SimPlant;
use crate::protocol::Protocol;
use crate::runner::Runner;
use crate::sensing::{Sensed, Sensing};

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
    /// Seconds that sensing takes each tick, median; 0 where everything is seen.
    pub sensing: f64,
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

/// How often sensing is timed.
const PERCEPTIONS: usize = 21;

/// What a clock says now, seconds.
fn now(clock: &Mutex<Clock>) -> f64 {
    (clock.lock().unwrap_or_else(PoisonError::into_inner))()
}

/// A controller that is timed.
struct Timed {
    controller: Box<dyn Controller>,
    clock: Arc<Mutex<Clock>>,
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
        let start = now(&self.clock);
        self.controller.decide(seen, wishes);
        let took = now(&self.clock) - start;
        self.seconds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(took);
    }
}

/// Runs a controller on our simulator, which it sees with `sensing`, for `start` seconds and then
/// times each decision of the `length` seconds after.
///
/// # Errors
/// When world or protocol are out of range.
pub fn decision_times(
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    config: sim::Config,
    (controller, protocol, sensing): (Box<dyn Controller>, &Protocol, &Sensing),
    (start, length): (f64, f64),
    clock: Clock,
) -> Result<DecisionTimes, Error> {
    let seconds = Arc::new(Mutex::new(Vec::new()));
    let clock = Arc::new(Mutex::new(clock));
    let timed = Timed {
        controller,
        clock: Arc::clone(&clock),
        seconds: Arc::clone(&seconds),
    };
    let plant = SimPlant::new(Arc::clone(network), Arc::clone(demand), config)?;
    let plant = Sensed::new(plant, sensing, 0)?;
    let mut runner = Runner::new(plant, Box::new(timed), protocol)?;
    runner.run_until(start)?;
    seconds
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clear();
    runner.run_until(start + length)?;
    let seconds = std::mem::take(&mut *seconds.lock().unwrap_or_else(PoisonError::into_inner));
    let mut plant = runner.into_plant();
    let mut perceptions = DecisionTimes::default();
    for _ in 0..PERCEPTIONS {
        let before = now(&clock);
        plant.perceive()?;
        perceptions.seconds.push(now(&clock) - before);
    }
    Ok(DecisionTimes {
        signals: network.signals.len(),
        vehicles: plant.inner().world().metrics(start + length).running,
        seconds,
        sensing: perceptions.quantile(0.5),
    })
}
