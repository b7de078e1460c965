//! The read pass: from the committed state, what every vehicle does in this step.
//!
//! Nothing is written to the state here, so blocks can be planned in any order and on any number
//! of threads with the same result. Formulas are those of the traffic model, sections 3 and 4.

use crate::kind::{Kind, YIELD_DISTANCE, clear_speed, lesser};
use crate::map::{Block, Map, NONE, Way};
use crate::routes::{self, Routes};
use crate::state::{Record, State, Vehicle, flag};

/// Bit that tells the copy of a vehicle that is changing lanes from the vehicle.
pub(crate) const SHADOW_ID: u32 = 1 << 31;

/// `Move::to` of a vehicle that stays on its row.
pub(crate) const STAY: u32 = u32::MAX - 1;
/// `Move::to` of a vehicle that reaches the end of its route.
pub(crate) const END: u32 = u32::MAX;
/// `Move::to` of a vehicle whose copy takes over.
pub(crate) const MERGE: u32 = u32::MAX - 2;
/// `Move::to` of a copy whose lane change is given up.
pub(crate) const ABORT: u32 = u32::MAX - 3;

/// What a vehicle does in this step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    /// Position at the end of the step, on the row it then is on.
    pub(crate) distance: f64,
    pub(crate) speed: f64,
    /// Gap to the leader, where there is one; otherwise negative infinity.
    pub(crate) gap: f64,
    pub(crate) to: u32,
    pub(crate) blocker: u32,
    /// Metres driven.
    pub(crate) driven: f64,
}

impl Move {
    /// Of a vehicle that goes on standing.
    const fn standing(me: &Vehicle, gap: f64) -> Self {
        Self {
            distance: me.distance,
            speed: 0.0,
            gap,
            to: STAY,
            blocker: NONE,
            driven: 0.0,
        }
    }
}

/// A half of a lane change, to be made to agree with the other half.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half {
    pub(crate) id: u32,
    /// Position in [`Plan::moves`].
    pub(crate) at: u32,
    pub(crate) row: u32,
    pub(crate) vehicle: Vehicle,
}

/// What a run of blocks does in this step; kept from step to step so that nothing is allocated.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// One for each vehicle, in the order of rows and of vehicles on them.
    pub(crate) moves: Vec<Move>,
    pub(crate) halves: Vec<Half>,
    active: Vec<u64>,
}

/// The committed state and all that is needed to read it.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) network: &'a roads::Network,
    pub(crate) map: &'a Map,
    pub(crate) kinds: &'a [Kind],
    pub(crate) routes: &'a Routes,
    pub(crate) state: &'a State,
    pub(crate) dt: f64,
    pub(crate) lane_change: bool,
    /// Street rules, not the benchmark's.
    pub(crate) street: bool,
    /// Length of the longest vehicle, metres.
    pub(crate) longest: f64,
    /// Per block: seconds within which any vehicle on its approach has passed any crossing.
    pub(crate) notice: &'a [f64],
}

impl<'a> Reader<'a> {
    /// Plans all vehicles of a block.
    pub(crate) fn plan(&self, block: &Block, plan: &mut Plan) {
        if block.words == 1 && self.state.occupied[block.word as usize] == 0 {
            return;
        }
        let words = &self.state.occupied[block.word as usize..(block.word + block.words) as usize];
        let mut ready = false;
        for (index, &word) in words.iter().enumerate() {
            let mut bits = word;
            while bits != 0 {
                let bit = index as u32 * 64 + bits.trailing_zeros();
                bits &= bits - 1;
                self.plan_row(block, block.rows + bit, plan, &mut ready);
            }
        }
    }

    fn plan_row(&self, block: &Block, row: u32, plan: &mut Plan, ready: &mut bool) {
        let way = self.map.way(row);
        let limit = self.limit(row, way);
        let vehicles = &self.state.rows[row as usize];
        if !self.state.blue_lights.is_empty() && vehicles.iter().any(|other| other.is(flag::BLUE)) {
            self.plan_row_with_lights(block, row, plan, ready);
            return;
        }
        let mut leader: Option<&Vehicle> = None;
        for me in vehicles {
            let kind = &self.kinds[me.kind as usize];
            let ahead = match leader {
                Some(ahead) => {
                    let gap = self.gap_between(ahead, me);
                    if self.is_parked(me, way, kind, ahead, gap) {
                        plan.moves.push(Move::standing(me, gap));
                        leader = Some(me);
                        continue;
                    }
                    Some((ahead, gap))
                }
                None if way.length - me.distance - self.longest > kind.free_gap => None,
                None => self.look_ahead(me, row, way, kind),
            };
            let speed = self.next_speed(block, row, way, limit, me, kind, ahead, plan, ready);
            let (speed, blocker) = speed;
            let gap = ahead.map_or(f64::NEG_INFINITY, |(_, gap)| gap);
            self.note_half(row, me, plan);
            let mut step = self.displace(me, row, way, kind, speed);
            step.blocker = blocker;
            step.gap = gap;
            plan.moves.push(step);
            leader = Some(me);
        }
    }

    /// Notes a vehicle whose move is next as a half of a lane change, if it is one.
    #[inline]
    pub(crate) fn note_half(&self, row: u32, me: &Vehicle, plan: &mut Plan) {
        if me.flags & (flag::CHANGING | flag::SHADOW) != 0 {
            let at = plan.moves.len() as u32;
            plan.halves.push(Half {
                id: me.id,
                at,
                row,
                vehicle: *me,
            });
        }
    }

    /// Plans one vehicle that follows `ahead`.
    pub(crate) fn plan_vehicle(
        &self,
        block: &Block,
        row: u32,
        me: &Vehicle,
        ahead: Option<(&Vehicle, f64)>,
        plan: &mut Plan,
        ready: &mut bool,
    ) -> Move {
        let way = self.map.way(row);
        let kind = &self.kinds[me.kind as usize];
        let limit = self.limit(row, way);
        let (speed, blocker) =
            self.next_speed(block, row, way, limit, me, kind, ahead, plan, ready);
        self.note_half(row, me, plan);
        let mut step = self.displace(me, row, way, kind, speed);
        step.blocker = blocker;
        step.gap = ahead.map_or(f64::NEG_INFINITY, |(_, gap)| gap);
        step
    }

    /// Metres from a vehicle's front to the rear of one ahead of it on the same row.
    #[inline]
    pub(crate) fn gap_between(&self, ahead: &Vehicle, me: &Vehicle) -> f64 {
        ahead.distance - self.kinds[ahead.kind as usize].length - me.distance
    }

    /// Whether a vehicle stands close behind one that stands, with nothing to ask of the junction:
    /// the follow rule gives it zero (c ≥ 0 in the clear speed), whatever the other terms are.
    #[inline]
    fn is_parked(&self, me: &Vehicle, way: &Way, kind: &Kind, ahead: &Vehicle, gap: f64) -> bool {
        me.speed <= 0.0
            && ahead.speed <= 0.0
            && gap <= kind.min_gap
            && me.flags & (flag::CUSTOM | flag::CHANGING | flag::SHADOW) == 0
            && way.is_lane()
            && (me.next == NONE
                || !self.state.green[me.next as usize]
                || way.length - me.distance > kind.approach)
    }

    #[inline]
    pub(crate) fn limit(&self, row: u32, way: &Way) -> f64 {
        if self.state.limits.is_empty() {
            return way.limit;
        }
        self.state.limits.get(&row).copied().unwrap_or(way.limit)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the innermost loop; all are at hand there"
    )]
    #[inline]
    fn next_speed(
        &self,
        block: &Block,
        row: u32,
        way: &Way,
        limit: f64,
        me: &Vehicle,
        kind: &Kind,
        ahead: Option<(&Vehicle, f64)>,
        plan: &mut Plan,
        ready: &mut bool,
    ) -> (f64, u32) {
        let faster = me.speed + kind.max_acceleration * self.dt;
        let mut v = lesser(lesser(kind.max_speed, faster), limit);
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
        (if v < slowest { slowest } else { v }, blocker)
    }

    /// Car following (section 3).
    #[inline]
    pub(crate) fn follow_speed(
        &self,
        me: &Vehicle,
        kind: &Kind,
        ahead: Option<(&Vehicle, f64)>,
    ) -> f64 {
        let custom = if me.is(flag::CUSTOM) {
            self.state.custom_speeds.get(&me.id).copied()
        } else {
            None
        };
        let Some((leader, gap)) = ahead else {
            return custom.unwrap_or(kind.max_speed);
        };
        let other = &self.kinds[leader.kind as usize];
        let (v, lead, dt) = (me.speed, leader.speed, self.dt);
        if let Some(custom) = custom {
            let (b, own) = (other.max_deceleration, kind.max_deceleration);
            return custom.min(clear_speed(lead, b, v, own, gap, dt, 0.0));
        }
        if gap > kind.free_gap {
            return kind.max_speed;
        }
        let (b, own) = (other.usual_deceleration, kind.usual_deceleration);
        let mut speed = clear_speed(lead, b, v, own, gap, dt, kind.min_gap);
        if !(kind.even && other.even) {
            let (b, own) = (other.max_deceleration, kind.max_deceleration);
            speed = lesser(speed, clear_speed(lead, b, v, own, gap, dt, 0.0));
        }
        let slower = if v > lead { v - lead } else { 0.0 };
        let headway = (gap + (lead + slower / 2.0) * dt - v * dt / 2.0) / (kind.headway + dt / 2.0);
        lesser(speed, headway)
    }

    /// The vehicle ahead beyond the end of the row, and the gap to it.
    pub(crate) fn look_ahead(
        &self,
        me: &Vehicle,
        row: u32,
        way: &Way,
        kind: &Kind,
    ) -> Option<(&'a Vehicle, f64)> {
        let mut distance = way.length - me.distance;
        let mut next = me.next;
        let mut lanes = 0;
        loop {
            if next == NONE {
                return None;
            }
            let ahead = self.map.way(next);
            if ahead.is_lane() {
                if let Some(tail) = self.tail(next, me, row) {
                    let length = self.kinds[tail.kind as usize].length;
                    return Some((tail, distance + tail.distance - length));
                }
            } else {
                let mut best: Option<(&Vehicle, f64)> = None;
                for &sibling in self.map.leaving(self.map.way(ahead.from)) {
                    if let Some(tail) = self.state.rows[sibling as usize].last() {
                        let length = self.kinds[tail.kind as usize].length;
                        let gap = distance + tail.distance - length;
                        if best.is_none_or(|(_, least)| gap < least) {
                            best = Some((tail, gap));
                        }
                    }
                }
                if best.is_some() {
                    return best;
                }
            }
            distance += ahead.length;
            if distance > kind.approach {
                return None;
            }
            next = if ahead.is_lane() {
                lanes += 1;
                self.movement_at(me, next, lanes)
            } else {
                ahead.to
            };
        }
    }

    /// The last vehicle of a lane as others see it who look ahead: under the benchmark's rules
    /// without lane change, vehicles let in during this step are not seen yet.
    fn tail(&self, lane: u32, me: &Vehicle, row: u32) -> Option<&'a Vehicle> {
        let vehicles = &self.state.rows[lane as usize];
        let last = vehicles.last()?;
        if self.lane_change || !last.is(flag::FRESH) {
            return Some(last);
        }
        let earlier = me.is(flag::FRESH) && self.map.way(lane).source < self.map.way(row).source;
        if earlier {
            Some(last)
        } else {
            vehicles.len().checked_sub(2).map(|i| &vehicles[i])
        }
    }

    /// The movement that a vehicle will take from a lane that lies `ahead` links further on its
    /// route.
    fn movement_at(&self, me: &Vehicle, lane: u32, ahead: u32) -> u32 {
        let record = &self.state.records[(me.id & !SHADOW_ID) as usize];
        let links = self.routes.links(record.route);
        self.choose(lane, links, record.leg + ahead)
    }

    /// The movement from a lane, closed lanes left out where there is another.
    pub(crate) fn choose(&self, lane: u32, links: &[u32], leg: u32) -> u32 {
        if !self.state.closed.is_empty() {
            let open = |row: u32| !self.state.closed.contains(&row);
            let movement = routes::movement(self.map, lane, links, leg, open);
            if movement != NONE {
                return movement;
            }
        }
        routes::movement(self.map, lane, links, leg, |_| true)
    }

    /// Speed on the approach to a junction (section 4.1), and the vehicle given way to.
    pub(crate) fn junction_speed(
        &self,
        block: &Block,
        way: &Way,
        me: &Vehicle,
        kind: &Kind,
        plan: &mut Plan,
        ready: &mut bool,
    ) -> (f64, u32) {
        let rest = way.length - me.distance;
        let movement = self.map.way(me.next);
        let blocked = !self.state.green[me.next as usize] || !self.can_enter(me, movement, kind);
        if blocked && kind.brake_distance(me.speed) <= rest {
            return (
                kind.max_speed
                    .min(kind.stop_before(me.speed, rest, self.dt)),
                NONE,
            );
        }
        let (speed, foe) = self.crossing_speed(block, me.next, -rest, me, kind, plan, ready);
        let cap = if movement.turn {
            self.turning_speed(me, kind, rest)
        } else {
            kind.max_speed
        };
        (lesser(cap, speed), foe)
    }

    fn can_enter(&self, me: &Vehicle, movement: &Way, kind: &Kind) -> bool {
        let lane = movement.to;
        if !self.state.closed.is_empty() && self.state.closed.contains(&lane) {
            return false;
        }
        if me.is(flag::BLUE)
            && let Some(enters) = self.light_can_enter(me, lane)
        {
            return enters;
        }
        if self.street {
            return !movement.crossed || self.has_room_beyond(me, lane, kind);
        }
        let Some(tail) = self.state.rows[lane as usize].last() else {
            return true;
        };
        let length = self.kinds[tail.kind as usize].length;
        tail.distance > length + kind.length || tail.speed >= 2.0
    }

    /// Street rules: whether a vehicle will find room beyond a movement that others cross: from
    /// there along its route to the first vehicle that stands, for all in between and all who are
    /// on their way there.
    fn has_room_beyond(&self, me: &Vehicle, lane: u32, kind: &Kind) -> bool {
        const FARTHEST: u32 = 6;
        const STANDING: f64 = 2.0;
        let mut need = kind.length + kind.min_gap;
        for &movement in self.map.arriving(lane) {
            for vehicle in &self.state.rows[movement as usize] {
                let other = &self.kinds[vehicle.kind as usize];
                need += other.length + other.min_gap;
            }
        }
        let mut room = 0.0;
        let mut row = lane;
        let mut lanes = 1;
        for _ in 0..FARTHEST {
            let way = self.map.way(row);
            for vehicle in self.state.rows[row as usize].iter().rev() {
                let other = &self.kinds[vehicle.kind as usize];
                if vehicle.speed < STANDING {
                    return room + vehicle.distance - other.length >= need;
                }
                need += other.length + other.min_gap;
            }
            room += way.length;
            if room >= need {
                return true;
            }
            row = if way.is_lane() {
                self.movement_at(me, row, lanes)
            } else {
                way.to
            };
            if row == NONE {
                return true;
            }
            lanes += u32::from(self.map.way(row).is_lane());
        }
        true
    }

    /// Speed with regard to the crossings of a movement that lie ahead of `position` (negative:
    /// still on the lane before it), and the vehicle given way to.
    #[expect(
        clippy::too_many_arguments,
        reason = "the innermost loop; all are at hand there"
    )]
    pub(crate) fn crossing_speed(
        &self,
        block: &Block,
        movement: u32,
        position: f64,
        me: &Vehicle,
        kind: &Kind,
        plan: &mut Plan,
        ready: &mut bool,
    ) -> (f64, u32) {
        let way = self.map.way(movement);
        if way.start == way.end {
            return (kind.max_speed, NONE); // nobody crosses it
        }
        if !*ready {
            self.find_active(block, &mut plan.active);
            *ready = true;
        }
        let start = self.map.conflict_start[movement as usize] as usize;
        let conflicts = &self.map.conflicts[start..start + plan.active.len()];
        if conflicts
            .iter()
            .zip(&plan.active)
            .all(|(conflict, active)| conflict & active == 0)
        {
            return (kind.max_speed, NONE);
        }
        for crossing in self.map.crossings(way) {
            let active = plan.active[crossing.foe_bit as usize / 64] >> (crossing.foe_bit % 64);
            if active & 1 == 0 || crossing.at < position {
                continue;
            }
            let Some((foe, foe_distance)) = self.foe(crossing.foe, crossing.foe_at) else {
                continue;
            };
            let distance = crossing.at - position;
            let ways = (way, self.map.way(crossing.foe));
            if !self.can_pass(me, kind, distance, foe, foe_distance, crossing.rank, ways) {
                let speed = kind.stop_before(me.speed, distance - YIELD_DISTANCE, self.dt);
                return (kind.max_speed.min(speed), foe.id);
            }
        }
        (kind.max_speed, NONE)
    }

    /// Which movements of a block have, or are about to have, a vehicle that others must heed:
    /// on it, just beyond it, or first in line for it with green.
    fn find_active(&self, block: &Block, active: &mut Vec<u64>) {
        let words = block.word as usize..(block.word + block.words) as usize;
        active.clear();
        active.extend_from_slice(&self.state.occupied[words]);
        let lanes = block.movements - block.rows;
        for index in 0..active.len() {
            let mut bits = self.state.occupied[block.word as usize + index];
            while bits != 0 {
                let bit = index as u32 * 64 + bits.trailing_zeros();
                bits &= bits - 1;
                if bit >= lanes {
                    break;
                }
                let row = block.rows + bit;
                let Some(front) = self.state.rows[row as usize].first() else {
                    continue;
                };
                let rest = self.map.way(row).length - front.distance;
                if front.next != NONE
                    && self.state.green[front.next as usize]
                    && rest <= self.notice(block, front)
                {
                    let bit = self.map.way(front.next).bit;
                    active[bit as usize / 64] |= 1 << (bit % 64);
                }
            }
        }
        for &row in &self.map.departing[block.departing as usize..block.departing_end as usize] {
            let Some(tail) = self.state.rows[row as usize].last() else {
                continue;
            };
            if tail.previous != NONE
                && tail.previous >= block.movements
                && tail.previous < block.rows_end
                && tail.distance < self.kinds[tail.kind as usize].length
            {
                let bit = self.map.way(tail.previous).bit;
                active[bit as usize / 64] |= 1 << (bit % 64);
            }
        }
    }

    /// How far from its stop line the first vehicle of a lane can matter to others: a vehicle
    /// that stands at the edge of its approach reaches any crossing before this one does.
    fn notice(&self, block: &Block, front: &Vehicle) -> f64 {
        let kind = &self.kinds[front.kind as usize];
        let fastest = kind.max_speed.max(front.speed);
        let seconds = self.notice[self.map.way(block.rows).block as usize];
        (fastest * seconds).max(kind.brake_distance(fastest) + YIELD_DISTANCE + 1.0)
    }

    /// The vehicle on a movement, or bound for it, that concerns the crossing at `at`, and its
    /// distance from there (negative: passing it). Section 4.2, asked for one crossing.
    #[inline]
    fn foe(&self, movement: u32, at: f64) -> Option<(&'a Vehicle, f64)> {
        let way = self.map.way(movement);
        if let Some(tail) = self.state.rows[way.to as usize].last()
            && tail.previous == movement
        {
            let beyond = way.length - at;
            if beyond + (tail.distance - self.kinds[tail.kind as usize].length) < 0.0 {
                return Some((tail, -(tail.distance + beyond)));
            }
        }
        for vehicle in &self.state.rows[movement as usize] {
            if vehicle.distance - at - self.kinds[vehicle.kind as usize].length <= 0.0 {
                return Some((vehicle, at - vehicle.distance));
            }
        }
        let front = self.state.rows[way.from as usize].first()?;
        if front.next == movement && self.state.green[movement as usize] {
            let rest = self.map.way(way.from).length - front.distance;
            return Some((front, rest + at));
        }
        None
    }

    /// Whether a vehicle may pass a crossing before or after its foe there (section 4.3).
    #[expect(
        clippy::too_many_arguments,
        reason = "the innermost loop; all are at hand there"
    )]
    fn can_pass(
        &self,
        me: &Vehicle,
        kind: &Kind,
        distance: f64,
        foe: &Vehicle,
        foe_distance: f64,
        rank: i8,
        ways: (&Way, &Way),
    ) -> bool {
        if !kind.can_yield(me.speed, distance) {
            return true;
        }
        let other = &self.kinds[foe.kind as usize];
        let first = if !other.can_yield(foe.speed, foe_distance) {
            false
        } else if rank > 0 {
            true
        } else if foe_distance > 0.0 {
            let foe_steps = other.steps_to_reach(foe.speed, foe_distance, ways.1.turn, self.dt);
            let steps = kind.steps_to_reach(me.speed, distance, ways.0.turn, self.dt);
            if foe_steps != steps || rank < 0 {
                let apart = foe_distance - distance;
                foe_steps > steps && (rank >= 0 || self.may_merge(ways, me, foe, apart))
            } else if me.entered != foe.entered {
                me.entered < foe.entered
            } else if distance.total_cmp(&foe_distance).is_eq() {
                me.priority > foe.priority
            } else {
                distance < foe_distance
            }
        } else {
            foe_distance + other.length < 0.0
        };
        first || self.knotted(foe)
    }

    /// Whether the vehicles that give way to one another from here on form a ring.
    fn knotted(&self, foe: &Vehicle) -> bool {
        let mut slow = foe.id;
        let mut fast = foe.id;
        loop {
            let ahead = self.blocker(fast);
            if ahead == NONE {
                return false;
            }
            slow = self.blocker(slow);
            fast = self.blocker(ahead);
            if slow == fast {
                return slow != NONE;
            }
            if fast == NONE {
                return false;
            }
        }
    }

    /// Whom a vehicle gave way to in the last step.
    fn blocker(&self, id: u32) -> u32 {
        self.find(id).map_or(NONE, |vehicle| vehicle.blocker)
    }

    /// A vehicle by its number.
    pub(crate) fn find(&self, id: u32) -> Option<&'a Vehicle> {
        let row = if id & SHADOW_ID != 0 {
            self.state
                .changes
                .iter()
                .find(|change| change.shadow == id)?
                .target
        } else {
            self.state.records.get(id as usize)?.row
        };
        if row == Record::GONE || row == Record::WAITING {
            return None;
        }
        self.state.rows[row as usize]
            .iter()
            .find(|vehicle| vehicle.id == id)
    }

    /// Speed of a vehicle that was asked to make room, or whose lane does not lead on
    /// (section 5).
    #[cold]
    pub(crate) fn lateral_speed(&self, way: &Way, me: &Vehicle, kind: &Kind) -> f64 {
        let mut v = f64::INFINITY;
        if me.is(flag::ASKED)
            && let Some(&room) = self.state.room.get(&me.id)
        {
            v = room;
        }
        if me.is(flag::ASTRAY) {
            let rest = way.length - me.distance;
            let own = kind.max_deceleration;
            v = v.min(clear_speed(
                0.0,
                1.0,
                me.speed,
                own,
                rest,
                self.dt,
                kind.min_gap,
            ));
        }
        v
    }

    /// Where a vehicle comes to at a new speed.
    #[inline]
    pub(crate) fn displace(&self, me: &Vehicle, row: u32, way: &Way, kind: &Kind, v: f64) -> Move {
        let (driven, speed) = if v < 0.0 {
            (0.5 * me.speed * me.speed / kind.max_deceleration, 0.0)
        } else {
            ((me.speed + v) * self.dt / 2.0, v)
        };
        let mut distance = me.distance + driven;
        let mut to = STAY;
        if distance > way.length {
            (distance, to) = self.carry_over(me, row, distance);
            if to == row {
                to = STAY; // it stands at the end of a lane that does not lead on
            }
        }
        Move {
            distance,
            speed,
            gap: f64::NEG_INFINITY,
            to,
            blocker: NONE,
            driven,
        }
    }

    /// Follows a vehicle over the end of its row.
    #[cold]
    fn carry_over(&self, me: &Vehicle, mut row: u32, mut distance: f64) -> (f64, u32) {
        let mut next = me.next;
        let mut lanes = 0;
        loop {
            let way = self.map.way(row);
            if distance <= way.length {
                return (distance, row);
            }
            if next == NONE {
                let record = &self.state.records[(me.id & !SHADOW_ID) as usize];
                let last = self.routes.links(record.route).len() as u32 - 1;
                let there = record.leg + lanes >= last;
                return if there {
                    (distance - way.length, END)
                } else {
                    (way.length, row)
                };
            }
            distance -= way.length;
            row = next;
            let way = self.map.way(row);
            next = if way.is_lane() {
                lanes += 1;
                self.movement_at(me, row, lanes)
            } else {
                way.to
            };
        }
    }
}
