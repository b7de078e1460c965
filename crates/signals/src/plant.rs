//! What signals stand in: our own simulator today, others behind the same trait.

use std::sync::Arc;

use roads::{Aspect, Demand, LaneId, LinkId, Network, SignalId};
use sim::{NewVehicle, VehicleId, World};

use crate::controller::Detail;
use crate::envelope::Command;
use crate::error::Error;
use crate::observation::{Observation, SeenVehicle};
use crate::sensing::{Scene, SceneVehicle};

/// A network with traffic and signals that can be watched and told what to show.
pub trait Plant {
    /// The network; signals and lanes are numbered as in it.
    fn network(&self) -> &Arc<Network>;

    /// Seconds since the start.
    fn time(&self) -> f64;

    /// Seconds by which [`Plant::advance`] moves it.
    fn tick(&self) -> f64;

    /// Fills in time and traffic, as far as `detail` asks for it.
    ///
    /// # Errors
    /// When the plant does not answer.
    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), Error>;

    /// Fills in who is on which lane, for sensors to take their samples of; false if this plant
    /// cannot tell vehicles apart.
    ///
    /// # Errors
    /// When the plant does not answer.
    fn scene(&self, scene: &mut Scene) -> Result<bool, Error> {
        scene.clear();
        Ok(false)
    }

    /// Adds to lanes with a stop line who is seen on lanes behind them, where the plant's
    /// observations do so because its lanes are shorter than the approaches they are of. `seen` has
    /// vehicles with places; counts are all that is left with less `detail`.
    fn see_behind(&self, detail: Detail, seen: &mut Observation) {
        if detail != Detail::Vehicles {
            seen.vehicles.clear();
            seen.first_vehicle.fill(0);
        }
    }

    /// Shows something from now on.
    ///
    /// # Errors
    /// When the plant refuses or does not answer.
    fn show(&mut self, command: Command<'_>) -> Result<(), Error>;

    /// What a signal shows by the plant's own account, an aspect for each of its movements; false
    /// if it does not say.
    fn shown(&self, signal: SignalId, aspects: &mut Vec<Aspect>) -> bool {
        let _ = (signal, aspects);
        false
    }

    /// Lets a tick pass.
    ///
    /// # Errors
    /// When the plant does not answer.
    fn advance(&mut self) -> Result<(), Error>;
}

/// Our simulator as a plant. It hands out everything of its world but the signals.
#[derive(Clone, Debug)]
pub struct SimPlant {
    world: World,
}

impl SimPlant {
    /// A new world whose signals are controlled from outside, whatever `config` says of them.
    ///
    /// # Errors
    /// When the world cannot be built.
    pub fn new(
        network: Arc<Network>,
        demand: Arc<Demand>,
        mut config: sim::Config,
    ) -> Result<Self, Error> {
        config.signals = sim::Signals::External;
        Ok(Self {
            world: World::new(network, demand, config)?,
        })
    }

    /// A world that runs already, such as a fork.
    ///
    /// # Errors
    /// When its signals follow their own plans.
    pub fn from_world(world: World) -> Result<Self, Error> {
        if world.config().signals == sim::Signals::External {
            Ok(Self { world })
        } else {
            Err(Error::Protocol(
                "the world's signals follow their own plans; build it with external signals"
                    .to_owned(),
            ))
        }
    }

    /// The world, to look at.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Adds a vehicle; see [`World::add_vehicle`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn add_vehicle(&mut self, vehicle: NewVehicle) -> Result<VehicleId, Error> {
        Ok(self.world.add_vehicle(vehicle)?)
    }

    /// Takes a vehicle away; see [`World::remove_vehicle`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn remove_vehicle(&mut self, vehicle: VehicleId) -> Result<(), Error> {
        Ok(self.world.remove_vehicle(vehicle)?)
    }

    /// Switches a vehicle's blue light; see [`World::set_blue_light`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn set_blue_light(
        &mut self,
        vehicle: VehicleId,
        light: Option<sim::BlueLight>,
    ) -> Result<(), Error> {
        Ok(self.world.set_blue_light(vehicle, light)?)
    }

    /// Lets a vehicle that waits to enter go first; see [`World::let_enter_first`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn let_enter_first(&mut self, vehicle: VehicleId) -> Result<(), Error> {
        Ok(self.world.let_enter_first(vehicle)?)
    }

    /// Sends a vehicle another way; see [`World::set_route`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn set_route(&mut self, vehicle: VehicleId, anchors: &[LinkId]) -> Result<(), Error> {
        Ok(self.world.set_route(vehicle, anchors)?)
    }

    /// Closes a lane; see [`World::close_lane`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn close_lane(&mut self, lane: LaneId) -> Result<(), Error> {
        Ok(self.world.close_lane(lane)?)
    }

    /// Opens a lane; see [`World::open_lane`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn open_lane(&mut self, lane: LaneId) -> Result<(), Error> {
        Ok(self.world.open_lane(lane)?)
    }

    /// Sets the speed limit of a link, m/s; see [`World::set_speed_limit`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn set_speed_limit(&mut self, link: LinkId, limit: Option<f64>) -> Result<(), Error> {
        Ok(self.world.set_speed_limit(link, limit)?)
    }

    /// Holds what would leave a lane without a signal, or lets it go; see [`World::set_meter`].
    ///
    /// # Errors
    /// When the world refuses.
    pub fn set_meter(&mut self, lane: LaneId, open: bool) -> Result<(), Error> {
        Ok(self.world.set_meter(lane, open)?)
    }
}

impl Plant for SimPlant {
    fn network(&self) -> &Arc<Network> {
        self.world.network()
    }

    fn time(&self) -> f64 {
        self.world.time()
    }

    fn tick(&self) -> f64 {
        self.world.config().interval
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), Error> {
        seen.time = self.world.time();
        if detail == Detail::None {
            return Ok(());
        }
        let lanes = &self.world.network().lanes;
        seen.see_all();
        seen.count.clear();
        seen.waiting.clear();
        for lane in (0..lanes.len()).map(LaneId::from) {
            seen.count.push(self.world.lane_count(lane));
            seen.waiting.push(self.world.lane_waiting(lane));
        }
        seen.vehicles.clear();
        seen.first_vehicle.clear();
        seen.first_vehicle.push(0);
        for (index, lane) in lanes.iter().enumerate() {
            if detail == Detail::Vehicles {
                let here = self.world.lane_vehicles(LaneId::from(index));
                seen.vehicles.extend(here.map(|vehicle| SeenVehicle {
                    to_stop_line: lane.length - vehicle.distance,
                    speed: vehicle.speed,
                }));
            }
            seen.first_vehicle.push(seen.vehicles.len() as u32);
        }
        Ok(())
    }

    fn scene(&self, scene: &mut Scene) -> Result<bool, Error> {
        scene.clear();
        for (index, lane) in self.world.network().lanes.iter().enumerate() {
            let here = self.world.lane_vehicles(LaneId::from(index));
            // The copy of a vehicle that is changing lanes is no vehicle.
            let here = here.filter(|vehicle| !vehicle.shadow);
            scene.lane(here.map(|vehicle| SceneVehicle {
                vehicle: u64::from(vehicle.id.0),
                to_stop_line: lane.length - vehicle.distance,
                speed: vehicle.speed,
                length: vehicle.length,
            }));
        }
        Ok(true)
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), Error> {
        match command.phase() {
            Some(phase) => self.world.set_phase(command.signal(), phase)?,
            None => self
                .world
                .set_aspects(command.signal(), command.aspects())?,
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.world.step();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use roads::generate::{GridSpec, grid};

    use super::*;
    use crate::observation::ExpectedVehicle;

    #[test]
    fn what_another_plant_has_left_in_an_observation_is_taken_back() {
        let network = Arc::new(grid(&GridSpec::default()).unwrap());
        let lanes = network.lanes.len();
        let demand = Arc::new(Demand::default());
        let plant = SimPlant::new(Arc::clone(&network), demand, sim::Config::default()).unwrap();
        let mut seen = Observation::empty(network.signals.len(), lanes);
        let vehicle = SeenVehicle {
            to_stop_line: 3.0,
            speed: 1.0,
        };
        seen.expected = vec![
            ExpectedVehicle {
                vehicle,
                weight: 0.5
            };
            lanes
        ];
        seen.first_expected = (0..=lanes as u32).collect();
        seen.sight = vec![0.0; lanes];
        plant.observe(Detail::Vehicles, &mut seen).unwrap();
        assert_eq!(seen, Observation::empty(network.signals.len(), lanes));
        assert_eq!(seen.expected_on(LaneId(0)).count(), 0);
        assert!((seen.sight_on(LaneId(0), 80.0) - 80.0).abs() < 1e-9);
    }
}
