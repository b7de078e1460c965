//! Delta Sharing: agreed datasets in bulk, for the clients of that protocol (pandas, Spark, Power
//! BI, Tableau …), under `/delta-sharing`.
//!
//! A share is a providing department, its one schema is `default`, and its tables are the datasets
//! that agreements with the use `bulk` let the profile's client take for the profile's purpose. The
//! client's own key asks for a profile under `/exchange/v1/delta-sharing/profile`, and the bearer
//! token in it does the rest. What is handed out are exports behind the barrier that questions have
//! too ([`lake::exports`]), each query is a ledger entry, and each fetch of a file asks again
//! whether the agreement is in force.

mod documented;
mod files;
mod limits;
mod lines;
mod lists;
mod problem;
mod profile;
mod range;
mod router;
mod state;
mod tables;
mod taking;

pub use router::router;
pub use state::SharingState;
