//! Matching whole traces.

use std::sync::Arc;

use super::hop::Context;
use super::map::Map;
use super::passage::Passage;
use super::settings::Settings;
use super::table::Table;
use super::track::{Counts, Desk, Fix, Track};
use crate::error::Error;

/// Matches positions on one network. Cheap to clone: the network and its table are shared.
#[derive(Clone, Debug)]
pub struct Matcher {
    map: Arc<Map>,
    table: Arc<Table>,
    settings: Settings,
}

/// What became of one trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
    /// Links in the order they were driven.
    pub passages: Vec<Passage>,
    /// What became of the positions.
    pub counts: Counts,
}

impl Matcher {
    /// Puts a network, its table and settings together.
    ///
    /// # Errors
    /// When the table is of another network, or a setting is out of range.
    pub fn new(map: Arc<Map>, table: Arc<Table>, settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        if !table.is_of(&map) {
            let message = "was made for another network; make it anew for this one";
            return Err(Error::element("table", "of distances", message));
        }
        Ok(Self {
            map,
            table,
            settings,
        })
    }

    /// The network.
    pub const fn map(&self) -> &Arc<Map> {
        &self.map
    }

    /// The table of distances.
    pub const fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context {
            map: &self.map,
            table: &self.table,
            settings: &self.settings,
        }
    }

    /// Matches one vehicle's positions, in the order of time, as a whole.
    pub fn match_trace(&self, fixes: &[Fix]) -> Matched {
        let mut track = Track::default();
        let mut desk = Desk::default();
        for &fix in fixes {
            track.take(self.context(), fix, None, &mut desk);
        }
        track.finish(self.context(), &mut desk);
        Matched {
            passages: desk.passages,
            counts: desk.counts,
        }
    }
}
