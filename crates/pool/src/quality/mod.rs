//! How good a dataset's records are, measured with each load and kept over time.
//!
//! **Completeness**: the share of values that are there, of all fields and of each. **Validity**: the
//! share of records that break no rule of types, formats and quality. **Uniqueness**: the share of
//! records whose key did not come twice. **Integrity**: the share of references, of a sample, that
//! lead to a record. **Timeliness**: how old the newest load is, against the promised cycle.

mod measure;
mod sample;
mod store;

use std::collections::BTreeMap;

use city::kinds::Cycle;
use serde::{Deserialize, Serialize};

use crate::clock::Moment;

pub(crate) use measure::{note, record};
pub(crate) use sample::Sample;
pub use store::{history, latest};

/// A measure of a dataset's quality.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Quality {
    /// The dataset's id.
    pub dataset: String,
    /// When it was measured.
    pub at: Moment,
    /// By which load.
    pub load: String,
    /// How many records it is about.
    pub records: u64,
    /// Share of values that are there, 0 to 1.
    pub completeness: Option<f64>,
    /// Share of records that break no rule.
    pub validity: Option<f64>,
    /// Share of records whose key did not come twice.
    pub uniqueness: Option<f64>,
    /// Share of sampled references that lead to a record.
    pub integrity: Option<f64>,
    /// Details.
    #[serde(flatten)]
    pub measures: Measures,
}

/// What the shares are made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measures {
    /// Share of records that have a value, by field; fields that none lacks are left out.
    pub complete: BTreeMap<String, f64>,
    /// Faults by their sort.
    pub faults: BTreeMap<String, u64>,
    /// Broken rules that only warn.
    pub warnings: BTreeMap<String, u64>,
    /// References by field.
    pub references: BTreeMap<String, References>,
}

/// References of one field that were looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct References {
    /// How many were looked up.
    pub sampled: u64,
    /// How many of them lead to a record.
    pub found: u64,
}

/// How many seconds old a dataset may be that is brought up to date this often. A fifth is added, for
/// nobody is on time to the minute.
pub fn age_seconds_max(cycle: Cycle) -> i64 {
    const DAY: i64 = 86_400;
    match cycle {
        Cycle::RealTime => 60,
        Cycle::Hourly => 72 * 60,
        Cycle::Daily => DAY * 6 / 5,
        Cycle::Weekly => 7 * DAY * 6 / 5,
        Cycle::Monthly => 31 * DAY * 6 / 5,
        Cycle::Quarterly => 92 * DAY * 6 / 5,
        Cycle::Yearly => 366 * DAY * 6 / 5,
    }
}
