//! When the vehicles of a SUMO flow depart.

use crate::error::Error;
use crate::input::shown;
use crate::issue::Issues;

use super::xml::Tag;

/// Departures at equal distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Departures {
    /// The first, seconds.
    pub(super) start: f64,
    /// Seconds between two.
    pub(super) interval: f64,
    /// How many.
    pub(super) count: u64,
}

/// SUMO ends flows without an end after a day.
const DAY: f64 = 86_400.0;
/// More vehicles than one flow can have; keeps counts exact as `f64`.
const MOST: f64 = 1e9;

impl Departures {
    /// Departure number `index`, seconds.
    pub(super) fn at(&self, index: u64) -> f64 {
        self.start + index as f64 * self.interval
    }

    /// The time after which none may follow: between the last and the one that would come next.
    pub(super) fn end(&self) -> f64 {
        self.at(self.count.saturating_sub(1)) + self.interval * 0.5
    }
}

/// Reads a flow's times; `begin` is the simulation's start. `None` when it has no vehicles.
pub(super) fn departures(
    tag: &Tag<'_>,
    begin: f64,
    issues: &mut Issues,
) -> Result<Option<Departures>, Error> {
    let id = tag.text("id").unwrap_or_default();
    let start = match tag.text("begin") {
        Some("begin") | None => begin,
        Some(_) => tag.time("begin")?.unwrap_or(begin),
    };
    let end = tag.time("end")?;
    if end.is_some_and(|end| end < start) {
        return Err(tag.fault("ends before it begins; give an end after its begin"));
    }
    let number = tag.number("number")?;
    if number.is_some_and(|number| !(0.0..=MOST).contains(&number)) {
        return Err(tag.fault(format!("needs a number from 0 to {MOST}")));
    }
    let mut random = |what: &str| {
        issues.add(
            "flow",
            id,
            format!("has departures at random ({what}); here they are evenly spaced"),
        );
    };
    let rate = |name: &str| match tag.number(name)? {
        Some(rate) if rate <= 0.0 => Err(tag.fault(format!("needs a {name} greater than zero"))),
        rate => Ok(rate),
    };
    let interval = if let Some(text) = tag.text("period") {
        let exponential = text
            .trim()
            .strip_prefix("exp(")
            .and_then(|text| text.strip_suffix(')'));
        let period = match exponential {
            Some(rate) => {
                random("period=exp(…)");
                rate.parse::<f64>().ok().map(|rate| 1.0 / rate)
            }
            None => super::xml::seconds(text),
        };
        let period = period.filter(|period| period.is_finite() && *period > 0.0);
        Some(period.ok_or_else(|| {
            tag.fault(format!(
                "has period={:?}, which is not a time greater than zero",
                shown(text)
            ))
        })?)
    } else if let Some(rate) = rate("vehsPerHour")?.or(rate("perHour")?) {
        Some(3600.0 / rate)
    } else if let Some(probability) = rate("probability")? {
        if probability > 1.0 {
            return Err(tag.fault("needs a probability from 0 to 1"));
        }
        random("probability");
        Some(1.0 / probability)
    } else {
        None
    };
    let (interval, count) = match (interval, number) {
        (None, None) => {
            return Err(tag.fault(
                "does not say how many vehicles it has; add number, period, vehsPerHour or probability",
            ));
        }
        (Some(interval), Some(number)) => (interval, number.floor()),
        (None, Some(number)) => {
            let span = end.unwrap_or(start.max(DAY)) - start;
            let interval = span / number.floor().max(1.0);
            (if interval > 0.0 { interval } else { 1.0 }, number.floor())
        }
        (Some(interval), None) => {
            let span = end.unwrap_or(start.max(DAY)) - start;
            (interval, (span / interval - 1e-9).ceil().max(0.0))
        }
    };
    if !(interval.is_finite() && interval > 0.0) || count > MOST {
        return Err(tag.fault(format!("has more than the limit of {MOST} vehicles")));
    }
    Ok((count >= 1.0).then_some(Departures {
        start,
        interval,
        count: count as u64,
    }))
}
