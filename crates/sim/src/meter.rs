//! Meters: stop lines at which a lane is held or let go from outside, where no signal is. A ramp
//! meter is one. There are none until somebody sets one.

use roads::{Aspect, LaneId};

use crate::world::{Error, World};

impl World {
    /// Holds what would leave a lane (`open` false) or lets it go again, from the next step on;
    /// vehicles that can no longer stop with ordinary braking go on.
    ///
    /// # Errors
    /// When there is no such lane, nothing leads on from it, or a signal controls what does.
    pub fn set_meter(&mut self, lane: LaneId, open: bool) -> Result<(), Error> {
        let network = std::sync::Arc::clone(&self.network);
        let Some(found) = network.lanes.get(lane.index()) else {
            return Err(Error::Invalid(format!("there is no lane {}", lane.0)));
        };
        let name = || network.lane_name(lane);
        let end = network.links[found.link.index()].to;
        if network.junctions[end.index()].signal.is_some() {
            return Err(Error::Invalid(format!(
                "the lane {:?} ends at a signal; meter one that does not",
                name()
            )));
        }
        if found.outgoing.is_empty() {
            return Err(Error::Invalid(format!(
                "the lane {:?} leads nowhere; there is nothing to meter",
                name()
            )));
        }
        let aspect = if open {
            Aspect::Permissive
        } else {
            Aspect::Red
        };
        for movement in &found.outgoing {
            self.show(movement.index(), aspect);
        }
        Ok(())
    }

    /// Whether a lane is held by [`World::set_meter`].
    pub fn is_held(&self, lane: LaneId) -> bool {
        self.network.lanes.get(lane.index()).is_some_and(|found| {
            let end = self.network.links[found.link.index()].to;
            let uncontrolled = self.network.junctions[end.index()].signal.is_none();
            uncontrolled
                && found
                    .outgoing
                    .iter()
                    .any(|movement| self.aspect(*movement) == Aspect::Red)
        })
    }
}
