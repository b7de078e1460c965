//! Fixed time: green phases in turn, as few as serve everyone, the same seconds each, whatever the
//! traffic. The literature's reference has 30 s for each phase, of which the change takes the
//! first five; it counts the first action interval as spent when it starts, so its first phase is
//! that much shorter, and under the literature's protocols so is ours.

use roads::Network;

use super::{Cycle, Info, numbered};
use crate::controller::{Controller, Detail};
use crate::observation::{Observation, Wish, Wishes};
use crate::phases::SignalPhases;
use crate::protocol::{Protocol, Regime};

/// Seconds of each phase in the literature, change included.
pub(super) const SLOT: f64 = 30.0;

pub(super) const INFO: Info = Info {
    name: "fixed-time",
    title_en: "Fixed time",
    title_zh: "定时控制",
    about_en: "Green phases in turn, 30 seconds each, whatever the traffic.",
    about_zh: "各绿灯相位依次放行,每相位30秒,不随交通变化。",
};

/// Shows phases in turn by the clock.
#[derive(Clone, Debug)]
pub struct FixedTime {
    cycles: Vec<Cycle>,
    /// Seconds by which the first phase is shorter.
    head_start: f64,
}

impl FixedTime {
    /// The fewest of the protocol's phases that serve everyone, `seconds` each, change included.
    pub fn new(network: &Network, protocol: &Protocol, seconds: f64) -> Self {
        let cycles = SignalPhases::of_network(network)
            .iter()
            .map(|phases| {
                let stages = phases.cover(protocol.usable(phases)).into_iter();
                Cycle::new(stages.map(|phase| (phase, seconds)).collect())
            })
            .collect();
        let head_start = match protocol.regime {
            Regime::Literature => protocol.action_interval,
            Regime::Street => 0.0,
        };
        Self { cycles, head_start }
    }
}

impl Controller for FixedTime {
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
        for (signal, cycle) in numbered(&self.cycles) {
            let time = seen.time + self.head_start;
            let wish = cycle.at(time).map_or(Wish::Keep, Wish::Phase);
            wishes.set(signal, wish);
        }
    }
}
