//! The exchange over HTTP: `/exchange/v1` for departments' systems, `/r1` for those that speak
//! X-Road. `docs/exchange.md` is its guide, `/exchange/v1/openapi.json` its description.
//!
//! These routes stand beside the pages' and not under their layers: a look-up is a few hundred
//! bytes, and compressing or tracing it would cost more than answering it. Bodies, rates, calls at
//! a time and times to wait have limits of their own ([`limits`]).

mod agreements;
pub(crate) mod answers;
pub(crate) mod body;
mod calls;
mod catalogue;
mod changes;
pub(crate) mod documented;
mod ledger;
pub mod limits;
pub(crate) mod problem;
mod records;
mod router;
mod schema;
mod state;
pub mod tls;
mod xroad;

pub use router::{app, router};
pub(crate) use router::{closed, described};
pub use state::ExchangeState;
