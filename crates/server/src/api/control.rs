//! Steering the run.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::refuse_foreign;
use crate::app::App;
use crate::config::SPEED_RANGE;
use crate::live::report::Status;
use crate::live::run::Change;
use crate::problem::{FieldFault, JsonBody, Problem};

/// What is to be different; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlRequest {
    /// Id of a controller; it takes over where the world stands.
    controller: Option<String>,
    /// A demand level; a change starts the run again.
    demand: Option<f64>,
    /// Simulated seconds in a real second, 0.1 to 60.
    speed: Option<f64>,
    /// Whether time stands still.
    paused: Option<bool>,
    /// Start again at second 0.
    restart: Option<bool>,
}

impl ControlRequest {
    fn checked(self, app: &App) -> Result<Change, Problem> {
        let mut faults = Vec::new();
        if let Some(id) = &self.controller {
            check_controller(app, id, "/controller", &mut faults);
        }
        let levels = &app.scenario.demand_levels;
        if let Some(level) = self.demand
            && !levels.iter().any(|known| (known - level).abs() < 1e-9)
        {
            faults.push(FieldFault {
                pointer: "/demand",
                detail: format!("there is no demand level {level}; known are {levels:?}"),
            });
        }
        if let Some(speed) = self.speed {
            check_speed(speed, &mut faults);
        }
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        Ok(Change {
            controller: self.controller,
            demand: self.demand,
            speed: self.speed,
            paused: self.paused,
            restart: self.restart.unwrap_or(false),
        })
    }
}

/// Names a controller that there is not.
pub(super) fn check_controller(
    app: &App,
    id: &str,
    pointer: &'static str,
    faults: &mut Vec<FieldFault>,
) {
    let known = &app.scenario.controllers;
    if !known.iter().any(|one| one.id == id) {
        let ids: Vec<&str> = known.iter().map(|one| one.id.as_str()).collect();
        let id: String = id.chars().take(60).collect();
        faults.push(FieldFault {
            pointer,
            detail: format!(
                "there is no controller {id:?}; known are {}",
                ids.join(", ")
            ),
        });
    }
}

/// Names a speed that may not be.
pub(super) fn check_speed(speed: f64, faults: &mut Vec<FieldFault>) {
    if !SPEED_RANGE.contains(&speed) {
        faults.push(FieldFault {
            pointer: "/speed",
            detail: format!(
                "the speed is {speed}; it must be from {} to {}",
                SPEED_RANGE.start(),
                SPEED_RANGE.end()
            ),
        });
    }
}

/// Change controller, demand, speed or pause, or start again
#[utoipa::path(post, path = "/control", tag = "run", request_body = ControlRequest,
    responses(
        (status = 200, body = Status),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The controller cannot be used on this network", body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn control(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<ControlRequest>,
) -> Result<Json<Status>, Problem> {
    refuse_foreign(&headers, "only pages of this server steer the run")?;
    let change = request.checked(&app)?;
    tracing::info!(?change, "the run is changed");
    let status = app.live.change(change).await?;
    Ok(Json((*status).clone()))
}
