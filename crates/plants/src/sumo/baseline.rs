//! SUMO without us: the scenario's own plan, or SUMO's actuated control of the same phases, to
//! compare with; and the detectors that a scenario may lack.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use roads::sumo::Names;
use roads::{LaneId, Network};

use super::approaches::feeders;
use super::outcome::Outcome;
use super::process::{Process, Settings};
use super::scenario::Scenario;
use crate::error::Error;

/// Green times of SUMO's actuated control where the plan has none, seconds: SUMO's own defaults.
const MINIMUM_GREEN: f64 = 5.0;
/// As above.
const MAXIMUM_GREEN: f64 = 50.0;
/// How far a detector reaches before the stop line, metres.
const DETECTOR_REACH: f64 = 100.0;
/// How long after the scenario's end vehicles may still drive, seconds, where nobody counts them.
const DRAIN: f64 = 7_200.0;

/// Who controls the signals when we do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// The scenario's own programs.
    Plan,
    /// SUMO's gap-based actuated control, with the programs' phases.
    Actuated,
}

/// Runs a scenario without us, until the last vehicle has arrived.
///
/// # Errors
/// When SUMO does not run.
pub fn run_alone(scenario: &Scenario, settings: &Settings, own: Own) -> Result<Outcome, Error> {
    let folder = tempfile::tempdir().map_err(|source| Error::File {
        path: "a folder for SUMO".to_owned(),
        source,
    })?;
    let mut settings = settings.clone();
    if own == Own::Actuated {
        let file = folder.path().join("actuated.add.xml");
        write(&file, &actuated(&scenario.network)?)?;
        settings.additional.push(file);
    }
    let end = scenario.end.map(|end| end + DRAIN);
    let mut process = Process::start(scenario, &settings, None, end)?;
    let ended = process.wait();
    ended.map_err(|error| process.refusal(error))?;
    Outcome::read(&process.trips(), &process.statistics())
}

/// The network's programs as actuated ones, as an additional file.
fn actuated(network: &Path) -> Result<String, Error> {
    let wrong = |message: String| Error::File {
        path: network.display().to_string(),
        source: std::io::Error::other(message),
    };
    let mut reader = Reader::from_file(network).map_err(|error| wrong(error.to_string()))?;
    let mut buffer = Vec::new();
    let mut text = String::from("<additional>\n");
    let mut inside = false;
    loop {
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|error| wrong(error.to_string()))? {
            Event::Start(element) if element.name().as_ref() == "tlLogic" => {
                inside = true;
                let id = attribute(&element, "id").unwrap_or_default();
                let offset = attribute(&element, "offset").unwrap_or_default();
                let _ = writeln!(
                    text,
                    r#"<tlLogic id="{id}" type="actuated" programID="actuated" offset="{offset}">"#
                );
            }
            Event::End(element) if element.name().as_ref() == "tlLogic" => {
                inside = false;
                text.push_str("</tlLogic>\n");
            }
            Event::Start(element) | Event::Empty(element)
                if inside && element.name().as_ref() == "phase" =>
            {
                text.push_str(&phase(&element));
            }
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    text.push_str("</additional>\n");
    Ok(text)
}

/// A phase with bounds for its green, if it is one.
fn phase(element: &BytesStart<'_>) -> String {
    let state = attribute(element, "state").unwrap_or_default();
    let duration = attribute(element, "duration").unwrap_or_default();
    let green = state.contains(['G', 'g']) && !state.contains(['y', 'Y']);
    let mut bounds = String::new();
    if green {
        let own =
            |name, default: f64| attribute(element, name).unwrap_or_else(|| default.to_string());
        bounds = format!(
            r#" minDur="{}" maxDur="{}""#,
            own("minDur", MINIMUM_GREEN),
            own("maxDur", MAXIMUM_GREEN)
        );
    }
    format!(r#"<phase duration="{duration}" state="{state}"{bounds}/>"#) + "\n"
}

/// An attribute as it stands in the file, escapes and all.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok().flatten()?;
    Some(attribute.value.into_owned())
}

/// Whether an additional file has lane-area detectors.
pub(super) fn has_detectors(additional: &[PathBuf]) -> Result<bool, Error> {
    for path in additional {
        if roads::sumo::has_element(path, &["laneAreaDetector", "e2Detector"])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lays a detector before the stop line of each lane that a signal controls, on those behind it as
/// far as it would reach if they were one, and as far downstream of it.
pub(super) fn write_detectors(path: &Path, network: &Network, names: &Names) -> Result<(), Error> {
    let movements = network.signals.iter().flat_map(|signal| &signal.movements);
    let own = movements.flat_map(|movement| {
        let movement = &network.movements[movement.index()];
        [movement.from, movement.to].map(|lane| (lane, DETECTOR_REACH))
    });
    let behind = feeders(network, DETECTOR_REACH);
    let behind = behind
        .iter()
        .map(|feeder| (feeder.behind, DETECTOR_REACH - feeder.offset));
    let mut lanes: BTreeMap<LaneId, f64> = BTreeMap::new();
    for (lane, reach) in own.chain(behind) {
        let known = lanes.entry(lane).or_insert(reach);
        *known = known.max(reach);
    }
    let mut text = String::from("<additional>\n");
    for (lane, reach) in lanes.into_iter().filter(|(_, reach)| *reach > 0.0) {
        let lane = lane.index();
        let (name, length) = (escape(&names.lanes[lane]), network.lanes[lane].length);
        let start = (length - reach).max(0.0);
        let _ = writeln!(
            text,
            r#"<laneAreaDetector id="citybrain {name}" lane="{name}" pos="{start:.2}" endPos="{length:.2}" period="86400" file="NUL" friendlyPos="true"/>"#
        );
    }
    text.push_str("</additional>\n");
    write(path, &text)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|source| Error::File {
        path: path.display().to_string(),
        source,
    })
}
