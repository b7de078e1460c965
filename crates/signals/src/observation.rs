//! What a controller can see, and what it can say. Flat arrays that are filled again and again:
//! a decision allocates nothing once they have grown.

use roads::{LaneId, SignalId};

use crate::phases::PhaseIndex;

/// A vehicle as a detector or a camera sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenVehicle {
    /// Distance from its front to the end of its lane, metres.
    pub to_stop_line: f64,
    /// Speed, m/s.
    pub speed: f64,
}

/// A vehicle that is not seen but expected, or a share of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpectedVehicle {
    /// Where and how fast.
    pub vehicle: SeenVehicle,
    /// How many vehicles are expected there: 1 for one that is seen, less for one that may be.
    pub weight: f64,
}

/// What can be seen of a city's traffic and signals at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// Seconds since the start.
    pub time: f64,
    /// Per signal: the phase it shows, or is changing to; `None` if it has no phases.
    pub phase: Vec<Option<PhaseIndex>>,
    /// Per signal: seconds since that phase was shown in full; 0 while changing.
    pub elapsed: Vec<f64>,
    /// Per signal: whether it is changing (yellow or clearance).
    pub clearing: Vec<bool>,
    /// Per lane: vehicles on it.
    pub count: Vec<u32>,
    /// Per lane: vehicles on it slower than 0.1 m/s.
    pub waiting: Vec<u32>,
    /// Vehicles lane by lane, front to back; empty unless the controller asks for them.
    pub vehicles: Vec<SeenVehicle>,
    /// Per lane, where its vehicles start in `vehicles`, and one past the last at the end.
    pub first_vehicle: Vec<u32>,
    /// Where the traffic is estimated, what `vehicles` and the counts round to whole vehicles:
    /// shares of vehicles, lane by lane, front to back. Empty where vehicles are seen as they are.
    pub expected: Vec<ExpectedVehicle>,
    /// Per lane, where it starts in `expected`, and one past the last at the end; empty where
    /// vehicles are seen as they are.
    pub first_expected: Vec<u32>,
    /// Per lane: how far back from its end whoever is on it is seen, metres; 0 where nobody is.
    /// Empty where lanes are seen from end to end.
    pub sight: Vec<f64>,
}

impl Observation {
    /// An observation of an empty network with this many signals and lanes.
    pub fn empty(signals: usize, lanes: usize) -> Self {
        Self {
            time: 0.0,
            phase: vec![None; signals],
            elapsed: vec![0.0; signals],
            clearing: vec![false; signals],
            count: vec![0; lanes],
            waiting: vec![0; lanes],
            vehicles: Vec::new(),
            first_vehicle: vec![0; lanes + 1],
            expected: Vec::new(),
            first_expected: Vec::new(),
            sight: Vec::new(),
        }
    }

    /// Takes back what only some plants tell and another may have left: estimates, and how far lanes
    /// are seen. A plant that sees its lanes as they are, from end to end, begins with this.
    pub fn see_all(&mut self) {
        self.expected.clear();
        self.first_expected.clear();
        self.sight.clear();
    }

    /// How far back from its end a lane of so many metres is seen, metres.
    pub fn sight_on(&self, lane: LaneId, length: f64) -> f64 {
        let sight = self.sight.get(lane.index());
        sight.map_or(length, |sight| sight.min(length))
    }

    /// The vehicles of a lane, front to back; none if they were not asked for.
    pub fn vehicles_on(&self, lane: LaneId) -> &[SeenVehicle] {
        let bounds = (
            self.first_vehicle.get(lane.index()),
            self.first_vehicle.get(lane.index() + 1),
        );
        match bounds {
            (Some(&start), Some(&end)) => self
                .vehicles
                .get(start as usize..end as usize)
                .unwrap_or_default(),
            _ => &[],
        }
    }

    /// What is expected on a lane, front to back: its vehicles, each for one, where they are seen
    /// as they are.
    pub fn expected_on(&self, lane: LaneId) -> impl Iterator<Item = ExpectedVehicle> + '_ {
        let bounds = (
            self.first_expected.get(lane.index()),
            self.first_expected.get(lane.index() + 1),
        );
        let (seen, expected) = match bounds {
            (Some(&start), Some(&end)) => {
                let here = self.expected.get(start as usize..end as usize);
                (&[][..], here.unwrap_or_default())
            }
            _ => (self.vehicles_on(lane), &[][..]),
        };
        let whole = |&vehicle: &SeenVehicle| ExpectedVehicle {
            vehicle,
            weight: 1.0,
        };
        seen.iter().map(whole).chain(expected.iter().copied())
    }
}

/// What a controller says about one signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: it has not decided, or has failed.
    #[default]
    Silent,
    /// Go on with the present phase.
    Keep,
    /// Show this phase of the signal's plan.
    Phase(PhaseIndex),
}

/// What a controller says at one decision, signal by signal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// Time of the observation that it answers, seconds. An answer that is too old, from the
    /// future or not a number counts as silence.
    pub answers: f64,
    wishes: Vec<Wish>,
}

impl Wishes {
    /// Silence for this many signals.
    pub fn new(signals: usize) -> Self {
        Self {
            answers: 0.0,
            wishes: vec![Wish::Silent; signals],
        }
    }

    /// Forgets everything said, ready for an answer to an observation made at `time`.
    pub fn clear(&mut self, time: f64) {
        self.answers = time;
        self.wishes.fill(Wish::Silent);
    }

    /// Says something about a signal; signals that do not exist are passed over.
    pub fn set(&mut self, signal: SignalId, wish: Wish) {
        if let Some(place) = self.wishes.get_mut(signal.index()) {
            *place = wish;
        }
    }

    /// What was said about a signal.
    pub fn get(&self, signal: SignalId) -> Wish {
        self.wishes.get(signal.index()).copied().unwrap_or_default()
    }
}
