//! Emergency missions: an ambulance to a place, with and without priority from the same second.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use missions::Arm;
use roads::LinkId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::comparisons::check_pace;
use super::control::check_controller;
use super::{none_numbered, refuse_foreign};
use crate::app::App;
use crate::geo::Projection;
use crate::live::comparison::{ComparisonReport, HalfPlan, HalfPlans};
use crate::live::mission::{ABILITY, Sending};
use crate::problem::{FieldFault, JsonBody, Problem};

/// Where an ambulance is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MissionRequest {
    /// Index of the link of the scene; the scene is in its middle.
    scene: u32,
    /// Index of the link where the vehicle starts; the city's soonest unit where nothing is said.
    from: Option<u32>,
    /// Id of the controller of both halves; the running one where nothing is said.
    controller: Option<String>,
    /// Simulated seconds to go on, 60 to `seconds_max`.
    seconds: f64,
    /// Simulated seconds in a real second, 0.1 to 60.
    speed: f64,
}

/// A station.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct UnitFacts {
    /// The unit's name.
    id: String,
    /// What it can do.
    abilities: Vec<String>,
    /// Index of the link where it stands.
    link: u32,
    /// Longitude and latitude of where it stands.
    place: [f64; 2],
}

/// The city's units.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct UnitList {
    units: Vec<UnitFacts>,
}

impl MissionRequest {
    fn checked(self, app: &App) -> Result<(HalfPlans, Sending, (f64, f64)), Problem> {
        let mut faults = Vec::new();
        check_links(app, (Some(self.scene), self.from), &mut faults);
        let running = app.live.status().controller.clone();
        let controller = self.controller.unwrap_or(running);
        check_controller(app, &controller, "/controller", &mut faults);
        check_pace(app, self.seconds, self.speed, &mut faults);
        check_start(app, self.from, &mut faults);
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        let half = |arm| HalfPlan {
            controller: controller.clone(),
            close: Vec::new(),
            arm: Some(arm),
        };
        let sending = Sending {
            scene: LinkId(self.scene),
            at: None,
            from: self.from.map(LinkId),
        };
        let halves = [half(Arm::BlueLight), half(Arm::Priority)];
        Ok((halves, sending, (self.seconds, self.speed)))
    }
}

/// Names the links of scene and start that there are not.
pub(super) fn check_links(
    app: &App,
    (scene, from): (Option<u32>, Option<u32>),
    faults: &mut Vec<FieldFault>,
) {
    let count = app.network.links.len();
    for (pointer, link) in [("/scene", scene), ("/from", from)] {
        if let Some(link) = link.filter(|&link| link as usize >= count) {
            faults.push(FieldFault {
                pointer,
                detail: none_numbered("link", &link, count),
            });
        }
    }
}

/// Asks for a start where the city has no unit that could go.
pub(super) fn check_start(app: &App, from: Option<u32>, faults: &mut Vec<FieldFault>) {
    if from.is_none() && app.units.able(ABILITY).next().is_none() {
        faults.push(FieldFault {
            pointer: "/from",
            detail: "the city has no ambulances; name the link where the vehicle starts".to_owned(),
        });
    }
}

/// The city's units and where they stand
#[utoipa::path(get, path = "/traffic/units", tag = "missions", responses(
    (status = 200, body = UnitList),
))]
pub(crate) async fn units(State(app): State<Arc<App>>) -> Json<UnitList> {
    let projection = Projection::of(&app.network);
    let able = app.units.able(ABILITY);
    let units = able.map(|unit| {
        let link = &app.network.links[unit.place.link.index()];
        let point = roads::geometry::point_at(&link.shape, unit.place.at);
        UnitFacts {
            id: unit.id.clone(),
            abilities: unit.abilities.clone(),
            link: unit.place.link.0,
            place: projection.degrees(point),
        }
    });
    Json(UnitList {
        units: units.collect(),
    })
}

/// Send an ambulance twice from this second: left under blue light only, right with signals that
/// clear its way
#[utoipa::path(post, path = "/traffic/missions", tag = "missions", request_body = MissionRequest,
    responses(
        (status = 201, description = "A comparison whose halves have a mission", body = ComparisonReport),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The controller cannot be used on this network", body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, or there is no way to the scene", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The limit comparisons_max is reached", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<MissionRequest>,
) -> Result<(StatusCode, Json<ComparisonReport>), Problem> {
    refuse_foreign(&headers, "only pages of this server send ambulances")?;
    let (plans, sending, pace) = request.checked(&app)?;
    super::comparisons::begin(&app, plans, Some(sending), pace).await
}
