//! Where vehicles that have priority report: a handle that the control room and the controller
//! share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roads::{LaneId, LinkId, SignalId};

/// How strong a vehicle's priority is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Claim {
    /// An emergency mission: the way is cleared ahead of it. The larger `severity` goes first
    /// where two meet.
    Mission {
        /// 0 is the least.
        severity: u8,
    },
    /// A tram or bus: its green is held for a few seconds or comes a few seconds early, if it is
    /// late enough.
    Transit {
        /// Seconds behind its timetable; negative when early.
        late: f64,
    },
}

/// What a vehicle says of itself. It is the city's own and knows where it is and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Its priority.
    pub claim: Claim,
    /// Links to pass still, in order, the one that it is on first, or that it is about to enter
    /// when inside a junction.
    pub route: Vec<LinkId>,
    /// Its lane, if it is on one.
    pub lane: Option<LaneId>,
    /// Metres to the end of the first link of `route`.
    pub to_end: f64,
    /// Speed, m/s.
    pub speed: f64,
    /// Most that it drives, m/s.
    pub max_speed: f64,
    /// What it drives at where the limit is 1 m/s: 1 for who keeps to limits.
    pub speed_factor: f64,
    /// Metres from the start of the last link at which it stops.
    pub stops_at: f64,
}

/// What signals do for the vehicles on a desk, since the last decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Signals that are held, each with the number of the vehicle that it is held for: green is
    /// shown to it, is on its way, or what is shown is kept until its green is due.
    pub held: Vec<(SignalId, u64)>,
    /// Signals that give back the green which others have lost.
    pub paying_back: Vec<SignalId>,
}

/// Reports of all vehicles that have priority now, by their numbers, and what is done for them.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    reports: Arc<Mutex<BTreeMap<u64, Report>>>,
    service: Arc<Mutex<Service>>,
}

impl Desk {
    /// An empty desk.
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Report>> {
        // What a caller that panicked has left is a whole report or none.
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the newest report of a vehicle.
    pub fn report(&self, vehicle: u64, report: Report) {
        self.open().insert(vehicle, report);
    }

    /// Ends a vehicle's priority.
    pub fn withdraw(&self, vehicle: u64) {
        self.open().remove(&vehicle);
    }

    /// How many vehicles have priority now.
    pub fn len(&self) -> usize {
        self.open().len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.open().is_empty()
    }

    /// What signals did for vehicles at the last decision.
    pub fn service(&self) -> Service {
        self.served().clone()
    }

    fn served(&self) -> MutexGuard<'_, Service> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what signals do from now on.
    pub(super) fn serve(&self, service: Service) {
        *self.served() = service;
    }

    /// Goes through all reports, by number.
    pub(super) fn each(&self, mut see: impl FnMut(u64, &Report)) {
        for (&vehicle, report) in self.open().iter() {
            see(vehicle, report);
        }
    }
}
