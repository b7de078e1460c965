//! Saving a world and restoring it.

use std::sync::Arc;

use rand_mt::Mt;
use roads::{Demand, Network, VehicleType};
use serde::{Deserialize, Serialize};

use crate::state::State;
use crate::world::{Config, Error, World};

/// Changes when what is saved changes.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    /// Lanes, movements, signals and total length of the network.
    network: (usize, usize, usize, u64),
    config: Config,
    demand: Demand,
    types: Vec<VehicleType>,
    added_routes: Vec<Vec<u32>>,
    state: State,
}

fn fingerprint(network: &Network) -> (usize, usize, usize, u64) {
    let metres = network.total_link_length().to_bits();
    (
        network.lanes.len(),
        network.movements.len(),
        network.signals.len(),
        metres,
    )
}

impl World {
    /// All state as bytes, the demand included, to go on from later.
    ///
    /// # Errors
    /// [`Error::Restore`] when it cannot be written, which would be a fault of this crate.
    pub fn save(&self) -> Result<Vec<u8>, Error> {
        let saved = Saved {
            version: VERSION,
            network: fingerprint(&self.network),
            config: self.config.clone(),
            demand: Demand::clone(&self.demand),
            types: self.kinds.iter().map(|kind| kind.source.clone()).collect(),
            added_routes: self.routes.since(self.demand_routes),
            state: self.state.clone(),
        };
        postcard::to_stdvec(&saved).map_err(|error| Error::Restore(error.to_string()))
    }

    /// A saved world on the same network.
    ///
    /// # Errors
    /// [`Error::Restore`] when the bytes are not a saved world of this version and network.
    pub fn restore(network: Arc<Network>, bytes: &[u8]) -> Result<Self, Error> {
        let fault = |message: String| Error::Restore(message);
        let saved: Saved = postcard::from_bytes(bytes).map_err(|error| fault(error.to_string()))?;
        if saved.version != VERSION {
            return Err(fault(format!("version {}, not {VERSION}", saved.version)));
        }
        if saved.network != fingerprint(&network) {
            return Err(fault("it was saved on another network".to_owned()));
        }
        let mut world = Self::new(network, Arc::new(saved.demand), saved.config)?;
        world.set_kinds(&saved.types);
        for links in saved.added_routes {
            world.routes.add(links.into_boxed_slice());
        }
        world.check_state(&saved.state).map_err(fault)?;
        world.random = Mt::new(saved.state.seed);
        for _ in 0..saved.state.draws {
            world.random.next_u32();
        }
        world.state = saved.state;
        Ok(world)
    }

    /// Whether every index in a state lies within this world.
    fn check_state(&self, state: &State) -> Result<(), String> {
        let own = &self.state;
        let sizes = state.rows.len() == own.rows.len()
            && state.occupied.len() == own.occupied.len()
            && state.green.len() == own.green.len()
            && state.aspects.len() == own.aspects.len()
            && state.signals.len() == own.signals.len();
        if !sizes {
            return Err("its tables have other sizes".to_owned());
        }
        let rows = own.rows.len() as u32;
        let row_ok = |row: u32| row < rows || row >= crate::state::Record::WAITING;
        for record in &state.records {
            let kind = (record.bits & crate::state::Record::KIND) as usize;
            let ok = row_ok(record.row)
                && (record.route as usize) < self.routes.len()
                && (record.leg as usize) < self.routes.links(record.route).len()
                && kind < self.kinds.len();
            if !ok {
                return Err("a vehicle's record points outside".to_owned());
            }
        }
        let records = state.records.len() as u32;
        for vehicle in state.rows.iter().flatten() {
            let ok = (vehicle.id & !crate::advance::SHADOW_ID) < records
                && (vehicle.kind as usize) < self.kinds.len()
                && row_ok(vehicle.next)
                && row_ok(vehicle.previous)
                && vehicle.distance.is_finite()
                && vehicle.speed.is_finite();
            if !ok {
                return Err("a vehicle points outside".to_owned());
            }
        }
        for (&id, light) in &state.blue_lights {
            if id >= records {
                return Err("a blue light points outside".to_owned());
            }
            light.check().map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
