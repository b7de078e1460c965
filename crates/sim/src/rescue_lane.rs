//! The rescue lane: how a vehicle under blue light moves among those who make way for it, and they
//! around it ([`crate::blue_light`] has the model).

use crate::advance::{Plan, Reader, SHADOW_ID};
use crate::blue_light::BlueLight;
use crate::kind::{Kind, TURN_SPEED, clear_speed, lesser};
use crate::map::{Block, NONE, Way};
use crate::state::{Vehicle, flag};

/// Room that a rescue lane leaves between the vehicle and those beside it, metres on each side.
const SIDE: f64 = 0.15;
/// Width of the vehicles that stand on the other lanes, metres: the traffic model's car.
const BESIDE: f64 = 2.0;

impl<'a> Reader<'a> {
    /// Whether `other`, on the lane `way`, can leave enough of the carriageway for `me`.
    pub(crate) fn makes_way(&self, me: &Vehicle, other: &Vehicle, way: &Way) -> bool {
        if other.flags & (flag::CHANGING | flag::SHADOW | flag::BLUE) != 0 {
            return false;
        }
        let lanes = self.network.links[way.link as usize].lanes;
        let carriageway: f64 = self.network.lanes[lanes.range()]
            .iter()
            .map(|lane| lane.width)
            .sum();
        let beside = BESIDE * (lanes.len() as f64 - 1.0);
        let width = |vehicle: &Vehicle| self.kinds[vehicle.kind as usize].source.width;
        carriageway - beside - width(other) >= width(me) + 2.0 * SIDE
    }

    /// Speed before a turn that begins in `rest` metres: the published model slows all vehicles
    /// down as soon as they heed the junction, which is far ahead for a fast one; under blue light
    /// one brakes when one has to.
    #[inline]
    pub(crate) fn turning_speed(&self, me: &Vehicle, kind: &Kind, rest: f64) -> f64 {
        if !me.is(flag::BLUE) {
            return TURN_SPEED;
        }
        let brakes = kind.usual_deceleration;
        // As far as it comes in this step does not help.
        let rest = (rest - me.speed * self.dt).max(0.0);
        (TURN_SPEED * TURN_SPEED + 2.0 * brakes * rest).sqrt()
    }

    fn light(&self, me: &Vehicle) -> BlueLight {
        let light = self.state.blue_lights.get(&(me.id & !SHADOW_ID));
        light.copied().unwrap_or_default()
    }

    /// Plans a row on which a vehicle drives under blue light.
    pub(crate) fn plan_row_with_lights(
        &self,
        block: &Block,
        row: u32,
        plan: &mut Plan,
        ready: &mut bool,
    ) {
        let way = self.map.way(row);
        let vehicles = &self.state.rows[row as usize];
        for (place, me) in vehicles.iter().enumerate() {
            let kind = &self.kinds[me.kind as usize];
            if me.is(flag::BLUE) {
                let (speed, blocker, gap) =
                    self.speed_under_light(block, row, place, kind, plan, ready);
                self.note_half(row, me, plan);
                let mut step = self.displace(me, row, way, kind, speed);
                step.blocker = blocker;
                step.gap = gap;
                plan.moves.push(step);
                continue;
            }
            let ahead = self.ahead_beside_lights(row, place, kind);
            let step = self.plan_vehicle(block, row, me, ahead, plan, ready);
            plan.moves.push(step);
        }
    }

    /// Whom a vehicle follows that shares its row with one under blue light: not that one while it
    /// is beside the vehicle.
    fn ahead_beside_lights(
        &self,
        row: u32,
        place: usize,
        kind: &Kind,
    ) -> Option<(&'a Vehicle, f64)> {
        let way = self.map.way(row);
        let vehicles = &self.state.rows[row as usize];
        let me = &vehicles[place];
        for leader in vehicles[..place].iter().rev() {
            let gap = self.gap_between(leader, me);
            let beside = leader.is(flag::BLUE)
                && gap < 0.0
                && way.is_lane()
                && self.makes_way(leader, me, way);
            if !beside {
                return Some((leader, gap));
            }
        }
        self.look_ahead(me, row, way, kind)
    }

    /// The new speed of a vehicle under blue light, whom it gives way to, and the gap to its leader.
    fn speed_under_light(
        &self,
        block: &Block,
        row: u32,
        place: usize,
        kind: &Kind,
        plan: &mut Plan,
        ready: &mut bool,
    ) -> (f64, u32, f64) {
        let way = self.map.way(row);
        let me = &self.state.rows[row as usize][place];
        let light = self.light(me);
        let mut cap = f64::INFINITY;
        let ahead = self.ahead_of_light(row, place, kind, &light, &mut cap);
        let faster = me.speed + kind.max_acceleration * self.dt;
        let limit = self.limit(row, way) * light.speed_factor;
        let mut v = lesser(lesser(kind.max_speed, faster), limit);
        v = lesser(v, cap);
        v = lesser(v, self.follow_speed(me, kind, ahead));
        let mut blocker = NONE;
        if !way.is_lane() {
            let (speed, foe) = self.crossing_speed(block, row, me.distance, me, kind, plan, ready);
            v = lesser(v, speed);
            blocker = foe;
        } else if me.next != NONE && way.length - me.distance <= kind.approach {
            let (speed, foe) = self.junction_speed(block, way, me, kind, plan, ready);
            v = lesser(v, speed);
            blocker = foe;
        }
        if me.flags & (flag::ASKED | flag::ASTRAY) != 0 {
            v = v.min(self.lateral_speed(way, me, kind));
        }
        let slowest = me.speed - kind.max_deceleration * self.dt;
        let gap = ahead.map_or(f64::NEG_INFINITY, |(_, gap)| gap);
        (if v < slowest { slowest } else { v }, blocker, gap)
    }

    /// Whom it has to follow: the first ahead that it cannot pass. `cap` becomes the speed at which
    /// it may pass the others.
    fn ahead_of_light(
        &self,
        row: u32,
        place: usize,
        kind: &Kind,
        light: &BlueLight,
        cap: &mut f64,
    ) -> Option<(&'a Vehicle, f64)> {
        let way = self.map.way(row);
        let vehicles = &self.state.rows[row as usize];
        let me = &vehicles[place];
        if !way.is_lane() {
            return match place.checked_sub(1) {
                Some(index) => Some((&vehicles[index], self.gap_between(&vehicles[index], me))),
                None => self.look_beyond(me, row, kind, light, cap),
            };
        }
        let slow_for = |other: &Vehicle, gap: f64, cap: &mut f64| {
            let beside = other.speed + light.passing;
            let before = (beside * beside + 2.0 * kind.usual_deceleration * gap.max(0.0)).sqrt();
            *cap = lesser(*cap, before);
        };
        for other in &vehicles[place + 1..] {
            if other.distance < me.distance - kind.length {
                break;
            }
            slow_for(other, 0.0, cap);
        }
        for other in vehicles[..place].iter().rev() {
            let gap = self.gap_between(other, me);
            if !self.makes_way(me, other, way) {
                return Some((other, gap));
            }
            if gap > light.reach {
                *cap = lesser(*cap, self.coming_up(me, kind, other, gap));
                return None;
            }
            slow_for(other, gap, cap);
        }
        self.look_beyond(me, row, kind, light, cap)
    }

    /// The speed at which it may come up to one who will make way, but has not yet: it can still
    /// stop behind, but keeps no headway, or it would never come near enough.
    fn coming_up(&self, me: &Vehicle, kind: &Kind, other: &Vehicle, gap: f64) -> f64 {
        let theirs = self.kinds[other.kind as usize].max_deceleration;
        let own = kind.usual_deceleration;
        clear_speed(
            other.speed,
            theirs,
            me.speed,
            own,
            gap,
            self.dt,
            kind.min_gap,
        )
    }

    /// As [`Reader::look_ahead`], past those who make way on the next lane.
    fn look_beyond(
        &self,
        me: &Vehicle,
        row: u32,
        kind: &Kind,
        light: &BlueLight,
        cap: &mut f64,
    ) -> Option<(&'a Vehicle, f64)> {
        let way = self.map.way(row);
        let (tail, gap) = self.look_ahead(me, row, way, kind)?;
        let home = self.state.records[(tail.id & !SHADOW_ID) as usize].row;
        let home = if tail.is(flag::SHADOW) { NONE } else { home };
        let lane = self.map.ways.get(home as usize).filter(|way| way.is_lane());
        let Some(lane) = lane else {
            return Some((tail, gap));
        };
        if !self.makes_way(me, tail, lane) {
            return Some((tail, gap));
        }
        if gap > light.reach {
            *cap = lesser(*cap, self.coming_up(me, kind, tail, gap));
            return None;
        }
        let mut nearest = None;
        for other in self.state.rows[home as usize].iter().rev() {
            let length = self.kinds[other.kind as usize].length;
            let tail_length = self.kinds[tail.kind as usize].length;
            let gap = gap + (other.distance - length) - (tail.distance - tail_length);
            if !self.makes_way(me, other, lane) {
                nearest = Some((other, gap));
                break;
            }
            if gap > light.reach {
                *cap = lesser(*cap, self.coming_up(me, kind, other, gap));
                break;
            }
            let beside = other.speed + light.passing;
            let before = beside * beside + 2.0 * kind.usual_deceleration * gap.max(0.0);
            *cap = lesser(*cap, before.sqrt().max(TURN_SPEED));
        }
        nearest
    }

    /// Whether it may go into a junction: it finds room between those who make way beyond.
    pub(crate) fn light_can_enter(&self, me: &Vehicle, lane: u32) -> Option<bool> {
        let way = self.map.way(lane);
        let tail = self.state.rows[lane as usize].last()?;
        let length = self.kinds[tail.kind as usize].length;
        let passes = self.makes_way(me, tail, way) || tail.distance - length > self.longest;
        passes.then_some(true)
    }
}
