//! What the live run's traffic comes to as link observations: the index of every vehicle, without
//! probes and noise.

use std::sync::{Arc, Mutex, PoisonError};

use observe::Roads;
use observe::areas::Group;
use observe::live::Live;
use observe::truth::{Place, Seen, Tracker};
use sim::World;

use crate::error::Error;

/// Follows the run's vehicles from link to link.
pub(crate) struct Watch {
    roads: Arc<Roads>,
    tracker: Tracker,
    shared: Arc<Mutex<Live>>,
    /// Second 0 of the run, seconds after midnight.
    day_start: f64,
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new(
        roads: Arc<Roads>,
        districts: Vec<Group>,
        day_start: f64,
    ) -> Result<Self, Error> {
        let live = Live::new(Arc::clone(&roads), districts, None)
            .map_err(|error| Error::Config(error.to_string()))?;
        Ok(Self {
            roads,
            tracker: Tracker::default(),
            shared: Arc::new(Mutex::new(live)),
            day_start,
        })
    }

    /// The index that it makes.
    pub(crate) fn shared(&self) -> Arc<Mutex<Live>> {
        Arc::clone(&self.shared)
    }

    /// Looks at the world after a step.
    pub(crate) fn look(&mut self, world: &World) {
        let time = self.day_start + world.time();
        let network = world.network();
        let mut live = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
            let seen = Seen {
                vehicle: u64::from(vehicle.id.0),
                place: match vehicle.place {
                    sim::Place::Lane(lane) => Place::Lane(lane),
                    sim::Place::Movement(movement) => Place::Movement(movement),
                },
                distance: vehicle.distance,
                speed: vehicle.speed,
            };
            if let Some(ended) = self.tracker.take(&seen, time, network, &self.roads) {
                live.traversal(&ended);
            }
        }
        for ended in self.tracker.end_before(time, &self.roads) {
            live.traversal(&ended);
        }
    }

    /// The run begins again at second 0.
    pub(crate) fn reset(&mut self) {
        self.tracker = Tracker::default();
        let mut live = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        live.reset();
    }
}
