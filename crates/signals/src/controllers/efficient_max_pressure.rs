//! Efficient max pressure: as max pressure, with the mean of the downstream lanes in place of
//! their sum, so that wide roads do not count against a movement for being wide.
//!
//! After Wu and others, *Efficient pressure: improving efficiency for signalized intersections*,
//! 2021, in the form of the published benchmarks.

use roads::Network;

use super::Info;
use super::pressure::{Downstream, Streams};
use crate::controller::Controller;
use crate::observation::{Observation, Wishes};
use crate::protocol::Protocol;

pub(super) const INFO: Info = Info {
    name: "efficient-max-pressure",
    title_en: "Efficient max pressure",
    title_zh: "高效最大压力控制",
    about_en: "Max pressure with the mean of the lanes downstream in place of their sum.",
    about_zh: "最大压力控制,下游取各车道排队的平均值。",
};

/// Chooses by efficient pressure.
#[derive(Clone, Debug)]
pub struct EfficientMaxPressure {
    streams: Streams,
}

impl EfficientMaxPressure {
    /// For a network, among the protocol's phases.
    pub fn new(network: &Network, protocol: &Protocol) -> Self {
        Self {
            streams: Streams::new(network, protocol),
        }
    }
}

impl Controller for EfficientMaxPressure {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn fork(&self) -> Option<Box<dyn Controller>> {
        Some(Box::new(self.clone()))
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        self.streams
            .decide(seen, Downstream::Mean, wishes, |_, _| false);
    }
}
