//! What loops tell: who has passed them, and whether somebody stands on them.

use super::estimator::Estimator;
use super::lane::{HEADWAY, SPACING};
use super::sensors::Readings;

/// Seconds by which a vehicle may pass a loop earlier or later than expected.
const WINDOW: f64 = 4.0;
/// Vehicles that have to be expected at a loop that counts nobody before it is not believed.
const STUCK: f64 = 8.0;
/// Seconds of green for which a stop line has to be empty besides.
const STUCK_GREEN: f64 = 20.0;
/// Seconds in green after which an empty stop line says that nobody waits.
const SILENT: f64 = 3.5;
/// Seconds of a loop occupied after which somebody stands on it.
const STANDS: f64 = 6.0;
/// Seconds of green for which a stop line is occupied after which who is first wants a way that is
/// shut.
const STAYS: f64 = 4.0;
/// Probability that somebody is there whom a loop upstream has counted.
const TRUST: f64 = 0.99;
/// Seconds by which those who should have come may be late, in the mean.
const LATE: f64 = 12.0;

/// What is believed of a loop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LoopState {
    /// Probes that have passed it and may be among its counts.
    pub(super) probes: f64,
    /// Vehicles expected since its last count.
    pub(super) expected: f64,
    /// Seconds of green since its last count.
    pub(super) green: f64,
    /// Seconds for which it has been occupied.
    pub(super) occupied: f64,
    /// Seconds for which it has not.
    pub(super) empty: f64,
    /// Vehicles that should have come of late, and may be late.
    pub(super) fresh: f64,
}

impl LoopState {
    pub(super) fn believed(&self) -> bool {
        self.expected < STUCK
    }

    /// Of so many counted, those who are no probes that have just passed.
    fn others(&mut self, count: u32) -> f64 {
        let counted = f64::from(count);
        let probes = self.probes.min(counted);
        self.probes = (self.probes - probes) * 0.5;
        counted - probes
    }
}

impl Estimator {
    /// What the loop at a stop line says of those who were thought to cross. Returns how many have.
    pub(super) fn stop_line(
        &mut self,
        index: usize,
        id: usize,
        readings: &Readings,
        (arrived, out): (f64, f64),
    ) -> f64 {
        let tick = self.streets.tick;
        let reading = readings.loops[id];
        let lane = &mut self.lanes[index];
        let state = &mut self.loops[id];
        state.expected += arrived;
        if lane.green > 0.0 {
            state.green += tick;
        }
        if reading.count > 0 {
            state.expected = 0.0;
            state.green = 0.0;
        }
        if state.green < STUCK_GREEN {
            state.expected = state.expected.min(STUCK - 0.1);
        }
        if !state.believed() {
            return out;
        }
        let counted = state.others(reading.count) * self.count;
        let missed = self.loss * out;
        let crossed = counted + missed;
        lane.correct(crossed - out);
        if self.streets.lanes[index].advance.is_empty() {
            self.learnt.enters(index, crossed);
        }
        let over = reading.occupancy > 0.0 || reading.count > 0;
        state.empty = if over { 0.0 } else { state.empty + tick };
        state.occupied = if reading.occupancy > 0.9 {
            state.occupied + tick
        } else {
            0.0
        };
        if reading.count > 0 {
            lane.moves();
        } else if state.occupied > STAYS && lane.green > STAYS {
            lane.stays();
        }
        let at_line = lane
            .probes
            .first()
            .is_some_and(|probe| probe.to_stop_line < SPACING);
        state.fresh = (state.fresh * (1.0 - tick / LATE) + arrived).min(lane.queue);
        let stale = (lane.queue - state.fresh).max(0.0);
        if lane.green > SILENT && state.empty > SILENT {
            let doubt = 1.0 - self.loss.powf(tick / HEADWAY);
            lane.set_queue(lane.queue - stale * doubt);
        } else if lane.green <= 0.0 && state.empty > SILENT && lane.queue < 1.5 {
            let doubt = (stale * 0.25).min((lane.queue - self.loss).max(0.0));
            lane.set_queue(lane.queue - doubt);
        } else if lane.green <= 0.0 && state.occupied > 2.0 && !at_line {
            lane.queue = lane.queue.max(1.0);
        }
        crossed
    }

    /// What advance loops have counted.
    pub(super) fn pass_loops(&mut self, readings: &Readings) {
        let tick = self.streets.tick;
        for index in 0..self.lanes.len() {
            for place in 0..self.streets.lanes[index].advance.len() {
                let street = &self.streets.lanes[index];
                let id = street.advance[place] as usize;
                let at = self.streets.loops[id].at;
                let here = (at / street.step).round() as usize;
                let reach = ((WINDOW / tick).round() as usize).min(here);
                let state = &mut self.loops[id];
                let reading = readings.loops[id];
                let counted = state.others(reading.count) * self.count;
                if reading.count > 0 {
                    state.expected = 0.0;
                }
                state.occupied = if reading.occupancy > 0.95 {
                    state.occupied + tick
                } else {
                    0.0
                };
                let stands = state.occupied > STANDS && reading.count == 0;
                let believed = state.believed();
                let known = place > 0 || !street.source;
                let shared = place == 0 && street.shared;
                if counted > 0.0 && believed {
                    if known {
                        self.claim(index, place, here, (reach, counted));
                    }
                    self.lanes[index].expect(place + 1, here as f64, counted);
                }
                let lane = &mut self.lanes[index];
                let missed = std::mem::take(&mut lane.coming[place][here - reach]);
                let state = &mut self.loops[id];
                state.expected += missed;
                // Of those who come in over the boundary only their usual number is known; whom a
                // loop upstream has counted is there, unless something went wrong.
                // Where lanes upstream lead several ways only a share of each is expected, and it
                // is as likely that he went another.
                let stays = if known {
                    let there = if shared { missed.min(TRUST) } else { TRUST };
                    let unseen = there * self.loss;
                    unseen / (unseen + 1.0 - there)
                } else {
                    self.loss
                };
                let missed = if believed { missed * stays } else { missed };
                lane.expect(place + 1, (here - reach) as f64, missed);
                if believed && stands {
                    lane.queue = lane.queue.max(at / SPACING - lane.probes.len() as f64);
                } else if believed && reading.occupancy < 0.5 {
                    let most = at / SPACING + 2.0;
                    lane.set_queue(lane.queue.min(most));
                }
                if place == 0 {
                    self.learnt.enters(index, counted + missed);
                }
            }
        }
    }

    /// Takes a counted vehicle from those expected on the lane, or else beside it.
    fn claim(&mut self, index: usize, loops: usize, here: usize, (reach, most): (usize, f64)) {
        let mut left = most - self.lanes[index].claim(loops, here, reach, most);
        let link = self.streets.links[self.streets.lanes[index].link as usize].clone();
        for other in link {
            let same =
                self.streets.lanes[other].advance.len() == self.lanes[index].coming.len() - 1;
            if other != index && same && left > 0.0 {
                left -= self.lanes[other].claim(loops, here, reach, left);
            }
        }
    }
}
