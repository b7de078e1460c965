//! The one small trait that every controller implements.

use crate::observation::{Observation, Wishes};
use crate::priority::Pace;

/// How much of the traffic a controller wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Only what the signals show.
    None,
    /// Counts and waiting vehicles per lane.
    #[default]
    Lanes,
    /// Each vehicle on a lane with its distance to the stop line and its speed, besides.
    Vehicles,
}

/// Decides which phases signals should show.
///
/// A controller is built for one network and knows that; of the traffic it sees only what it is
/// handed. It should speak for every signal at each decision, even if only to keep the phase: a
/// signal for which nothing is said for longer than [`crate::Limits::timeout`] falls back to its
/// own plan.
pub trait Controller: Send {
    /// Its name in the registry.
    fn name(&self) -> &'static str;

    /// How much it wants to see.
    fn detail(&self) -> Detail {
        Detail::Lanes
    }

    /// Seconds between two decisions; `None` for the protocol's action interval.
    fn interval(&self) -> Option<f64> {
        None
    }

    /// The same controller once more, with all that it has learnt, to try a future with; `None`
    /// where that cannot be had.
    fn fork(&self) -> Option<Box<dyn Controller>> {
        None
    }

    /// Where this one stands before another: that one and its pace, if nothing is left undone by
    /// standing aside now. This one is of no use afterwards.
    fn stand_aside(&mut self) -> Option<(Box<dyn Controller>, Pace)> {
        None
    }

    /// Looks at the city and says what it wishes.
    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes);
}
