//! All detectors of a network under the published algorithms, interval by interval, and the
//! incidents that come of it.
//!
//! What is usual at a detector is what it had in the same interval of earlier days, from three days
//! on; before that, what it had in the last intervals without an alarm, as Dudek, Messer and Nuckles
//! (1974) had it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use roads::{LinkId, Network};

use super::book::{Alarm, Book, Comparison, Evidence, Incident, Judged};
use super::settings::{Method, RECENT_LEAST, Settings};
use super::stations::{Station, sections};
use super::{California, CaliforniaWaves, Deviates, Reading, Silence, State, Usual};
use crate::bins::DAY;
use crate::error::Error;

/// Days from which on the same interval of earlier days is what is usual.
const DAYS_LEAST: u64 = 3;
/// Most pairs of detector and interval of the day that are remembered, at some 100 bytes each.
const USUAL_MAX: usize = 8_000_000;

/// A detector's state.
#[derive(Clone, Debug)]
struct Detector {
    deviates: Deviates,
    silence: Silence,
    recent: VecDeque<Reading>,
    /// Silent intervals of which it is not certain what they are.
    pending: Vec<Reading>,
    /// Since when each of the two is not free.
    since: [Option<f64>; 2],
    /// Intervals for which deviates have had an alarm.
    long: usize,
}

/// Looks for incidents.
#[derive(Clone, Debug)]
pub struct Detection {
    settings: Settings,
    sections: Vec<(LinkId, LinkId)>,
    seven: Vec<(California, Option<f64>)>,
    eight: Vec<(CaliforniaWaves, Option<f64>)>,
    fresh: Detector,
    fresh_sections: (California, CaliforniaWaves),
    detectors: BTreeMap<Station, Detector>,
    /// End of the last interval.
    time: Option<f64>,
    usual: HashMap<(Station, u32), Usual>,
    book: Book,
}

impl Detection {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// When a setting is out of range.
    pub fn new(network: &Network, settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let sections = sections(network);
        let seven = California::new(settings.california)?;
        let eight = CaliforniaWaves::new(settings.california, settings.waves)?;
        let fresh = Detector {
            deviates: Deviates::new(settings.deviates),
            silence: Silence::new(settings.silence)?,
            recent: VecDeque::new(),
            pending: Vec::new(),
            since: [None; 2],
            long: 0,
        };
        Ok(Self {
            seven: vec![(seven, None); sections.len()],
            eight: vec![(eight, None); sections.len()],
            sections,
            fresh,
            fresh_sections: (seven, eight),
            settings,
            detectors: BTreeMap::new(),
            time: None,
            usual: HashMap::new(),
            book: Book::default(),
        })
    }

    /// How it looks.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// End of the last interval, seconds since the first midnight; none before the first.
    pub const fn time(&self) -> Option<f64> {
        self.time
    }

    /// Forgets everything, for a clock that begins again.
    pub fn forget(&mut self) {
        for state in &mut self.seven {
            *state = (self.fresh_sections.0, None);
        }
        for state in &mut self.eight {
            *state = (self.fresh_sections.1, None);
        }
        self.detectors.clear();
        self.usual.clear();
        self.book = Book::default();
        self.time = None;
    }

    /// Incidents that are not over, by link.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.book.open()
    }

    /// Incidents that are over, the oldest first; a thousand at most.
    pub fn over(&self) -> impl DoubleEndedIterator<Item = &Incident> {
        self.book.over()
    }

    /// Learns what is usual from an interval without incidents, and judges nothing.
    ///
    /// # Errors
    /// When there are more detectors and intervals of the day than are remembered.
    pub fn learn(&mut self, begin: f64, readings: &[(Station, Reading)]) -> Result<(), Error> {
        let slot = self.slot(begin);
        for &(station, reading) in readings {
            if !self.learn_one(station, slot, &reading) {
                return Err(Error::Limit {
                    what: "number of detectors times intervals of a day (longer intervals make fewer)",
                    found: self.usual.len() as u64 + 1,
                    limit: USUAL_MAX as u64,
                });
            }
        }
        Ok(())
    }

    /// Takes an interval's readings, one for each detector. `begin` is its first second, since the
    /// first midnight; intervals come in their order. Of more detectors and intervals of the day than
    /// are remembered, those above are judged by what came lately only.
    pub fn take(&mut self, begin: f64, readings: &[(Station, Reading)]) -> Judged {
        let slot = self.slot(begin);
        let mut judged = Judged::default();
        for &(station, reading) in readings {
            let usual = self.judge(station, slot, begin, &reading, &mut judged);
            if usual {
                self.learn_one(station, slot, &reading);
            }
        }
        let mut by_link: BTreeMap<LinkId, Reading> = BTreeMap::new();
        for &(station, reading) in readings {
            match station.lane {
                None => _ = by_link.insert(station.link, reading),
                // The only lane there is.
                Some(_) => _ = by_link.entry(station.link).or_insert(reading),
            }
        }
        self.judge_sections(begin, &by_link, &mut judged);
        let interval_s = self.settings.interval_s;
        let end = begin + interval_s;
        self.time = Some(end);
        self.book.note(end, interval_s, &judged.alarms);
        judged
    }

    fn slot(&self, begin: f64) -> u32 {
        (begin.rem_euclid(DAY) / self.settings.interval_s) as u32
    }

    /// Whether there was room to remember it.
    fn learn_one(&mut self, station: Station, slot: u32, reading: &Reading) -> bool {
        let full = self.usual.len() >= USUAL_MAX && !self.usual.contains_key(&(station, slot));
        if !full {
            let usual = self.usual.entry((station, slot)).or_default();
            usual.learn(reading);
        }
        !full
    }

    /// Judges a detector's reading; whether it is to be learnt, for no day that is known speaks
    /// against it.
    fn judge(
        &mut self,
        station: Station,
        slot: u32,
        begin: f64,
        reading: &Reading,
        judged: &mut Judged,
    ) -> bool {
        let Self {
            settings,
            detectors,
            usual,
            fresh,
            ..
        } = self;
        let detector = detectors.entry(station).or_insert_with(|| fresh.clone());
        let by_day = usual.get(&(station, slot));
        let by_day = by_day.filter(|usual| usual.readings() >= DAYS_LEAST);
        let known = by_day.copied().or_else(|| detector.lately());
        let Some(known) = known else {
            detector.remember(reading, settings.recent);
            return true;
        };
        let evidence = || Evidence {
            lanes: station.lane.into_iter().collect(),
            occupancy: reading.occupancy,
            speed: reading.speed,
            against: by_day.map_or(Comparison::Recent, |_| Comparison::Days),
            usual_occupancy: known.occupancy().unwrap_or_default(),
            usual_speed: known.speed(),
        };
        let states = [
            (Method::Deviates, detector.deviates.take(reading, &known)),
            (Method::Silence, detector.silence.take(reading, &known)),
        ];
        let (mut free, mut certain) = (true, false);
        for (place, (method, state)) in states.into_iter().enumerate() {
            if !settings.has(method) {
                continue;
            }
            judged.decisions += 1;
            let since = &mut detector.since[place];
            *since = (state != State::Free).then(|| since.unwrap_or(begin));
            free &= state == State::Free;
            certain |= state == State::Confirmed;
            if state == State::Confirmed {
                judged.alarms.push(Alarm {
                    station,
                    method,
                    since: since.unwrap_or(begin),
                    evidence: evidence(),
                });
            }
        }
        let slow = detector.since[0].is_some();
        detector.long = if slow { detector.long + 1 } else { 0 };
        if certain {
            detector.pending.clear();
        } else if free {
            detector.remember(reading, settings.recent);
        } else if !slow {
            // Silence that ends before it is certain, or never is, was nothing out of the ordinary.
            detector.pending.push(*reading);
            if detector.pending.len() >= settings.recent {
                detector.silence = fresh.silence;
                detector.since[1] = None;
                detector.remember(reading, settings.recent);
            }
        }
        if detector.long > settings.recent {
            // What lasts so long has become usual.
            detector.recent.clear();
            detector.long = 0;
        }
        !(certain && by_day.is_some())
    }

    /// Judges what lies between stations that follow one another.
    fn judge_sections(
        &mut self,
        begin: f64,
        readings: &BTreeMap<LinkId, Reading>,
        judged: &mut Judged,
    ) {
        for (number, &(up, down)) in self.sections.iter().enumerate() {
            let (Some(here), Some(there)) = (readings.get(&up), readings.get(&down)) else {
                continue;
            };
            let (above, below) = (here.occupancy, there.occupancy);
            let (seven, eight) = (&mut self.seven[number], &mut self.eight[number]);
            let states = [
                (
                    Method::California7,
                    seven.0.take(above, below),
                    &mut seven.1,
                ),
                (
                    Method::California8,
                    eight.0.take(above, below),
                    &mut eight.1,
                ),
            ];
            for (method, state, begun) in states {
                if !self.settings.has(method) {
                    continue;
                }
                judged.decisions += 1;
                *begun = (state != State::Free).then(|| begun.unwrap_or(begin));
                if state != State::Confirmed {
                    continue;
                }
                judged.alarms.push(Alarm {
                    station: Station::link(up),
                    method,
                    since: begun.unwrap_or(begin),
                    evidence: Evidence {
                        lanes: Vec::new(),
                        occupancy: above,
                        speed: here.speed,
                        against: Comparison::Downstream,
                        usual_occupancy: below,
                        usual_speed: there.speed,
                    },
                });
            }
        }
    }
}

impl Detector {
    /// What it had lately; none while that is too little.
    fn lately(&self) -> Option<Usual> {
        (self.recent.len() >= RECENT_LEAST).then(|| {
            let mut usual = Usual::default();
            for reading in &self.recent {
                usual.learn(reading);
            }
            usual
        })
    }

    fn remember(&mut self, reading: &Reading, most: usize) {
        self.recent.extend(self.pending.drain(..));
        self.recent.push_back(*reading);
        let surplus = self.recent.len().saturating_sub(most);
        self.recent.drain(..surplus);
    }
}
