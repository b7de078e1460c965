//! What all handlers share.

use std::sync::Arc;

use missions::Units;
use roads::Network;
use tokio::sync::{Semaphore, watch};

use crate::assets::Assets;
use crate::bureau::Bureau;
use crate::config::{Config, Limits, Title};
use crate::corridors::Catalogue;
use crate::error::Error;
use crate::geo::Projection;
use crate::live::Live;
use crate::live::comparisons::Comparisons;
use crate::tiles::Tiles;

/// The state behind the router.
pub(crate) struct App {
    pub(crate) scenario: crate::api::scenario::Facts,
    pub(crate) title: Title,
    pub(crate) network: Arc<Network>,
    pub(crate) live: Live,
    pub(crate) comparisons: Comparisons,
    pub(crate) corridors: Catalogue,
    pub(crate) units: Units,
    pub(crate) tiles: Tiles,
    pub(crate) limits: Limits,
    /// One permit for each client of the live stream.
    pub(crate) places: Arc<Semaphore>,
    /// Turns true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) assets: Assets,
    /// The city's data, if it is served.
    pub(crate) bureau: Option<Bureau>,
}

impl App {
    /// Prepares everything and starts the live run.
    pub(crate) fn start(config: Config, stopping: watch::Receiver<bool>) -> Result<Self, Error> {
        config.check()?;
        let network = Arc::clone(&config.scenario.network);
        let projection = Projection::of(&network);
        Ok(Self {
            scenario: crate::api::scenario::Facts::new(&config, &projection),
            title: config.scenario.title.clone(),
            tiles: Tiles::new(
                &network,
                &config.scenario.ground,
                &projection,
                config.limits.tiles_cached_max,
            ),
            limits: config.limits.clone(),
            places: Arc::new(Semaphore::new(config.limits.live_clients_max)),
            bureau: config.bureau.clone(),
            comparisons: Comparisons::new(config.clone()),
            corridors: Catalogue::new(&network),
            units: config.units.clone(),
            live: Live::start(config)?,
            stopping,
            network,
            assets: Assets,
        })
    }
}
