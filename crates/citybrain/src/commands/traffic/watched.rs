//! A simulated scenario as traffic whose truth is known.

use observe::truth::{Place, Seen, Traffic};
use roads::Network;
use schemes::Active;
use signals::sensing::Sensing;
use sim::World;

use super::scenario::Scenario;
use super::simulate::{Drive, named, steps};
use crate::error::Error;

/// A scenario under a controller, until its horizon.
pub(super) struct Watched {
    drive: Drive,
    /// Closures and the like, where the scenario has them.
    schemes: Option<Active>,
    left: u64,
    /// Second 0 of the world, seconds after midnight.
    start: f64,
}

impl Watched {
    pub(super) fn new(
        scenario: &Scenario,
        control: &str,
        seed: u32,
        start: f64,
    ) -> Result<Self, Error> {
        let schemes = match &scenario.schemes {
            plan if plan.is_empty() => None,
            plan => Some(Active::new(&scenario.network, plan, seed).map_err(refused)?),
        };
        Ok(Self {
            schemes,
            drive: Drive::new(
                scenario,
                named(scenario, control)?,
                seed,
                &Sensing::default(),
            )?,
            left: steps(scenario.horizon, scenario.config.interval),
            start,
        })
    }
}

impl Traffic for Watched {
    fn network(&self) -> &Network {
        self.drive.world().network()
    }

    fn time(&self) -> f64 {
        self.start + self.drive.world().time()
    }

    fn step(&mut self) -> Result<bool, String> {
        if let Some(schemes) = &mut self.schemes {
            self.drive.act(schemes).map_err(|error| error.to_string())?;
        }
        self.drive.steps(1).map_err(|error| error.to_string())?;
        self.left = self.left.saturating_sub(1);
        Ok(self.left > 0)
    }

    fn each(&self, show: &mut dyn FnMut(Seen)) {
        each(self.drive.world(), show);
    }
}

fn refused(error: schemes::Error) -> Error {
    Error::Refused {
        message: format!("the scenario cannot be run: {error}"),
        help: None,
    }
}

fn each(world: &World, show: &mut dyn FnMut(Seen)) {
    for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
        show(Seen {
            vehicle: u64::from(vehicle.id.0),
            place: match vehicle.place {
                sim::Place::Lane(lane) => Place::Lane(lane),
                sim::Place::Movement(movement) => Place::Movement(movement),
            },
            distance: vehicle.distance,
            speed: vehicle.speed,
            length: vehicle.length,
        });
    }
}
