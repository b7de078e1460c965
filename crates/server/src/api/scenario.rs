//! What is running, and its figures over time.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::config::{Config, SPEED_RANGE, Title};
use crate::geo::Projection;
use crate::live::report::{History, Status};
use crate::problem::Problem;

/// A city.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CityFacts {
    id: String,
    title: Title,
}

/// A network in figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NetworkFacts {
    name: String,
    /// Whom the data is from, to be shown on the map.
    attribution: Option<String>,
    #[schema(value_type = String)]
    driving_side: roads::model::DrivingSide,
    /// West, south, east and north edge, degrees.
    bounds: [f64; 4],
    links: usize,
    lanes: usize,
    junctions: usize,
    signals: usize,
    /// Length of all links.
    kilometres: f64,
}

/// A controller a visitor may choose.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ControllerFacts {
    pub(crate) id: String,
    title: Title,
    /// What it does, in a sentence.
    about: Title,
}

/// What does not change while the server runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Facts {
    city: CityFacts,
    network: NetworkFacts,
    pub(crate) controllers: Vec<ControllerFacts>,
    pub(crate) demand_levels: Vec<f64>,
    /// Speeds to offer, as multiples of real time; `/control` takes any from 0.1 to 60.
    speeds: Vec<f64>,
    /// Simulated seconds after which the run starts again.
    horizon: f64,
    /// Second of the day at which the run starts.
    day_start: f64,
    /// Districts that the congestion index can be asked for.
    districts: usize,
}

/// What is running.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Scenario {
    #[serde(flatten)]
    facts: Facts,
    status: Status,
}

impl Facts {
    pub(crate) fn new(config: &Config, projection: &Projection) -> Self {
        let scenario = &config.scenario;
        let network = &scenario.network;
        Self {
            city: CityFacts {
                id: scenario.id.clone(),
                title: scenario.title.clone(),
            },
            network: NetworkFacts {
                name: network.name.clone(),
                attribution: network.attribution.clone(),
                driving_side: network.driving_side,
                bounds: projection.bounds(network).to_array(),
                links: network.links.len(),
                lanes: network.lanes.len(),
                junctions: network.junctions.len(),
                signals: network.signals.len(),
                kilometres: network.total_link_length() / 1000.0,
            },
            controllers: config
                .controllers
                .iter()
                .map(|choice| ControllerFacts {
                    id: choice.id.clone(),
                    title: choice.title.clone(),
                    about: choice.about.clone(),
                })
                .collect(),
            demand_levels: scenario.demand.levels(),
            speeds: [1.0, 2.0, 5.0, 10.0, 30.0, 60.0]
                .into_iter()
                .filter(|speed| SPEED_RANGE.contains(speed))
                .collect(),
            horizon: scenario.horizon,
            day_start: scenario.day_start,
            districts: config.districts.len(),
        }
    }
}

/// What is running: city, network, choices, and the figures of the moment
#[utoipa::path(get, path = "/scenario", tag = "run", responses(
    (status = 200, body = Scenario),
))]
pub(crate) async fn scenario(State(app): State<Arc<App>>) -> Json<Scenario> {
    Json(Scenario {
        facts: app.scenario.clone(),
        status: (*app.live.status()).clone(),
    })
}

/// The figures of each simulated minute since the run started
#[utoipa::path(get, path = "/history", tag = "run", responses(
    (status = 200, body = History),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn history(State(app): State<Arc<App>>) -> Result<Json<History>, Problem> {
    Ok(Json(app.live.history().await?))
}
