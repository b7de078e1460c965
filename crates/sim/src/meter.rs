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
        self.known_lane(lane)?;
        let network = std::sync::Arc::clone(&self.network);
        let found = &network.lanes[lane.index()];
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
}
