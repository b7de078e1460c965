//! Lane change for a better gap (traffic model, section 5); what a route demands is in
//! [`crate::street`].
//!
//! A change for a better gap puts a copy (*shadow*) of the vehicle into the target lane; both move
//! with the smaller of their speeds until the lateral shift is done, then the copy takes over.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::advance::{ABORT, MERGE, Reader, SHADOW_ID, STAY};
use crate::commit::Leaver;
use crate::kind::clear_speed;
use crate::map::NONE;
use crate::state::{Change, Vehicle, flag};
use crate::world::World;

/// Seconds after the start before which no vehicle changes lanes (the model's clock of the last
/// change starts at zero).
const COOLING: f64 = 3.0;
/// Within this distance of the end of a lane no change is begun, metres.
const NEAR_END: f64 = 30.0;
/// Slowest lateral speed, m/s, and share of the forward speed.
const LATERAL: (f64, f64) = (1.0, 0.2);

/// A vehicle that wants to be, or is on its way to, another lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) row: u32,
    pub(crate) id: u32,
    pub(crate) target: u32,
    /// The route demands it.
    pub(crate) must: bool,
}

/// Kept from step to step so that nothing is allocated.
#[derive(Debug, Default)]
pub(crate) struct Lateral {
    wishes: Vec<Wish>,
    /// Priority of the vehicle that asked, by the vehicle that was asked.
    asked: FxHashMap<u32, i32>,
}

/// Who would be before and behind a vehicle in its target lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neighbours {
    pub(crate) leader: Option<Vehicle>,
    pub(crate) leader_gap: f64,
    pub(crate) follower: Option<Vehicle>,
    pub(crate) follower_gap: f64,
    /// Place in the target row.
    pub(crate) at: usize,
}

impl World {
    /// Collects the wishes and grants those that are safe.
    pub(crate) fn change_lanes(&mut self) {
        let mut lateral = std::mem::take(&mut self.scratch.lateral);
        lateral.wishes.clear();
        lateral.asked.clear();
        self.collect_wishes(&mut lateral.wishes);
        for wish in &lateral.wishes {
            self.consider(*wish, &mut lateral.asked);
        }
        self.scratch.lateral = lateral;
    }

    fn collect_wishes(&self, wishes: &mut Vec<Wish>) {
        let reader = self.reader();
        let for_gap = self.config.lane_change && self.time() >= COOLING;
        if !self.shares_steps() {
            self.collect_run(&reader, (0, self.map.blocks.len()), for_gap, wishes);
            return;
        }
        let collect = |&run: &(usize, usize)| {
            let mut own = Vec::new();
            self.collect_run(&reader, run, for_gap, &mut own);
            own
        };
        let collected: Vec<Vec<Wish>> = self.block_runs().par_iter().map(collect).collect();
        wishes.extend(collected.into_iter().flatten());
    }

    fn collect_run(
        &self,
        reader: &Reader<'_>,
        run: (usize, usize),
        for_gap: bool,
        wishes: &mut Vec<Wish>,
    ) {
        for block in &self.map.blocks[run.0..run.1] {
            for index in 0..block.words {
                let word = (block.word + index) as usize;
                let mut bits = self.state.occupied[word] & self.map.beside[word];
                while bits != 0 {
                    let bit = index * 64 + bits.trailing_zeros();
                    bits &= bits - 1;
                    self.collect_from(reader, block.rows + bit, for_gap, wishes);
                }
            }
        }
    }

    fn collect_from(&self, reader: &Reader<'_>, row: u32, for_gap: bool, wishes: &mut Vec<Wish>) {
        const ANY: u32 = flag::OUTER | flag::INNER | flag::CHANGING | flag::KEEN;
        let vehicles = &self.state.rows[row as usize];
        for (place, me) in vehicles.iter().enumerate() {
            if me.flags & ANY == 0 || me.is(flag::SHADOW) {
                continue;
            }
            let target = if me.is(flag::CHANGING) {
                let change = self
                    .state
                    .changes
                    .iter()
                    .find(|change| change.original == me.id);
                change.map(|change| change.target)
            } else if reader.street && me.is(flag::KEEN) {
                if let Some(target) = self.lane_towards_route(me, row) {
                    wishes.push(Wish {
                        row,
                        id: me.id,
                        target,
                        must: true,
                    });
                }
                continue;
            } else if for_gap && !me.is(flag::BLUE) {
                self.better_lane(reader, row, place, me)
            } else {
                None
            };
            if let Some(target) = target {
                wishes.push(Wish {
                    row,
                    id: me.id,
                    target,
                    must: false,
                });
            }
        }
    }

    /// The neighbouring lane with a longer gap ahead, if that is worth a change.
    fn better_lane(
        &self,
        reader: &Reader<'_>,
        row: u32,
        place: usize,
        me: &Vehicle,
    ) -> Option<u32> {
        let way = self.map.way(row);
        let kind = &self.kinds[me.kind as usize];
        if way.length - me.distance < NEAR_END {
            return None;
        }
        let ahead = if place > 0 {
            let leader = &self.state.rows[row as usize][place - 1];
            Some(reader.gap_between(leader, me))
        } else {
            reader.look_ahead(me, row, way, kind).map(|(_, gap)| gap)
        };
        let gap = ahead.unwrap_or(me.gap);
        let most = 2.0 * kind.length + 4.0 * self.config.interval * kind.max_speed;
        if gap > most || gap < 1.5 * kind.length {
            return None;
        }
        let mut target = None;
        let mut outer_free = 0.0;
        if me.is(flag::OUTER)
            && let Some(lane) = self.outer(row)
        {
            outer_free = self.free_gap(lane, me.distance);
            if outer_free > gap + kind.length {
                target = Some(lane);
            }
        }
        if me.is(flag::INNER)
            && let Some(lane) = self.inner(row)
        {
            let free = self.free_gap(lane, me.distance);
            if free > gap + kind.length && free > outer_free {
                target = Some(lane);
            }
        }
        target
    }

    /// From a position in a lane to the rear of the first vehicle there or ahead, or to its end.
    fn free_gap(&self, lane: u32, distance: f64) -> f64 {
        let vehicles = &self.state.rows[lane as usize];
        match vehicles
            .partition_point(|other| other.distance >= distance)
            .checked_sub(1)
        {
            None => self.map.way(lane).length - distance,
            Some(index) => {
                let leader = &vehicles[index];
                leader.distance - distance - self.kinds[leader.kind as usize].length
            }
        }
    }

    fn consider(&mut self, wish: Wish, asked: &mut FxHashMap<u32, i32>) {
        let Some(place) = self.state.rows[wish.row as usize]
            .iter()
            .position(|vehicle| vehicle.id == wish.id)
        else {
            return;
        };
        let me = self.state.rows[wish.row as usize][place];
        let around = self.neighbours(&me, &wish);
        if wish.must {
            self.must_change(&wish, place, &me, &around);
            return;
        }
        if let Some(leader) = around.leader {
            self.ask(&me, &leader, None, asked);
        }
        if let Some(follower) = around.follower {
            let row = wish.target;
            self.ask(&me, &follower, Some((row, around.follower_gap)), asked);
        }
        if me.is(flag::CHANGING) || asked.contains_key(&me.id) {
            return;
        }
        let own = self.kinds[me.kind as usize].brake_distance(me.speed);
        let behind = around.follower.map_or(0.0, |follower| {
            self.kinds[follower.kind as usize].brake_distance(follower.speed)
        });
        if around.leader_gap >= own
            && around.follower_gap >= behind
            && self.is_clear_behind(wish.target, &me, &around)
        {
            self.insert_shadow(&wish, place, around.at);
        }
    }

    /// Whether nobody comes onto a lane from behind its start too fast for a vehicle that goes over
    /// to it (street rules).
    pub(crate) fn is_clear_behind(&self, lane: u32, me: &Vehicle, around: &Neighbours) -> bool {
        around.follower.is_some() || self.is_clear_before(lane, me)
    }

    fn neighbours(&self, me: &Vehicle, wish: &Wish) -> Neighbours {
        let target = &self.state.rows[wish.target as usize];
        let at = target.partition_point(|other| other.distance >= me.distance);
        let length = |vehicle: &Vehicle| self.kinds[vehicle.kind as usize].length;
        let mut around = Neighbours {
            leader: None,
            leader_gap: self.map.way(wish.row).length - me.distance,
            follower: target.get(at).copied(),
            follower_gap: f64::MAX,
            at,
        };
        if let Some(leader) = at.checked_sub(1).map(|index| target[index]) {
            around.leader_gap = leader.distance - me.distance - length(&leader);
            around.leader = Some(leader);
        } else {
            // Somebody's rear may still stick out of the junction ahead.
            let rest = around.leader_gap;
            let mut nearest = f64::MAX;
            for &movement in self.map.leaving(self.map.way(wish.target)) {
                if let Some(&tail) = self.state.rows[movement as usize].last()
                    && tail.distance + rest < nearest
                {
                    nearest = tail.distance + rest;
                    if nearest < length(&tail) {
                        around.leader = Some(tail);
                        around.leader_gap = rest - (length(&tail) - nearest);
                    }
                }
            }
        }
        if let Some(follower) = around.follower {
            around.follower_gap = me.distance - follower.distance - length(me);
        }
        around
    }

    /// Asks a vehicle to make room: it heeds the asker with the largest priority, and none when it
    /// has one of its own that is larger.
    fn ask(
        &mut self,
        me: &Vehicle,
        other: &Vehicle,
        behind: Option<(u32, f64)>,
        asked: &mut FxHashMap<u32, i32>,
    ) {
        if other.is(flag::CHANGING) {
            return;
        }
        let wishes = !other.is(flag::SHADOW) && self.time() >= COOLING;
        let larger = asked
            .get(&other.id)
            .is_none_or(|&priority| priority < me.priority);
        if !larger || (wishes && other.priority >= me.priority) {
            return;
        }
        asked.insert(other.id, me.priority);
        self.state.room.remove(&other.id);
        let Some((row, gap)) = behind else { return };
        let (own, theirs) = (
            &self.kinds[me.kind as usize],
            &self.kinds[other.kind as usize],
        );
        let gap = gap - theirs.brake_distance(other.speed);
        let v = clear_speed(
            me.speed,
            own.max_deceleration,
            other.speed,
            theirs.max_deceleration,
            gap,
            self.config.interval,
            0.0,
        );
        if v >= 0.0 {
            self.state.room.insert(other.id, v);
            let vehicles = &mut self.state.rows[row as usize];
            if let Some(vehicle) = vehicles.iter_mut().find(|vehicle| vehicle.id == other.id) {
                vehicle.flags |= flag::ASKED;
            }
        }
    }

    fn insert_shadow(&mut self, wish: &Wish, place: usize, at: usize) {
        let priority = self.draw_priority();
        self.state.priorities.insert(priority);
        let me = &mut self.state.rows[wish.row as usize][place];
        me.flags |= flag::CHANGING;
        let mut shadow = *me;
        shadow.id |= SHADOW_ID;
        shadow.priority = priority;
        shadow.blocker = NONE;
        shadow.flags = flag::SHADOW;
        self.settle(&mut shadow, wish.target);
        self.mark(wish.target);
        self.state.rows[wish.target as usize].insert(at, shadow);
        let outwards = self.map.way(wish.target).index > self.map.way(wish.row).index;
        self.state.changes.push(Change {
            original: wish.id,
            shadow: shadow.id,
            target: wish.target,
            direction: if outwards { 1.0 } else { -1.0 },
            offset: 0.0,
        });
        self.state.tally.shadows += 1;
    }

    /// Makes the two halves of each change move alike, shifts them sideways, and settles the
    /// changes that end in this step.
    pub(crate) fn agree_changes(&mut self) {
        let mut plans = self.take_plans();
        let mut halves: Vec<(usize, crate::advance::Half)> = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            halves.extend(plan.halves.iter().map(|half| (index, *half)));
        }
        let mut changes = std::mem::take(&mut self.state.changes);
        self.state.changes = changes.clone(); // still looked up while moving
        for change in &mut changes {
            let find = |id: u32| halves.iter().find(|(_, half)| half.id == id).copied();
            let (Some((part, one)), Some((other_part, two))) =
                (find(change.original), find(change.shadow))
            else {
                continue;
            };
            let (a, b) = (
                plans[part].moves[one.at as usize],
                plans[other_part].moves[two.at as usize],
            );
            // The planned speeds are cut at zero; a harder stop shows in the shorter way.
            let slower = if a.driven <= b.driven {
                a.speed
            } else {
                b.speed
            };
            let hard = if a.driven <= b.driven { a } else { b };
            let reader = self.reader();
            let kind = &reader.kinds[one.vehicle.kind as usize];
            let stop = slower <= 0.0 && hard.driven < one.vehicle.speed * reader.dt / 2.0;
            let v = if stop { -1.0 } else { slower };
            for (part, half) in [(part, one), (other_part, two)] {
                let way = reader.map.way(half.row);
                let step = reader.displace(&half.vehicle, half.row, way, kind, v);
                let old = plans[part].moves[half.at as usize];
                plans[part].moves[half.at as usize] = crate::advance::Move {
                    gap: old.gap,
                    blocker: old.blocker,
                    ..step
                };
            }
            let widths = self.width(one.row) + self.width(two.row);
            let speed = plans[part].moves[one.at as usize].speed;
            let shift = (LATERAL.1 * speed).max(LATERAL.0) * self.config.interval;
            change.offset = (change.offset + shift).min(widths / 2.0);
            if change.offset >= widths / 2.0 {
                plans[part].moves[one.at as usize].to = MERGE;
            } else if plans[other_part].moves[two.at as usize].to != STAY {
                plans[other_part].moves[two.at as usize].to = ABORT;
            }
        }
        self.state.changes = changes;
        self.put_plans(plans);
    }

    fn width(&self, row: u32) -> f64 {
        self.network.lanes[self.map.way(row).source as usize].width
    }

    /// The copy takes the vehicle's place. `original` has just been taken off its row.
    /// `leavers` are those who leave their rows in the same step, the copy perhaps among them.
    pub(crate) fn merge<'l>(
        &mut self,
        original: &Vehicle,
        leavers: &mut impl Iterator<Item = &'l mut Leaver>,
    ) {
        self.state.priorities.remove(&original.priority);
        self.state.tally.shadows -= 1;
        let Some(at) = self
            .state
            .changes
            .iter()
            .position(|c| c.original == original.id)
        else {
            return;
        };
        let change = self.state.changes.remove(at);
        let vehicles = &mut self.state.rows[change.target as usize];
        let copy = vehicles
            .iter_mut()
            .chain(leavers.map(|leaver| &mut leaver.vehicle))
            .find(|vehicle| vehicle.id == change.shadow);
        if let Some(copy) = copy {
            copy.id = original.id;
            copy.flags &= !flag::SHADOW;
        }
        self.state.records[original.id as usize].row = change.target;
    }

    /// The change is given up. `shadow` has just been taken off its row; `leavers` are those who
    /// leave their rows in the same step, the vehicle perhaps among them.
    pub(crate) fn abort<'l>(
        &mut self,
        shadow: &Vehicle,
        leavers: &mut impl Iterator<Item = &'l mut Leaver>,
    ) {
        self.state.priorities.remove(&shadow.priority);
        let original = shadow.id & !SHADOW_ID;
        let record = self.state.records[original as usize];
        let now = f64::from(self.state.step) * self.config.interval;
        let tally = &mut self.state.tally;
        tally.shadows -= 1;
        tally.aborted += 1;
        tally.aborted_time += now - record.created;
        self.state
            .changes
            .retain(|change| change.shadow != shadow.id);
        let row = self.state.rows.get_mut(record.row as usize);
        let vehicle = row
            .into_iter()
            .flatten()
            .chain(leavers.map(|leaver| &mut leaver.vehicle))
            .find(|vehicle| vehicle.id == original);
        if let Some(vehicle) = vehicle {
            vehicle.flags &= !flag::CHANGING;
        }
    }
}
