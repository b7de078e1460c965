//! Which unit goes: of those that can do it and are free, the one that is soonest at the scene.

use roads::LinkId;
use roads::route::{Milliseconds, Tree};

use crate::live::LiveTimes;
use crate::units::{Place, Units};

/// A unit for a scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Index of the unit in [`Units::units`].
    pub unit: usize,
    /// Links from the unit to the scene, both ends included.
    pub route: Vec<LinkId>,
    /// Forecast of the time to the scene under the traffic of now, milliseconds.
    pub forecast: Milliseconds,
}

/// Finds units and ways.
#[derive(Clone, Debug, Default)]
pub struct Dispatcher {
    tree: Tree,
}

impl Dispatcher {
    /// Ready to search.
    pub fn new() -> Self {
        Self::default()
    }

    /// The unit that is soonest at a scene, of those for which `free` holds and that can do
    /// `ability`; the first of the list where two are as soon. `None` when no such unit can get
    /// there. One search back from the scene answers for all units.
    pub fn nearest(
        &mut self,
        times: &LiveTimes,
        units: &Units,
        ability: &str,
        scene: Place,
        free: impl Fn(usize) -> bool,
    ) -> Option<Assignment> {
        self.tree.grow_to(times.graph(), times.costs(), scene.link);
        let candidates = units.units.iter().enumerate();
        let soonest = candidates
            .filter(|(index, unit)| unit.can(ability) && free(*index))
            .filter_map(|(index, unit)| {
                // A unit leaves its station at the start of its link.
                let first = times.costs().links[unit.place.link.index()];
                let rest = self.tree.cost(unit.place.link)?;
                Some((first + rest, index))
            })
            .min()?;
        let (forecast, unit) = soonest;
        let route = self.tree.path(units.units[unit].place.link)?;
        Some(Assignment {
            unit,
            route,
            forecast,
        })
    }

    /// The fastest way between two links now, both included.
    pub fn way(&mut self, times: &LiveTimes, from: LinkId, to: LinkId) -> Option<Vec<LinkId>> {
        self.tree.grow_to(times.graph(), times.costs(), to);
        self.tree.path(from)
    }
}
