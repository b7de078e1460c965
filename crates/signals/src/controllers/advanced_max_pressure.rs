//! Advanced max pressure: efficient max pressure that keeps the present phase while it is at least
//! as useful to the vehicles still arriving.
//!
//! The present phase stays while the vehicles that move on its lanes, near enough to reach the
//! stop line within an action interval at the speed limit (in the literature's protocols 167 m
//! throughout, which is 15 s at 11.1 m/s), are at least as many as the best efficient pressure.
//! After Zhang and others, *Expression might be enough: representing pressure and demand for
//! reinforcement learning based traffic signal control*, ICML 2022.

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

    fn fork(&self) -> Option<Box<dyn Controller>> {
        Some(Box::new(self.clone()))
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        self.streams
            .decide(seen, Downstream::Mean, wishes, |present, most| {
                present.arriving() as f64 >= most
            });
    }
}

#[cfg(test)]
mod tests {
    use roads::generate::{GridSpec, grid};

    use super::*;
    use crate::observation::{SeenVehicle, Wish};

    /// An observation of one junction whose phase 1 is shown, with four vehicles waiting for phase
    /// 2 and so many that arrive on the first lane of phase 1.
    fn decide(arriving: usize, to_stop_line: f64, speed: f64) -> Wish {
        let spec = GridSpec {
            columns: 1,
            rows: 1,
            ..GridSpec::default()
        };
        let network = grid(&spec).unwrap();
        let signal = &network.signals[0];
        let lane_of = |phase: usize| {
            let phases = crate::SignalPhases::of_network(&network);
            let position = (0..signal.movements.len())
                .find(|&position| phases[0].serves(phase as u32, position))
                .unwrap();
            network.movements[signal.movements[position].index()].from
        };
        let mut seen = Observation::empty(1, network.lanes.len());
        seen.phase[0] = Some(1);
        seen.waiting[lane_of(2).index()] = 4;
        let near = lane_of(1);
        seen.vehicles = vec![
            SeenVehicle {
                to_stop_line,
                speed
            };
            arriving
        ];
        for first in &mut seen.first_vehicle[near.index() + 1..] {
            *first = arriving as u32;
        }
        let mut wishes = Wishes::new(1);
        AdvancedMaxPressure::new(&network, &Protocol::literature()).decide(&seen, &mut wishes);
        wishes.get(0.into())
    }

    #[test]
    fn a_green_stays_for_as_many_as_wait_elsewhere() {
        assert_eq!(decide(4, 100.0, 10.0), Wish::Keep);
        assert_eq!(decide(3, 100.0, 10.0), Wish::Phase(2));
    }

    #[test]
    fn those_who_stand_or_are_far_do_not_count() {
        assert_eq!(decide(9, 100.0, 0.05), Wish::Phase(2));
        // The approach starts at the edge of the area: only one end is cut back, by 15 m.
        assert_eq!(decide(9, 151.0, 10.0), Wish::Keep);
        assert_eq!(decide(9, 153.0, 10.0), Wish::Phase(2));
    }
}
