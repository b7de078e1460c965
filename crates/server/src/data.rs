//! The city's data for departments' systems: the exchange, questions and bulk transfers, with one
//! description. These routes stand beside the pages' and not under their layers.

use std::sync::Arc;

use axum::Router;
use tokio::sync::watch;

use crate::bureau::Bureau;
use crate::exchange::{self, ExchangeState};
use crate::questions::{self, Asker};
use crate::sharing::{self, SharingState};

/// All routes. `stopping` turns true when the server stops, and ends the streams.
pub fn router(data: &Bureau, stopping: watch::Receiver<bool>) -> Router {
    let exchange = &data.exchange;
    let state = ExchangeState::new(Arc::clone(exchange), data.ledger_folder.clone(), stopping);
    let asker = Asker::new(Arc::clone(exchange), Arc::clone(&data.lake));
    let sharing = SharingState::new(Arc::clone(exchange), Arc::clone(&data.exports));
    let (router, description) = exchange::router::<()>(state)
        .merge(questions::router(asker))
        .merge(sharing::router(sharing))
        .split_for_parts();
    exchange::described(router, description)
}

/// The same as a whole service, for a port of its own.
pub fn app(data: &Bureau, stopping: watch::Receiver<bool>) -> Router {
    exchange::closed(router(data, stopping))
}
