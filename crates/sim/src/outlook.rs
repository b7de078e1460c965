//! Street rules: which lane to be in, some links ahead.
//!
//! For each lane of the next links of a route, counted back from the farthest, the lane changes
//! that being there will need. Small tables on the stack: this runs whenever a vehicle comes onto
//! a lane.

use crate::map::{Map, NONE};
use crate::world::World;

/// How many links ahead a driver minds which lane to be in.
const AHEAD: usize = 5;
/// More than any sum of lane changes.
const FORBIDDEN: f64 = 1e6;
/// Lanes of a link that are told apart; those beyond count as the last of them.
const LANES: usize = 16;

/// What a lane means for a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outlook {
    /// The movement to take from its end; [`NONE`] when it does not lead on or the route ends.
    pub(crate) movement: u32,
    /// Index of the lane of the same link that suits best.
    pub(crate) lane: u32,
    /// Whether the lane leads on, or the route ends on it.
    pub(crate) leads_on: bool,
}

/// A cost for each lane of a link.
#[derive(Clone, Copy)]
struct Costs {
    values: [f64; LANES],
    lanes: usize,
}

impl Costs {
    fn of(lanes: usize, cost: impl Fn(usize) -> f64) -> Self {
        let lanes = lanes.min(LANES);
        let mut values = [0.0; LANES];
        for (lane, value) in values.iter_mut().take(lanes).enumerate() {
            *value = cost(lane);
        }
        Self { values, lanes }
    }

    fn get(&self, lane: usize) -> f64 {
        self.values[lane.min(self.lanes.saturating_sub(1))]
    }

    /// The same when lanes may be changed along a link of this length.
    fn with_changes(&self, length: f64) -> Self {
        if self.lanes == 1 {
            return *self;
        }
        let change = change_cost(length);
        Self::of(self.lanes, |lane| {
            let over = |other: usize| self.values[other] + other.abs_diff(lane) as f64 * change;
            (0..self.lanes).map(over).fold(FORBIDDEN, f64::min)
        })
    }
}

/// What a lane change costs on a link of this length: one, and more where there is little room.
fn change_cost(length: f64) -> f64 {
    1.0 + 60.0 / length.max(1.0)
}

impl World {
    /// Looks [`AHEAD`] links along a route from a lane and weighs the lane changes that each
    /// choice would need.
    pub(crate) fn outlook(&self, row: u32, links: &[u32], leg: u32) -> Outlook {
        let leg = leg as usize;
        let way = self.map.way(row);
        let far = (leg + AHEAD).min(links.len() - 1);
        if far == leg {
            return Outlook {
                movement: NONE,
                lane: way.index,
                leads_on: true,
            };
        }
        let link = |position: usize| &self.network.links[links[position] as usize];
        let mut beyond = Costs::of(link(far).lanes.len(), |_| 0.0);
        for position in (leg + 1..far).rev() {
            let straight = self.straight(link(position), links[position + 1], &beyond);
            beyond = straight.with_changes(link(position).length);
        }
        let (cost, movement) = self.cheapest(row, links[leg + 1], &beyond);
        let leads_on = cost < FORBIDDEN;
        let own = link(leg);
        if own.lanes.len() == 1 {
            return Outlook {
                movement,
                lane: way.index,
                leads_on,
            };
        }
        let straight = self.straight(own, links[leg + 1], &beyond);
        let change = change_cost(own.length);
        let here = way.index as usize;
        let mut best = (straight.get(here), here);
        for lane in 0..straight.lanes {
            let total = straight.get(lane) + lane.abs_diff(here) as f64 * change;
            let nearer = lane.abs_diff(here) < best.1.abs_diff(here);
            if total < FORBIDDEN && (total < best.0 || (total <= best.0 && nearer)) {
                best = (total, lane);
            }
        }
        Outlook {
            movement,
            lane: best.1 as u32,
            leads_on,
        }
    }

    /// Cost of each lane of a link when no lane is changed on it.
    fn straight(&self, link: &roads::model::Link, next: u32, beyond: &Costs) -> Costs {
        Costs::of(link.lanes.len(), |lane| {
            let row = self.map.lane_rows[link.lanes.start as usize + lane];
            self.cheapest(row, next, beyond).0
        })
    }

    /// The cheapest movement from a lane to a link, by the cost of its end lane.
    fn cheapest(&self, row: u32, link: u32, beyond: &Costs) -> (f64, u32) {
        let map: &Map = &self.map;
        let way = map.way(row);
        let mut best = (FORBIDDEN, NONE);
        let mut nearest = u32::MAX;
        for &movement in map.leaving(way) {
            let to = map.way(movement).to;
            let end = map.way(to);
            if end.link != link {
                continue;
            }
            let closed = !self.state.closed.is_empty() && self.state.closed.contains(&to);
            let cost = beyond.get(end.index as usize) + if closed { FORBIDDEN / 2.0 } else { 0.0 };
            let apart = end.index.abs_diff(way.index);
            if cost < best.0 || (cost <= best.0 && apart < nearest) {
                best = (cost, movement);
                nearest = apart;
            }
        }
        best
    }
}
