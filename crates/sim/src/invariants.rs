//! What must hold between any two steps. Tests call it after every step; so may a caller who
//! doubts a world.

use rustc_hash::FxHashSet;

use crate::advance::SHADOW_ID;
use crate::map::NONE;
use crate::state::{Record, Vehicle, flag};
use crate::world::World;

impl World {
    /// Checks that no vehicle was lost or doubled, that each stands where its record says, and
    /// that what the engine remembers agrees with what it would count afresh.
    ///
    /// # Errors
    /// A sentence that names the first thing found wrong.
    pub fn check_invariants(&self) -> Result<(), String> {
        self.check_rows()?;
        self.check_numbers()
    }

    fn check_rows(&self) -> Result<(), String> {
        let mut seen = FxHashSet::default();
        for (row, vehicles) in self.state.rows.iter().enumerate() {
            let way = self.map.way(row as u32);
            let word = self.map.blocks[way.block as usize].word + way.bit / 64;
            let marked = self.state.occupied[word as usize] >> (way.bit % 64) & 1 == 1;
            if marked == vehicles.is_empty() {
                return Err(format!(
                    "row {row} holds {} but is marked {marked}",
                    vehicles.len()
                ));
            }
            for vehicle in vehicles {
                if !seen.insert(vehicle.id) {
                    return Err(format!("vehicle {} stands in two places", vehicle.id));
                }
                self.check_vehicle(vehicle, row as u32)?;
            }
        }
        let waiting = self
            .state
            .entries
            .values()
            .flatten()
            .filter(|id| !seen.insert(**id))
            .count();
        if waiting > 0 {
            return Err(format!("{waiting} vehicles wait and drive at once"));
        }
        Ok(())
    }

    fn check_vehicle(&self, vehicle: &Vehicle, row: u32) -> Result<(), String> {
        let way = self.map.way(row);
        let fault = |what: &str| Err(format!("{vehicle:?} on row {row} {what}"));
        if !(vehicle.distance >= 0.0 && vehicle.distance <= way.length) {
            return fault("is beyond the ends of its row");
        }
        if !(vehicle.speed >= 0.0 && vehicle.speed.is_finite()) {
            return fault("has an impossible speed");
        }
        let shadow = vehicle.id & SHADOW_ID != 0;
        if shadow != vehicle.is(flag::SHADOW) {
            return fault("is and is not a copy");
        }
        let record = self.state.records[(vehicle.id & !SHADOW_ID) as usize];
        if !shadow && record.row != row {
            return fault("is not where its record says");
        }
        let links = self.routes.links(record.route);
        if way.is_lane() && links[record.leg as usize] != way.link {
            return fault("is off its route");
        }
        if way.is_lane() && vehicle.next != NONE && self.map.way(vehicle.next).from != row {
            return fault("means to take a movement of another lane");
        }
        if !way.is_lane() && vehicle.next != way.to {
            return fault("does not follow its movement");
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), String> {
        let tally = &self.state.tally;
        let on_rows: usize = self.state.rows.iter().map(Vec::len).sum();
        let waiting: usize = self
            .state
            .entries
            .values()
            .map(std::collections::VecDeque::len)
            .sum();
        let shadows = self.state.changes.len();
        let gone = self
            .state
            .records
            .iter()
            .filter(|r| r.row == Record::GONE)
            .count();
        let counts = [
            (
                "running",
                u64::from(tally.running),
                (on_rows - shadows) as u64,
            ),
            ("waiting to enter", u64::from(tally.waiting), waiting as u64),
            ("shadows", u64::from(tally.shadows), shadows as u64),
            ("created", tally.created, self.state.records.len() as u64),
            ("gone", tally.finished + tally.removed, gone as u64),
            (
                "created",
                tally.created,
                tally.finished
                    + tally.removed
                    + u64::from(tally.running)
                    + u64::from(tally.waiting),
            ),
            (
                "priorities",
                self.state.priorities.len() as u64,
                (on_rows + waiting) as u64,
            ),
        ];
        for (what, remembered, counted) in counts {
            if remembered != counted {
                return Err(format!(
                    "{what}: {remembered} remembered, {counted} counted"
                ));
            }
        }
        Ok(())
    }
}
