//! The shapes of requests and answers, for the description alone: the pool reads and writes them
//! itself, and knows nothing of `OpenAPI`.
#![expect(dead_code, reason = "types that only describe are never made")]

use std::collections::BTreeMap;

use serde_json::Value as Json;
use utoipa::ToSchema;

/// A record by its key, or the records of a subject.
#[derive(ToSchema)]
#[schema(as = LookUp, example = json!({"dataset": "public-security/residents", "key": {"citizen_number": "330106199001010018"}, "fields": ["name"]}))]
pub(super) struct LookUpBody {
    /// The dataset: its id, or `department/id`.
    dataset: String,
    /// The value of each field of the key.
    key: Option<BTreeMap<String, Json>>,
    /// Or whom or what the records are about.
    subject: Option<String>,
    /// The fields that are wanted; all that the agreement names, if left out.
    fields: Option<Vec<String>>,
}

/// Many records of one dataset: `keys` or `subjects`, 1 to 1,000 of them.
#[derive(ToSchema)]
#[schema(as = Batch)]
pub(super) struct BatchBody {
    /// The dataset.
    dataset: String,
    /// Keys.
    keys: Option<Vec<BTreeMap<String, Json>>>,
    /// Or subjects.
    subjects: Option<Vec<String>>,
    /// The fields that are wanted.
    fields: Option<Vec<String>>,
}

/// Records, and what they refer to.
#[derive(ToSchema)]
#[schema(as = Link)]
pub(super) struct LinkBody {
    /// The dataset to begin with.
    dataset: String,
    /// The value of each field of the key.
    key: Option<BTreeMap<String, Json>>,
    /// Or whom or what the records are about.
    subject: Option<String>,
    /// The fields that are wanted.
    fields: Option<Vec<String>>,
    /// The references to follow, three steps deep at most, 20 in all.
    follow: Vec<FollowBody>,
}

/// A reference to follow.
#[derive(ToSchema)]
#[schema(as = Follow)]
pub(super) struct FollowBody {
    /// The field that refers to another dataset.
    field: String,
    /// The fields that are wanted of what it refers to.
    fields: Option<Vec<String>>,
    /// The references to follow from there.
    #[schema(no_recursion)]
    follow: Option<Vec<FollowBody>>,
}

/// A record.
#[derive(ToSchema)]
#[schema(as = Record)]
pub(super) struct RecordAnswer {
    /// The granted fields. Decimals and money are texts, days and moments ISO 8601.
    values: BTreeMap<String, Json>,
    /// Since when it has been so.
    since: String,
    /// The version of the definition that it was written under, if not the present one.
    version: Option<String>,
}

/// Where the ledger has it.
#[derive(ToSchema)]
#[schema(as = LedgerPlace)]
pub(super) struct LedgerAnswer {
    /// The entry's number.
    entry: u64,
}

/// Records, and where they come from.
#[derive(ToSchema)]
#[schema(as = Disclosure)]
pub(super) struct DisclosureAnswer {
    /// The records; none, if there is none or it may not be read.
    records: Vec<RecordAnswer>,
    /// Whether there are more than were given.
    truncated: bool,
    /// The dataset.
    dataset: String,
    /// The department that holds it.
    department: String,
    /// The hash of the dataset's definition.
    version: String,
    /// The agreement under which it was answered, or `own` or `unconditional`.
    agreement: String,
    /// The hash of the agreement's definition.
    agreement_version: Option<String>,
    /// For what.
    purpose: String,
    /// When.
    answered_at: String,
    /// The ledger's entry about it.
    ledger: LedgerAnswer,
}

/// What was found for one key or subject.
#[derive(ToSchema)]
#[schema(as = BatchItem)]
pub(super) struct BatchItemAnswer {
    /// The records.
    records: Vec<RecordAnswer>,
    /// Whether there are more than were given.
    truncated: bool,
    /// The ledger's entry about it.
    ledger: LedgerAnswer,
}

/// The answer to a batch.
#[derive(ToSchema)]
#[schema(as = BatchDisclosure)]
pub(super) struct BatchAnswer {
    /// One for each key or subject, in the order in which they were asked for.
    items: Vec<BatchItemAnswer>,
    /// The dataset.
    dataset: String,
    /// The department that holds it.
    department: String,
    /// The hash of the dataset's definition.
    version: String,
    /// The agreement.
    agreement: String,
    /// The hash of the agreement's definition.
    agreement_version: Option<String>,
    /// For what.
    purpose: String,
    /// When.
    answered_at: String,
}

/// Records with what they refer to.
#[derive(ToSchema)]
#[schema(as = LinkedDisclosure)]
pub(super) struct LinkAnswer {
    /// The records; none, if there is none or it may not be read.
    records: Vec<RecordAnswer>,
    /// Whether there are more than were given.
    truncated: bool,
    /// The dataset.
    dataset: String,
    /// The department that holds it.
    department: String,
    /// The hash of the dataset's definition.
    version: String,
    /// The agreement under which it was answered, or `own` or `unconditional`.
    agreement: String,
    /// The hash of the agreement's definition.
    agreement_version: Option<String>,
    /// For what.
    purpose: String,
    /// When.
    answered_at: String,
    /// The ledger's entry about it.
    ledger: LedgerAnswer,
    /// What was followed: `field`, `value`, and either `to`, which is again one of these, or
    /// `denied` with `code` and `detail`.
    links: Vec<BTreeMap<String, Json>>,
}

/// That an entry stands in the ledger: hashes from the entry's up to the signed root. What the
/// entry says is not in it.
#[derive(serde::Serialize, ToSchema)]
pub(super) struct LedgerProof {
    /// The entry's number.
    pub(super) index: u64,
    /// The size of the tree that it is proven in.
    pub(super) size: u64,
    /// The entry's leaf hash (RFC 6962).
    pub(super) leaf_hash: String,
    /// The hashes up to the root.
    pub(super) inclusion: Vec<String>,
    /// The signed checkpoint: a signed note.
    pub(super) checkpoint: String,
}
