//! A table's version, its metadata, and its records as files.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use pool::Moment;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::documented::BearerProblems;
use super::limits::QUERY_BYTES_MAX;
use super::lines;
use super::problem::SharingProblem;
use super::profile::PREFIX;
use super::state::SharingState;
use super::taking::{TablePath, Taking};
use crate::address;
use crate::exchange::body;
use crate::exchange::limits::BODY_TIME_MAX;

/// What is asked of a table's records. Hints that are not known are passed over, as the protocol has
/// it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryBody {
    /// Not used: all files are answered.
    #[schema(value_type = Option<Vec<String>>)]
    #[serde(rename = "predicateHints")]
    _predicate_hints: Option<Value>,
    /// Not used either.
    #[schema(value_type = Option<String>)]
    #[serde(rename = "jsonPredicateHints")]
    _json_predicate_hints: Option<Value>,
    /// How many rows are enough: no more are disclosed or counted.
    #[schema(minimum = 0)]
    limit_hint: Option<u64>,
    /// The version, which must be the newest: older ones are asked for by `timestamp`.
    #[schema(minimum = 0)]
    version: Option<u64>,
    /// The moment as of which records are taken: RFC 3339, or `2026-11-25 08:00:00` by the city's
    /// clock.
    timestamp: Option<String>,
    /// Refused: changes are not served in this way.
    #[schema(minimum = 0)]
    starting_version: Option<u64>,
}

/// The number of a table's newest change
#[utoipa::path(get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/version", tag = "delta-sharing", security(("profile" = [])),
    params(
        ("share" = String, Path, description = "The providing department", example = "housing"),
        ("schema" = String, Path, description = "`default`", example = "default"),
        ("table" = String, Path, description = "The dataset", example = "titles"),
        ("startingTimestamp" = Option<String>, Query, description = "Refused: versions have no moments here"),
    ),
    responses(
        (status = 200, description = "`Delta-Table-Version` tells it"),
        BearerProblems,
    )
)]
pub(super) async fn version(
    State(state): State<SharingState>,
    Path(path): Path<TablePath>,
    request: Request,
) -> Result<Response, SharingProblem> {
    let sharer = state.sharer(request.headers()).await?;
    let taking = Taking::of_path(&state, &sharer, &path).await?;
    let query = request.uri().query().unwrap_or_default();
    if query
        .split('&')
        .any(|pair| pair.starts_with("startingTimestamp="))
    {
        return Err(SharingProblem::request(
            "versions have no moments here; query the table with `timestamp` for its records as of a moment",
        ));
    }
    let version = state.exports().version(&taking.wanted.table).await?;
    Ok(lines::with_version(StatusCode::OK.into_response(), version))
}

/// A table's columns
#[utoipa::path(get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/metadata", tag = "delta-sharing", security(("profile" = [])),
    params(
        ("share" = String, Path, description = "The providing department", example = "housing"),
        ("schema" = String, Path, description = "`default`", example = "default"),
        ("table" = String, Path, description = "The dataset", example = "titles"),
    ),
    responses(
        (status = 200, description = "Two lines: protocol and metadata", body = String, content_type = "application/x-ndjson"),
        BearerProblems,
    )
)]
pub(super) async fn metadata(
    State(state): State<SharingState>,
    Path(path): Path<TablePath>,
    headers: HeaderMap,
) -> Result<Response, SharingProblem> {
    let sharer = state.sharer(&headers).await?;
    let taking = Taking::of_path(&state, &sharer, &path).await?;
    let version = state.exports().version(&taking.wanted.table).await?;
    let schema = state.exports().schema(&taking.wanted).await?;
    let metadata = lines::metadata(&taking.agreed.offer.table, &schema, None);
    Ok(lines::answer(&[lines::protocol(), metadata], version))
}

/// A table's records, as files to be fetched
///
/// What is granted is written into Parquet files; their addresses are good for a quarter of an hour,
/// while profile and agreement are. The query is in the ledger, with how many records there are,
/// before it is answered.
#[utoipa::path(post, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/query", tag = "delta-sharing", security(("profile" = [])),
    request_body = QueryBody,
    params(
        ("share" = String, Path, description = "The providing department", example = "housing"),
        ("schema" = String, Path, description = "`default`", example = "default"),
        ("table" = String, Path, description = "The dataset", example = "titles"),
    ),
    responses(
        (status = 200, description = "Lines: protocol, metadata, and one for each file", body = String, content_type = "application/x-ndjson"),
        (status = 408, description = "The body did not arrive in time", body = SharingProblem),
        (status = 413, description = "The body is too large", body = SharingProblem),
        (status = 415, description = "The body is not `application/json`", body = SharingProblem),
        (status = 429, description = "The agreement's rate is used up", body = SharingProblem),
        BearerProblems,
    )
)]
pub(super) async fn query(
    State(state): State<SharingState>,
    Path(path): Path<TablePath>,
    request: Request,
) -> Result<Response, SharingProblem> {
    let _place = state.query()?;
    let (parts, bytes) = body::read(request, QUERY_BYTES_MAX, BODY_TIME_MAX).await?;
    let sharer = state.sharer(&parts.headers).await?;
    let asked: QueryBody = body::json(&parts.headers, &bytes)?;
    let mut taking = Taking::of_path(&state, &sharer, &path).await?;
    let exchange = state.exchange();
    let now = exchange.now();
    check(&state, &asked, &taking.wanted.table).await?;
    // What passes SQL's numbers is no limit.
    let limit = asked.limit_hint;
    taking.wanted.limit = limit.filter(|limit| i64::try_from(*limit).is_ok());
    if let Some(text) = &asked.timestamp {
        let at = moment(&state, text)?;
        taking.wanted.as_of = (at < now).then_some(at);
    }
    taking.begin(exchange).await?;
    let export = state.exports().get(taking.wanted.clone(), now).await?;
    let fields = export.schema.fields().iter();
    let fields = fields.map(|field| field.name().clone()).collect();
    taking.disclose(exchange, fields, export.rows()).await?;

    let table = &taking.agreed.offer.table;
    let metadata = lines::metadata(table, &export.schema, Some(&export));
    let mut answer = vec![lines::protocol(), metadata];
    let base = address::base(&parts.headers);
    // The time may have gone on while the files were written.
    let now = exchange.now();
    for part in 0..export.parts.len() {
        let (address, signature) = state.exports().address(&export, &sharer.profile, part, now);
        let url = format!(
            "{base}{PREFIX}/files/{}/{}/{part}?until={}&signature={signature}",
            address.profile, address.export, address.until
        );
        answer.push(lines::file(&export, part, &url, address.until));
    }
    Ok(lines::answer(&answer, export.version))
}

/// Refuses what is not served, rather than answering something else.
async fn check(state: &SharingState, asked: &QueryBody, table: &str) -> Result<(), SharingProblem> {
    if asked.starting_version.is_some() {
        return Err(no_changes());
    }
    if let Some(wanted) = asked.version {
        let newest = state.exports().version(table).await?;
        if wanted != newest {
            return Err(SharingProblem::request(format!(
                "version {wanted} is not kept, the newest is {newest}; ask for records as of a moment with `timestamp`"
            )));
        }
    }
    if asked.version.is_some() && asked.timestamp.is_some() {
        return Err(SharingProblem::request(
            "give either `version` or `timestamp`",
        ));
    }
    Ok(())
}

/// A table's changes: not served in this way
#[utoipa::path(get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/changes", tag = "delta-sharing", security(("profile" = [])),
    params(
        ("share" = String, Path, description = "The providing department", example = "housing"),
        ("schema" = String, Path, description = "`default`", example = "default"),
        ("table" = String, Path, description = "The dataset", example = "titles"),
    ),
    responses(
        BearerProblems,
    )
)]
pub(super) async fn changes(
    State(state): State<SharingState>,
    Path(path): Path<TablePath>,
    headers: HeaderMap,
) -> Result<Response, SharingProblem> {
    let sharer = state.sharer(&headers).await?;
    Taking::of_path(&state, &sharer, &path).await?;
    Err(no_changes())
}

fn no_changes() -> SharingProblem {
    SharingProblem::request(
        "the change data feed is not served; an agreement with the use `subscribe` lets a client follow changes at /exchange/v1/changes",
    )
}

/// A moment as the protocol's clients write it.
fn moment(state: &SharingState, text: &str) -> Result<Moment, SharingProblem> {
    if let Some(at) = lake::moment(text) {
        return Ok(at);
    }
    let compiled = state.exchange().compiled();
    let civil = text.parse::<jiff::civil::DateTime>();
    civil.and_then(|civil| compiled.moment_of(civil)).map_err(|error| {
        SharingProblem::request(format!(
            "`timestamp` is no moment: {error}; write it as 2026-11-25T08:00:00Z or 2026-11-25 08:00:00"
        ))
    })
}
