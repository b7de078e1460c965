//! What can be said about an event without a network: numbers within their ranges, times in order.

use super::definition::{EventDefinition, Sited};
use crate::error::Error;

/// Most cars of one event.
const CARS_MAX: u32 = 1_000_000;
/// Most car parks, most origins or exits, and most closures of one event.
const PLACES_MAX: usize = 10_000;
/// The longest time that a file may name, seconds: a week.
const LONGEST: f64 = 604_800.0;

impl EventDefinition {
    /// Checks what can be checked without a network; `before` is put before each field's name.
    ///
    /// # Errors
    /// Names the field and what would be right.
    pub fn check(&self, before: &str) -> Result<(), Error> {
        let field = |name: &str| format!("{before}{name}");
        let seconds = |value: &Option<Sited<f64>>, name: &str, least: f64| match value {
            Some(given) if !(given.value > least && given.value <= LONGEST) => Err(given.wrong(
                field(name),
                format!(
                    "{} must be more than {least} and at most {LONGEST} s",
                    given.value
                ),
            )),
            _ => Ok(()),
        };
        self.check_people(before)?;
        self.check_lists(before)?;
        seconds(&Some(self.start), "start", 0.0)?;
        seconds(&Some(self.end), "end", 0.0)?;
        if self.end.value < self.start.value {
            let message = format!(
                "{} is before start, {}; seconds count from the start of the run",
                self.end.value, self.start.value
            );
            return Err(self.end.wrong(field("end"), message));
        }
        seconds(&self.coming, "coming", 0.0)?;
        seconds(&self.leaving, "leaving", 0.0)?;
        let (first, last) = self.arrivals(before)?.span();
        if self.start.value + first < 0.0 {
            let message = format!(
                "{} is too early: the first visitors come {:.0} s before; let it start at {:.0} or \
                 later, or let them come over less time (`coming`)",
                self.start.value, -first, -first
            );
            return Err(self.start.wrong(field("start"), message));
        }
        if let Some(points) = self
            .arrivals
            .as_ref()
            .filter(|_| last > self.end.value - self.start.value)
        {
            let message = format!(
                "the last come {:.0} min after the start, when the event is over; minutes before \
                 the start have a minus",
                last / 60.0
            );
            return Err(points.wrong(field("arrivals"), message));
        }
        let (first, last) = self.departures(before)?.span();
        if let Some(points) = &self.departures {
            if first < 0.0 {
                let message = "the first leave before the end; minutes count from the end";
                return Err(points.wrong(field("departures"), message));
            }
            if last > LONGEST {
                let message = format!(
                    "the last leave {} min after the end; at most {:.0}",
                    last / 60.0,
                    LONGEST / 60.0
                );
                return Err(points.wrong(field("departures"), message));
            }
        }
        Ok(())
    }

    fn check_people(&self, before: &str) -> Result<(), Error> {
        let field = |name: &str| format!("{before}{name}");
        if let Some(per_car) = &self.per_car
            && !(1.0..=100.0).contains(&per_car.value)
        {
            let message = format!("{} must be 1 to 100 visitors in a car", per_car.value);
            return Err(per_car.wrong(field("per_car"), message));
        }
        if self.cars() > CARS_MAX {
            let message = format!("{} come in more than {CARS_MAX} cars", self.visitors.value);
            return Err(self.visitors.wrong(field("visitors"), message));
        }
        for (value, name, most) in [
            (&self.guided, "guided", 1.0),
            (&self.radius, "radius", 100_000.0),
            (&self.around, "around", 100_000.0),
        ] {
            if let Some(given) = value
                && !(0.0..=most).contains(&given.value)
            {
                let message = format!("{} must be from 0 to {most}", given.value);
                return Err(given.wrong(field(name), message));
            }
        }
        Ok(())
    }

    fn check_lists(&self, before: &str) -> Result<(), Error> {
        for (name, count) in [
            ("origins", self.origins.len()),
            ("exits", self.exits.len()),
            ("car_parks", self.car_parks.len()),
            ("closures", self.closures.len()),
        ] {
            if count > PLACES_MAX {
                let message = format!("there are {count}; at most {PLACES_MAX}");
                return Err(Error::value(format!("{before}{name}"), message));
            }
        }
        if let Some(radius) = self.radius.as_ref().filter(|_| !self.car_parks.is_empty()) {
            let message = "visitors park either within a radius or in car parks; leave one out";
            return Err(radius.wrong(format!("{before}radius"), message));
        }
        for (name, gates) in [("origins", &self.origins), ("exits", &self.exits)] {
            for (index, gate) in gates.iter().enumerate() {
                if let Some(share) = &gate.share
                    && !(share.value.is_finite() && share.value > 0.0)
                {
                    let message = format!("{} must be more than zero", share.value);
                    return Err(share.wrong(format!("{before}{name}[{index}].share"), message));
                }
            }
        }
        Ok(())
    }
}
