//! Street rules: what real networks ask of drivers beyond the benchmark's model.
//!
//! * A lane that does not lead on along the route is left for one that does, at once when there is
//!   a safe gap; whoever is behind in that lane makes room. Two vehicles side by side that each
//!   want the other's lane change places.
//! * Nobody appears in a lane, by a change, an entry or out of a merging movement, right before
//!   those who come onto it over its start ([`crate::oncoming`]).
//! * Nobody enters a junction without room for it beyond (see [`crate::advance`]).
//! * Whoever stands at the end of a lane that does not lead on for [`PATIENCE`] steps takes
//!   another way from there.
//! * Where all that does not help and the head of a queue has not moved for [`JAM`] seconds of
//!   green, it is set down on the first link of its route with room (SUMO does the same, by
//!   default after as long). Each such vehicle is counted in `Metrics::relocated`: a sound run has
//!   none or next to none.

use std::sync::Arc;

use roads::LinkId;

use crate::advance::SHADOW_ID;
use crate::kind::clear_speed;
use crate::lane_change::{Neighbours, Wish};
use crate::map::NONE;
use crate::oncoming::SQUEEZE;
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

/// Seconds that the first vehicle of a lane or movement stands, red not counted, before it is set
/// down further on.
const JAM: f64 = 300.0;
/// Steps between two looks at who stands.
const LOOK: u32 = 10;
impl World {
    /// Looks for vehicles that hold up a queue without end, and sets them down further on.
    pub(crate) fn free_jams(&mut self) {
        if !self.state.step.is_multiple_of(LOOK) {
            return;
        }
        let mut jammed = Vec::new();
        let map = Arc::clone(&self.map);
        for (row, vehicles) in self.state.rows.iter().enumerate() {
            let Some(front) = vehicles.first() else {
                continue;
            };
            if front.speed >= 0.1 || front.is(flag::SHADOW | flag::CHANGING) {
                self.state.standing.remove(&front.id);
                continue;
            }
            let red = map.ways[row].is_lane()
                && front.next != NONE
                && !self.state.green[front.next as usize];
            if red {
                continue;
            }
            let steps = self.state.standing.entry(front.id).or_insert(0);
            *steps += LOOK;
            if f64::from(*steps) * self.config.interval >= JAM {
                jammed.push((row as u32, front.id));
            }
        }
        for (row, id) in jammed {
            self.set_down(row, id);
        }
    }

    /// Sets a vehicle down on the first link of its route that has room.
    fn set_down(&mut self, row: u32, id: u32) {
        let record = self.state.records[id as usize];
        let Some(at) = self.state.rows[row as usize]
            .iter()
            .position(|other| other.id == id)
        else {
            return;
        };
        let mut vehicle = self.state.rows[row as usize][at];
        let kind = &self.kinds[vehicle.kind as usize];
        vehicle.distance = kind.length;
        vehicle.speed = 0.0;
        let network = Arc::clone(&self.network);
        let links = self.routes.links(record.route);
        let room = |lane: u32| {
            let tail = self.state.rows[lane as usize].last();
            !self.state.closed.contains(&lane)
                && self.map.way(lane).length > kind.length
                && tail.is_none_or(|tail| {
                    let length = self.kinds[tail.kind as usize].length;
                    tail.distance - length > kind.length + kind.min_gap
                })
        };
        let place = (record.leg as usize + 1..links.len()).find_map(|leg| {
            let mut lanes = self.map.lanes_of(&network, LinkId(links[leg]));
            let next = links.get(leg + 1).copied();
            let leads_on =
                |lane: u32| next.is_none_or(|next| self.map.leads_to(self.map.way(lane), next));
            lanes
                .find(|&lane| room(lane) && leads_on(lane) && self.is_clear_before(lane, &vehicle))
                .map(|lane| (leg, lane))
        });
        let Some((leg, lane)) = place else { return };
        self.end_approach(id, row);
        self.state.rows[row as usize].remove(at);
        self.unmark(row);
        let record = &mut self.state.records[id as usize];
        record.leg = leg as u32;
        record.row = lane;
        vehicle.previous = NONE;
        vehicle.blocker = NONE;
        vehicle.entered = u32::MAX;
        self.settle(&mut vehicle, lane);
        self.push(lane, vehicle);
        self.begin_approach(id, lane);
        self.state.standing.remove(&id);
        self.state.stuck.remove(&id);
        self.state.tally.relocated += 1;
    }

    /// The neighbouring lane on the way to the one that suits the route best.
    pub(crate) fn lane_towards_route(&self, me: &Vehicle, row: u32) -> Option<u32> {
        let record = &self.state.records[(me.id & !SHADOW_ID) as usize];
        let outlook = self.outlook(row, self.routes.links(record.route), record.leg);
        let here = self.map.way(row).index;
        match outlook.lane.cmp(&here) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => self.outer(row),
            std::cmp::Ordering::Less => self.inner(row),
        }
    }

    /// Whether a vehicle can move over at once: the follower need not brake harder than usual,
    /// nor the vehicle itself.
    fn fits(&self, me: &Vehicle, around: &Neighbours) -> bool {
        let reader = self.reader();
        let clear_ahead = around.leader.is_none_or(|leader| {
            around.leader_gap >= SQUEEZE && reader.leaves_room(around.leader_gap, me, &leader)
        });
        let clear_behind = around
            .follower
            .is_none_or(|follower| reader.leaves_room(around.follower_gap, &follower, me));
        clear_ahead && clear_behind
    }

    /// Whether a vehicle under blue light can go over between those who make way for it.
    fn slips_in(&self, wish: &Wish, me: &Vehicle, around: &Neighbours) -> bool {
        me.is(flag::BLUE)
            && [around.leader, around.follower]
                .iter()
                .flatten()
                .all(|other| self.makes_way(me, other, wish.target))
    }

    /// A vehicle whose route demands another lane.
    pub(crate) fn must_change(
        &mut self,
        wish: &Wish,
        place: usize,
        me: &Vehicle,
        around: &Neighbours,
    ) {
        let goes = self.fits(me, around) || self.slips_in(wish, me, around);
        if goes && self.is_clear_behind(wish.target, me, around) {
            self.state.stuck.remove(&me.id);
            self.move_over(wish, place, around.at);
            return;
        }
        if self.change_places(wish, me, around) {
            return;
        }
        let rest = self.map.way(wish.row).length - me.distance;
        if !me.is(flag::ASTRAY) {
            return; // it would suit better, but this lane leads on, too
        }
        if rest < URGENT
            && let Some(follower) = around.follower
            && around.follower_gap >= SQUEEZE
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
        let (own, theirs) = (
            &self.kinds[me.kind as usize],
            &self.kinds[follower.kind as usize],
        );
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
        if let Some(vehicle) = vehicles
            .iter_mut()
            .find(|vehicle| vehicle.id == follower.id)
        {
            vehicle.flags |= flag::ASKED;
        }
    }

    /// Two vehicles side by side, each in the lane that the other must get to, change places.
    fn change_places(&mut self, wish: &Wish, me: &Vehicle, around: &Neighbours) -> bool {
        let other = [around.leader, around.follower]
            .into_iter()
            .flatten()
            .find(|other| {
                other.is(flag::ASTRAY | flag::KEEN)
                    && !other.is(flag::SHADOW)
                    && (other.distance - me.distance).abs() < SIDE_BY_SIDE
                    && self.lane_towards_route(other, wish.target) == Some(wish.row)
            });
        let Some(other) = other else { return false };
        let find = |row: u32, id: u32| {
            self.state.rows[row as usize]
                .iter()
                .position(|vehicle| vehicle.id == id)
        };
        let (Some(mine), Some(theirs)) = (find(wish.row, me.id), find(wish.target, other.id))
        else {
            return false;
        };
        for (vehicle, row, place, position) in [
            (*me, wish.target, theirs, other.distance),
            (other, wish.row, mine, me.distance),
        ] {
            let mut vehicle = Vehicle {
                distance: position,
                blocker: NONE,
                ..vehicle
            };
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
        let mut finder = Finder::default();
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
                    links
                        .iter()
                        .map(|&link| network.links[link as usize].length)
                        .sum()
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
}
