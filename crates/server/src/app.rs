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
use crate::seeing::{Feeds, Seeing};
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
    /// What is seen of the traffic.
    pub(crate) seeing: Arc<Seeing>,
    /// Positions that come another way than by posts.
    pub(crate) feeds: Feeds,
    /// The city's data, if it is served.
    pub(crate) bureau: Option<Bureau>,
}

impl App {
    /// Prepares everything and starts the live run.
    pub(crate) fn start(config: Config, stopping: watch::Receiver<bool>) -> Result<Self, Error> {
        config.check()?;
        let network = Arc::clone(&config.scenario.network);
        let projection = Projection::of(&network);
        let roads = Arc::new(observe::Roads::of(&network));
        let scenario = crate::api::scenario::Facts::new(&config, &projection);
        let title = config.scenario.title.clone();
        let tiles = Tiles::new(
            &network,
            &config.scenario.ground,
            &projection,
            config.limits.tiles_cached_max,
        );
        let (limits, bureau) = (config.limits.clone(), config.bureau.clone());
        let (comparisons, units) = (Comparisons::new(config.clone()), config.units.clone());
        let districts = observe::areas::districts(&roads, &config.districts);
        let feeds = config.feeds.clone();
        let live = Live::start(config, Arc::clone(&roads), districts.clone())?;
        Ok(Self {
            scenario,
            title,
            tiles,
            places: Arc::new(Semaphore::new(limits.live_clients_max)),
            limits,
            bureau,
            comparisons,
            corridors: Catalogue::new(&network),
            units,
            seeing: Arc::new(Seeing::new(
                Arc::clone(&network),
                roads,
                districts,
                live.seen(),
            )),
            feeds: Feeds::new(feeds),
            live,
            stopping,
            network,
            assets: Assets,
        })
    }
}
