//! The menu of controllers of a live run. The brains live in the crate `signals`, behind its safety
//! envelope; [`standard`] lists all of them, and a caller may put others on the menu.

use std::fmt;
use std::sync::Arc;

use roads::{Demand, Network};
use signals::{Controller, Protocol};

use crate::config::Title;

/// Makes a controller for a network.
pub type Build = dyn Fn(&Network, &Demand, &Protocol) -> Result<Box<dyn Controller>, signals::Error>
    + Send
    + Sync;

/// An entry of the menu of controllers.
#[derive(Clone)]
pub struct ControllerChoice {
    /// A short name for the API, for example `max-pressure`.
    pub id: String,
    /// Its name for the page.
    pub title: Title,
    /// What it does, in a sentence.
    pub about: Title,
    /// Makes it.
    pub build: Arc<Build>,
}

impl fmt::Debug for ControllerChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ControllerChoice")
            .field("id", &self.id)
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

/// All controllers of the crate `signals`.
pub fn standard() -> Vec<ControllerChoice> {
    signals::controllers::all()
        .map(|info| ControllerChoice {
            id: info.name.to_owned(),
            title: Title::new(info.title_zh, info.title_en),
            about: Title::new(info.about_zh, info.about_en),
            build: Arc::new(|network, demand, protocol| {
                signals::controllers::by_name(info.name, network, demand, protocol)
            }),
        })
        .collect()
}
