//! What can go wrong with a cluster's parts.

use std::net::SocketAddr;

/// Why a part of a cluster does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address of the cluster cannot be used.
    #[error("{url:?} is no address of a scheduler: write http://HOST:PORT")]
    Url {
        /// What was given.
        url: String,
    },
    /// A port cannot be listened on.
    #[error("cannot listen on {address}: {source}; free it, or give another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A folder for what does not fit into memory cannot be used.
    #[error("cannot keep parts of questions in {folder}: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// History cannot be read.
    #[error(transparent)]
    History(#[from] lake::Error),
    /// Ballista ended.
    #[error("the {part} ended: {reason}")]
    Ended {
        /// Which part.
        part: &'static str,
        /// What it says.
        reason: String,
    },
}
