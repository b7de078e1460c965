//! Numbers of TraCI's commands and variables, with SUMO's names in lower case.

/// Which version of the interface is spoken.
pub(crate) const GET_VERSION: u8 = 0x00;
/// Simulate up to a time.
pub(crate) const SIMULATION_STEP: u8 = 0x02;
/// End the simulation.
pub(crate) const CLOSE: u8 = 0x7f;

/// Things that can be asked, set and subscribed to; a command is a base and the domain's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Signals.
    Signal,
    /// Vehicles.
    Vehicle,
    /// Types of vehicles.
    VehicleType,
    /// Routes.
    Route,
    /// The simulation as a whole.
    Simulation,
    /// Lane-area detectors (E2).
    LaneArea,
}

impl Domain {
    const fn number(self) -> u8 {
        match self {
            Self::Signal => 0x02,
            Self::Vehicle => 0x04,
            Self::VehicleType => 0x05,
            Self::Route => 0x06,
            Self::Simulation => 0x0b,
            Self::LaneArea => 0x0d,
        }
    }

    /// The command that asks for a variable.
    pub(crate) const fn get(self) -> u8 {
        0xa0 + self.number()
    }

    /// The command that sets a variable.
    pub(crate) const fn set(self) -> u8 {
        0xc0 + self.number()
    }

    /// The command that subscribes to variables.
    pub(crate) const fn subscribe(self) -> u8 {
        0xd0 + self.number()
    }

    /// What the answers to [`Domain::subscribe`] are headed by.
    pub(crate) const fn subscribed(self) -> u8 {
        0xe0 + self.number()
    }
}

/// Ids of a domain.
pub(crate) const ID_LIST: u8 = 0x00;
/// Vehicles on a detector in the last step, by name.
pub(crate) const LAST_STEP_VEHICLE_ID_LIST: u8 = 0x12;
/// Of those, how many halt.
pub(crate) const LAST_STEP_VEHICLE_HALTING_NUMBER: u8 = 0x14;
/// A signal's letters.
pub(crate) const TL_RED_YELLOW_GREEN_STATE: u8 = 0x20;
/// The connections that a signal's letters are for.
pub(crate) const TL_CONTROLLED_LINKS: u8 = 0x27;
/// The name of the program in force.
pub(crate) const TL_CURRENT_PROGRAM: u8 = 0x29;
/// All programs of a signal.
pub(crate) const TL_COMPLETE_DEFINITION: u8 = 0x2b;
/// Speed, m/s.
pub(crate) const VAR_SPEED: u8 = 0x40;
/// Where on its lane a detector begins, metres from the lane's start.
pub(crate) const VAR_POSITION: u8 = 0x42;
/// Fastest that a type of vehicle drives, m/s.
pub(crate) const VAR_MAX_SPEED: u8 = 0x41;
/// Class of a type of vehicle.
pub(crate) const VAR_VEHICLE_CLASS: u8 = 0x49;
/// Width of a type of vehicle, metres.
pub(crate) const VAR_WIDTH: u8 = 0x4d;
/// What a type of vehicle drives at where the limit is 1 m/s.
pub(crate) const VAR_SPEED_FACTOR: u8 = 0x5e;
/// A parameter by name, such as whether a type has a device.
pub(crate) const VAR_PARAMETER: u8 = 0x7e;
/// Adds a route.
pub(crate) const ADD: u8 = 0x80;
/// Adds a vehicle.
pub(crate) const ADD_FULL: u8 = 0x85;
/// Copies a type of vehicle.
pub(crate) const COPY: u8 = 0x88;
/// Length of a vehicle or detector, metres.
pub(crate) const VAR_LENGTH: u8 = 0x44;
/// The lane of a vehicle or detector.
pub(crate) const VAR_LANE_ID: u8 = 0x51;
/// Distance of a vehicle's front from the start of its lane, metres.
pub(crate) const VAR_LANE_POSITION: u8 = 0x56;
/// An option that the simulation was started with.
pub(crate) const VAR_OPTION: u8 = 0x32;
/// The simulation's time, seconds.
pub(crate) const VAR_TIME: u8 = 0x66;
/// Vehicles that entered in the last step.
pub(crate) const VAR_DEPARTED_IDS: u8 = 0x74;
/// Vehicles that arrived in the last step.
pub(crate) const VAR_ARRIVED_IDS: u8 = 0x7a;
/// The length of a step, seconds.
pub(crate) const VAR_DELTA_T: u8 = 0x7b;
/// Vehicles on the net and those still to come.
pub(crate) const VAR_MIN_EXPECTED: u8 = 0x7d;
