//! Lanes that are closed in the running world, and opened again.

use roads::LaneId;
use serde::Serialize;
use utoipa::ToSchema;

use super::heads::street;
use super::run::Run;
use crate::error::Error;

/// A closed lane.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Closure {
    /// Index of the lane.
    pub lane: u32,
    /// Index of its link.
    pub link: u32,
    /// Its place in the link: 0 is the innermost.
    pub position: u32,
    /// The street's name, or the link's id.
    pub street: String,
    /// Simulated second of this run since which it is closed.
    pub since: f64,
}

/// All closed lanes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Closures {
    /// By index of the lane.
    pub closures: Vec<Closure>,
}

impl Run {
    /// Closes (`true`) or opens a lane, if one is given; answers what is closed then. A closed lane
    /// lets nobody in; who is on it drives on. The last open lane of a link stays open.
    pub(crate) fn closures(&mut self, change: Option<(LaneId, bool)>) -> Result<Closures, Error> {
        match change {
            Some((lane, true)) if !self.closed.contains_key(&lane) => {
                self.refuse_last_lane(lane, &[])?;
                let plant = self.state.runner.plant_mut();
                plant.close_lane(lane).map_err(Error::Signals)?;
                self.closed.insert(lane, self.state.world().time());
                let state = &mut self.state;
                state.fleet.follow_closures(&mut state.runner);
                self.keep_ended();
            }
            Some((lane, false)) if self.closed.contains_key(&lane) => {
                let plant = self.state.runner.plant_mut();
                plant.open_lane(lane).map_err(Error::Signals)?;
                self.closed.remove(&lane);
            }
            _ => {}
        }
        if change.is_some() {
            self.publish_now();
        }
        Ok(Closures {
            closures: self
                .closed
                .iter()
                .map(|(&lane, &since)| self.closure(lane, since))
                .collect(),
        })
    }

    fn closure(&self, lane: LaneId, since: f64) -> Closure {
        let found = &self.network.lanes[lane.index()];
        Closure {
            lane: lane.0,
            link: found.link.0,
            position: found.index,
            street: street(&self.network, found.link),
            since,
        }
    }

    /// Vehicles bound for a link without an open lane would wait for ever.
    /// `also` are lanes that are to be closed together with it.
    pub(super) fn refuse_last_lane(&self, lane: LaneId, also: &[LaneId]) -> Result<(), Error> {
        let is_shut = |other: LaneId| self.closed.contains_key(&other) || also.contains(&other);
        let link = self.network.lanes[lane.index()].link;
        let others = self.network.links[link.index()]
            .lanes
            .range()
            .map(LaneId::from)
            .filter(|&other| other != lane && !is_shut(other))
            .count();
        if others > 0 {
            return Ok(());
        }
        Err(Error::LastLane {
            lane: lane.0,
            link: self.network.links[link.index()].id.clone(),
        })
    }
}
