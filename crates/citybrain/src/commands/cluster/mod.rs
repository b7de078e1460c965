//! `citybrain cluster …`.

mod executor;
mod scheduler;

use std::net::SocketAddr;

pub(crate) use executor::executor;
pub(crate) use scheduler::scheduler;

use crate::error::Error;

/// The runtime of a part of a cluster.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    Ok(runtime)
}

/// What ended a part of a cluster.
fn failed(error: &cluster::Error) -> Error {
    let message = error.to_string();
    match error {
        cluster::Error::Url { .. } | cluster::Error::History(_) => Error::Refused {
            message,
            help: None,
        },
        _ => Error::Program {
            message,
            help: None,
        },
    }
}

/// Warns of an address that others reach.
fn warn_of(address: SocketAddr) {
    if !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "whoever reaches this address can read all of history: let only the cluster's own machines"
        );
    }
}
