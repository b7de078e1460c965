//! How well incidents are found, in the measures of the literature (Payne and Tignor 1978; Martin,
//! Perrin, Hansen, Kump and Moore, "Incident detection algorithm evaluation", 2001): the detection
//! rate, the false alarm rate over all decisions, the mean time to detect.

use std::io::Read;
use std::path::Path;

use roads::{LinkId, Network};
use serde::{Deserialize, Serialize};

use super::book::Judged;
use crate::error::Error;
use crate::facts::Roads;
use crate::files::{each, link_named};

/// Most incidents of a file.
const KNOWN_MAX: usize = 100_000;

/// How well incidents are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Incidents there were.
    pub incidents: usize,
    /// Of those, found.
    pub detected: usize,
    /// Intervals and detectors without an incident that were judged.
    pub quiet: usize,
    /// Of those, alarms.
    pub false_alarms: usize,
    /// Alarms away from any incident, while there was one or just after: a queue that has grown far,
    /// or nothing.
    pub elsewhere: usize,
    /// Mean time from begin to alarm of those found, seconds.
    pub mean_delay_s: f64,
}

impl Score {
    /// Share of incidents found.
    pub fn detection_rate(&self) -> f64 {
        self.detected as f64 / self.incidents.max(1) as f64
    }

    /// Alarms over decisions where there was nothing (the "off-line" false alarm rate).
    pub fn false_alarm_rate(&self) -> f64 {
        self.false_alarms as f64 / self.quiet.max(1) as f64
    }
}

/// An incident that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The link.
    pub link: LinkId,
    /// Begin, seconds since the first midnight.
    pub from: f64,
    /// End.
    pub until: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownRecord {
    link: String,
    from: f64,
    until: f64,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

/// Reads known incidents: CSV with the columns link, from and until (seconds since the first
/// midnight) and, if wanted, note.
///
/// # Errors
/// At the first record that is wrong, with its line.
pub fn read_known(input: impl Read, path: &Path, roads: &Roads) -> Result<Vec<Known>, Error> {
    let mut found = Vec::new();
    each(input, path, |record: KnownRecord, line| {
        let link = link_named(&record.link, roads)
            .map_err(|message| Error::record(path, line, "link", message))?;
        let KnownRecord { from, until, .. } = record;
        if !(from >= 0.0 && until > from && until.is_finite()) {
            let message =
                format!("is {until}; it must be after from, {from}, and that not below zero");
            return Err(Error::record(path, line, "until", message));
        }
        if found.len() == KNOWN_MAX {
            let message = format!("has more than {KNOWN_MAX} incidents");
            return Err(Error::record(path, line, "the file", message));
        }
        found.push(Known { link, from, until });
        Ok(())
    })?;
    Ok(found)
}

/// Holds what was judged against what is known. An incident is found by an alarm while it lasts, of
/// its own link or of one that leads to it, for it fills its own link and then those.
#[derive(Clone, Debug)]
pub struct Scorer {
    known: Vec<(Known, Vec<LinkId>, Option<f64>)>,
    recovery_s: f64,
    score: Score,
}

impl Scorer {
    /// Nothing judged yet. For `recovery_s` seconds after an incident its queues may still alarm.
    pub fn new(network: &Network, known: &[Known], recovery_s: f64) -> Self {
        let with_near = |known: &Known| {
            let begins = network.links[known.link.index()].from;
            let mut near = network.junctions[begins.index()].incoming.clone();
            near.push(known.link);
            (*known, near, None)
        };
        Self {
            known: known.iter().map(with_near).collect(),
            recovery_s,
            score: Score::default(),
        }
    }

    /// Takes what an interval from `begin` to `end` came to.
    pub fn take(&mut self, begin: f64, end: f64, judged: &Judged) {
        let recovery = self.recovery_s;
        let now = |known: &Known, more: f64| begin < known.until + more && end > known.from;
        let quiet = !self.known.iter().any(|one| now(&one.0, recovery));
        if quiet {
            self.score.quiet += judged.decisions;
            self.score.false_alarms += judged.alarms.len();
            return;
        }
        for alarm in &judged.alarms {
            let mut near = false;
            for (known, links, found) in &mut self.known {
                if !now(known, recovery) || !links.contains(&alarm.station.link) {
                    continue;
                }
                near = true;
                if now(known, 0.0) && found.is_none() {
                    *found = Some((end - known.from).max(0.0));
                }
            }
            self.score.elsewhere += usize::from(!near);
        }
    }

    /// The score so far.
    pub fn score(&self) -> Score {
        let delays: Vec<f64> = self.known.iter().filter_map(|one| one.2).collect();
        Score {
            incidents: self.known.len(),
            detected: delays.len(),
            mean_delay_s: delays.iter().sum::<f64>() / delays.len().max(1) as f64,
            ..self.score
        }
    }

    /// The incidents, each with the time from its begin to the first alarm, seconds, if there was
    /// one.
    pub fn each(&self) -> impl Iterator<Item = (&Known, Option<f64>)> {
        self.known.iter().map(|(known, _, found)| (known, *found))
    }
}
