//! Our simulator as traffic whose truth is known, and the scenarios of the tests.

use std::path::PathBuf;
use std::sync::Arc;

use observe::truth::{Place, Seen, Traffic};
use roads::{Demand, Network};
use sim::{Config, Rules, World};

/// A world, until a horizon. Second 0 of the world is `start` of the day.
pub(crate) struct Simulated {
    pub(crate) world: World,
    pub(crate) horizon: f64,
    pub(crate) start: f64,
}

impl Simulated {
    pub(crate) fn new(
        network: &Arc<Network>,
        demand: &Arc<Demand>,
        rules: Rules,
        seed: u32,
        horizon: f64,
    ) -> Self {
        let config = Config {
            rules,
            seed,
            ..Config::default()
        };
        Self {
            world: World::new(Arc::clone(network), Arc::clone(demand), config)
                .expect("a world of a sound scenario"),
            horizon,
            start: 7.0 * 3600.0,
        }
    }
}

impl Traffic for Simulated {
    fn network(&self) -> &Network {
        self.world.network()
    }

    fn time(&self) -> f64 {
        self.start + self.world.time()
    }

    fn step(&mut self) -> Result<bool, String> {
        self.world.step();
        Ok(self.world.time() < self.horizon)
    }

    fn each(&self, show: &mut dyn FnMut(Seen)) {
        for vehicle in self.world.vehicles().filter(|vehicle| !vehicle.shadow) {
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
}

/// The published scenarios' folder, if it is there.
pub(crate) fn scenarios() -> Option<PathBuf> {
    let set = std::env::var_os("CITYBRAIN_SCENARIOS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/scenarios");
    set.or(Some(beside)).filter(|folder| folder.is_dir())
}
