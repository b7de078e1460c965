//! Comparisons: two futures of the running world from the same second.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use roads::LaneId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::control::{check_controller, check_speed};
use super::{none_numbered, refuse_foreign};
use crate::app::App;
use crate::live::comparison::{ComparisonReport, HalfPlan, HalfPlans, Session};
use crate::live::mission::Sending;
use crate::problem::{FieldFault, JsonBody, Path, Problem};

/// The shortest comparison, simulated seconds.
const SECONDS_MIN: f64 = 60.0;
/// Lanes that may be closed in a half.
const CLOSED_MAX: usize = 64;

/// How one half is to go on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HalfRequest {
    /// Id of a controller.
    controller: String,
    /// Indices of lanes to close in this half.
    #[serde(default)]
    close_lanes: Vec<u32>,
}

/// What is to be compared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComparisonRequest {
    left: HalfRequest,
    right: HalfRequest,
    /// Simulated seconds to go on, 60 to `seconds_max`.
    seconds: f64,
    /// Simulated seconds in a real second, 0.1 to 60.
    speed: f64,
}

/// All comparisons, and how many there may be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ComparisonList {
    /// How many may run at the same time.
    running_max: usize,
    /// Simulated seconds that one may go on.
    seconds_max: u32,
    /// Real seconds after which one ends that nobody looks at.
    idle_seconds_max: u64,
    comparisons: Vec<ComparisonReport>,
}

impl ComparisonRequest {
    fn checked(self, app: &App) -> Result<(HalfPlans, (f64, f64)), Problem> {
        let mut faults = Vec::new();
        let pointers = [
            ("/left/controller", "/left/close_lanes"),
            ("/right/controller", "/right/close_lanes"),
        ];
        for (half, (controller, lanes)) in [&self.left, &self.right].into_iter().zip(pointers) {
            check_half(half, app, (controller, lanes), &mut faults);
        }
        check_pace(app, self.seconds, self.speed, &mut faults);
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        let plan = |half: HalfRequest| HalfPlan {
            controller: half.controller,
            close: half.close_lanes.into_iter().map(LaneId).collect(),
            arm: None,
        };
        Ok((
            [plan(self.left), plan(self.right)],
            (self.seconds, self.speed),
        ))
    }
}

fn check_half(
    half: &HalfRequest,
    app: &App,
    (controller, lanes): (&'static str, &'static str),
    faults: &mut Vec<FieldFault>,
) {
    check_controller(app, &half.controller, controller, faults);
    let count = app.network.lanes.len();
    let missing = half
        .close_lanes
        .iter()
        .find(|&&lane| lane as usize >= count);
    let detail = if half.close_lanes.len() > CLOSED_MAX {
        format!(
            "{} lanes are to be closed; at most {CLOSED_MAX} may",
            half.close_lanes.len()
        )
    } else if let Some(lane) = missing {
        none_numbered("lane", lane, count)
    } else {
        return;
    };
    faults.push(FieldFault {
        pointer: lanes,
        detail,
    });
}

/// Names a length or speed that may not be.
pub(super) fn check_pace(app: &App, seconds: f64, speed: f64, faults: &mut Vec<FieldFault>) {
    let seconds_max = f64::from(app.limits.comparison_seconds_max);
    if !(SECONDS_MIN..=seconds_max).contains(&seconds) {
        faults.push(FieldFault {
            pointer: "/seconds",
            detail: format!(
                "a comparison of {seconds} s; it must be from {SECONDS_MIN} to {seconds_max} s"
            ),
        });
    }
    check_speed(speed, faults);
}

/// Forks the running world and lets both halves go on.
pub(super) async fn begin(
    app: &App,
    plans: HalfPlans,
    sending: Option<Sending>,
    pace: (f64, f64),
) -> Result<(StatusCode, Json<ComparisonReport>), Problem> {
    app.comparisons.check_room()?;
    tracing::info!(?plans, ?sending, "two futures are compared");
    let forked = app.live.fork(plans.clone(), sending).await?;
    let tracks = Arc::clone(app.live.tracks());
    let session = app.comparisons.start(plans, forked, pace, tracks)?;
    Ok((StatusCode::CREATED, Json(session.report())))
}

/// All comparisons, and how many there may be
#[utoipa::path(get, path = "/comparisons", tag = "comparisons", responses(
    (status = 200, body = ComparisonList),
))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<ComparisonList> {
    let limits = &app.limits;
    Json(ComparisonList {
        running_max: limits.comparisons_max,
        seconds_max: limits.comparison_seconds_max,
        idle_seconds_max: limits.comparison_idle_max.as_secs(),
        comparisons: app
            .comparisons
            .all()
            .iter()
            .map(|one| one.report())
            .collect(),
    })
}

/// Fork the running world at this second into two halves that go on side by side
#[utoipa::path(post, path = "/comparisons", tag = "comparisons", request_body = ComparisonRequest,
    responses(
        (status = 201, body = ComparisonReport),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A controller cannot be used on this network, or the last open lane of a link would be closed", body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The limit comparisons_max is reached", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<ComparisonRequest>,
) -> Result<(StatusCode, Json<ComparisonReport>), Problem> {
    refuse_foreign(&headers, "only pages of this server start comparisons")?;
    let (plans, pace) = request.checked(&app)?;
    begin(&app, plans, None, pace).await
}

/// A comparison and its figures so far
#[utoipa::path(get, path = "/comparisons/{id}", tag = "comparisons",
    params(("id" = u64, Path, description = "Number of the comparison")),
    responses(
        (status = 200, body = ComparisonReport),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<ComparisonReport>, Problem> {
    Ok(Json(session_of(&app, &id)?.report()))
}

/// End a comparison
#[utoipa::path(delete, path = "/comparisons/{id}", tag = "comparisons",
    params(("id" = u64, Path, description = "Number of the comparison")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 403, description = "The request comes from a page of another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    refuse_foreign(&headers, "only pages of this server end comparisons")?;
    let number = session_of(&app, &id)?.id();
    app.comparisons.end(number);
    Ok(StatusCode::NO_CONTENT)
}

/// The comparison of this number.
pub(crate) fn session_of(app: &App, id: &str) -> Result<Arc<Session>, Problem> {
    let known = id.parse().ok().and_then(|id| app.comparisons.get(id));
    known.ok_or_else(|| {
        let id: String = id.chars().take(40).collect();
        Problem::not_found(format!(
            "there is no comparison {id:?}; it may have ended, and those that nobody looks at are forgotten"
        ))
    })
}
