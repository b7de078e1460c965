//! Emergency missions: which unit goes, which way under live traffic, what the vehicle tells the
//! signals on its way, and what its priority gains it and costs all others.
//!
//! *Knows*: units, travel times as a city can see them, a vehicle under way, common random numbers.
//! *Does not know*: how vehicles move ([`sim`]), how signals clear a way ([`signals::priority`]),
//! files, wall time.
//!
//! - [`Dispatcher`] finds the unit that is soonest at a scene.
//! - A [`Mission`] takes a unit there in a running [`signals::Runner`].
//! - [`forecast()`] says at the order when it will be there.
//! - [`GreenWatch`] checks from the plant's own record that no greens conflicted.
//! - [`experiment::run`] does all of it many times, with and without priority from the same second
//!   of the same world.

mod dispatch;
mod error;
pub mod experiment;
mod forecast;
mod live;
mod mission;
mod units;
mod watch;

pub use dispatch::{Assignment, Dispatcher};
pub use error::Error;
pub use forecast::forecast;
pub use live::LiveTimes;
pub use mission::{Arm, Mission, Order, Progress, Stage, ambulance};
pub use units::{Place, Unit, Units, UnitsFile};
pub use watch::{Conflict, GreenWatch};
