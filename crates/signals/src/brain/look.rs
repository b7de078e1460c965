//! What a decision begins with: how the signals stand, and what is learnt from how lanes have
//! emptied since the look before.

use roads::LaneId;

use super::Brain;
use super::lane::Serve;
use super::layout::SignalLayout;
use super::levels::{ALL_WAYS, LEVELS};
use super::pace::Stretch;
use super::search::Stand;
use super::ways::{LaneWays, Look};
use crate::observation::Observation;

/// What of a lane stays the same throughout a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outlook {
    /// How its levels serve it.
    pub(super) serves: [Serve; LEVELS],
    /// What a second of delay counts.
    pub(super) value: f64,
}

impl Brain {
    /// Takes in how the signals stand.
    pub(super) fn see_signals(&mut self, seen: &Observation) {
        let before = self.time.unwrap_or(seen.time);
        for (index, post) in self.posts.iter_mut().enumerate() {
            let signal = &self.layout.signals[index];
            let phase = seen.phase.get(index).copied().flatten();
            let (known, since, last) = &mut self.phases[index];
            if *known != phase {
                (*known, *since, *last) = (phase, before, *known);
            }
            let place = |phase| signal.phases.iter().position(|&known| known == phase);
            let place_of = phase.and_then(place);
            let clearing = seen.clearing.get(index).copied().unwrap_or(false);
            let since = if clearing {
                let from = last.and_then(place);
                let change = place_of.map_or(0.0, |to| signal.change(from, to));
                (*since + change - seen.time).max(0.0)
            } else {
                -seen.elapsed.get(index).copied().unwrap_or(0.0)
            };
            post.stand = Stand {
                phase: place_of,
                since,
            };
            post.planned = false;
            post.work = 0;
        }
    }

    /// Learns from each lane how it stands and what has left it since the look before, so many
    /// seconds ago.
    pub(super) fn learn(&mut self, passed: f64) {
        let keep = 0.5_f64.powf(passed / self.settings.memory);
        for (signal, post) in self.layout.signals.iter().zip(&mut self.posts) {
            post.ways.resize(signal.lanes.len(), LaneWays::default());
            for (place, lane) in signal.lanes.iter().enumerate() {
                let lane = lane.index();
                let room = self.picture.room(&self.layout, lane, &self.leave);
                let left = self.picture.left[lane];
                let look = Look {
                    left,
                    stands: self.picture.stands[lane] && room >= 1.0,
                    keep,
                };
                post.ways[place].see(signal, place, post.stand, look);
                let own = &self.layout.lanes[lane];
                // Who drives over a whole lane between two looks is not counted.
                let counted = own.length >= own.speed * passed;
                if self.learns_pace && counted && signal.runs_free(post.stand.phase, place) {
                    self.pace.count(Stretch {
                        passed,
                        green: -post.stand.since,
                        could: self.picture.could[lane],
                        left,
                        room,
                    });
                }
            }
        }
        if self.learns_pace {
            self.discharge.headway = self.pace.headway(self.usual.headway);
        }
    }

    /// What of a lane stays the same throughout a decision.
    pub(super) fn outlook(
        &self,
        signal: &SignalLayout,
        place: usize,
        lane: LaneId,
        ways: &LaneWays,
    ) -> Outlook {
        let onward: f64 = self
            .picture
            .shares(&self.layout, lane.index())
            .filter(|(_, to, _)| self.layout.lanes[to.index()].held)
            .map(|(_, _, share)| share)
            .sum();
        let gate = self.picture.gate(&self.layout, lane.index());
        Outlook {
            serves: self.serves(signal, place, lane, ways),
            value: (1.0 - self.settings.lost_onward * onward) * gate,
        }
    }

    /// How the levels of a lane serve it, by the shares learnt of its ways.
    fn serves(
        &self,
        signal: &SignalLayout,
        place: usize,
        lane: LaneId,
        ways: &LaneWays,
    ) -> [Serve; LEVELS] {
        let mut serves = [Serve::all(1.0); LEVELS];
        let levels = &signal.levels[place];
        for (index, (serve, level)) in serves.iter_mut().zip(levels).enumerate() {
            serve.flow = level.flow(&self.picture.ways[lane.index()]);
            if level.ways == ALL_WAYS {
                continue;
            }
            serve.ways = level.ways;
            let guess = |ways| self.picture.share(&self.layout, lane.index(), ways);
            // Where a plant sees beyond the lane, who has left it is not known well enough.
            let counted = self.layout.lanes[lane.index()].behind.is_empty();
            serve.share = match guess(level.ways) {
                guess if counted => ways.share(index, guess),
                guess => guess,
            };
            for (freed, other) in serve.freed.iter_mut().zip(levels) {
                let barred = (1.0 - guess(other.ways)).max(f64::MIN_POSITIVE);
                *freed = (guess(level.ways & !other.ways) / barred).min(1.0);
            }
        }
        serves
    }
}
