//! What probes tell: how many wait before one that stands, and that nobody does before one that
//! drives.

use super::estimator::{Estimator, STANDING};
use super::lane::{ProbeHere, SPACING, STARTS};
use super::sensors::Report;

/// Above this share of the limit a probe drives freely.
const FREE: f64 = 0.75;
/// Metres in which a probe brakes before a queue.
const BRAKES: f64 = 12.0;
/// How fast the start of a queue runs back from the stop line, m/s.
const WAVE: f64 = SPACING / STARTS;
/// Room that a vehicle takes that drives off from a queue, metres.
const APART: f64 = 18.0;
/// Seconds for which a probe has to stand to be taken for one of a queue, and more for each vehicle
/// by which that queue is longer than thought.
const STANDS: f64 = 2.0;
const SURPRISE: f64 = 0.3;
/// Seconds by which a vehicle may drive off later than its queue's start has come to it.
const LATE: f64 = 4.0;
/// Vehicles in a queue up to which a probe's place says well how many there are. Beyond, queues have
/// holes, before those who change lanes: then no more than twice as many as thought are believed.
const SURE: f64 = 3.0;

impl Estimator {
    /// Where the probes are.
    pub(super) fn see_probes(&mut self, reports: &[Report]) {
        let Some(every) = self.every else {
            return;
        };
        if self.alone() {
            self.learnt.count_probes();
        }
        for report in reports {
            self.hear(report, every as f64 * self.streets.tick);
        }
        for index in 0..self.lanes.len() {
            self.miss_probes(index, every);
            for place in 0..self.lanes[index].probes.len() {
                self.believe_probe(index, place);
            }
        }
    }

    /// Whether probes are all there is.
    fn alone(&self) -> bool {
        self.loops.is_empty() && self.cameras.is_empty()
    }

    /// A probe reports, so many seconds after its last report.
    fn hear(&mut self, report: &Report, seconds: f64) {
        let lane = report.lane as usize;
        let probe = report.probe as usize;
        if self.at.len() <= probe {
            self.at.resize(probe + 1, None);
        }
        let was = self.at[probe].replace(report.lane).map(|was| was as usize);
        let mut before = None;
        if let Some(was) = was {
            let probes = &mut self.lanes[was].probes;
            let found = probes.iter().position(|known| known.probe == report.probe);
            before = found.map(|place| probes.remove(place));
        }
        let beside = was.is_some_and(|was| {
            was != lane && self.streets.lanes[was].link == self.streets.lanes[lane].link
        });
        if let (Some(was), Some(gone), false) = (was, before, beside || was == Some(lane)) {
            self.crosses(was, gone);
        }
        let before = before.filter(|_| was == Some(lane));
        if let (Some(was), true, true) = (was, beside, self.alone()) {
            // What matters is on which lane of a link vehicles come to its end.
            let unit = 1.0 / self.learnt.penetration();
            self.learnt.enters(was, -unit);
            self.learnt.enters(lane, unit);
        }
        if was != Some(lane) && !beside {
            if self.alone() {
                self.learnt.enters(lane, 1.0 / self.learnt.penetration());
            } else if self.filmed[lane] && self.streets.lanes[lane].stop_loop.is_none() {
                self.learnt.enters(lane, 1.0);
            }
        }
        if !beside {
            let from = before.map_or(f64::INFINITY, |known| known.to_stop_line);
            for &id in &self.streets.lanes[lane].advance {
                let at = self.streets.loops[id as usize].at;
                if from > at && report.to_stop_line <= at {
                    self.loops[id as usize].probes += 1.0;
                }
            }
        }
        let stands = before.map_or(0.0, |known| known.stands) + seconds;
        self.lanes[lane].probes.push(ProbeHere {
            probe: report.probe,
            to_stop_line: report.to_stop_line,
            speed: report.speed,
            stands: if report.speed < STANDING { stands } else { 0.0 },
            stood: before.is_some_and(|known| known.stood),
            place: before.and_then(|known| known.place),
            tick: self.tick,
        });
    }

    /// A probe has crossed the stop line of a lane: nobody was left before it.
    fn crosses(&mut self, index: usize, gone: ProbeHere) {
        let lane = &mut self.lanes[index];
        lane.probe_crosses();
        lane.moves();
        if let Some(place) = gone.place.filter(|_| lane.green > 0.0) {
            self.learnt.crosses(place, lane.green);
        }
        if let Some(id) = self.streets.lanes[index].stop_loop {
            self.loops[id as usize].probes += 1.0;
        }
        if lane.reference().is_none() {
            if gone.stood {
                lane.leaves();
            } else {
                lane.at_most(0.0);
            }
        }
    }

    /// Moves those on who have not reported just now; those not heard of for too long have crossed.
    fn miss_probes(&mut self, index: usize, every: u64) {
        let lane = &mut self.lanes[index];
        for probe in &mut lane.probes {
            if probe.tick < self.tick {
                let driven = probe.speed * self.streets.tick;
                probe.to_stop_line = (probe.to_stop_line - driven).max(0.0);
            }
        }
        let order = |a: &ProbeHere, b: &ProbeHere| a.to_stop_line.total_cmp(&b.to_stop_line);
        lane.probes.sort_by(order);
        let heard = self.tick.saturating_sub(every);
        let silent = |probe: &ProbeHere| probe.tick <= heard;
        while let Some(place) = self.lanes[index].probes.iter().position(silent) {
            let gone = self.lanes[index].probes.remove(place);
            self.at[gone.probe as usize] = None;
            self.crosses(index, gone);
        }
    }

    /// What a probe of a lane tells of the others on it.
    fn believe_probe(&mut self, index: usize, place: usize) {
        let alone = self.alone();
        let street = &self.streets.lanes[index];
        let lane = &mut self.lanes[index];
        let probe = lane.probes[place];
        let last = !lane.probes[place + 1..].iter().any(|other| other.stood);
        if probe.speed >= STANDING {
            let most = (probe.to_stop_line - BRAKES).max(0.0) / SPACING;
            let free = !probe.stood && probe.speed > FREE * street.speed;
            // In red it will say more when it stands.
            if free && lane.green > 0.0 && lane.reference().is_none() {
                lane.at_most(most);
            }
            return;
        }
        if lane.green > LATE + probe.to_stop_line / WAVE && probe.stands > STANDS {
            lane.stays();
        }
        // In green those near the stop line drive, and farther apart.
        let driving = (lane.green * WAVE).min(probe.to_stop_line);
        let standing = probe.to_stop_line - driving;
        let before = (standing / self.learnt.spacing() + driving / APART).round();
        let unseen = (before - place as f64).max(0.0);
        let first = !probe.stood;
        let known = lane.reference().map_or(0.0, |_| lane.queue - lane.behind);
        // Those whom the model has before it.
        let since = probe.to_stop_line / street.step - probe.stands / self.streets.tick;
        let since = since.max(0.0).floor() as usize;
        let thought = if first {
            lane.queue + lane.within(since)
        } else {
            lane.queue - lane.behind
        };
        // The more it surprises, the longer it has to stand: it may stand for another reason than
        // a queue.
        let surprise = (unseen - thought - 3.0).max(0.0);
        if probe.stands < STANDS + SURPRISE * surprise {
            return;
        }
        lane.probes[place].stood = true;
        let red = lane.green <= 0.0;
        let again = probe.place == Some(probe.to_stop_line);
        if red {
            lane.probes[place].place = Some(probe.to_stop_line);
        }
        if first && red && (1.0..=SURE).contains(&before) {
            self.learnt.stands(place as f64, before);
        }
        // Where nearly all are probes, what a place says of others is error.
        let others = 1.0 - self.learnt.penetration();
        let believed = unseen.min(2.0 * thought + SURE);
        let waits = others * believed + (1.0 - others) * thought;
        if last && first && red && alone {
            // Those before a probe that stood there already are known.
            self.learnt
                .waits((believed - known).max(0.0), thought - known);
        }
        if last && first {
            lane.scale(since, 0.0);
            lane.ends(waits);
            self.learnt.lesson(index, waits - thought);
        }
        if last && !first && red && !again {
            lane.queue = waits + lane.behind;
        }
    }
}
