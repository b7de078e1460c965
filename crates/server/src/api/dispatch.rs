//! Missions of the running world: send an ambulance, see how far it is, call it off.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use roads::LinkId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::missions::{check_links, check_start};
use super::{blocking, refuse_foreign};
use crate::app::App;
use crate::geo::Projection;
use crate::live::mission::Sending;
use crate::live::missions::{MissionFacts, Missions, PLACE_REACH, link_at};
use crate::problem::{FieldFault, JsonBody, Path, Problem};

/// Where an ambulance is wanted in the running world: a link or a place.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DispatchRequest {
    /// Index of the link of the scene; the scene is in its middle.
    scene: Option<u32>,
    /// Longitude and latitude of the scene, on the street nearest to it.
    place: Option<[f64; 2]>,
    /// Index of the link where the vehicle starts; the city's soonest free unit where nothing is
    /// said.
    from: Option<u32>,
    /// Whether signals clear its way; they do where nothing is said.
    priority: Option<bool>,
}

/// The missions of the running world.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MissionList {
    /// How many may be under way at the same time.
    missions_max: usize,
    #[serde(flatten)]
    all: Missions,
}

impl DispatchRequest {
    fn checked(self, app: &App) -> Result<(Sending, bool), Problem> {
        let mut faults = Vec::new();
        check_links(app, (self.scene, self.from), &mut faults);
        let scene = match (self.scene, self.place) {
            (Some(link), None) => Some((LinkId(link), None)),
            (None, Some(place)) => near(app, place).map(|(link, at)| (link, Some(at))),
            _ => None,
        };
        if scene.is_none() {
            faults.push(self.no_scene());
        }
        check_start(app, self.from, &mut faults);
        match scene {
            Some((scene, at)) if faults.is_empty() => {
                let from = self.from.map(LinkId);
                Ok((Sending { scene, at, from }, self.priority.unwrap_or(true)))
            }
            _ => Err(Problem::fields(faults)),
        }
    }

    fn no_scene(&self) -> FieldFault {
        match (self.scene, self.place) {
            (None, Some([longitude, latitude])) => FieldFault {
                pointer: "/place",
                detail: format!(
                    "no street is within {PLACE_REACH} m of {longitude} {latitude}; send longitude and latitude of a place in the city"
                ),
            },
            _ => FieldFault {
                pointer: "/scene",
                detail: "say either scene, a link, or place, its longitude and latitude".to_owned(),
            },
        }
    }
}

/// The link at a place.
fn near(app: &App, place: [f64; 2]) -> Option<(LinkId, f64)> {
    let [longitude, latitude] = place;
    if !((-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude)) {
        return None;
    }
    let point = Projection::of(&app.network).local(place);
    link_at(&app.network, point)
}

/// All missions of the running world, and those that have ended lately
#[utoipa::path(get, path = "/missions", tag = "missions", responses(
    (status = 200, body = MissionList),
))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<MissionList> {
    Json(MissionList {
        missions_max: app.limits.missions_max,
        all: (*app.live.missions()).clone(),
    })
}

/// Send an ambulance through the running world
#[utoipa::path(post, path = "/missions", tag = "missions", request_body = DispatchRequest,
    responses(
        (status = 201, description = "The unit is sent", body = MissionFacts),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The limit missions_max is reached, or every unit is out", body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, or there is no way to the scene", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<DispatchRequest>,
) -> Result<(StatusCode, Json<MissionFacts>), Problem> {
    refuse_foreign(&headers, "only pages of this server send ambulances")?;
    // Looking for the street at a place goes through the whole network.
    let asked = Arc::clone(&app);
    let (sending, priority) = blocking(move || request.checked(&asked)).await??;
    let sent = app.live.dispatch(sending, priority).await?;
    Ok((StatusCode::CREATED, Json(sent)))
}

/// How far a mission is
#[utoipa::path(get, path = "/missions/{id}", tag = "missions",
    params(("id" = u64, Path, description = "Number of the mission")),
    responses(
        (status = 200, body = MissionFacts),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<MissionFacts>, Problem> {
    let all = app.live.missions();
    let number: Option<u64> = id.parse().ok();
    let mut missions = all.missions.iter();
    let found = missions.find(|one| Some(one.id) == number);
    Ok(Json(found.cloned().ok_or_else(|| unknown(&id))?))
}

/// End a mission: called off on its way, or the unit free again at the scene
#[utoipa::path(delete, path = "/missions/{id}", tag = "missions",
    params(("id" = u64, Path, description = "Number of the mission")),
    responses(
        (status = 200, description = "The mission as it has ended", body = MissionFacts),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<MissionFacts>, Problem> {
    refuse_foreign(&headers, "only pages of this server call missions off")?;
    let number = id.parse().map_err(|_error| unknown(&id))?;
    let ended = app.live.end_mission(number).await?;
    Ok(Json(ended.ok_or_else(|| unknown(&id))?))
}

fn unknown(id: &str) -> Problem {
    let id: String = id.chars().take(40).collect();
    Problem::not_found(format!(
        "there is no mission {id:?}; those that have ended long ago are forgotten"
    ))
}
