//! What a profile's bearer may take: shares, schemas and tables, page by page.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use city::kinds::Use;
use pool::exchange::{Agreed, Sharer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::documented::BearerProblems;
use super::limits::LIST_MAX;
use super::problem::SharingProblem;
use super::state::SharingState;
use crate::exchange::answers;

/// The one schema of each share.
pub(super) const SCHEMA: &str = "default";

/// Which part of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    /// Most items of the answer.
    max_results: Option<u32>,
    /// `nextPageToken` of the answer before.
    page_token: Option<String>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed<T: ToSchema> {
    /// The items.
    items: Vec<T>,
    /// With which the next page is asked for, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// A share: a department that lets something be taken.
#[derive(Serialize, ToSchema)]
pub(super) struct Share {
    /// The department's id.
    name: String,
}

/// One share.
#[derive(Serialize, ToSchema)]
pub(super) struct OneShare {
    /// The share.
    share: Share,
}

/// A schema of a share: there is one, `default`.
#[derive(Serialize, ToSchema)]
pub(super) struct Schema {
    /// Its name.
    name: String,
    /// The share.
    share: String,
}

/// A table: a dataset that may be taken.
#[derive(Serialize, ToSchema)]
pub(super) struct Table {
    /// The dataset's id.
    name: String,
    /// The schema.
    schema: String,
    /// The share.
    share: String,
}

type Asked = Result<Query<Page>, QueryRejection>;

fn page_of<T: ToSchema + Serialize>(
    items: Vec<T>,
    asked: Asked,
) -> Result<Response, SharingProblem> {
    let Query(page) = asked.map_err(|fault| SharingProblem::request(fault.body_text()))?;
    let from = match page.page_token.as_deref() {
        None | Some("") => 0,
        Some(token) => token.parse::<usize>().map_err(|_not_ours| {
            SharingProblem::request("`pageToken` must be the `nextPageToken` of an answer")
        })?,
    };
    let most = page.max_results.map_or(LIST_MAX, |most| most as usize);
    let until = from.saturating_add(most.min(LIST_MAX));
    let next_page_token = (until < items.len()).then(|| until.to_string());
    let items = items.into_iter().skip(from).take(until - from).collect();
    let listed = Listed {
        items,
        next_page_token,
    };
    Ok(answers::json(
        serde_json::to_vec(&listed).unwrap_or_default(),
    ))
}

/// What the bearer may take, by department and dataset.
fn agreed(state: &SharingState, sharer: &Sharer) -> Vec<Agreed> {
    let client = &sharer.caller.client;
    let exchange = state.exchange();
    exchange.agreed(&client.department, &sharer.caller.purpose, Use::Bulk)
}

/// Those of one share; an error if there are none.
fn of_share(agreed: Vec<Agreed>, share: &str) -> Result<Vec<Table>, SharingProblem> {
    let theirs = |one: &&Agreed| one.offer.table.department.eq_ignore_ascii_case(share);
    let tables: Vec<Table> = agreed.iter().filter(theirs).map(table).collect();
    if tables.is_empty() {
        return Err(SharingProblem::not_found(
            "there is no such share: a share is a department that lets this profile take something",
        ));
    }
    Ok(tables)
}

fn table(agreed: &Agreed) -> Table {
    let table = Arc::clone(&agreed.offer.table);
    Table {
        name: table.dataset.clone(),
        schema: SCHEMA.to_owned(),
        share: table.department.clone(),
    }
}

/// List the departments that let this profile take something
#[utoipa::path(get, path = "/delta-sharing/shares", tag = "delta-sharing", 
    params(
        ("maxResults" = Option<u32>, Query, description = "Most items of the answer"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the answer before"),
    ), security(("profile" = [])),
    responses(
        (status = 200, body = Listed<Share>),
        BearerProblems,
    )
)]
pub(super) async fn shares(
    State(state): State<SharingState>,
    page: Asked,
    headers: HeaderMap,
) -> Result<Response, SharingProblem> {
    let sharer = state.sharer(&headers).await?;
    let mut names: Vec<String> = agreed(&state, &sharer)
        .iter()
        .map(|one| one.offer.table.department.clone())
        .collect();
    names.dedup(); // they are in order
    page_of(names.into_iter().map(|name| Share { name }).collect(), page)
}

/// Tell whether there is a share
#[utoipa::path(get, path = "/delta-sharing/shares/{share}", tag = "delta-sharing", security(("profile" = [])),
    params(("share" = String, Path, description = "The providing department", example = "housing")),
    responses(
        (status = 200, body = OneShare),
        BearerProblems,
    )
)]
pub(super) async fn share(
    State(state): State<SharingState>,
    Path(share): Path<String>,
    headers: HeaderMap,
) -> Result<Response, SharingProblem> {
    let sharer = state.sharer(&headers).await?;
    let tables = of_share(agreed(&state, &sharer), &share)?;
    let name = tables.into_iter().next().map(|table| table.share);
    let share = OneShare {
        share: Share {
            name: name.unwrap_or_default(), // of_share gives one at least
        },
    };
    Ok(answers::json(
        serde_json::to_vec(&share).unwrap_or_default(),
    ))
}

/// List the schemas of a share: `default`
#[utoipa::path(get, path = "/delta-sharing/shares/{share}/schemas", tag = "delta-sharing", security(("profile" = [])),
    params(
        ("share" = String, Path, description = "The providing department", example = "housing"),
        ("maxResults" = Option<u32>, Query, description = "Most items of the answer"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the answer before"),
    ),
    responses(
        (status = 200, body = Listed<Schema>),
        BearerProblems,
    )
)]
pub(super) async fn schemas(
    State(state): State<SharingState>,
    Path(share): Path<String>,
    page: Asked,
    headers: HeaderMap,
) -> Result<Response, SharingProblem> {
    let sharer = state.sharer(&headers).await?;
    let tables = of_share(agreed(&state, &sharer), &share)?;
    let schema = |table: Table| Schema {
        name: table.schema,
        share: table.share,
    };
    page_of(tables.into_iter().take(1).map(schema).collect(), page)
}

/// List the tables of a schema
#[utoipa::path(get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables", tag = "delta-sharing", security(("profile" = [])),
    params(
        ("share" = String, Path, description = "The providing department", example = "housing"),
        ("schema" = String, Path, description = "`default`", example = "default"),
        ("maxResults" = Option<u32>, Query, description = "Most items of the answer"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the answer before"),
    ),
    responses(
        (status = 200, body = Listed<Table>),
        BearerProblems,
    )
)]
pub(super) async fn tables(
    State(state): State<SharingState>,
    Path((share, schema)): Path<(String, String)>,
    page: Asked,
    headers: HeaderMap,
) -> Result<Response, SharingProblem> {
    let sharer = state.sharer(&headers).await?;
    let tables = of_share(agreed(&state, &sharer), &share)?;
    if !schema.eq_ignore_ascii_case(SCHEMA) {
        return Err(SharingProblem::not_found(
            "there is no such schema: each share has one, `default`",
        ));
    }
    page_of(tables, page)
}

/// List all tables of a share
#[utoipa::path(get, path = "/delta-sharing/shares/{share}/all-tables", tag = "delta-sharing", security(("profile" = [])),
    params(
        ("share" = String, Path, description = "The providing department", example = "housing"),
        ("maxResults" = Option<u32>, Query, description = "Most items of the answer"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the answer before"),
    ),
    responses(
        (status = 200, body = Listed<Table>),
        BearerProblems,
    )
)]
pub(super) async fn all_tables(
    State(state): State<SharingState>,
    Path(share): Path<String>,
    page: Asked,
    headers: HeaderMap,
) -> Result<Response, SharingProblem> {
    let sharer = state.sharer(&headers).await?;
    page_of(of_share(agreed(&state, &sharer), &share)?, page)
}
