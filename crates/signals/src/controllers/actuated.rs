//! Vehicle actuation: a green lasts while vehicles keep coming, within its minimum and maximum.
//!
//! Each phase has presence detectors of some length before the stop lines of its lanes. After the
//! minimum green it ends by *gap-out* when nobody has been on them for the passage time, or by
//! *max-out* when it has lasted its maximum, in either case only when another phase is called for;
//! then the next phase in the order of the plan with a call follows, and phases without one are
//! skipped. With no call anywhere the green rests. After the operation of NEMA TS 2 controllers as
//! in the *Traffic Signal Timing Manual*, 2nd edition (NCHRP 812, 2015), chapter 6, single ring.

use roads::{LaneId, Network};

use super::Info;
use crate::controller::{Controller, Detail};
use crate::observation::{Observation, Wish, Wishes};
use crate::phases::{PhaseIndex, SignalPhases};
use crate::protocol::Protocol;

pub(super) const INFO: Info = Info {
    name: "actuated",
    title_en: "Vehicle-actuated",
    title_zh: "感应控制",
    about_en: "Extends a green while vehicles arrive, ends it at a gap or at its maximum.",
    about_zh: "车辆连续到达时延长绿灯,出现空当或达到最大绿灯时间时结束。",
};

/// The timings of vehicle actuation.
#[derive(Clone, Debug, PartialEq)]
pub struct ActuatedTimes {
    /// Shortest green, seconds.
    pub minimum_green: f64,
    /// Longest green while another phase is called for, seconds.
    pub maximum_green: f64,
    /// Gap that ends a green, seconds.
    pub passage: f64,
    /// Length of the detectors before the stop line, metres.
    pub detector: f64,
}

impl Default for ActuatedTimes {
    fn default() -> Self {
        Self {
            minimum_green: 7.0,
            maximum_green: 45.0,
            passage: 3.0,
            detector: 30.0,
        }
    }
}

#[derive(Clone, Debug)]
struct Ring {
    /// Phases in turn, each with the lanes it serves.
    phases: Vec<(PhaseIndex, Vec<LaneId>)>,
    /// When a vehicle was last on the detectors of the present phase, seconds.
    last_call: f64,
}

/// Extends greens by detectors.
#[derive(Clone, Debug)]
pub struct Actuated {
    rings: Vec<Ring>,
    times: ActuatedTimes,
}

impl Actuated {
    /// For a network: at each signal the smallest set of the protocol's phases that serves
    /// everyone, in turn.
    pub fn new(network: &Network, protocol: &Protocol, times: ActuatedTimes) -> Self {
        let rings = SignalPhases::of_network(network)
            .iter()
            .zip(&network.signals)
            .map(|(phases, signal)| Ring {
                phases: phases
                    .cover(protocol.usable(phases))
                    .into_iter()
                    .map(|phase| {
                        let mut lanes: Vec<LaneId> = signal
                            .movements
                            .iter()
                            .enumerate()
                            .filter(|&(position, _)| phases.serves(phase, position))
                            .map(|(_, movement)| network.movements[movement.index()].from)
                            .collect();
                        lanes.sort_unstable();
                        lanes.dedup();
                        (phase, lanes)
                    })
                    .collect(),
                last_call: 0.0,
            })
            .collect();
        Self { rings, times }
    }
}

impl Ring {
    fn decide(
        &mut self,
        times: &ActuatedTimes,
        seen: &Observation,
        phase: Option<PhaseIndex>,
        elapsed: f64,
        clearing: bool,
    ) -> Wish {
        let Some(&(first, _)) = self.phases.first() else {
            return Wish::Keep;
        };
        let Some(present) = self
            .phases
            .iter()
            .position(|&(known, _)| Some(known) == phase)
        else {
            return Wish::Phase(first);
        };
        let called = |lanes: &[LaneId]| {
            lanes.iter().any(|&lane| {
                seen.vehicles_on(lane)
                    .first()
                    .is_some_and(|vehicle| vehicle.to_stop_line <= times.detector)
            })
        };
        let own = &self.phases[present].1;
        if clearing || called(own) {
            self.last_call = seen.time;
        }
        if clearing || elapsed < times.minimum_green {
            return Wish::Keep;
        }
        let gap = seen.time - self.last_call >= times.passage;
        if !gap && elapsed < times.maximum_green {
            return Wish::Keep;
        }
        let count = self.phases.len();
        let waits = |lanes: &[LaneId]| {
            // Vehicles on lanes that have green already are no call for another phase.
            lanes
                .iter()
                .any(|lane| !own.contains(lane) && called(std::slice::from_ref(lane)))
        };
        (1..count)
            .map(|step| &self.phases[(present + step) % count])
            .find(|(_, lanes)| waits(lanes))
            .map_or(Wish::Keep, |&(next, _)| Wish::Phase(next))
    }
}

impl Controller for Actuated {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn detail(&self) -> Detail {
        Detail::Vehicles
    }

    fn interval(&self) -> Option<f64> {
        Some(1.0)
    }

    fn fork(&self) -> Option<Box<dyn Controller>> {
        Some(Box::new(self.clone()))
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        for (index, ring) in self.rings.iter_mut().enumerate() {
            let (phase, elapsed, clearing) =
                (seen.phase[index], seen.elapsed[index], seen.clearing[index]);
            let wish = ring.decide(&self.times, seen, phase, elapsed, clearing);
            wishes.set(index.into(), wish);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::SeenVehicle;

    const NEAR: LaneId = LaneId(0);
    const SIDE: LaneId = LaneId(1);

    fn ring() -> Ring {
        Ring {
            phases: vec![(1, vec![NEAR]), (2, vec![SIDE]), (3, vec![LaneId(2)])],
            last_call: 0.0,
        }
    }

    /// What the ring wishes with phase 1 green for so long; lanes with a vehicle at its detector.
    fn decide(ring: &mut Ring, time: f64, elapsed: f64, occupied: &[LaneId]) -> Wish {
        let mut seen = Observation::empty(1, 3);
        seen.time = time;
        for lane in (0..3).map(LaneId) {
            if occupied.contains(&lane) {
                seen.vehicles.push(SeenVehicle {
                    to_stop_line: 10.0,
                    speed: 5.0,
                });
            }
            seen.first_vehicle[lane.index() + 1] = seen.vehicles.len() as u32;
        }
        ring.decide(&ActuatedTimes::default(), &seen, Some(1), elapsed, false)
    }

    #[test]
    fn a_green_ends_after_a_gap_if_another_is_called_for() {
        let mut ring = ring();
        assert_eq!(decide(&mut ring, 10.0, 10.0, &[NEAR, SIDE]), Wish::Keep);
        assert_eq!(decide(&mut ring, 12.0, 12.0, &[SIDE]), Wish::Keep);
        assert_eq!(decide(&mut ring, 13.0, 13.0, &[SIDE]), Wish::Phase(2));
    }

    #[test]
    fn a_green_has_its_minimum() {
        let mut ring = ring();
        assert_eq!(decide(&mut ring, 100.0, 6.0, &[SIDE]), Wish::Keep);
        assert_eq!(decide(&mut ring, 101.0, 7.0, &[SIDE]), Wish::Phase(2));
    }

    #[test]
    fn a_green_ends_at_its_maximum_though_vehicles_come() {
        let mut ring = ring();
        assert_eq!(decide(&mut ring, 44.0, 44.0, &[NEAR, SIDE]), Wish::Keep);
        assert_eq!(decide(&mut ring, 45.0, 45.0, &[NEAR, SIDE]), Wish::Phase(2));
    }

    #[test]
    fn phases_without_a_call_are_skipped_and_a_green_rests() {
        let mut ring = ring();
        assert_eq!(decide(&mut ring, 90.0, 90.0, &[LaneId(2)]), Wish::Phase(3));
        assert_eq!(decide(&mut ring, 500.0, 500.0, &[]), Wish::Keep);
    }
}
