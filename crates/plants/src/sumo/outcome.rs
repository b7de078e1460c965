//! What came out of a run, from SUMO's own record of trips and its statistics.

use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde::Serialize;

use crate::error::Error;

/// What came out of a run in SUMO. Times are seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Vehicles that arrived.
    pub finished: u64,
    /// Vehicles that were on the way or waiting outside at the end.
    pub unfinished: u64,
    /// Mean over arrived vehicles from the wish to depart to the arrival: duration and departure
    /// delay.
    pub mean_trip: f64,
    /// Of that, from the departure on.
    pub mean_duration: f64,
    /// Of that, waiting to be let onto the network.
    pub mean_depart_delay: f64,
    /// Mean time that stood.
    pub mean_waiting: f64,
    /// Mean time lost to driving slower than wished.
    pub mean_time_loss: f64,
    /// Vehicles that SUMO took out of the way and set down further on.
    pub teleports: u64,
    /// Collisions that SUMO noted.
    pub collisions: u64,
    /// Second of SUMO's clock of the last arrival.
    pub last_arrival: f64,
}

impl Outcome {
    /// From the files that SUMO wrote.
    pub(super) fn read(trips: &Path, statistics: &Path) -> Result<Self, Error> {
        let mut outcome = Self::default();
        let (mut duration, mut delay, mut waiting, mut loss) = (0.0, 0.0, 0.0, 0.0);
        for_each_element(trips, |element| {
            if element.name().as_ref() != "tripinfo" {
                return;
            }
            let number = |name: &str| number(element, name);
            outcome.finished += 1;
            duration += number("duration");
            delay += number("departDelay");
            waiting += number("waitingTime");
            loss += number("timeLoss");
            outcome.last_arrival = outcome.last_arrival.max(number("arrival"));
        })?;
        for_each_element(statistics, |element| match element.name().as_ref() {
            "vehicles" => {
                outcome.unfinished =
                    (number(element, "running") + number(element, "waiting")) as u64;
            }
            "teleports" => outcome.teleports = number(element, "total") as u64,
            "safety" => outcome.collisions = number(element, "collisions") as u64,
            _ => {}
        })?;
        let mean = |sum: f64| sum / outcome.finished.max(1) as f64;
        outcome.mean_duration = mean(duration);
        outcome.mean_depart_delay = mean(delay);
        outcome.mean_trip = mean(duration + delay);
        outcome.mean_waiting = mean(waiting);
        outcome.mean_time_loss = mean(loss);
        Ok(outcome)
    }
}

/// Calls `visit` with each element of a file of SUMO's.
fn for_each_element(path: &Path, mut visit: impl FnMut(&BytesStart<'_>)) -> Result<(), Error> {
    let mut reader = Reader::from_file(path).map_err(|error| unreadable(path, &error))?;
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) => visit(&element),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(unreadable(path, &error)),
        }
        buffer.clear();
    }
}

fn unreadable(path: &Path, error: &quick_xml::Error) -> Error {
    Error::File {
        path: path.display().to_string(),
        source: std::io::Error::other(error.to_string()),
    }
}

/// The number in an attribute; 0 where there is none.
fn number(element: &BytesStart<'_>, name: &str) -> f64 {
    element
        .try_get_attribute(name)
        .ok()
        .flatten()
        .and_then(|attribute| attribute.value.parse().ok())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_those_who_arrived() {
        let folder = tempfile::tempdir().unwrap();
        let (trips, statistics) = (folder.path().join("t"), folder.path().join("s"));
        std::fs::write(
            &trips,
            r#"<tripinfos><tripinfo id="a" duration="100" departDelay="4" waitingTime="10" timeLoss="30" arrival="500.5"/>
            <tripinfo id="b" duration="50" departDelay="0" waitingTime="0" timeLoss="10" arrival="90"/></tripinfos>"#,
        )
        .unwrap();
        std::fs::write(
            &statistics,
            r#"<statistics><vehicles loaded="5" inserted="4" running="2" waiting="1"/>
            <teleports total="3" jam="3"/><safety collisions="1"/></statistics>"#,
        )
        .unwrap();
        let outcome = Outcome::read(&trips, &statistics).unwrap();
        let expected = Outcome {
            finished: 2,
            unfinished: 3,
            mean_trip: 77.0,
            mean_duration: 75.0,
            mean_depart_delay: 2.0,
            mean_waiting: 5.0,
            mean_time_loss: 20.0,
            teleports: 3,
            collisions: 1,
            last_arrival: 500.5,
        };
        assert_eq!(outcome, expected);
    }
}
