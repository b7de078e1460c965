//! What schemes act on: a world, or a plant around one. Signals are none of their business.

use roads::{LaneId, LinkId};
use signals::SimPlant;
use sim::{NewVehicle, VehicleId, World};

use crate::error::Error;

/// Roads with traffic that can be watched, closed, and sent another way.
pub trait Roadway {
    /// The world, to look at.
    fn world(&self) -> &World;

    /// Lets no vehicle enter a lane; see [`World::close_lane`].
    ///
    /// # Errors
    /// When there is no such lane.
    fn close_lane(&mut self, lane: LaneId) -> Result<(), Error>;

    /// Opens a lane; see [`World::open_lane`].
    ///
    /// # Errors
    /// When there is no such lane.
    fn open_lane(&mut self, lane: LaneId) -> Result<(), Error>;

    /// Sets the speed limit of a link, m/s; see [`World::set_speed_limit`].
    ///
    /// # Errors
    /// When there is no such link or the limit is not greater than zero.
    fn set_speed_limit(&mut self, link: LinkId, limit: Option<f64>) -> Result<(), Error>;

    /// Sends a vehicle another way; see [`World::set_route`].
    ///
    /// # Errors
    /// When the vehicle is not there or the way cannot be driven from where it is.
    fn set_route(&mut self, vehicle: VehicleId, anchors: &[LinkId]) -> Result<(), Error>;

    /// Holds or lets go what leaves a lane; see [`World::set_meter`].
    ///
    /// # Errors
    /// When there is no such lane or a signal controls what leaves it.
    fn set_meter(&mut self, lane: LaneId, open: bool) -> Result<(), Error>;

    /// Adds a vehicle; see [`World::add_vehicle`].
    ///
    /// # Errors
    /// When its way cannot be driven.
    fn add_vehicle(&mut self, vehicle: NewVehicle) -> Result<VehicleId, Error>;
}

/// Both roads have these functions under the same names; what differs is the error and where the
/// world is.
macro_rules! impl_roadway {
    ($road:ty, $self:ident => $world:expr) => {
        impl Roadway for $road {
            fn world(&$self) -> &World {
                $world
            }

            fn close_lane(&mut self, lane: LaneId) -> Result<(), Error> {
                Ok(Self::close_lane(self, lane)?)
            }

            fn open_lane(&mut self, lane: LaneId) -> Result<(), Error> {
                Ok(Self::open_lane(self, lane)?)
            }

            fn set_speed_limit(&mut self, link: LinkId, limit: Option<f64>) -> Result<(), Error> {
                Ok(Self::set_speed_limit(self, link, limit)?)
            }

            fn set_route(&mut self, vehicle: VehicleId, anchors: &[LinkId]) -> Result<(), Error> {
                Ok(Self::set_route(self, vehicle, anchors)?)
            }

            fn set_meter(&mut self, lane: LaneId, open: bool) -> Result<(), Error> {
                Ok(Self::set_meter(self, lane, open)?)
            }

            fn add_vehicle(&mut self, vehicle: NewVehicle) -> Result<VehicleId, Error> {
                Ok(Self::add_vehicle(self, vehicle)?)
            }
        }
    };
}

impl_roadway!(World, self => self);
impl_roadway!(SimPlant, self => Self::world(self));
