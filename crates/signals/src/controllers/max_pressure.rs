//! Max pressure: the phase with the most waiting vehicles upstream less those downstream.
//!
//! A movement's pressure is the number of vehicles waiting on its lanes minus those waiting on all
//! lanes of the link it enters; a phase's is the sum of its movements'; the highest wins, the
//! first among equals. After Varaiya, *Max pressure control of a network of signalized
//! intersections*, Transportation Research C 36, 2013, in the form of the published benchmarks.
//! It looks one link ahead only and does not count vehicles that still move.

use roads::Network;

use super::Info;
use super::pressure::{Downstream, Streams};
use crate::controller::Controller;
use crate::observation::{Observation, Wishes};
use crate::protocol::Protocol;

pub(super) const INFO: Info = Info {
    name: "max-pressure",
    title_en: "Max pressure",
    title_zh: "最大压力控制",
    about_en: "Serves the phase with the most vehicles waiting before it, less those waiting behind.",
    about_zh: "放行上游排队与下游排队之差最大的相位。",
};

/// Chooses by pressure.
#[derive(Clone, Debug)]
pub struct MaxPressure {
    streams: Streams,
}

impl MaxPressure {
    /// For a network, among the protocol's phases.
    pub fn new(network: &Network, protocol: &Protocol) -> Self {
        Self {
            streams: Streams::new(network, protocol),
        }
    }
}

impl Controller for MaxPressure {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn fork(&self) -> Option<Box<dyn Controller>> {
        Some(Box::new(self.clone()))
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        self.streams
            .decide(seen, Downstream::Sum, wishes, |_, _| false);
    }
}
