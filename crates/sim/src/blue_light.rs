//! Vehicles under blue light, and those who let them pass: an extension of the traffic model.
//!
//! Off unless [`World::set_blue_light`] says otherwise for a vehicle; without one, no line of this
//! file runs in a step and every figure is that of the published model.
//!
//! The model, after the blue-light device of SUMO (Bieker-Walz, Behrisch, Junghans: *Analysis of
//! the traffic behavior of emergency vehicles in a microscopic traffic simulation*, SUMO
//! Conference 2018; SUMO user documentation, "Emergency Vehicle Simulation"):
//!
//! * Its desired speed is a multiple of the speed limit, never above its own maximum.
//! * Drivers ahead of it within [`BlueLight::reach`] keep to the sides of the carriageway and leave
//!   a rescue lane between them. Where what they leave is wide enough for it, it passes them, no
//!   more than [`BlueLight::passing`] faster than they are; they do not slow down for it, as in
//!   SUMO. Where it is not (one lane, or a truck on two narrow ones), it follows like anybody.
//! * It slows down for a turn as late as usual braking allows.
//! * Who is just changing lanes, and another vehicle under blue light, is not passed. Inside
//!   junctions nobody is passed.
//! * It heeds signals, crossing traffic and turning speeds as everybody does. SUMO's passes red
//!   lights; ours does not.
//! * Under the street rules it takes the lane that its route needs wherever a rescue lane can be
//!   formed, and it changes lanes for no other reason.
//!
//! In the arrays it stands in order of its front like anybody, so it moves forward in its row while
//! it passes.

use serde::{Deserialize, Serialize};

use crate::advance::{Plan, Reader, SHADOW_ID};
use crate::kind::{Kind, TURN_SPEED, lesser};
use crate::map::{Block, NONE, Way};
use crate::state::{Record, Vehicle, flag};
use crate::view::VehicleId;
use crate::world::{Error, World};

/// Room that a rescue lane leaves between the vehicle and those beside it, metres on each side.
const SIDE: f64 = 0.15;
/// Width of the vehicles that stand on the other lanes, metres: the traffic model's car.
const BESIDE: f64 = 2.0;

/// How a vehicle under blue light drives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlueLight {
    /// Desired speed as a multiple of the limit (1.5, as SUMO's documentation recommends).
    pub speed_factor: f64,
    /// Drivers this far ahead make way, metres (25, SUMO's `device.bluelight.reactiondist`).
    pub reach: f64,
    /// How much faster than those it passes it drives at most, m/s (5.56, 20 km/h: an assumption;
    /// it is what emergency services commonly order for driving between standing cars).
    pub passing: f64,
}

impl Default for BlueLight {
    fn default() -> Self {
        Self {
            speed_factor: 1.5,
            reach: 25.0,
            passing: 5.56,
        }
    }
}

impl BlueLight {
    fn check(&self) -> Result<(), Error> {
        let ranges = [
            ("speed factor", self.speed_factor, 0.1, 5.0),
            ("reach", self.reach, 0.0, 1_000.0),
            ("passing speed", self.passing, 0.0, 50.0),
        ];
        for (what, value, least, most) in ranges {
            if !(value >= least && value <= most) {
                return Err(Error::Invalid(format!(
                    "the blue light's {what} is {value}; it must be from {least} to {most}"
                )));
            }
        }
        Ok(())
    }
}

impl World {
    /// Switches a vehicle's blue light on or off.
    ///
    /// # Errors
    /// When the vehicle is not there or a value is out of range.
    pub fn set_blue_light(
        &mut self,
        vehicle: VehicleId,
        light: Option<BlueLight>,
    ) -> Result<(), Error> {
        let record = self.live_record(vehicle)?;
        if let Some(light) = light {
            light.check()?;
            self.state.blue_lights.insert(vehicle.0, light);
        } else {
            self.state.blue_lights.remove(&vehicle.0);
        }
        if record.row != Record::WAITING {
            let vehicles = &mut self.state.rows[record.row as usize];
            if let Some(found) = vehicles.iter_mut().find(|other| other.id == vehicle.0) {
                found.flags &= !flag::BLUE;
                found.flags |= if light.is_some() { flag::BLUE } else { 0 };
            }
        }
        Ok(())
    }

    /// Whether a vehicle drives under blue light.
    pub fn has_blue_light(&self, vehicle: VehicleId) -> bool {
        self.state.blue_lights.contains_key(&vehicle.0)
    }

    /// Puts a vehicle that waits to enter before all others that wait for its lane, as one that
    /// leaves a station does.
    ///
    /// # Errors
    /// When the vehicle is not there. One that has entered stays where it is.
    pub fn let_enter_first(&mut self, vehicle: VehicleId) -> Result<(), Error> {
        self.live_record(vehicle)?;
        for queue in self.state.entries.values_mut() {
            if let Some(at) = queue.iter().position(|&waiting| waiting == vehicle.0) {
                queue.remove(at);
                queue.push_front(vehicle.0);
            }
        }
        Ok(())
    }

    /// Whether a vehicle under blue light can be let through between the vehicles of a lane's link
    /// and `other`.
    pub(crate) fn makes_way(&self, me: &Vehicle, other: &Vehicle, lane: u32) -> bool {
        self.reader().makes_way(me, other, self.map.way(lane))
    }

    /// Moves vehicles under blue light forward past those whose fronts they have passed.
    pub(crate) fn order_by_front(&mut self) {
        let lights: Vec<u32> = self.state.blue_lights.keys().copied().collect();
        for id in lights {
            let row = self.state.records[id as usize].row;
            let Some(vehicles) = self.state.rows.get_mut(row as usize) else {
                continue;
            };
            let Some(mut at) = vehicles.iter().position(|vehicle| vehicle.id == id) else {
                continue;
            };
            while at > 0 && vehicles[at - 1].distance < vehicles[at].distance {
                vehicles.swap(at - 1, at);
                at -= 1;
            }
        }
    }
}

impl<'a> Reader<'a> {
    /// Whether `other`, on the lane `way`, can leave enough of the carriageway for `me`.
    fn makes_way(&self, me: &Vehicle, other: &Vehicle, way: &Way) -> bool {
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
        let light = self.state.blue_lights.get(&me.id);
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
            if gap > light.reach || !self.makes_way(me, other, way) {
                return Some((other, gap));
            }
            slow_for(other, gap, cap);
        }
        self.look_beyond(me, row, kind, light, cap)
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
        if gap > light.reach || !self.makes_way(me, tail, lane) {
            return Some((tail, gap));
        }
        let mut nearest = None;
        for other in self.state.rows[home as usize].iter().rev() {
            let length = self.kinds[other.kind as usize].length;
            let tail_length = self.kinds[tail.kind as usize].length;
            let gap = gap + (other.distance - length) - (tail.distance - tail_length);
            if gap > light.reach || !self.makes_way(me, other, lane) {
                nearest = Some((other, gap));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named() {
        let light = BlueLight {
            reach: f64::NAN,
            ..BlueLight::default()
        };
        let message = light.check().expect_err("no number").to_string();
        assert!(message.contains("reach is NaN"), "{message}");
        assert!(BlueLight::default().check().is_ok());
    }
}
