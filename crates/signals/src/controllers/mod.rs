//! The controllers there are, by name.

mod actuated;
mod advanced_max_pressure;
mod brain;
mod efficient_max_pressure;
mod fixed_time;
mod flows;
mod max_pressure;
mod plan;
mod pressure;
mod webster;

use roads::{Demand, Network, SignalId};
use serde::Serialize;

pub use actuated::{Actuated, ActuatedTimes};
pub use advanced_max_pressure::AdvancedMaxPressure;
pub use efficient_max_pressure::EfficientMaxPressure;
pub use fixed_time::FixedTime;
pub use flows::{most_common_type, seconds_each, vehicles_of_turns};
pub use max_pressure::MaxPressure;
pub use plan::Plan;
pub use webster::{Timings, Webster};

use crate::brain::{Brain, Settings};
use crate::controller::Controller;
use crate::error::Error;
use crate::phases::PhaseIndex;
use crate::protocol::Protocol;

/// A controller as lists and pages show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Info {
    /// Its name on the command line and in addresses.
    pub name: &'static str,
    /// English title.
    pub title_en: &'static str,
    /// Chinese title.
    pub title_zh: &'static str,
    /// What it does, in one English sentence.
    pub about_en: &'static str,
    /// What it does, in one Chinese sentence.
    pub about_zh: &'static str,
}

type Build = fn(&Network, &Demand, &Protocol) -> Box<dyn Controller>;

const REGISTRY: [(Info, Build); 8] = [
    (fixed_time::INFO, |network, _, protocol| {
        Box::new(FixedTime::new(network, protocol, fixed_time::SLOT))
    }),
    (plan::INFO, |network, _, _| Box::new(Plan::new(network))),
    (webster::INFO, |network, demand, protocol| {
        Box::new(Webster::new(network, demand, protocol))
    }),
    (actuated::INFO, |network, _, protocol| {
        Box::new(Actuated::new(network, protocol, ActuatedTimes::default()))
    }),
    (max_pressure::INFO, |network, _, protocol| {
        Box::new(MaxPressure::new(network, protocol))
    }),
    (efficient_max_pressure::INFO, |network, _, protocol| {
        Box::new(EfficientMaxPressure::new(network, protocol))
    }),
    (advanced_max_pressure::INFO, |network, _, protocol| {
        Box::new(AdvancedMaxPressure::new(network, protocol))
    }),
    (brain::INFO, |network, _, protocol| {
        Box::new(Brain::new(network, protocol, Settings::default()))
    }),
];

/// All controllers, in the order in which to show them.
pub fn all() -> impl ExactSizeIterator<Item = &'static Info> {
    REGISTRY.iter().map(|(info, _)| info)
}

/// Builds the controller of this name for a network. Only timings that are computed beforehand
/// look at the demand.
///
/// # Errors
/// When there is none of this name, or the protocol is out of range.
pub fn by_name(
    name: &str,
    network: &Network,
    demand: &Demand,
    protocol: &Protocol,
) -> Result<Box<dyn Controller>, Error> {
    protocol.check()?;
    match REGISTRY.iter().find(|(info, _)| info.name == name) {
        Some((_, build)) => Ok(build(network, demand, protocol)),
        None => Err(Error::Controller {
            name: name.to_owned(),
            known: all().map(|info| info.name).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// A cycle of phases with the seconds each has, change included.
#[derive(Clone, Debug, Default)]
struct Cycle {
    slots: Vec<(PhaseIndex, f64)>,
    length: f64,
}

impl Cycle {
    fn new(slots: Vec<(PhaseIndex, f64)>) -> Self {
        let length = slots.iter().map(|&(_, seconds)| seconds).sum();
        Self { slots, length }
    }

    /// The phase whose turn it is so many seconds after the start; `None` if there are none.
    fn at(&self, time: f64) -> Option<PhaseIndex> {
        let mut rest = time.rem_euclid(self.length);
        for &(phase, seconds) in &self.slots {
            if rest < seconds {
                return Some(phase);
            }
            rest -= seconds;
        }
        self.slots.first().map(|&(phase, _)| phase)
    }
}

/// Signals with something of each, in order.
fn numbered<T>(of_signals: &[T]) -> impl Iterator<Item = (SignalId, &T)> {
    of_signals
        .iter()
        .enumerate()
        .map(|(index, item)| (SignalId::from(index), item))
}
