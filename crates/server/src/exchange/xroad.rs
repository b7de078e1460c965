//! X-Road's REST protocol, thinly: what a consumer's security server would ask of a provider's.
//!
//! `/r1/{instance}/{class}/{member}/{subsystem}/{service}`: the instance is the city, the member a
//! department, the service one of its datasets. `X-Road-Client` names the consumer the same way. In
//! X-Road the security server vouches for it; here the call proves it, with a token or with the
//! connection's certificate, and a header that names another department is refused.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pool::exchange::{Caller, LookUp};
use serde_json::{Map, Value};

use super::answers;
use super::body;
use super::documented::CallProblems;
use super::limits::LOOK_UP_BYTES_MAX;
use super::problem::ExchangeProblem;
use super::schema::{DisclosureAnswer, LookUpBody};
use super::state::ExchangeState;

/// Names the consumer: `INSTANCE/CLASS/MEMBER/SUBSYSTEM`.
const CLIENT: &str = "x-road-client";
/// Names the service in an answer.
const SERVICE: &str = "x-road-service";
/// The consumer's name for the message, given back as it came.
const ID: &str = "x-road-id";
/// An error's kind, in an answer.
const ERROR: &str = "x-road-error";

/// Read records as X-Road's REST protocol asks for them
///
/// The body is a look-up's without `dataset`, which the path names. The token's `htu` is the path.
#[utoipa::path(post, path = "/r1/{instance}/{class}/{member}/{subsystem}/{service}", tag = "x-road", security(("token" = [])),
    request_body = LookUpBody,
    params(
        ("instance" = String, Path, description = "The city's id"),
        ("class" = String, Path, description = "The member class, `GOV`"),
        ("member" = String, Path, description = "The department that holds the dataset"),
        ("subsystem" = String, Path, description = "`pool`"),
        ("service" = String, Path, description = "The dataset"),
        ("X-Road-Client" = String, Header, description = "The consumer: `INSTANCE/CLASS/MEMBER/SUBSYSTEM`"),
        ("X-Road-Id" = Option<String>, Header, description = "The message's id, given back"),
    ),
    responses(
        (status = 200, description = "The records", body = DisclosureAnswer),
        CallProblems,
    )
)]
pub(super) async fn service(
    State(state): State<ExchangeState>,
    path: Path<ServicePath>,
    request: Request,
) -> Response {
    let echo = (
        request.headers().get(CLIENT).cloned(),
        request.headers().get(ID).cloned(),
    );
    let Path((instance, class, member, subsystem, service)) = path;
    let named = HeaderValue::from_str(&format!(
        "{instance}/{class}/{member}/{subsystem}/{service}"
    ));
    let answer = answer(
        &state,
        (instance.as_str(), member.as_str(), service.as_str()),
        request,
    )
    .await;
    let mut response = answer.unwrap_or_else(|problem| {
        let mut response = problem.into_response();
        response.headers_mut().insert(
            HeaderName::from_static(ERROR),
            HeaderValue::from_static("Server.ServerProxy"),
        );
        response
    });
    let headers = response.headers_mut();
    let put = [(CLIENT, echo.0), (ID, echo.1), (SERVICE, named.ok())];
    for (name, value) in put
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    {
        headers.insert(HeaderName::from_static(name), value);
    }
    response
}

type ServicePath = (String, String, String, String, String);

async fn answer(
    state: &ExchangeState,
    (instance, member, service): (&str, &str, &str),
    request: Request,
) -> Result<Response, ExchangeProblem> {
    let _place = state.call()?;
    let headers = request.headers().clone();
    let (caller, mut ask) =
        body::call::<Map<String, Value>>(state.exchange(), request, LOOK_UP_BYTES_MAX).await?;
    check_client(state, &headers, &caller)?;
    if instance != state.exchange().audience() {
        return Err(ExchangeProblem::not_found(format!(
            "the instance here is `{}`",
            state.exchange().audience()
        )));
    }
    ask.insert("dataset".to_owned(), format!("{member}/{service}").into());
    let ask: LookUp = serde_json::from_value(ask.into())
        .map_err(|error| ExchangeProblem::request(error.to_string()))?;
    let answer = state.exchange().look_up(&caller, &ask).await?;
    Ok(answers::json(answer.to_json()))
}

/// Whether `X-Road-Client` names the department that the call has proven to be.
fn check_client(
    state: &ExchangeState,
    headers: &HeaderMap,
    caller: &Caller,
) -> Result<(), ExchangeProblem> {
    let named = headers
        .get(CLIENT)
        .and_then(|client| client.to_str().ok())
        .unwrap_or_default();
    let parts: Vec<&str> = named.split('/').collect();
    let (instance, member) = match parts.as_slice() {
        [instance, _class, member] | [instance, _class, member, _] => (*instance, *member),
        _ => {
            let detail = "`X-Road-Client` must be `INSTANCE/CLASS/MEMBER/SUBSYSTEM`";
            return Err(ExchangeProblem::new(
                StatusCode::BAD_REQUEST,
                "request",
                detail,
            ));
        }
    };
    if instance == state.exchange().audience() && *member == *caller.client.department {
        return Ok(());
    }
    let detail = format!(
        "the call is proven to be of `{}`, but `X-Road-Client` names another",
        caller.client.department
    );
    Err(ExchangeProblem::new(StatusCode::FORBIDDEN, "role", detail))
}
