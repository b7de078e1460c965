//! `departments/<provider>/agreements/<id>.yaml`: what a department lets another read, and why.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::city::City;
use crate::document::Document;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::kinds::{Dataset, Department};
use crate::names::{Id, Reference, Text};

/// An agreement: the department in whose folder it stands, the provider, lets another read named
/// fields of a dataset of its own for named purposes. Its signatures and state are data, not here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its name in references and in the ledger: that of its file.
    pub id: Id,
    /// What it is called.
    pub title: Text,
    /// The department that may read.
    pub consumer: Reference<Department>,
    /// What it may read: a dataset of the provider.
    pub dataset: Reference<Dataset>,
    /// Which of its fields, by name.
    #[schemars(length(min = 1, max = 200))]
    pub fields: Vec<String>,
    /// Which of its records: FEEL over the dataset's fields; all if left out.
    pub rows: Option<String>,
    /// For what: `matter/<id>`, `policy/<id>`, `operation/<id>` or `analysis/<id>`.
    #[schemars(length(min = 1, max = 100), inner(extend("format" = "purpose")))]
    pub purposes: Vec<String>,
    /// The law that allows it.
    #[schemars(length(min = 1, max = 20))]
    pub legal_basis: Vec<Text>,
    /// First day of the term.
    #[schemars(extend("format" = "date"))]
    pub from: Date,
    /// Last day of the term.
    #[schemars(extend("format" = "date"))]
    pub until: Date,
    /// The ways in which it may be used; look-ups alone if left out.
    #[serde(default = "look_up_alone")]
    #[schemars(length(min = 1, max = 5))]
    pub uses: Vec<Use>,
    /// How much the consumer may read.
    pub rate: Rate,
}

/// A way in which an agreement may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// Records of one key or one subject, by call.
    LookUp,
    /// Many keys in one call.
    Batch,
    /// The stream of changes.
    Subscribe,
    /// Questions in SQL, with personal identifiers tokenised.
    Query,
    /// The whole dataset as files.
    Bulk,
}

/// How much a consumer may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Calls a second; short bursts of twice as many are let through.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub per_second: u32,
    /// Records a day.
    #[schemars(range(min = 1, max = 10_000_000_000_u64))]
    pub per_day: u64,
}

fn look_up_alone() -> Vec<Use> {
    vec![Use::LookUp]
}

impl Kind for Agreement {
    const NAME: &'static str = "agreement";
    const PATTERN: &'static str = "departments/{department}/agreements/{id}.yaml";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn check(&self, _here: &Document, _city: &City) -> Vec<Fault> {
        Vec::new()
    }
}
