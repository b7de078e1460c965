//! The Bureau: pages of the city's data. What there is, who shares it with whom, what was read by
//! whom and why, what is in quarantine, what the ledger proves, and questions in SQL.
//!
//! Officers of departments use it, and persons who want to know who has read what about them. It
//! has no login yet: in a demonstration the visitor acts as any department; otherwise its pages
//! show the catalogue and the ledger, which hold no personal data, and nothing else.

mod router;
mod state;

pub(crate) use router::router;
pub use state::Bureau;
