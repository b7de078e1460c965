//! Advanced max pressure: efficient max pressure that keeps the present phase while it is at least
//! as useful to the vehicles still arriving.
//!
//! The present phase stays while the vehicles that move on its lanes, near enough to reach the
//! stop line within an action interval at the speed limit (167 m at 11.1 m/s and 15 s), are at
//! least as many as the best efficient pressure. After Zhang and others, *Expression might be
//! enough: representing pressure and demand for reinforcement learning based traffic signal
//! control*, ICML 2022.

use roads::Network;

use super::Info;
use super::pressure::{Downstream, Streams};
use crate::controller::{Controller, Detail};
use crate::observation::{Observation, Wishes};
use crate::protocol::Protocol;

pub(super) const INFO: Info = Info {
    name: "advanced-max-pressure",
    title_en: "Advanced max pressure",
    title_zh: "进阶最大压力控制",
    about_en: "Efficient max pressure that keeps a green while enough vehicles arrive on it.",
    about_zh: "在高效最大压力基础上,当前绿灯仍有足够车辆到达时予以保持。",
};

/// Chooses by efficient pressure and arrivals.
#[derive(Clone, Debug)]
pub struct AdvancedMaxPressure {
    streams: Streams,
}

impl AdvancedMaxPressure {
    /// For a network, among the protocol's phases.
    pub fn new(network: &Network, protocol: &Protocol) -> Self {
        Self {
            streams: Streams::new(network, protocol),
        }
    }
}

impl Controller for AdvancedMaxPressure {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn detail(&self) -> Detail {
        Detail::Vehicles
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        self.streams
            .decide(seen, Downstream::Mean, wishes, |present, most| {
                present.arriving() as f64 >= most
            });
    }
}
