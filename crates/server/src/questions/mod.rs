//! Questions in SQL over HTTP and over PostgreSQL's protocol.
//!
//! Who asks is proven by a token of the exchange; what they may see follows from all the agreements
//! with the use `query` for the token's purpose. What a question reads is taken out of the
//! agreements' rates, and what an answer discloses is in the ledger before it leaves.

mod asker;
mod book;
mod grants;
mod porter;
mod sql;

pub use asker::{Asker, Unasked};
pub(crate) use grants::table_grants;
pub use porter::ExchangePorter;
pub use sql::router;
