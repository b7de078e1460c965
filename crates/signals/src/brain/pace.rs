//! The saturation headway, measured: how fast queues pass the stop lines of the whole network.
//!
//! Vehicles are counted out of lanes that had green from one look to the next and more vehicles than
//! could pass (Highway Capacity Manual 7, chapter 31, "field measurement of saturation headway":
//! from the fourth vehicle of a queue to the last). Plants differ by a third, and no number suits
//! them all.

/// Vehicles for which the headway thought of beforehand counts.
const PRIOR: f64 = 20.0;
/// Seconds of green after which a queue runs at its saturation headway.
const STARTS: f64 = 4.0;
/// No queue is faster, seconds between two vehicles.
const FASTEST: f64 = 1.5;
/// Nor slower.
const SLOWEST: f64 = 4.0;

/// What has been counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace {
    vehicles: f64,
    seconds: f64,
}

/// A lane between two looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    /// Seconds between the looks.
    pub(super) passed: f64,
    /// Seconds for which it has had green.
    pub(super) green: f64,
    /// Vehicles that could have passed had each had the stop line for itself.
    pub(super) could: f64,
    /// Vehicles that did.
    pub(super) left: f64,
    /// Vehicles that there was room for beyond.
    pub(super) room: f64,
}

impl Pace {
    /// Takes in a lane with a full green, if its queue was what held it back.
    pub(super) fn count(&mut self, lane: Stretch) {
        let most = lane.passed / FASTEST;
        let queued = lane.could > most && lane.room > most;
        if queued && lane.green >= lane.passed + STARTS {
            self.vehicles += lane.left;
            self.seconds += lane.passed;
        }
    }

    /// Seconds between two vehicles of a queue, if they are this many as far as is known
    /// beforehand.
    pub(super) fn headway(&self, beforehand: f64) -> f64 {
        let headway = (self.seconds + PRIOR * beforehand) / (self.vehicles + PRIOR);
        headway.clamp(FASTEST, SLOWEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(left: f64) -> Stretch {
        Stretch {
            passed: 5.0,
            green: 20.0,
            could: 6.0,
            left,
            room: 10.0,
        }
    }

    #[test]
    fn queues_teach_their_headway() {
        let mut pace = Pace::default();
        assert!((pace.headway(2.45) - 2.45).abs() < 1e-9);
        for turn in 0..1_000 {
            pace.count(full(if turn % 2 == 0 { 2.0 } else { 3.0 }));
        }
        assert!((pace.headway(2.45) - 2.0).abs() < 0.02);
    }

    #[test]
    fn lanes_without_a_queue_without_room_or_at_the_start_of_green_teach_nothing() {
        let mut pace = Pace::default();
        pace.count(Stretch {
            could: 2.0,
            ..full(2.0)
        });
        pace.count(Stretch {
            room: 1.0,
            ..full(1.0)
        });
        pace.count(Stretch {
            green: 8.0,
            ..full(2.0)
        });
        assert_eq!(pace, Pace::default());
    }
}
