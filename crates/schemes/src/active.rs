//! The schemes that act while a world runs, together.

use std::sync::Arc;

use roads::Network;
use serde::Serialize;
use sim::World;

use crate::closure::{LiveCounts, LiveWorks, Works};
use crate::error::Error;
use crate::event::{Event, EventDone, LiveEvent};
use crate::guidance::{Guidance, GuidanceCounts};
use crate::metering::{Alinea, MeterState, Metering, ramps};
use crate::roadway::Roadway;

/// What is to act during a run. Nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Closures by time.
    pub works: Option<Works>,
    /// Meters at all ramps.
    pub metering: Option<Alinea>,
    /// Share of drivers with guidance.
    pub guided: Option<f64>,
    /// A big event.
    pub event: Option<Event>,
}

impl Plan {
    /// Whether nothing acts.
    pub fn is_empty(&self) -> bool {
        self.works.is_none()
            && self.metering.is_none()
            && self.guided.is_none()
            && self.event.is_none()
    }
}

/// What the schemes of a run have done.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Done {
    /// Closures by time.
    pub works: Option<LiveCounts>,
    /// Meters.
    pub metering: Option<Vec<MeterState>>,
    /// Guidance.
    pub guidance: Option<GuidanceCounts>,
    /// A big event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventDone>,
}

/// Schemes at work on one world.
#[derive(Debug)]
pub struct Active {
    works: Option<LiveWorks>,
    metering: Option<Metering>,
    guidance: Option<Guidance>,
    event: Option<LiveEvent>,
}

impl Active {
    /// Prepares a plan for a network.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn new(network: &Arc<Network>, plan: &Plan, seed: u32) -> Result<Self, Error> {
        let works = plan.works.clone();
        let meter = |law| Metering::new(network, &ramps(network), law);
        let guide = |share| Guidance::new(network, share, u64::from(seed));
        Ok(Self {
            works: works.map(|works| LiveWorks::new(network, works)),
            metering: plan.metering.map(meter).transpose()?,
            guidance: plan.guided.map(guide).transpose()?,
            event: plan
                .event
                .clone()
                .map(|event| LiveEvent::new(network, event)),
        })
    }

    /// Does what is due; to be called before every step.
    ///
    /// # Errors
    /// When the world refuses.
    pub fn act(&mut self, road: &mut impl Roadway) -> Result<(), Error> {
        if let Some(event) = &mut self.event {
            event.act(road)?;
        }
        if let Some(works) = &mut self.works {
            works.act(road)?;
        }
        if let Some(metering) = &mut self.metering {
            metering.act(road)?;
        }
        if let Some(guidance) = &mut self.guidance {
            guidance.act(road)?;
        }
        Ok(())
    }

    /// Looks at the world after a step.
    pub fn look(&mut self, world: &World) {
        if let Some(event) = &mut self.event {
            event.look(world);
        }
    }

    /// What they have done so far.
    pub fn done(&self) -> Done {
        Done {
            works: self.works.as_ref().map(LiveWorks::counts),
            metering: self
                .metering
                .as_ref()
                .map(|meters| meters.meters().to_vec()),
            guidance: self.guidance.as_ref().map(Guidance::counts),
            event: self.event.as_ref().map(LiveEvent::done),
        }
    }
}
