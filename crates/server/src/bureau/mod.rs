//! The Bureau: pages of the city's data. What there is, who shares it with whom, what was read by
//! whom and why, what is in quarantine, what the ledger proves, and questions in SQL.
//!
//! Officers of departments use it, and persons who want to know who has read what about them. It
//! has no login yet: in a demonstration the visitor acts as any department; otherwise its pages
//! show the catalogue, the agreements, transfers and the ledger, which hold no personal data, and
//! nothing else. Each page is a file here and a template of the same name.

mod acting;
mod agreement;
mod agreements;
mod catalogue;
mod chart;
mod dataset;
mod dcat;
mod dcat_terms;
mod desk;
mod facts;
mod form;
mod frame;
mod ledger;
mod lineage;
mod miss;
mod my_data;
mod overview;
mod quarantine;
mod router;
mod sample;
mod sql;
mod sql_table;
mod state;
mod transfers;
mod turtle;
mod visitor;
mod words;

pub use router::router;
pub use state::Bureau;
