//! What changes between two revisions of a city, what each change breaks, and for whom.
//!
//! A change breaks something if what worked before can fail after it: a consumer's request, a
//! provider's delivery, a question in SQL. Texts that people read (titles, descriptions, notes)
//! break nothing and are not listed.

mod agreement;
mod client;
mod dataset;
mod field;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::city::{City, Definition};
use crate::kind::Kind;
use crate::kinds::{Agreement, Client, Dataset};

/// Whether a change breaks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// What worked before can fail.
    Breaking,
    /// Everything that worked before still does.
    Compatible,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breaking => "breaking",
            Self::Compatible => "compatible",
        })
    }
}

/// Whom a change concerns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "who", rename_all = "kebab-case")]
pub enum Affected {
    /// A department that reads under an agreement.
    Consumer {
        /// The department.
        department: String,
        /// The agreement.
        agreement: String,
    },
    /// The department whose records, requests or files it concerns.
    Department {
        /// The department.
        department: String,
    },
    /// A dataset with a field that refers to what changes.
    Reference {
        /// The department that holds it.
        department: String,
        /// The dataset.
        dataset: String,
        /// The field.
        field: String,
    },
    /// Every department: the dataset is shared without agreements.
    EveryDepartment,
    /// The public: the dataset is open.
    Public,
}

impl fmt::Display for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consumer {
                department,
                agreement,
            } => write!(f, "{department} (agreement {agreement})"),
            Self::Department { department } => f.write_str(department),
            Self::Reference {
                department,
                dataset,
                field,
            } => write!(f, "{department} ({dataset}.{field} refers to it)"),
            Self::EveryDepartment => f.write_str("every department"),
            Self::Public => f.write_str("the public"),
        }
    }
}

/// One change from an older revision to a newer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Whether it breaks something.
    pub class: Class,
    /// The file, from the city folder; the newer path if there are both.
    pub path: String,
    /// What changes, such as `dataset trees` or `field trees.height_m`.
    pub what: String,
    /// How, and what that means.
    pub message: String,
    /// Whom it concerns, in order.
    pub affects: Vec<Affected>,
}

/// Every change from `old` to `new`: breaking ones first, else in the order of paths.
pub fn compare(old: &City, new: &City) -> Vec<Change> {
    let mut changes = Vec::new();
    pairs::<Dataset>(old, new, |before, after| {
        dataset::compare(old, before, after, &mut changes);
    });
    pairs::<Agreement>(old, new, |before, after| {
        agreement::compare(before, after, &mut changes);
    });
    pairs::<Client>(old, new, |before, after| {
        client::compare(before, after, &mut changes);
    });
    for change in &mut changes {
        change.affects.sort();
        change.affects.dedup();
    }
    changes.sort_by(|a, b| a.class.cmp(&b.class).then_with(|| a.path.cmp(&b.path)));
    changes
}

/// Calls `each` for every definition of kind `K` in either city.
fn pairs<K: Kind>(
    old: &City,
    new: &City,
    mut each: impl FnMut(Option<&Definition<K>>, Option<&Definition<K>>),
) {
    let ids = old.all::<K>().chain(new.all::<K>());
    let ids: BTreeSet<&str> = ids.map(|definition| definition.id.as_str()).collect();
    for id in ids {
        each(old.get(id), new.get(id));
    }
}

/// Collects the changes of one definition or field.
struct About<'a> {
    what: String,
    path: String,
    /// Whom a breaking change concerns, unless said otherwise.
    affects: Vec<Affected>,
    changes: &'a mut Vec<Change>,
}

impl About<'_> {
    fn breaks(&mut self, message: impl Into<String>) {
        let affects = self.affects.clone();
        self.add(Class::Breaking, message, affects);
    }

    fn breaks_for(&mut self, affects: Vec<Affected>, message: impl Into<String>) {
        self.add(Class::Breaking, message, affects);
    }

    fn allows(&mut self, message: impl Into<String>) {
        self.add(Class::Compatible, message, Vec::new());
    }

    fn add(&mut self, class: Class, message: impl Into<String>, affects: Vec<Affected>) {
        self.changes.push(Change {
            class,
            path: self.path.clone(),
            what: self.what.clone(),
            message: message.into(),
            affects,
        });
    }

    /// Says that a value grew or shrank; the first sentence if it shrank, which breaks.
    fn bound<T: PartialOrd>(&mut self, before: &T, after: &T, shrank: String, grew: String) {
        if after < before {
            self.breaks(shrank);
        } else if after > before {
            self.allows(grew);
        }
    }
}

/// The words of `from` that `other` lacks, in quotes.
fn lacking<T: PartialEq + fmt::Display>(from: &[T], other: &[T]) -> Option<String> {
    let words = from.iter().filter(|word| !other.contains(word));
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests;
