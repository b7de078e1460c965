//! What cameras tell: how many there are before the stop line, and how many of them wait.

use super::estimator::{Estimator, STANDING};
use super::lane::SPACING;
use super::sensors::Readings;

/// How far a camera's count pulls, a second.
const PULL: f64 = 0.2;

impl Estimator {
    /// Pulls what is believed of a camera's sight towards its counts.
    pub(super) fn see_cameras(&mut self, readings: &Readings) {
        let (share, range) = self.camera;
        let pull = 1.0 - (1.0 - PULL).powf(self.streets.tick);
        for (camera, reading) in readings.cameras.iter().enumerate() {
            let index = self.cameras[camera] as usize;
            let street = &self.streets.lanes[index];
            let lane = &mut self.lanes[index];
            let ticks = (range.min(street.length) / street.step).floor() as usize;
            let (mut probes, mut standing) = (0.0, 0.0);
            for probe in lane
                .probes
                .iter()
                .filter(|probe| probe.to_stop_line <= range)
            {
                probes += 1.0;
                standing += f64::from(u8::from(probe.speed < STANDING));
            }
            let most = range / SPACING;
            let waits = (lane.standing() + standing).min(most);
            let off = pull * (reading.waiting / share - waits);
            let before = lane.queue;
            lane.set_queue(lane.queue + off);
            let moves = (lane.queue - lane.standing()).min(most) + lane.within(ticks);
            let seen = (reading.count - reading.waiting) / share - (probes - standing);
            let off = pull * (seen.max(0.0) - moves);
            let coming = lane.within(ticks);
            let mut change = lane.queue - before;
            if coming + off > 0.05 && coming > 0.05 {
                lane.scale(ticks, ((coming + off) / coming).clamp(0.5, 2.0));
                change += lane.within(ticks) - coming;
            } else if off > 0.0 {
                let loops = lane.coming.len() - 1;
                lane.expect(loops, ticks as f64 / 2.0, off);
                change += off;
            }
            if street.stop_loop.is_none() {
                self.learnt.enters(index, change);
            }
        }
    }
}
