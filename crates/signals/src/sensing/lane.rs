//! One lane as it is believed to be: whom the stop line may expect when, and who waits there.

use std::collections::VecDeque;

use super::backlog::Backlog;
use super::streets::Street;

/// Seconds between two that discharge one after the other.
pub(super) const HEADWAY: f64 = 2.45;
/// Room that a standing vehicle takes, metres.
pub(super) const SPACING: f64 = 7.5;
/// The least room that one takes, metres.
const CLOSEST: f64 = SPACING * 0.8;
/// Share of a vehicle that may cross at once when green begins: what the first lose by reacting
/// and starting.
const READY: f64 = 0.3;
/// Seconds after each other at which those who stand start.
pub(super) const STARTS: f64 = 1.2;
/// How likely it is that who is first wants a way that is shut, from which on a lane counts as red.
const BARRED: f64 = 0.8;
/// Share of a full flow from which one who finds nobody before him goes at once.
const OPEN: f64 = 0.1;
/// Ticks by which somebody may be earlier than expected.
const SOON: usize = 6;
/// Ticks beyond the start of a lane for which it is known who will come.
const BEYOND: usize = 40;

/// A probe on the lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ProbeHere {
    pub(super) probe: u32,
    pub(super) to_stop_line: f64,
    pub(super) speed: f64,
    /// Seconds for which it has been standing.
    pub(super) stands: f64,
    /// It stands or has stood in the queue of this lane.
    pub(super) stood: bool,
    /// Where it stood last in red, metres from the stop line.
    pub(super) place: Option<f64>,
    /// The tick of its last report.
    pub(super) tick: u64,
}

/// A lane.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// Vehicles by ticks until they reach the stop line undisturbed: those before the first loop,
    /// those between it and the next, and so on. Probes are apart.
    pub(super) coming: Vec<VecDeque<f64>>,
    /// Vehicles that have come to the queue and not crossed; probes are apart.
    pub(super) queue: f64,
    /// Of those: behind the last probe that stands or has stood.
    pub(super) behind: f64,
    /// Where only probes are seen: how many there may be behind that probe, or at all if there is
    /// none.
    pub(super) backlog: Option<Backlog>,
    /// Front to back.
    pub(super) probes: Vec<ProbeHere>,
    /// Vehicles that may cross now.
    credit: f64,
    /// Seconds of the present green; 0 in red.
    pub(super) green: f64,
    /// The ways that are open, a bit for each,
    open: u64,
    /// which share of its vehicles wants one of them,
    share: f64,
    /// and how likely it is that the first who waits wants another.
    barred: f64,
}

impl Lane {
    pub(super) fn new(street: &Street, probes_only: bool) -> Self {
        let empty: VecDeque<f64> = vec![0.0; street.ticks.ceil() as usize + BEYOND].into();
        Self {
            coming: vec![empty; street.advance.len() + 1],
            queue: 0.0,
            behind: 0.0,
            backlog: probes_only.then(Backlog::default),
            probes: Vec::new(),
            credit: 0.0,
            green: 0.0,
            open: 0,
            share: 1.0,
            barred: 0.0,
        }
    }

    /// These ways are open, which such a share of its vehicles take; where others opened than were
    /// before, whoever was first may go.
    pub(super) fn open(&mut self, ways: u64, share: f64) {
        if share >= 1.0 || ways & !self.open != 0 {
            self.barred = 0.0;
        }
        self.open = ways;
        self.share = share;
    }

    /// No more wait than there is room for on so many metres.
    pub(super) fn fit(&mut self, length: f64) {
        let most = (length / CLOSEST).max(1.0);
        if self.queue <= most {
            return;
        }
        if self.reference().is_some() {
            let over = self.queue - most;
            self.queue = most;
            self.behind = (self.behind - over).max(0.0);
            let before = self.behind;
            if let Some(backlog) = &mut self.backlog {
                backlog.at_most(before);
            }
        } else {
            self.at_most(most);
        }
    }

    /// Somebody stands who should have gone since his green began: the first wants another way.
    pub(super) fn stays(&mut self) {
        if self.share < 1.0 {
            self.barred = 1.0;
            self.green = 0.0;
        }
    }

    /// Somebody has crossed, or nobody stands at the stop line.
    pub(super) fn moves(&mut self) {
        self.barred = 0.0;
    }

    /// Somebody, or a share of one, who has passed so many loops will be at the stop line in so
    /// many ticks.
    pub(super) fn expect(&mut self, loops: usize, ticks: f64, vehicles: f64) {
        let coming = &mut self.coming[loops];
        let place = (ticks.round().max(0.0) as usize).min(coming.len() - 1);
        coming[place] += vehicles;
    }

    /// Whether some probe on it stands or has stood.
    pub(super) fn reference(&self) -> Option<&ProbeHere> {
        self.probes.iter().rev().find(|probe| probe.stood)
    }

    /// A tick passes in which the lane may let so much of a full flow go, of those whose ways are
    /// open. Returns how many cross.
    pub(super) fn pass(&mut self, flow: f64, tick: f64) -> f64 {
        let mut arrived = 0.0;
        for coming in &mut self.coming {
            arrived += coming.pop_front().unwrap_or(0.0);
            coming.push_back(0.0);
        }
        let first = self.reference().is_none();
        let may = if first && flow >= OPEN {
            self.share
        } else {
            0.0
        };
        let (passed, stays) = self
            .backlog
            .as_mut()
            .map_or((0.0, 0.0), |backlog| backlog.arrive(arrived, may));
        self.queue += arrived;
        self.behind = (self.behind + arrived).min(self.queue);
        if first {
            self.behind = 0.0;
        }
        self.barred = (self.barred + stays).min(1.0);
        if first {
            self.barred = self.barred.min(self.queue);
        }
        if flow <= 0.0 || self.barred > BARRED {
            self.green = 0.0;
            self.credit = 0.0;
            self.queue -= passed;
            return passed;
        }
        if self.green <= 0.0 {
            self.credit = READY;
        }
        self.green += tick;
        if let (Some(backlog), true) = (&mut self.backlog, first) {
            self.credit += flow * tick / HEADWAY;
            let mut out = passed;
            if self.credit >= 1.0 {
                out += if self.share < 1.0 {
                    let first = (backlog.any() - self.barred).max(0.0);
                    let goes = first * self.share;
                    self.barred += first - goes;
                    backlog.serve_at(goes)
                } else {
                    backlog.serve()
                };
                self.credit = (self.credit - 1.0).min(1.0);
            }
            self.queue = backlog.mean();
            return out;
        }
        self.credit = (self.credit + flow * tick / HEADWAY).min(1.0_f64.max(arrived));
        // Who is behind a probe does not cross before it.
        let waits = self.queue - self.behind;
        let mut out = self.credit.min(waits).max(0.0);
        if self.share < 1.0 {
            let first = self.credit.min(waits - self.barred).max(0.0) * (1.0 - self.barred);
            self.barred += first * (1.0 - self.share);
            out = first * self.share;
        }
        self.credit -= out;
        self.queue -= out;
        out
    }

    /// A probe has crossed.
    pub(super) fn probe_crosses(&mut self) {
        self.credit -= 1.0;
    }

    /// So many more have crossed than thought, or fewer.
    pub(super) fn correct(&mut self, vehicles: f64) {
        if vehicles <= 0.0 {
            self.queue -= vehicles;
            return;
        }
        let mut left = vehicles;
        let soon = self
            .coming
            .iter_mut()
            .rev()
            .flat_map(|coming| coming.iter_mut().take(SOON));
        for place in std::iter::once(&mut self.queue).chain(soon) {
            let taken = place.min(left);
            *place -= taken;
            left -= taken;
        }
        self.behind = self.behind.min(self.queue);
    }

    /// No more than so many wait, and there is no probe among them.
    pub(super) fn at_most(&mut self, vehicles: f64) {
        if let Some(backlog) = &mut self.backlog {
            backlog.at_most(vehicles);
            self.queue = backlog.mean();
        } else {
            self.set_queue(vehicles.min(self.queue));
        }
    }

    /// A probe stands behind so many, and nobody behind it.
    pub(super) fn ends(&mut self, vehicles: f64) {
        if let Some(backlog) = &mut self.backlog {
            backlog.set(0.0);
        }
        self.behind = 0.0;
        self.queue = vehicles;
    }

    /// The last probe that stood has crossed: those behind it are left.
    pub(super) fn leaves(&mut self) {
        if let Some(backlog) = &self.backlog {
            self.queue = backlog.mean();
        } else {
            self.set_queue(self.behind.min(self.queue));
        }
        self.behind = 0.0;
    }

    /// Sets how many wait.
    pub(super) fn set_queue(&mut self, vehicles: f64) {
        self.queue = vehicles.max(0.0);
        self.behind = self.behind.min(self.queue);
    }

    /// Takes up to so many from those who have passed so many loops and are expected about a
    /// place, nearest first; returns how many.
    pub(super) fn claim(&mut self, loops: usize, place: usize, reach: usize, most: f64) -> f64 {
        let coming = &mut self.coming[loops];
        let mut left = most;
        for off in 0..=reach {
            for at in [place.checked_sub(off), Some(place + off)] {
                if let Some(value) = at.and_then(|at| coming.get_mut(at)) {
                    let taken = value.min(left);
                    *value -= taken;
                    left -= taken;
                }
            }
        }
        most - left
    }

    /// Those expected within so many ticks.
    pub(super) fn within(&self, ticks: usize) -> f64 {
        self.coming
            .iter()
            .flat_map(|coming| coming.iter().take(ticks))
            .sum()
    }

    /// Multiplies those expected within so many ticks by a factor.
    pub(super) fn scale(&mut self, ticks: usize, factor: f64) {
        for value in self
            .coming
            .iter_mut()
            .flat_map(|coming| coming.iter_mut().take(ticks))
        {
            *value *= factor;
        }
    }

    /// Of those who wait, how many stand: in green those at the front have started, one after the
    /// other.
    pub(super) fn standing(&self) -> f64 {
        (self.queue - self.green / STARTS).max(0.0)
    }

    /// Whom the lane holds, probes left out.
    pub(super) fn total(&self, street: &Street) -> f64 {
        self.queue + self.within(street.ticks.ceil() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lane on which so many wait, of which only probes are seen or everybody.
    fn waiting(vehicles: f64, probes_only: bool) -> Lane {
        let mut lane = Lane {
            coming: vec![vec![0.0; 60].into()],
            queue: vehicles,
            behind: 0.0,
            backlog: probes_only.then(Backlog::default),
            probes: Vec::new(),
            credit: 0.0,
            green: 0.0,
            open: 0,
            share: 1.0,
            barred: 0.0,
        };
        if let Some(backlog) = &mut lane.backlog {
            backlog.set(vehicles);
        }
        lane
    }

    fn out(lane: &mut Lane, ways: u64, share: f64, seconds: usize) -> f64 {
        (0..seconds)
            .map(|_| {
                lane.open(ways, share);
                lane.pass(f64::from(u8::from(ways != 0)), 1.0)
            })
            .sum()
    }

    #[test]
    fn who_wants_a_way_that_is_shut_holds_up_those_behind_him() {
        for probes_only in [true, false] {
            let mut lane = waiting(10.0, probes_only);
            // A third turns right, which is open all the time; half a vehicle goes in the mean
            // before somebody who does not.
            let gone = out(&mut lane, 1, 1.0 / 3.0, 120);
            assert!((0.3..0.6).contains(&gone), "{gone}");
            assert!((lane.queue + gone - 10.0).abs() < 0.01, "{}", lane.queue);
            let gone = out(&mut lane, u64::MAX, 1.0, 20);
            assert!(gone > 6.0, "{gone}");
        }
    }

    #[test]
    fn a_probe_that_stands_long_in_green_waits_for_a_way_that_is_shut() {
        let mut lane = waiting(4.0, true);
        out(&mut lane, 1, 0.9, 3);
        lane.stays();
        assert!(out(&mut lane, 1, 0.9, 60) < 1e-9);
        lane.moves();
        assert!(out(&mut lane, 1, 0.9, 10) > 1.0);
        // Where all ways are open it stands for another reason.
        let mut lane = waiting(4.0, true);
        out(&mut lane, u64::MAX, 1.0, 3);
        lane.stays();
        assert!(out(&mut lane, u64::MAX, 1.0, 10) > 2.0);
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        for probes_only in [true, false] {
            let mut lane = waiting(40.0, probes_only);
            lane.fit(90.0);
            assert!(lane.queue <= 15.0 && lane.queue > 14.0, "{}", lane.queue);
            assert!(out(&mut lane, u64::MAX, 1.0, 60) <= 15.1);
        }
    }
}
