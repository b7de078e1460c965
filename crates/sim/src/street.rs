//! Street rules: what real networks ask of drivers beyond the benchmark's model.
//!
//! * A lane that does not lead on along the route is left for one that does, at once when there is
//!   a safe gap; whoever is behind in that lane makes room. Two vehicles side by side that each
//!   want the other's lane change places.
//! * Nobody enters a junction without room for it beyond (see [`crate::advance`]).
//! * Whoever stands at the end of a lane that does not lead on for [`PATIENCE`] seconds takes
//!   another way from there.

use std::sync::Arc;

use roads::LinkId;

use crate::advance::SHADOW_ID;
use crate::kind::clear_speed;
use crate::lane_change::{Neighbours, Wish};
use crate::map::NONE;
use crate::routes::Finder;
use crate::state::{Vehicle, flag};
use crate::world::World;

/// Steps that a vehicle stands at the end of a lane that does not lead on before it takes another
/// way.
const PATIENCE: u32 = 45;
/// Within this distance of the end of its lane, metres, a vehicle that must leave it asks those
/// behind in the other lane to make room.
const URGENT: f64 = 120.0;
/// Vehicles side by side within this distance may change places, metres.
const SIDE_BY_SIDE: f64 = 5.0;

impl World {
    /// The neighbouring lane on the way to one that leads on along the route.
    pub(crate) fn lane_towards_route(&self, me: &Vehicle, row: u32) -> Option<u32> {
        let record = &self.state.records[(me.id & !SHADOW_ID) as usize];
        let links = self.routes.links(record.route);
        let next = *links.get(record.leg as usize + 1)?;
        let way = self.map.way(row);
        let network = &self.network;
        let lanes = network.links[way.link as usize].lanes.range();
        let goal = lanes
            .filter(|&lane| {
                let row = self.map.lane_rows[lane];
                self.map.leads_to(self.map.way(row), next) && !self.state.closed.contains(&row)
            })
            .min_by_key(|&lane| lane.abs_diff(way.source as usize))?;
        if goal > way.source as usize { self.outer(row) } else { self.inner(row) }
    }

    /// Whether a vehicle can move over at once: the follower need not brake harder than usual,
    /// nor the vehicle itself.
    fn fits(&self, me: &Vehicle, around: &Neighbours) -> bool {
        let dt = self.config.interval;
        let own = &self.kinds[me.kind as usize];
        let room = |gap: f64, behind: &Vehicle, ahead: &Vehicle| {
            let (rear, front) =
                (&self.kinds[behind.kind as usize], &self.kinds[ahead.kind as usize]);
            let stop = behind.speed * dt + behind.speed * behind.speed / 2.0 / rear.usual_deceleration;
            let ahead_stop = ahead.speed * ahead.speed / 2.0 / front.usual_deceleration;
            gap >= rear.min_gap / 2.0 + (stop - ahead_stop).max(0.0)
        };
        let clear_ahead = around.leader.is_none_or(|leader| room(around.leader_gap, me, &leader));
        let clear_behind =
            around.follower.is_none_or(|follower| room(around.follower_gap, &follower, me));
        clear_ahead && clear_behind && around.leader_gap >= own.min_gap / 2.0
    }

    /// A vehicle whose route demands another lane.
    pub(crate) fn must_change(
        &mut self,
        wish: &Wish,
        place: usize,
        me: &Vehicle,
        around: &Neighbours,
    ) {
        if self.fits(me, around) {
            self.state.stuck.remove(&me.id);
            self.move_over(wish, place, around.at);
            return;
        }
        if self.change_places(wish, me, around) {
            return;
        }
        let rest = self.map.way(wish.row).length - me.distance;
        if rest < URGENT
            && let Some(follower) = around.follower
            && around.follower_gap >= 0.0
        {
            self.make_room(me, &follower, wish.target, around.follower_gap);
        }
        if me.speed < 0.1 && rest < SIDE_BY_SIDE {
            let stuck = self.state.stuck.entry(me.id).or_insert(0);
            *stuck += 1;
            if *stuck > PATIENCE && self.reroute(me.id, wish.row) {
                self.state.stuck.remove(&me.id);
            }
        }
    }

    /// The follower in the other lane keeps behind the vehicle as if that were there already.
    fn make_room(&mut self, me: &Vehicle, follower: &Vehicle, row: u32, gap: f64) {
        let (own, theirs) = (&self.kinds[me.kind as usize], &self.kinds[follower.kind as usize]);
        let v = clear_speed(
            me.speed,
            own.usual_deceleration,
            follower.speed,
            theirs.usual_deceleration,
            gap,
            self.config.interval,
            theirs.min_gap,
        );
        let room = self.state.room.entry(follower.id).or_insert(f64::INFINITY);
        *room = room.min(v.max(0.0));
        let vehicles = &mut self.state.rows[row as usize];
        if let Some(vehicle) = vehicles.iter_mut().find(|vehicle| vehicle.id == follower.id) {
            vehicle.flags |= flag::ASKED;
        }
    }

    /// Two vehicles side by side, each in the lane that the other must get to, change places.
    fn change_places(&mut self, wish: &Wish, me: &Vehicle, around: &Neighbours) -> bool {
        let other = [around.leader, around.follower].into_iter().flatten().find(|other| {
            other.is(flag::ASTRAY)
                && !other.is(flag::SHADOW)
                && (other.distance - me.distance).abs() < SIDE_BY_SIDE
                && self.lane_towards_route(other, wish.target) == Some(wish.row)
        });
        let Some(other) = other else { return false };
        let find = |row: u32, id: u32| {
            self.state.rows[row as usize].iter().position(|vehicle| vehicle.id == id)
        };
        let (Some(mine), Some(theirs)) = (find(wish.row, me.id), find(wish.target, other.id))
        else {
            return false;
        };
        for (vehicle, row, place, position) in [
            (*me, wish.target, theirs, other.distance),
            (other, wish.row, mine, me.distance),
        ] {
            let mut vehicle = Vehicle { distance: position, blocker: NONE, ..vehicle };
            vehicle.speed = vehicle.speed.min(me.speed).min(other.speed);
            self.settle(&mut vehicle, row);
            self.state.records[vehicle.id as usize].row = row;
            self.state.stuck.remove(&vehicle.id);
            self.state.rows[row as usize][place] = vehicle;
        }
        true
    }

    /// Finds another way from the end of the lane that a vehicle stands on to where it is going.
    fn reroute(&mut self, id: u32, row: u32) -> bool {
        let record = self.state.records[id as usize];
        let links = self.routes.links(record.route);
        let (Some(&here), Some(&goal)) = (links.get(record.leg as usize), links.last()) else {
            return false;
        };
        let network = Arc::clone(&self.network);
        let mut finder = Finder::new(&network);
        let onward = self.map.leaving(self.map.way(row));
        let best = onward
            .iter()
            .filter_map(|&movement| {
                let next = self.map.way(self.map.way(movement).to).link;
                let anchors = [LinkId(here), LinkId(next), LinkId(goal)];
                finder.fill(&network, &self.map, &anchors, 2)
            })
            .min_by(|one, other| {
                let metres = |links: &[u32]| -> f64 {
                    links.iter().map(|&link| network.links[link as usize].length).sum()
                };
                metres(one).total_cmp(&metres(other))
            });
        let Some(links) = best else { return false };
        let route = self.routes.add(links);
        let record = &mut self.state.records[id as usize];
        record.route = route;
        record.leg = 0;
        self.settle_again(id);
        self.state.tally.rerouted += 1;
        true
    }

    /// Moves a vehicle to the neighbouring lane at once.
    fn move_over(&mut self, wish: &Wish, place: usize, at: usize) {
        let mut vehicle = self.state.rows[wish.row as usize].remove(place);
        self.unmark(wish.row);
        self.settle(&mut vehicle, wish.target);
        vehicle.blocker = NONE;
        self.state.records[wish.id as usize].row = wish.target;
        self.mark(wish.target);
        self.state.rows[wish.target as usize].insert(at, vehicle);
    }

    /// The movement that gets nearest to the route where no lane leads on two links ahead.
    pub(crate) fn choose_nearest(&self, row: u32, links: &[u32], leg: u32) -> u32 {
        let Some(&next) = links.get(leg as usize + 1) else { return NONE };
        let after = links.get(leg as usize + 2).copied();
        let map = Arc::clone(&self.map);
        let good: Vec<u32> = map
            .lanes_of(&self.network, LinkId(next))
            .filter(|&lane| after.is_none_or(|after| map.leads_to(map.way(lane), after)))
            .map(|lane| map.way(lane).index)
            .collect();
        let candidates = map.leaving(map.way(row)).iter().copied().filter(|&movement| {
            let to = map.way(movement).to;
            map.way(to).link == next && !self.state.closed.contains(&to)
        });
        candidates
            .min_by_key(|&movement| {
                let index = map.way(map.way(movement).to).index;
                good.iter().map(|good| good.abs_diff(index)).min().unwrap_or(0)
            })
            .unwrap_or(NONE)
    }
}
