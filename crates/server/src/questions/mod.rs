//! Questions in SQL over HTTP and over PostgreSQL's protocol.
//!
//! Who asks is proven by a token of the exchange; what they may see follows from the agreements
//! with the use `query` for the token's purpose; what a question reads is in the ledger before the
//! answer leaves.

mod asker;
mod porter;
mod sql;

pub use asker::{Asker, Reader, Unasked};
pub use porter::ExchangePorter;
pub use sql::router;
