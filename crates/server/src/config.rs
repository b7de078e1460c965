//! What the server is started with: the scenario, who may control it, and every limit by name.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use missions::Units;
use observe::areas::District;
use roads::{Demand, Network, Point};
use serde::{Deserialize, Serialize};

use crate::bureau::Bureau;
use crate::clock::{Clock, SystemClock};
use crate::controllers::{self, ControllerChoice};
use crate::error::Error;
use crate::live::demand;
use crate::seeing::Feed;

/// A name in the two languages of the pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Title {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Title {
    /// A title from its Chinese and English form.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// What covers a piece of ground on which nobody drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroundKind {
    /// A lake or a river.
    Water,
    /// A park or a wood.
    Park,
}

impl GroundKind {
    /// The value of the property `kind` in vector tiles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Park => "park",
        }
    }
}

/// A polygon of the map's background.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ground {
    /// What it is.
    pub kind: GroundKind,
    /// Its outline in the network's local plane, metres; closing it is optional.
    pub ring: Vec<Point>,
}

/// The demand of a scenario at each level a visitor may choose.
#[derive(Clone, Debug)]
pub enum Demands {
    /// One demand, scaled to each level as [`demand::scaled`] describes.
    Scaled {
        /// The demand of level 1.
        base: Arc<Demand>,
        /// The levels on offer, ascending.
        levels: Vec<f64>,
    },
    /// A demand of its own for each level, ascending.
    Given(Vec<(f64, Arc<Demand>)>),
}

impl Demands {
    /// One demand at the levels 0.5, 0.75, 1, 1.25 and 1.5.
    pub fn scaled(base: Arc<Demand>) -> Self {
        Self::Scaled {
            base,
            levels: vec![0.5, 0.75, 1.0, 1.25, 1.5],
        }
    }

    /// The levels on offer.
    pub fn levels(&self) -> Vec<f64> {
        match self {
            Self::Scaled { levels, .. } => levels.clone(),
            Self::Given(demands) => demands.iter().map(|(level, _)| *level).collect(),
        }
    }

    /// The demand of a level; `None` when the level is not on offer.
    pub fn at(&self, level: f64) -> Option<Arc<Demand>> {
        let same = |other: f64| (other - level).abs() < 1e-9;
        match self {
            Self::Scaled { base, levels } => levels.iter().any(|known| same(*known)).then(|| {
                if same(1.0) {
                    Arc::clone(base)
                } else {
                    Arc::new(demand::scaled(base, level))
                }
            }),
            Self::Given(demands) => demands
                .iter()
                .find(|(known, _)| same(*known))
                .map(|(_, demand)| Arc::clone(demand)),
        }
    }
}

/// What is run and shown.
#[derive(Clone, Debug)]
pub struct ScenarioSource {
    /// A short name for the API, for example `hangzhou`.
    pub id: String,
    /// The city's name for the page.
    pub title: Title,
    /// The road network.
    pub network: Arc<Network>,
    /// Who drives, by level.
    pub demand: Demands,
    /// Background polygons.
    pub ground: Vec<Ground>,
    /// Simulated seconds after which the run starts again.
    pub horizon: f64,
    /// Time of day at which second 0 lies, seconds after midnight.
    pub day_start: f64,
}

impl ScenarioSource {
    /// A scenario of one hour from 7 in the morning without background.
    pub fn new(
        id: impl Into<String>,
        title: Title,
        network: Arc<Network>,
        demand: Arc<Demand>,
    ) -> Self {
        Self {
            id: id.into(),
            title,
            network,
            demand: Demands::scaled(demand),
            ground: Vec::new(),
            horizon: 3600.0,
            day_start: 7.0 * 3600.0,
        }
    }
}

/// Every limit of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Clients of the live stream at the same time.
    pub live_clients_max: usize,
    /// Bytes of a message from a client of the live stream.
    pub live_message_bytes_max: usize,
    /// Messages a second that a client of the live stream may send.
    pub live_messages_per_second_max: u32,
    /// Commands that may wait for the live run.
    pub commands_max: usize,
    /// Vector tiles kept in memory.
    pub tiles_cached_max: usize,
    /// Points of link history kept in memory, over all links.
    pub history_points_max: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Connections at the same time; further ones wait to be accepted.
    pub connections_max: usize,
    /// Comparisons of two futures that may run at the same time.
    pub comparisons_max: usize,
    /// Simulated seconds that a comparison may go on.
    pub comparison_seconds_max: u32,
    /// How long a comparison goes on when nobody looks at it or asks for it.
    pub comparison_idle_max: Duration,
    /// Missions of the running world that may be under way at the same time.
    pub missions_max: usize,
    /// Corridors that may be recorded at the same time.
    pub corridors_max: usize,
    /// How long a connection may be silent before it is closed.
    pub silence_max: Duration,
    /// How long a client of the live stream may take to accept a message.
    pub send_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 16 * 1024,
            live_clients_max: 256,
            live_message_bytes_max: 4 * 1024,
            live_messages_per_second_max: 20,
            commands_max: 64,
            tiles_cached_max: 4096,
            history_points_max: 8_000_000,
            request_timeout: Duration::from_secs(10),
            connections_max: 1024,
            comparisons_max: 2,
            comparison_seconds_max: 1800,
            comparison_idle_max: Duration::from_mins(2),
            missions_max: 8,
            corridors_max: 8,
            silence_max: Duration::from_mins(1),
            send_timeout: Duration::from_secs(20),
        }
    }
}

/// The slowest and fastest speed of the simulated clock, as multiples of real time.
pub const SPEED_RANGE: std::ops::RangeInclusive<f64> = 0.1..=60.0;

/// Everything the server is started with.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 lets the operating system choose.
    pub listen: SocketAddr,
    /// What is run and shown.
    pub scenario: ScenarioSource,
    /// How the engine runs. Signals are always controlled from outside.
    pub engine: sim::Config,
    /// How often controllers decide, and among which phases.
    pub protocol: signals::Protocol,
    /// Minimum green, clearance and so on of each signal; the protocol's where there are none.
    pub signal_limits: Option<signals::LimitsTable>,
    /// Controllers a visitor may choose between, in the order of the menu.
    pub controllers: Vec<ControllerChoice>,
    /// The id of the controller at the start.
    pub controller: String,
    /// The demand level at the start.
    pub demand_level: f64,
    /// Simulated seconds in a real second at the start.
    pub speed: f64,
    /// Simulated seconds that the first run is ahead when the page opens, so that there is traffic
    /// on the roads; runs that follow start at second 0.
    pub head_start: f64,
    /// The city's units, which can be sent to a scene; none where nobody knows of any.
    pub units: Units,
    /// The city's districts, for the congestion index.
    pub districts: Vec<District>,
    /// The city's data; without it the exchange and the Bureau are not served.
    pub bureau: Option<Bureau>,
    /// Who brings positions of vehicles, besides those that are posted.
    pub feeds: Vec<Arc<dyn Feed>>,
    /// Every limit.
    pub limits: Limits,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// The scenario with the network's own signal plan, demand level 1 and the speed of real
    /// time, on port 8080 of this machine only.
    pub fn new(scenario: ScenarioSource) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            scenario,
            engine: sim::Config::default(),
            protocol: signals::Protocol::street(),
            signal_limits: None,
            controllers: controllers::standard(),
            controller: "plan".to_owned(),
            demand_level: 1.0,
            speed: 1.0,
            head_start: 0.0,
            units: Units::default(),
            districts: Vec::new(),
            bureau: None,
            feeds: Vec::new(),
            limits: Limits::default(),
            clock: Arc::new(SystemClock::start()),
        }
    }

    /// The limits that the safety envelope keeps.
    pub(crate) fn limits_of_signals(&self) -> signals::LimitsTable {
        let own = self.signal_limits.clone();
        own.unwrap_or_else(|| self.protocol.limits().into())
    }

    /// Says what contradicts itself.
    ///
    /// # Errors
    /// [`Error::Config`] with the field, its value and what would be right.
    pub fn check(&self) -> Result<(), Error> {
        let fault = |message: String| Err(Error::Config(message));
        let scenario = &self.scenario;
        if scenario.network.lanes.is_empty() {
            return fault("the network has no lanes; nothing can be shown".to_owned());
        }
        if !(scenario.horizon.is_finite() && scenario.horizon >= 60.0) {
            return fault(format!(
                "the horizon is {} s; it must be at least 60 s",
                scenario.horizon
            ));
        }
        if !(0.0..scenario.horizon).contains(&self.head_start) {
            return fault(format!(
                "the head start is {} s; it must be from 0 to less than the horizon of {} s",
                self.head_start, scenario.horizon
            ));
        }
        if !(0.0..86_400.0).contains(&scenario.day_start) {
            return fault(format!(
                "the day starts at second {}; it must be from 0 to 86399",
                scenario.day_start
            ));
        }
        if !self
            .controllers
            .iter()
            .any(|known| known.id == self.controller)
        {
            let known: Vec<&str> = self.controllers.iter().map(|one| one.id.as_str()).collect();
            return fault(format!(
                "there is no controller {:?}; known are {}",
                self.controller,
                known.join(", ")
            ));
        }
        let levels = scenario.demand.levels();
        if !levels.iter().all(|level| (0.01..=100.0).contains(level)) {
            return fault(format!(
                "the demand levels are {levels:?}; each must be from 0.01 to 100"
            ));
        }
        if scenario.demand.at(self.demand_level).is_none() {
            return fault(format!(
                "there is no demand level {}; known are {:?}",
                self.demand_level, levels
            ));
        }
        if !SPEED_RANGE.contains(&self.speed) {
            return fault(format!(
                "the speed is {}; it must be from {} to {}",
                self.speed,
                SPEED_RANGE.start(),
                SPEED_RANGE.end()
            ));
        }
        Ok(())
    }
}
