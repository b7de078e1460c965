//! Demand: who drives when along which links.

use serde::{Deserialize, Serialize};

use crate::model::LinkId;

/// How a kind of vehicle moves. Defaults are those of the traffic model for a passenger car.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VehicleType {
    /// A name.
    pub id: String,
    /// Length, metres.
    pub length: f64,
    /// Width, metres.
    pub width: f64,
    /// Strongest acceleration, m/s².
    pub max_acceleration: f64,
    /// Strongest braking, m/s², positive.
    pub max_deceleration: f64,
    /// Usual acceleration, m/s².
    pub usual_acceleration: f64,
    /// Usual braking, m/s², positive.
    pub usual_deceleration: f64,
    /// Gap to the vehicle ahead when standing, metres.
    pub min_gap: f64,
    /// Desired speed, m/s.
    pub max_speed: f64,
    /// Desired time headway to the vehicle ahead, seconds.
    pub headway: f64,
}

impl Default for VehicleType {
    fn default() -> Self {
        Self {
            id: "car".to_owned(),
            length: 5.0,
            width: 2.0,
            max_acceleration: 4.5,
            max_deceleration: 4.5,
            usual_acceleration: 2.5,
            usual_deceleration: 2.5,
            min_gap: 2.0,
            max_speed: 16.666_67,
            headway: 1.0,
        }
    }
}

impl VehicleType {
    /// Whether such a vehicle can drive.
    ///
    /// # Errors
    /// A message that names the field that is wrong and what would be right.
    pub fn check(&self) -> Result<(), String> {
        let positive = [
            ("length", self.length),
            ("width", self.width),
            ("maximum acceleration", self.max_acceleration),
            ("maximum deceleration", self.max_deceleration),
            ("usual acceleration", self.usual_acceleration),
            ("usual deceleration", self.usual_deceleration),
            ("maximum speed", self.max_speed),
            ("headway", self.headway),
        ];
        for (field, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(format!(
                    "has the vehicle {field} {value}; it must be greater than zero"
                ));
            }
        }
        if !(self.min_gap.is_finite() && self.min_gap >= 0.0) {
            return Err(format!(
                "has the vehicle gap {}; it must be zero or more",
                self.min_gap
            ));
        }
        Ok(())
    }
}

/// Vehicles of one type that follow one another on the same route.
///
/// The first appears at the first step at or after `start`, then one every `interval`, the last
/// not later than `end` (inclusive).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// The name in the source file, if it has one.
    pub id: Option<String>,
    /// Index in [`Demand::types`].
    pub vehicle_type: u32,
    /// Index in [`Demand::routes`].
    pub route: u32,
    /// Seconds between two vehicles; greater than zero.
    pub interval: f64,
    /// Seconds from the start of the simulation.
    pub start: f64,
    /// Last moment at which a vehicle may appear; `None` for no end.
    pub end: Option<f64>,
}

impl Flow {
    /// How many of its vehicles appear before `horizon` seconds; the largest number there is where
    /// they are more.
    pub fn vehicles_before(&self, horizon: f64) -> usize {
        let end = self.end.unwrap_or(f64::INFINITY).min(horizon);
        if end < self.start || self.start >= horizon {
            return 0;
        }
        let gaps = ((end - self.start) / self.interval).floor() as usize;
        let mut count = gaps.saturating_add(1);
        if self.start + (count - 1) as f64 * self.interval >= horizon {
            count -= 1;
        }
        count
    }
}

/// All flows of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Kinds of vehicle.
    pub types: Vec<VehicleType>,
    /// Routes, shared between flows: links to pass in order. Neighbours in the list that are not
    /// joined by a turn are connected by the shortest way when a vehicle is created.
    pub routes: Vec<Vec<LinkId>>,
    /// Flows, in file order.
    pub flows: Vec<Flow>,
}

impl Demand {
    /// How many vehicles appear before `horizon` seconds; the largest number there is where they
    /// are more.
    pub fn vehicles_before(&self, horizon: f64) -> usize {
        self.flows
            .iter()
            .map(|flow| flow.vehicles_before(horizon))
            .fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(interval: f64, end: Option<f64>) -> Flow {
        Flow {
            id: None,
            vehicle_type: 0,
            route: 0,
            interval,
            start: 10.0,
            end,
        }
    }

    #[test]
    fn vehicles_are_counted_up_to_the_horizon() {
        let count = |flows: Vec<Flow>, horizon| {
            let demand = Demand {
                flows,
                ..Demand::default()
            };
            demand.vehicles_before(horizon)
        };
        assert_eq!(count(vec![flow(5.0, None)], 10.0), 0);
        assert_eq!(count(vec![flow(5.0, None)], 20.0), 2);
        assert_eq!(count(vec![flow(5.0, Some(20.0))], 60.0), 3);
        let endless = || flow(1e-300, None);
        assert_eq!(count(vec![endless(), endless()], 60.0), usize::MAX);
    }
}
