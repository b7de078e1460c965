//! What detectors say that cannot be, and what is believed instead.
//!
//! A lane whose detector is wrong is put on *recall*, as at the kerb: it counts as one vehicle that
//! waits, so that its phase is served in turn, neither forgotten nor preferred.

use roads::{LaneId, Network, SignalId};
use signals::Observation;

/// Shortest stretch of lane that a vehicle takes, metres.
const SPACING_MIN: f64 = 3.0;
/// Vehicles that a lane may be counted to have beyond what fits, for counts overlap at its ends.
const EXCESS: u32 = 4;
/// Fastest that anything is believed to drive, m/s.
const SPEED_MAX: f64 = 100.0;
/// For how long a count may be the same, though the lane has had green, before it is taken for
/// stuck, seconds.
const STUCK_AFTER: f64 = 300.0;
/// How much green a lane must have had in that time, seconds.
const STUCK_GREEN: f64 = 60.0;
/// For how long a detector must make sense before it is believed again, seconds.
const BELIEVED_AFTER: f64 = 10.0;

/// What is wrong with a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// It counts more than fits, more waiting than there are, or what is no number.
    Impossible,
    /// It has said the same for minutes though its lane had green.
    Stuck,
}

/// One lane's detector.
#[derive(Clone, Debug)]
struct Detector {
    capacity: u32,
    count: u32,
    /// When the count last changed.
    since: f64,
    /// Green since then, seconds.
    green: f64,
    doubt: Option<Doubt>,
    /// When it last made no sense.
    wrong: f64,
}

/// The detectors of all lanes.
#[derive(Clone, Debug)]
pub struct Detectors {
    lanes: Vec<Detector>,
    /// By lane: the signal's movements that leave it, by signal and position.
    heads: Vec<Vec<(SignalId, usize)>>,
    last: f64,
}

impl Detectors {
    /// All trusted. `reach` is how far back from a stop line they see beyond its lane, metres.
    pub fn new(network: &Network, reach: f64) -> Self {
        let mut heads = vec![Vec::new(); network.lanes.len()];
        for (index, signal) in network.signals.iter().enumerate() {
            for (position, movement) in signal.movements.iter().enumerate() {
                let lane = network.movements[movement.index()].from;
                heads[lane.index()].push((SignalId::from(index), position));
            }
        }
        let lanes = network.lanes.iter().map(|lane| {
            // Behind the lane's own stretch several others may come together.
            let beyond = 3.0 * (reach - lane.length).max(0.0);
            Detector {
                capacity: ((lane.length + beyond) / SPACING_MIN).ceil() as u32 + EXCESS,
                count: 0,
                since: 0.0,
                green: 0.0,
                doubt: None,
                wrong: f64::NEG_INFINITY,
            }
        });
        Self {
            lanes: lanes.collect(),
            heads,
            last: 0.0,
        }
    }

    /// What is wrong with a lane's detector now.
    pub fn doubt(&self, lane: LaneId) -> Option<Doubt> {
        self.lanes.get(lane.index()).and_then(|lane| lane.doubt)
    }

    /// Looks at an observation, puts lanes whose detectors are wrong on recall, and tells `changed`
    /// of each that has become wrong or right. `is_green` says whether a movement, by its position
    /// in its signal, is shown green.
    pub fn mend(
        &mut self,
        seen: &mut Observation,
        is_green: impl Fn(SignalId, usize) -> bool,
        mut changed: impl FnMut(LaneId, Option<Doubt>),
    ) {
        let passed = (seen.time - self.last).max(0.0);
        self.last = seen.time;
        let mut recalled = false;
        for index in 0..self.lanes.len() {
            let id = LaneId::from(index);
            let sensible = self.is_sensible(seen, id);
            let green = self.heads[index]
                .iter()
                .any(|&(signal, position)| is_green(signal, position));
            let lane = &mut self.lanes[index];
            let count = seen.count.get(index).copied().unwrap_or(0);
            if !sensible {
                lane.wrong = seen.time;
            }
            if count != lane.count || count == 0 {
                lane.count = count;
                lane.since = seen.time;
                lane.green = 0.0;
            } else if green {
                lane.green += passed;
            }
            let stuck = seen.time - lane.since >= STUCK_AFTER && lane.green >= STUCK_GREEN;
            let doubt = if seen.time - lane.wrong < BELIEVED_AFTER {
                Some(Doubt::Impossible)
            } else if stuck {
                Some(Doubt::Stuck)
            } else {
                None
            };
            if doubt != lane.doubt {
                lane.doubt = doubt;
                changed(id, doubt);
            }
            recalled |= doubt.is_some();
        }
        if recalled {
            self.recall(seen);
        }
    }

    fn is_sensible(&self, seen: &Observation, lane: LaneId) -> bool {
        let index = lane.index();
        let (Some(&count), Some(&waiting)) = (seen.count.get(index), seen.waiting.get(index))
        else {
            return false;
        };
        let vehicles = seen.vehicles_on(lane);
        let possible = vehicles.iter().all(|vehicle| {
            vehicle.to_stop_line.is_finite()
                && vehicle.to_stop_line >= 0.0
                && (0.0..=SPEED_MAX).contains(&vehicle.speed)
        });
        count <= self.lanes[index].capacity
            && waiting <= count
            && vehicles.len() <= self.lanes[index].capacity as usize
            && possible
    }

    /// One waiting vehicle on each lane in doubt.
    fn recall(&self, seen: &mut Observation) {
        let mut kept = Vec::with_capacity(seen.vehicles.len());
        let mut first = vec![0];
        let mut expected = Vec::with_capacity(seen.expected.len());
        let mut first_expected = vec![0];
        for (index, lane) in self.lanes.iter().enumerate() {
            if lane.doubt.is_none() {
                kept.extend_from_slice(seen.vehicles_on(LaneId::from(index)));
                expected.extend(seen.expected_on(LaneId::from(index)));
            } else if let (Some(count), Some(waiting)) =
                (seen.count.get_mut(index), seen.waiting.get_mut(index))
            {
                (*count, *waiting) = (1, 1);
            }
            first.push(kept.len() as u32);
            first_expected.push(expected.len() as u32);
        }
        seen.vehicles = kept;
        seen.first_vehicle = first;
        // Where nothing is estimated, vehicles are what is expected.
        if !seen.first_expected.is_empty() {
            seen.expected = expected;
            seen.first_expected = first_expected;
        }
    }
}

#[cfg(test)]
mod tests {
    use roads::generate::{GridSpec, grid};
    use signals::{ExpectedVehicle, SeenVehicle};

    use super::*;

    fn crossroads() -> Network {
        let spec = GridSpec {
            columns: 1,
            rows: 1,
            ..GridSpec::default()
        };
        grid(&spec).unwrap()
    }

    fn at(network: &Network, time: f64, count: u32, waiting: u32) -> Observation {
        let mut seen = Observation::empty(network.signals.len(), network.lanes.len());
        seen.time = time;
        (seen.count[0], seen.waiting[0]) = (count, waiting);
        seen
    }

    #[test]
    fn a_lane_in_doubt_is_recalled_for_those_who_see_estimates_too() {
        let network = crossroads();
        let mut detectors = Detectors::new(&network, 0.0);
        let mut seen = at(&network, 0.0, 100_000, 0);
        let vehicle = SeenVehicle {
            to_stop_line: 50.0,
            speed: 5.0,
        };
        let lanes = network.lanes.len() as u32;
        seen.expected = vec![
            ExpectedVehicle {
                vehicle,
                weight: 0.4
            };
            2
        ];
        seen.first_expected = (0..=lanes).map(|lane| lane.min(2)).collect();
        detectors.mend(&mut seen, |_, _| false, |_, _| {});
        assert_eq!((seen.count[0], seen.waiting[0]), (1, 1));
        let expected = |lane: u32| seen.expected_on(LaneId(lane)).count();
        assert_eq!((expected(0), expected(1), expected(2)), (0, 1, 0));
    }

    #[test]
    fn a_count_that_cannot_be_is_recalled_and_believed_again_later() {
        let network = crossroads();
        let mut detectors = Detectors::new(&network, 0.0);
        let mut told = Vec::new();
        for (time, count, waiting) in [(0.0, 3, 1), (1.0, 4_000_000, 0), (2.0, 2, 3), (5.0, 2, 1)] {
            let mut seen = at(&network, time, count, waiting);
            detectors.mend(
                &mut seen,
                |_, _| false,
                |lane, doubt| told.push((time, lane, doubt)),
            );
            let expected = if time < 1.0 { (3, 1) } else { (1, 1) };
            assert_eq!((seen.count[0], seen.waiting[0]), expected, "at {time}");
        }
        let mut seen = at(&network, 12.0, 2, 1);
        detectors.mend(
            &mut seen,
            |_, _| false,
            |lane, doubt| told.push((12.0, lane, doubt)),
        );
        assert_eq!(seen.count[0], 2);
        assert_eq!(
            told,
            [
                (1.0, LaneId(0), Some(Doubt::Impossible)),
                (12.0, LaneId(0), None)
            ]
        );
    }

    #[test]
    fn a_count_that_never_changes_through_greens_is_stuck_until_it_changes() {
        let network = crossroads();
        let mut detectors = Detectors::new(&network, 0.0);
        let mut doubts = Vec::new();
        for second in 0..400 {
            let count = if second < 350 { 5 } else { 6 };
            let mut seen = at(&network, f64::from(second), count, count);
            let green = second % 60 < 20;
            detectors.mend(
                &mut seen,
                |_, _| green,
                |_, doubt| doubts.push((second, doubt)),
            );
        }
        // A lane without green may stand for as long as it likes.
        assert_eq!(doubts, [(300, Some(Doubt::Stuck)), (350, None)]);
        let mut detectors = Detectors::new(&network, 0.0);
        for second in 0..400 {
            let mut seen = at(&network, f64::from(second), 5, 5);
            detectors.mend(&mut seen, |_, _| false, |_, doubt| panic!("{doubt:?}"));
        }
    }

    #[test]
    fn vehicles_that_cannot_be_are_left_out() {
        let network = crossroads();
        let mut detectors = Detectors::new(&network, 0.0);
        let mut seen = at(&network, 0.0, 1, 0);
        seen.vehicles = [f64::NAN, 10.0]
            .map(|to_stop_line| SeenVehicle {
                to_stop_line,
                speed: 5.0,
            })
            .to_vec();
        seen.first_vehicle = vec![2; network.lanes.len() + 1];
        (seen.first_vehicle[0], seen.first_vehicle[1]) = (0, 1);
        seen.count[1] = 1;
        detectors.mend(&mut seen, |_, _| false, |_, _| {});
        assert_eq!(seen.vehicles_on(LaneId(0)), []);
        assert_eq!(seen.vehicles_on(LaneId(1)).len(), 1);
    }
}
