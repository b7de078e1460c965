//! What the bureau's pages and the exchange's routes are served from.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lake::Lake;
use lake::exports::Exports;
use pool::exchange::Exchange;

/// The city's data, as the server gets it.
#[derive(Clone)]
pub struct Bureau {
    /// The exchange, with the pool and the ledger behind it.
    pub exchange: Arc<Exchange>,
    /// History and questions.
    pub lake: Arc<Lake>,
    /// Exports for bulk transfers.
    pub exports: Arc<Exports>,
    /// Where the ledger's tiles lie.
    pub ledger_folder: PathBuf,
    /// The ledger's public key, as signed notes write it.
    pub ledger_key: String,
    /// Whether all records are made up, so that visitors may act as any department.
    pub demonstration: bool,
    /// Whether records are being made up just now.
    pub filling: Arc<AtomicBool>,
}

impl std::fmt::Debug for Bureau {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bureau")
            .field("ledger_folder", &self.ledger_folder)
            .field("demonstration", &self.demonstration)
            .finish_non_exhaustive()
    }
}
