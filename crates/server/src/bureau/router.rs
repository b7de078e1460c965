//! The Bureau's addresses.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::sync::watch;

use super::desk::Desk;
use super::{
    Bureau, acting, agreement, agreements, catalogue, dataset, dcat, ledger, miss, my_data,
    overview, quarantine, sql, transfers,
};

/// Most bytes of a corrected record: a raw one has up to a megabyte, and forms escape bytes.
const RECORD_BYTES_MAX: usize = 4 << 20;

/// All pages, and what their elements fetch. `stopping` turns true when the server stops, and ends
/// the streams.
pub fn router(data: Bureau, stopping: watch::Receiver<bool>) -> Router {
    let desk = Arc::new(Desk::new(data, stopping));
    let correct = post(quarantine::correct).layer(DefaultBodyLimit::max(RECORD_BYTES_MAX));
    Router::new()
        .route("/bureau", get(overview::overview))
        .route("/bureau/acting", post(acting::act))
        .route("/bureau/catalogue", get(catalogue::catalogue))
        .route("/bureau/catalogue.ttl", get(dcat::as_turtle))
        .route("/bureau/catalogue.jsonld", get(dcat::as_json_ld))
        .route("/bureau/datasets/{id}", get(dataset::dataset))
        .route("/bureau/agreements", get(agreements::list))
        .route("/bureau/agreements/matrix", get(agreements::matrix))
        .route("/bureau/agreements/{id}", get(agreement::agreement))
        .route("/bureau/agreements/{id}/steps", post(agreement::step))
        .route("/bureau/transfers", get(transfers::transfers))
        .route("/bureau/transfers/stream", get(transfers::events))
        .route("/bureau/ledger", get(ledger::list))
        .route("/bureau/ledger/{index}", get(ledger::entry))
        .route("/bureau/quarantine", get(quarantine::list))
        .route("/bureau/quarantine/replay", post(quarantine::replay))
        .route("/bureau/quarantine/{id}", get(quarantine::held))
        .route("/bureau/quarantine/{id}/correct", correct)
        .route("/bureau/quarantine/{id}/discard", post(quarantine::discard))
        .route("/bureau/sql", get(sql::form).post(sql::ask))
        .route("/my-data", get(my_data::form).post(my_data::answer))
        .route("/my-data/readings", post(my_data::attempt))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&desk),
            miss::layer,
        ))
        .with_state(desk)
}
