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

use crate::state::{State, Vehicle, flag};
use crate::view::VehicleId;
use crate::world::{Error, World};

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
    pub(crate) fn check(&self) -> Result<(), Error> {
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
        // Its copy, too, if it is just changing lanes.
        let changes = &self.state.changes;
        let change = changes.iter().find(|change| change.original == vehicle.0);
        let copy = change.map(|change| (change.target, change.shadow));
        for (row, id) in [(record.row, vehicle.0)].into_iter().chain(copy) {
            let vehicles = self.state.rows.get_mut(row as usize);
            let found = vehicles.into_iter().flatten().find(|other| other.id == id);
            if let Some(found) = found {
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

    /// Puts the rows on which vehicles drive under blue light in order of fronts again.
    pub(crate) fn order_by_front(&mut self) {
        let State {
            rows,
            records,
            changes,
            blue_lights,
            ..
        } = &mut self.state;
        let own = blue_lights.keys().map(|&id| records[id as usize].row);
        let copies = changes
            .iter()
            .filter(|change| blue_lights.contains_key(&change.original))
            .map(|change| change.target);
        for row in own.chain(copies) {
            if let Some(vehicles) = rows.get_mut(row as usize) {
                // Stable: who is level stays in order. Nearly sorted, so nearly free.
                vehicles.sort_by(|one, other| other.distance.total_cmp(&one.distance));
            }
        }
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
