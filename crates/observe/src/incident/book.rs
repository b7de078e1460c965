//! Incidents as they are found, go on and end.

use std::collections::{BTreeMap, VecDeque};

use roads::LinkId;
use serde::{Deserialize, Serialize};

use super::{Method, Station};

/// Intervals without an alarm after which an incident is over.
const QUIET: u32 = 2;
/// Incidents that are over and still told of.
const OVER_MAX: usize = 1000;

/// What a reading was held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The same interval of earlier days.
    Days,
    /// The last intervals without an alarm.
    Recent,
    /// The next station on.
    Downstream,
}

/// What speaks for an incident, as it was when last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Lanes whose detectors say so, 0 the innermost; none where all lanes together do.
    pub lanes: Vec<u32>,
    /// Occupancy, 0 to 1.
    pub occupancy: f64,
    /// Speed, m/s; none where nobody passed.
    pub speed: Option<f64>,
    /// What it was held against.
    pub against: Comparison,
    /// Occupancy there or then, 0 to 1.
    pub usual_occupancy: f64,
    /// Speed then, m/s.
    pub usual_speed: Option<f64>,
}

/// Something that is wrong on a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// The link.
    pub link: LinkId,
    /// Who found it.
    pub method: Method,
    /// Begin of the first interval that was out of the ordinary, seconds since midnight.
    pub since: f64,
    /// When it was certain: the end of an interval.
    pub found: f64,
    /// When it was over; none while it is not.
    pub until: Option<f64>,
    /// What speaks for it.
    pub evidence: Evidence,
    /// Intervals without an alarm since the last.
    #[serde(skip)]
    quiet: u32,
}

/// A detector that is certain.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Where.
    pub station: Station,
    /// By which algorithm.
    pub method: Method,
    /// Begin of the first interval that was out of the ordinary, seconds.
    pub since: f64,
    /// What speaks for it.
    pub evidence: Evidence,
}

/// What an interval came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Decisions that were made, one for each detector and algorithm.
    pub decisions: usize,
    /// Those that are alarms.
    pub alarms: Vec<Alarm>,
}

/// Incidents that are open, and over.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    open: BTreeMap<(LinkId, Method), Incident>,
    over: VecDeque<Incident>,
}

impl Book {
    /// Those that are not over, by link.
    pub(super) fn open(&self) -> impl Iterator<Item = &Incident> {
        self.open.values()
    }

    /// Those that are over, the oldest first.
    pub(super) fn over(&self) -> impl DoubleEndedIterator<Item = &Incident> {
        self.over.iter()
    }

    /// Opens and closes incidents by the alarms of an interval that ended at `end`.
    pub(super) fn note(&mut self, end: f64, interval_s: f64, alarms: &[Alarm]) {
        for incident in self.open.values_mut() {
            incident.quiet += 1;
        }
        for alarm in alarms {
            let fresh = || Incident {
                link: alarm.station.link,
                method: alarm.method,
                since: alarm.since,
                found: end,
                until: None,
                evidence: alarm.evidence.clone(),
                quiet: 0,
            };
            let key = (alarm.station.link, alarm.method);
            let incident = self.open.entry(key).or_insert_with(fresh);
            if incident.quiet > 0 {
                incident.evidence = alarm.evidence.clone();
            } else {
                let lanes = &mut incident.evidence.lanes;
                lanes.extend(&alarm.evidence.lanes);
                lanes.sort_unstable();
                lanes.dedup();
            }
            incident.quiet = 0;
        }
        let quiet = |one: &(&(LinkId, Method), &Incident)| one.1.quiet >= QUIET;
        let ended: Vec<_> = self.open.iter().filter(quiet).map(|one| *one.0).collect();
        for mut incident in ended.iter().filter_map(|key| self.open.remove(key)) {
            incident.until = Some(end - f64::from(incident.quiet) * interval_s);
            if self.over.len() == OVER_MAX {
                self.over.pop_front();
            }
            self.over.push_back(incident);
        }
    }
}
