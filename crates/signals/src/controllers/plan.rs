//! The plan of the network file: its green phases at the times it states. What it has of yellow
//! and clearance is left to the safety envelope, which makes its own: a green phase begins when
//! the plan's clearance before it begins, and is full when the envelope's change is over.

use roads::Network;

use super::{Info, numbered};
use crate::controller::{Controller, Detail};
use crate::observation::{Observation, Wish, Wishes};
use crate::phases::SignalPhases;

pub(super) const INFO: Info = Info {
    name: "plan",
    title_en: "The junctions' own plans",
    title_zh: "路口既有配时方案",
    about_en: "Each signal follows the plan of the network file.",
    about_zh: "各路口按路网文件中的配时方案运行。",
};

/// Follows each signal's plan by the clock.
#[derive(Clone, Debug)]
pub struct Plan {
    phases: Vec<SignalPhases>,
}

impl Plan {
    /// The plans of a network.
    pub fn new(network: &Network) -> Self {
        Self {
            phases: SignalPhases::of_network(network),
        }
    }
}

impl Controller for Plan {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn detail(&self) -> Detail {
        Detail::None
    }

    fn interval(&self) -> Option<f64> {
        Some(1.0)
    }

    fn fork(&self) -> Option<Box<dyn Controller>> {
        Some(Box::new(self.clone()))
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        for (signal, phases) in numbered(&self.phases) {
            let wish = phases.planned(seen.time).map_or(Wish::Keep, Wish::Phase);
            wishes.set(signal, wish);
        }
    }
}
