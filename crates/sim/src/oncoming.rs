//! Street rules: who is about to come onto a lane from behind its start.
//!
//! Those on a lane see one another; those still inside the junction before it, or on the lanes that
//! lead there, are in other rows. Whoever appears near the start of a lane from the side (a lane
//! change, an entry, a vehicle set down) must leave them the room to brake, or they would come to
//! stand beside it. The published benchmarks' rules do not look there, and are left as they are.

use crate::advance::Reader;
use crate::map::Way;
use crate::state::Vehicle;
use crate::world::World;

/// Gap that must be left before and behind a vehicle that appears in a lane, metres, at a
/// standstill.
pub(crate) const SQUEEZE: f64 = 0.5;
/// How far before the start of a lane others are looked for, metres: at 130 km/h and 4.5 m/s² one
/// stops within 182 m, a step of a second included.
const BACK: f64 = 200.0;
/// Lanes looked at before the start of one, at most.
const LANES: u32 = 64;

impl Reader<'_> {
    /// Whether a vehicle `gap` metres behind another need not brake harder than usual for it.
    pub(crate) fn leaves_room(&self, gap: f64, behind: &Vehicle, ahead: &Vehicle) -> bool {
        let (rear, front) = (
            &self.kinds[behind.kind as usize],
            &self.kinds[ahead.kind as usize],
        );
        let way = behind.speed * self.dt;
        let stop = way + behind.speed * behind.speed / 2.0 / rear.usual_deceleration;
        let ahead_stop = ahead.speed * ahead.speed / 2.0 / front.usual_deceleration;
        gap >= SQUEEZE + (stop - ahead_stop).max(0.0)
    }

    /// Whether a vehicle that has to give way may go first where its way and the other's, `ways`,
    /// cross. The benchmark's rules ask only who is there first; where both go on in the same lane
    /// the other must have room behind, too. `apart` is how much farther the other is from there,
    /// metres.
    pub(crate) fn may_merge(
        &self,
        ways: (&Way, &Way),
        me: &Vehicle,
        other: &Vehicle,
        apart: f64,
    ) -> bool {
        let length = self.kinds[me.kind as usize].length;
        !self.street || ways.0.to != ways.1.to || self.leaves_room(apart - length, other, me)
    }

    /// Whether those who come over the start of a lane that lies `gap` metres behind `me` can brake
    /// for it; `lanes` more are looked at.
    fn all_can_brake(&self, lane: u32, gap: f64, me: &Vehicle, lanes: &mut u32) -> bool {
        if gap > BACK || *lanes == 0 {
            return true;
        }
        *lanes -= 1;
        self.map.arriving(lane).iter().all(|&movement| {
            let way = self.map.way(movement);
            let gap = gap + way.length;
            if let Some(other) = self.state.rows[movement as usize].first() {
                return self.leaves_room(gap - other.distance, other, me);
            }
            let before = self.map.way(way.from);
            let vehicles = &self.state.rows[way.from as usize];
            let bound = |other: &&Vehicle| other.next == movement;
            let Some(other) = vehicles.iter().find(bound) else {
                return !vehicles.is_empty()
                    || self.all_can_brake(way.from, gap + before.length, me, lanes);
            };
            let rest = before.length - other.distance;
            let waits = !self.state.green[movement as usize]
                && self.kinds[other.kind as usize].brake_distance(other.speed) <= rest;
            waits || self.leaves_room(gap + rest, other, me)
        })
    }
}

impl World {
    /// Whether a vehicle can be put at its position on a lane, where nobody is behind it yet, so
    /// that all who are on their way onto that lane can brake for it. Always so under the
    /// benchmark's rules.
    pub(crate) fn is_clear_before(&self, lane: u32, me: &Vehicle) -> bool {
        let reader = self.reader();
        let rear = me.distance - reader.kinds[me.kind as usize].length;
        !reader.street || reader.all_can_brake(lane, rear, me, &mut { LANES })
    }
}
