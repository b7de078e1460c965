//! What the live run's traffic comes to as link observations: the index of every vehicle, without
//! probes and noise; and what a loop in each lane reads, in which incidents are looked for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use observe::Roads;
use observe::areas::Group;
use observe::incident::{Detection, Loops, Settings};
use observe::live::Live;
use observe::truth::{Place, Seen, Tracker};
use roads::Network;
use sim::World;

use crate::error::Error;

/// Follows the run's vehicles from link to link.
pub(crate) struct Watch {
    roads: Arc<Roads>,
    tracker: Tracker,
    shared: Arc<Mutex<Live>>,
    loops: Loops,
    /// Begin of the interval that the loops are in, seconds after midnight.
    begun: f64,
    incidents: Arc<Mutex<Detection>>,
    /// Second 0 of the run, seconds after midnight.
    day_start: f64,
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new(
        network: &Network,
        roads: Arc<Roads>,
        districts: Vec<Group>,
        day_start: f64,
    ) -> Result<Self, Error> {
        let live = Live::new(Arc::clone(&roads), districts, None)
            .map_err(|error| Error::Config(error.to_string()))?;
        let incidents = Detection::new(network, Settings::default())
            .map_err(|error| Error::Config(error.to_string()))?;
        Ok(Self {
            roads,
            tracker: Tracker::default(),
            loops: Loops::new(network),
            begun: day_start,
            incidents: Arc::new(Mutex::new(incidents)),
            shared: Arc::new(Mutex::new(live)),
            day_start,
        })
    }

    /// The index that it makes.
    pub(crate) fn shared(&self) -> Arc<Mutex<Live>> {
        Arc::clone(&self.shared)
    }

    /// The incidents in it.
    pub(crate) fn incidents(&self) -> Arc<Mutex<Detection>> {
        Arc::clone(&self.incidents)
    }

    /// Looks at the world after a step.
    pub(crate) fn look(&mut self, world: &World) {
        let dt = world.config().interval;
        let time = self.day_start + world.time();
        let network = world.network();
        let mut live = locked(&self.shared);
        for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
            let seen = Seen {
                vehicle: u64::from(vehicle.id.0),
                place: match vehicle.place {
                    sim::Place::Lane(lane) => Place::Lane(lane),
                    sim::Place::Movement(movement) => Place::Movement(movement),
                },
                distance: vehicle.distance,
                speed: vehicle.speed,
                length: vehicle.length,
            };
            self.loops.see(network, &seen, dt);
            if let Some(ended) = self.tracker.take(&seen, time, network, &self.roads) {
                live.traversal(&ended);
            }
        }
        for ended in self.tracker.end_before(time, &self.roads) {
            live.traversal(&ended);
        }
        drop(live);
        self.loops.step(dt);
        self.end_interval(time, network, dt);
    }

    /// Looks for incidents where an interval is over.
    fn end_interval(&mut self, time: f64, network: &Network, dt: f64) {
        let mut incidents = locked(&self.incidents);
        if self.loops.seconds() < incidents.settings().interval_s - dt / 2.0 {
            return;
        }
        let readings = self.loops.end(network);
        incidents.take(self.begun, &readings);
        self.begun = time;
    }

    /// The run begins again at second 0.
    pub(crate) fn reset(&mut self, network: &Network) {
        self.tracker = Tracker::default();
        self.loops = Loops::new(network);
        self.begun = self.day_start;
        locked(&self.incidents).forget();
        locked(&self.shared).reset();
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
