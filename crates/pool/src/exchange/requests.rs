//! What callers ask, as JSON; and the limits on it.

use serde::Deserialize;
use serde_json::Value as Json;

use super::denial::Denial;

/// Most records that one look-up by subject answers.
pub const RECORDS_MAX: usize = 1_000;
/// Most keys or subjects of one batch.
pub const BATCH_MAX: usize = 1_000;
/// Most records of one batch's answer.
pub const BATCH_RECORDS_MAX: usize = 10_000;
/// Most steps from the first dataset of a link to the last.
pub const LINK_DEPTH_MAX: usize = 3;
/// Most references that one link follows, all steps together.
pub const LINK_FOLLOWS_MAX: usize = 20;
/// Most records of one link's answer.
pub const LINK_RECORDS_MAX: usize = 1_000;
/// Most bytes of a subject's number or name.
pub(crate) const SUBJECT_BYTES_MAX: usize = 1_000;
/// Most fields that can be named.
pub(crate) const FIELDS_NAMED_MAX: usize = 200;

/// A key: the value of each of the key's fields, by name.
pub type Key = serde_json::Map<String, Json>;

/// A record by its key, or the records of a subject.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUp {
    /// The dataset: its id, or `department/id`.
    pub dataset: String,
    /// The record's key.
    #[serde(default)]
    pub key: Option<Key>,
    /// Or whom or what the records are about.
    #[serde(default)]
    pub subject: Option<String>,
    /// The fields that are wanted; all that the agreement names, if left out.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

/// Many records of one dataset at once.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The dataset.
    pub dataset: String,
    /// Keys.
    #[serde(default)]
    pub keys: Option<Vec<Key>>,
    /// Or subjects.
    #[serde(default)]
    pub subjects: Option<Vec<String>>,
    /// The fields that are wanted.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

/// Records, and what they refer to in other datasets.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The dataset to begin with.
    pub dataset: String,
    /// The record's key.
    #[serde(default)]
    pub key: Option<Key>,
    /// Or whom or what the records are about.
    #[serde(default)]
    pub subject: Option<String>,
    /// The fields that are wanted.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// The references to follow.
    pub follow: Vec<Follow>,
}

/// A reference to follow.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// The field that refers.
    pub field: String,
    /// The fields that are wanted of what it refers to.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// The references to follow from there.
    #[serde(default)]
    pub follow: Vec<Follow>,
}

impl Link {
    /// What it begins with.
    pub fn start(&self) -> LookUp {
        LookUp {
            dataset: self.dataset.clone(),
            key: self.key.clone(),
            subject: self.subject.clone(),
            fields: self.fields.clone(),
        }
    }

    /// Whether it keeps to the limits.
    ///
    /// # Errors
    /// The limit that it does not keep to.
    pub fn check(&self) -> Result<(), Denial> {
        fn measure(follows: &[Follow]) -> (usize, usize) {
            follows
                .iter()
                .map(|follow| measure(&follow.follow))
                .fold((0, follows.len()), |(depth, count), below| {
                    (depth.max(below.0 + 1), count + below.1)
                })
        }
        let (depth, count) = measure(&self.follow);
        if depth > LINK_DEPTH_MAX {
            return Err(Denial::Request(format!(
                "`follow` is {depth} steps deep; {LINK_DEPTH_MAX} are allowed"
            )));
        }
        if count > LINK_FOLLOWS_MAX {
            return Err(Denial::Request(format!(
                "`follow` names {count} references; {LINK_FOLLOWS_MAX} are allowed"
            )));
        }
        Ok(())
    }
}
