//! Drives a plant by a brain, and goes on when one of them fails.
//!
//! Between them stands the safety envelope, as always; the driver is the watchdog in front of it.
//! What it watches and what it does:
//!
//! | failure | noticed by | done |
//! | --- | --- | --- |
//! | the brain hangs, is late or dies | no answer within [`Watch::brain_patience`], or its end | all signals fall back to their plans at once; the brain is started anew |
//! | the plant is late | no answer in time | nothing is told or believed; it is waited for |
//! | the plant dies | its end, or [`Watch::lost_after`] | it is started or called anew, from what it shows then; where it dies again at once, after rests that double up to [`Watch::plant_rest_max`] |
//! | the plant shows what it was not told | its own account, for [`Watch::astray_after`] | its account is taken for true; the signal follows its plan until they agree for [`Watch::trust_after`] |
//! | the plant shows conflicting greens | its own account | the same, at once |
//! | a detector says what cannot be, or is stuck | [`Detectors`] | its lane is put on recall |

use std::time::Duration;

use roads::{Aspect, LaneId, SignalId};
use signals::{
    Envelope, LimitsTable, Observation, Plant, Protocol, Safety, Wish, Wishes, next_decision,
};

use crate::brain::Brain;
use crate::clock::Deadline;
use crate::detectors::{Detectors, Doubt};
use crate::error::Error;
use crate::events::{BrainFailures, Event, What};
use crate::revival::{Revival, Revive};

/// Tolerance for comparing times, seconds.
const EPSILON: f64 = 1e-6;
/// How often in a row the brain may be late before it is started anew.
const LATE_MAX: u32 = 2;
/// How many events are kept; later ones are only counted.
const EVENTS_MAX: usize = 10_000;

/// How long the watchdog waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// For an answer of the brain. With a tick of a second, signals fall back within two seconds.
    pub brain_patience: Duration,
    /// Between two starts of the brain.
    pub brain_rest: Duration,
    /// For a plant that is late, before it is taken for lost.
    pub lost_after: Duration,
    /// Before a plant is looked for again that could not be found, or was lost again at once. It
    /// doubles with each time in a row.
    pub plant_rest: Duration,
    /// The longest such rest.
    pub plant_rest_max: Duration,
    /// How long a plant that was found again has to live to be taken for sound: then its next loss
    /// is the first again.
    pub plant_proven: Duration,
    /// For a signal to show what it was told, seconds of the plant's clock.
    pub astray_after: f64,
    /// For a signal that was astray to agree, before its brain may have it again, seconds of the
    /// plant's clock.
    pub trust_after: f64,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            brain_patience: Duration::from_millis(900),
            brain_rest: Duration::from_secs(1),
            lost_after: Duration::from_secs(30),
            plant_rest: Duration::from_millis(500),
            plant_rest_max: Duration::from_mins(1),
            plant_proven: Duration::from_mins(1),
            astray_after: 1.5,
            trust_after: 10.0,
        }
    }
}

/// How a signal agrees with what it was told.
#[derive(Clone, Copy, Debug)]
struct Trust {
    /// Since when it differs; infinite while it agrees.
    differs: f64,
    /// It is not the brain's, and has agreed since then.
    distrusted: Option<f64>,
}

/// A plant under control, watched.
pub struct Driver<P> {
    plant: P,
    revival: Option<Revival<P>>,
    brain: Box<dyn Brain>,
    envelope: Envelope,
    limits: LimitsTable,
    detectors: Detectors,
    reach: f64,
    watch: Watch,
    interval: f64,
    next_decision: f64,
    seen: Observation,
    wishes: Wishes,
    trust: Vec<Trust>,
    /// The brain does not answer; when to try again.
    silent: Option<Deadline>,
    /// Whether it has to be started anew for that.
    dead: bool,
    /// How often it has been late in a row.
    lates: u32,
    /// The plant does not answer, and since when.
    late: Option<Deadline>,
    failures: BrainFailures,
    events: Vec<Event>,
    told: u64,
}

impl<P: Plant> Driver<P> {
    /// Puts a plant under control.
    ///
    /// # Errors
    /// When protocol or limits are out of range.
    pub fn new(
        plant: P,
        brain: Box<dyn Brain>,
        protocol: &Protocol,
        limits: LimitsTable,
        watch: Watch,
    ) -> Result<Self, Error> {
        protocol.check()?;
        let network = plant.network();
        let (signals, lanes) = (network.signals.len(), network.lanes.len());
        let mut driver = Self {
            envelope: Envelope::new(network, &limits, plant.time(), plant.tick())?,
            detectors: Detectors::new(network, 0.0),
            reach: 0.0,
            revival: None,
            interval: protocol.interval(&brain.name(), brain.interval(), limits.patience())?,
            next_decision: plant.time(),
            seen: Observation::empty(signals, lanes),
            wishes: Wishes::new(signals),
            trust: Vec::new(),
            silent: None,
            dead: false,
            lates: 0,
            late: None,
            failures: BrainFailures::default(),
            events: Vec::new(),
            told: 0,
            plant,
            brain,
            limits,
            watch,
        };
        driver.begin();
        Ok(driver)
    }

    /// Tells how to find the plant again when it is lost; without, its loss is an error.
    #[must_use]
    pub fn with_revival(mut self, revive: Revive<P>) -> Self {
        self.revival = Some(Revival::new(revive));
        self
    }

    /// Tells how far back from a stop line the plant's detectors see beyond its lane, metres.
    #[must_use]
    pub fn with_reach(mut self, reach: f64) -> Self {
        self.reach = reach;
        self.detectors = Detectors::new(self.plant.network(), reach);
        self
    }

    /// Goes on for a tick, or as far as the failures of others let it: then the plant's time stands
    /// still.
    ///
    /// # Errors
    /// When the plant refuses, or is lost and cannot be found again.
    pub fn step(&mut self) -> Result<(), Error> {
        if self.revival.as_ref().is_some_and(Revival::is_lost) {
            return self.find();
        }
        if self.late.is_none() {
            match self.control() {
                Ok(()) => {}
                Err(error) => return self.fail(error),
            }
        }
        match self.plant.advance() {
            Ok(()) => {
                if self.late.take().is_some() {
                    self.tell(What::PlantBack);
                }
                self.audit();
                Ok(())
            }
            Err(error) => self.fail(error),
        }
    }

    /// Steps until the plant's clock says `time`, seconds.
    ///
    /// # Errors
    /// As [`Driver::step`].
    pub fn run_until(&mut self, time: f64) -> Result<(), Error> {
        while self.plant.time() < time - EPSILON {
            self.step()?;
        }
        Ok(())
    }

    /// The plant, to look at.
    pub fn plant(&self) -> &P {
        &self.plant
    }

    /// Ends control and hands the plant back.
    pub fn into_plant(self) -> P {
        self.plant
    }

    /// The envelope, to look at.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// What the envelope has had to do so far.
    pub fn safety(&self) -> Safety {
        self.envelope.safety()
    }

    /// How the brain has failed so far.
    pub const fn brain_failures(&self) -> &BrainFailures {
        &self.failures
    }

    /// What went wrong and right again, in order; the first ten thousand.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many events there were in all.
    pub const fn event_count(&self) -> u64 {
        self.told
    }

    /// Takes what the plant shows for the start; where it does not say, everything is red.
    fn begin(&mut self) {
        let now = self.plant.time();
        let mut shown = Vec::new();
        let network = std::sync::Arc::clone(self.plant.network());
        for (index, signal) in network.signals.iter().enumerate() {
            let id = SignalId::from(index);
            if !self.plant.shown(id, &mut shown) {
                shown.clear();
                shown.resize(signal.movements.len(), Aspect::Red);
            }
            self.envelope.adopt(id, &shown, now);
        }
        self.next_decision = now;
        self.trust = vec![
            Trust {
                differs: f64::INFINITY,
                distrusted: None,
            };
            network.signals.len()
        ];
    }

    /// Looks, asks the brain if it is its turn, and commands.
    fn control(&mut self) -> Result<(), signals::Error> {
        let now = self.plant.time();
        self.look()?;
        let due = now >= self.next_decision - EPSILON;
        if due || self.brain.every_tick() {
            self.consult(now);
        }
        if due {
            self.next_decision = next_decision(self.next_decision, self.interval, now);
        }
        self.envelope.tick(now);
        let plant = &mut self.plant;
        self.envelope.commands(|command| plant.show(command))
    }

    fn look(&mut self) -> Result<(), signals::Error> {
        self.plant.observe(self.brain.detail(), &mut self.seen)?;
        if self.brain.detail() == signals::Detail::None {
            self.envelope.describe(&mut self.seen);
            return Ok(());
        }
        let mut changes: Vec<(LaneId, Option<Doubt>)> = Vec::new();
        let signals = self.plant.network().signals.len();
        let green: Vec<Vec<bool>> = (0..signals)
            .map(|signal| {
                let shown = self.envelope.shown(SignalId::from(signal));
                shown.map(Aspect::is_green).collect()
            })
            .collect();
        let is_green = |signal: SignalId, position: usize| {
            let signal = green.get(signal.index());
            signal
                .and_then(|signal| signal.get(position))
                .copied()
                .unwrap_or(false)
        };
        self.detectors
            .mend(&mut self.seen, is_green, |lane, doubt| {
                changes.push((lane, doubt));
            });
        for (lane, doubt) in changes {
            let lane = self.plant.network().lane_name(lane);
            self.tell(match doubt {
                Some(doubt) => What::DetectorWrong { lane, doubt },
                None => What::DetectorRight { lane },
            });
        }
        self.envelope.describe(&mut self.seen);
        Ok(())
    }

    fn consult(&mut self, now: f64) {
        if let Some(rest) = &self.silent {
            if rest.left().is_some() {
                return;
            }
            if self.dead || self.lates >= LATE_MAX {
                if let Err(error) = self.brain.restart() {
                    self.silent = Some(Deadline::after(self.watch.brain_rest));
                    let message = error.to_string();
                    self.failures.fail(now, Some(message.clone()));
                    self.tell(What::BrainGone { message });
                    return;
                }
                (self.dead, self.lates) = (false, 0);
            }
        }
        self.wishes.clear(now);
        let answer = self
            .brain
            .ask(&self.seen, &mut self.wishes, self.watch.brain_patience);
        match answer {
            Ok(()) => {
                self.lates = 0;
                if self.silent.take().is_some() {
                    self.failures.end(now);
                    self.tell(What::BrainBack);
                }
                for (index, trust) in self.trust.iter().enumerate() {
                    if trust.distrusted.is_some() {
                        self.wishes.set(SignalId::from(index), Wish::Silent);
                    }
                }
                self.envelope.hear(&self.wishes, now);
            }
            Err(error) => {
                let message = (!error.is_late()).then(|| error.to_string());
                self.failures.fail(now, message.clone());
                if self.silent.is_none() {
                    self.tell(match message {
                        None => What::BrainLate,
                        Some(message) => What::BrainGone { message },
                    });
                }
                self.silent = Some(Deadline::after(self.watch.brain_rest));
                self.dead |= !error.is_late();
                self.lates += u32::from(error.is_late());
                for index in 0..self.trust.len() {
                    self.envelope.fall_back(SignalId::from(index));
                }
            }
        }
    }

    /// Holds what the plant says it shows against what it was told.
    fn audit(&mut self) {
        let now = self.plant.time();
        let mut shown = Vec::new();
        for index in 0..self.trust.len() {
            let signal = SignalId::from(index);
            if !self.plant.shown(signal, &mut shown) {
                continue;
            }
            let conflict = self.envelope.conflict(signal, &shown);
            let agrees = self.envelope.shown(signal).eq(shown.iter().copied())
                || self.envelope.shown(signal).next().is_none();
            let trust = &mut self.trust[index];
            if agrees && conflict.is_none() {
                trust.differs = f64::INFINITY;
                if trust
                    .distrusted
                    .is_some_and(|since| now - since >= self.watch.trust_after)
                {
                    trust.distrusted = None;
                    let signal = self.plant.network().signals[index].id.clone();
                    self.tell(What::Trusted { signal });
                }
                continue;
            }
            trust.differs = trust.differs.min(now);
            if conflict.is_some() || now - trust.differs >= self.watch.astray_after - EPSILON {
                self.distrust(signal, &shown, conflict, now);
            }
        }
    }

    fn distrust(
        &mut self,
        signal: SignalId,
        shown: &[Aspect],
        conflict: Option<(usize, usize)>,
        now: f64,
    ) {
        let trust = &mut self.trust[signal.index()];
        trust.differs = f64::INFINITY;
        let known = trust.distrusted.replace(now).is_some();
        self.envelope.fall_back(signal);
        self.envelope.adopt(signal, shown, now);
        if known {
            return;
        }
        let network = self.plant.network();
        let element = &network.signals[signal.index()];
        let what = match conflict {
            Some((a, b)) => What::Conflict {
                signal: element.id.clone(),
                movements: [a, b].map(|place| network.movement_name(element.movements[place])),
            },
            None => What::Astray {
                signal: element.id.clone(),
            },
        };
        self.tell(what);
    }

    /// Does what can be done about a plant that fails.
    fn fail(&mut self, error: signals::Error) -> Result<(), Error> {
        let error = Error::from(error);
        if error.is_late() {
            match &self.late {
                None => {
                    self.late = Some(Deadline::after(self.watch.lost_after));
                    self.tell(What::PlantLate);
                    return Ok(());
                }
                Some(deadline) if deadline.left().is_some() => return Ok(()),
                Some(_) => {}
            }
        } else if !error.is_loss() {
            return Err(error);
        }
        let Some(revival) = &mut self.revival else {
            return Err(error);
        };
        let rest = revival.lost(&self.watch);
        self.tell(What::PlantGone {
            message: error.to_string(),
            again_in: rest.as_secs_f64(),
        });
        self.find()
    }

    /// Looks for a lost plant when it is time; rests a little otherwise.
    fn find(&mut self) -> Result<(), Error> {
        let Some(revival) = &mut self.revival else {
            return Ok(());
        };
        if let Some(left) = revival.left() {
            std::thread::sleep(left.min(self.watch.plant_rest));
            return Ok(());
        }
        let found = revival.find();
        match found.and_then(|plant| same_signals(&self.plant, plant)) {
            Ok(plant) => {
                revival.found(&self.watch);
                self.plant = plant;
                self.late = None;
                let (now, tick) = (self.plant.time(), self.plant.tick());
                self.envelope = Envelope::new(self.plant.network(), &self.limits, now, tick)?;
                self.detectors = Detectors::new(self.plant.network(), self.reach);
                self.begin();
                self.tell(What::PlantBack);
            }
            Err(error) => {
                let rest = revival.failed(&self.watch);
                self.tell(What::PlantGone {
                    message: error.to_string(),
                    again_in: rest.as_secs_f64(),
                });
            }
        }
        Ok(())
    }

    fn tell(&mut self, what: What) {
        self.told += 1;
        if self.events.len() < EVENTS_MAX {
            let time = self.plant.time();
            self.events.push(Event { time, what });
        }
    }
}

/// The plant that was found, if it has the lanes and signals of the one that was lost: the brain
/// knows no others.
fn same_signals<P: Plant>(lost: &P, found: P) -> Result<P, Error> {
    let shape = |plant: &P| {
        let network = plant.network();
        let signals = network.signals.iter();
        let signals = signals.map(|signal| (signal.id.clone(), signal.movements.len()));
        (network.lanes.len(), signals.collect::<Vec<_>>())
    };
    if shape(lost) == shape(&found) {
        Ok(found)
    } else {
        Err(Error::Mismatch(
            "the plant that was started anew has other lanes or signals than before".to_owned(),
        ))
    }
}
