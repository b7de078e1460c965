//! Why the exchange says no, with what is missing and whom to ask: a refusal is half of what a
//! department's programmer sees of the exchange, so each says what would be right.

use std::fmt;

use city::kinds::Use;
use serde::Serialize;

use super::tokens::TokenFault;

/// Why a call was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Who calls is not known, or not proven.
    #[error("{0}")]
    Token(#[from] TokenFault),
    /// The client may not do this for its department.
    #[error(
        "the client `{client}` does not have the role `{role}`; its definition lists what it may do"
    )]
    Role {
        /// The client.
        client: String,
        /// The role it would need.
        role: &'static str,
    },
    /// There is no such dataset.
    #[error("there is no dataset `{dataset}`{}", did_you_mean(nearest.as_deref()))]
    Dataset {
        /// What was asked for.
        dataset: String,
        /// The nearest there is.
        nearest: Option<String>,
    },
    /// The dataset has no such field.
    #[error("`{dataset}` has no field `{field}`{}", did_you_mean(nearest.as_deref()))]
    Field {
        /// The dataset.
        dataset: String,
        /// What was asked for.
        field: String,
        /// The nearest it has.
        nearest: Option<String>,
    },
    /// The request cannot be carried out as it is.
    #[error("{0}")]
    Request(String),
    /// No agreement covers the call.
    #[error("{0}")]
    Agreement(Box<Missing>),
    /// No agreement lets the department take whole datasets for the purpose.
    #[error(
        "`{consumer}` has no agreement in force with the use `bulk` for `{purpose}`; `citybrain agreement list --department {consumer}` lists those that there are"
    )]
    NothingInBulk {
        /// The department that asked.
        consumer: String,
        /// For what.
        purpose: String,
    },
    /// The agreement's calls a second are used up.
    #[error("`{agreement}` allows {per_second} calls a second; wait {retry_after_ms} ms")]
    Rate {
        /// The agreement.
        agreement: String,
        /// What it allows.
        per_second: u32,
        /// How long to wait, milliseconds.
        retry_after_ms: u64,
    },
    /// The agreement's records of the day are used up.
    #[error(
        "`{agreement}` allows {per_day} records a day, and this would be more; the day ends in {retry_after_s} s"
    )]
    Quota {
        /// The agreement.
        agreement: String,
        /// What it allows.
        per_day: u64,
        /// Seconds until the next day.
        retry_after_s: u64,
    },
    /// The cursor stands before what the exchange still has.
    #[error(
        "changes after {cursor} are no longer all there; the oldest kept is {oldest}: take the records anew, then go on from {newest}"
    )]
    Gone {
        /// What was asked for.
        cursor: u64,
        /// The oldest entry that is kept.
        oldest: u64,
        /// The newest entry.
        newest: u64,
    },
    /// A limit of the server is reached.
    #[error("the exchange is busy: the limit {limit} is reached; try again in a second")]
    Busy {
        /// The limit's name.
        limit: &'static str,
    },
    /// The transfer cannot be recorded, so nothing may be disclosed.
    #[error("the transfer cannot be recorded, and what is not recorded is not disclosed: {0}")]
    Ledger(String),
    /// The records cannot be read.
    #[error("the records cannot be read: {0}")]
    Storage(String),
}

impl Denial {
    /// The kind of denial, in a word: in the ledger, in problem types and in counters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Role { .. } => "role",
            Self::Dataset { .. } => "dataset",
            Self::Field { .. } => "field",
            Self::Request(_) => "request",
            Self::Agreement(_) | Self::NothingInBulk { .. } => "agreement",
            Self::Rate { .. } => "rate",
            Self::Quota { .. } => "quota",
            Self::Gone { .. } => "gone",
            Self::Busy { .. } => "busy",
            Self::Ledger(_) => "ledger",
            Self::Storage(_) => "storage",
        }
    }

    /// Whether it says something about what somebody tried, so that it belongs in the ledger;
    /// faults of our own do not.
    pub fn is_attempt(&self) -> bool {
        matches!(
            self,
            Self::Token(_)
                | Self::Role { .. }
                | Self::Agreement(_)
                | Self::NothingInBulk { .. }
                | Self::Rate { .. }
                | Self::Quota { .. }
        )
    }

    /// After how many seconds it makes sense to try again, if waiting helps.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Rate { retry_after_ms, .. } => Some(retry_after_ms.div_ceil(1000).max(1)),
            Self::Quota { retry_after_s, .. } => Some((*retry_after_s).max(1)),
            Self::Busy { .. } => Some(1),
            Self::Ledger(_) | Self::Storage(_) => Some(5),
            _ => None,
        }
    }
}

/// What an agreement would have to say for the call to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The department that asked.
    pub consumer: String,
    /// The department that holds the dataset.
    pub provider: String,
    /// The dataset.
    pub dataset: String,
    /// The way in which it was to be used.
    #[serde(rename = "use")]
    pub usage: Use,
    /// For what.
    pub purpose: String,
    /// Which fields were asked for by name.
    pub fields: Vec<String>,
    /// The agreement that comes nearest, if there is one in force or to come.
    pub nearest: Option<String>,
    /// What that agreement lacks; without one, an agreement as such.
    pub lacks: Vec<Lack>,
    /// Whom to ask: the provider's address.
    pub contact: Option<String>,
    /// Whether that address is invented, as in a demonstration city.
    pub contact_fictitious: bool,
}

/// One thing that the nearest agreement does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// There is none between the two for this dataset.
    Agreement,
    /// The provider shares the dataset with nobody.
    NotShared,
    /// It does not name these fields.
    Fields(Vec<String>),
    /// It does not name the purpose.
    Purpose,
    /// It does not allow this way of use.
    Use,
    /// Its term begins on this day.
    NotYet(String),
    /// Its term ended on this day.
    Ended(String),
    /// What it says of rows cannot be worked out on the dataset as it is now.
    Rows(String),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agreement => f.write_str("there is no agreement in force between the two"),
            Self::NotShared => f.write_str("the dataset is shared with nobody"),
            Self::Fields(fields) => write!(f, "it does not name {}", quoted(fields)),
            Self::Purpose => f.write_str("it does not name this purpose"),
            Self::Use => f.write_str("it does not allow this use"),
            Self::NotYet(day) => write!(f, "it begins on {day}"),
            Self::Ended(day) => write!(f, "it ended on {day}"),
            Self::Rows(fault) => write!(f, "its row filter does not fit the dataset: {fault}"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = use_word(self.usage);
        write!(
            f,
            "`{}` has no agreement with `{}` to {usage} `{}` for `{}`",
            self.consumer, self.provider, self.dataset, self.purpose
        )?;
        let lacks: Vec<String> = self.lacks.iter().map(ToString::to_string).collect();
        match &self.nearest {
            Some(nearest) => write!(
                f,
                "; the nearest is `{nearest}`, but {}",
                lacks.join(" and ")
            )?,
            None => write!(f, ": {}", lacks.join(" and "))?,
        }
        match &self.contact {
            Some(contact) if self.contact_fictitious => {
                write!(
                    f,
                    "; ask {contact} (an invented address of a demonstration)"
                )
            }
            Some(contact) => write!(f, "; ask {contact}"),
            None => Ok(()),
        }
    }
}

/// A way of use, as definitions write it.
pub fn use_word(usage: Use) -> &'static str {
    match usage {
        Use::LookUp => "look-up",
        Use::Batch => "batch",
        Use::Subscribe => "subscribe",
        Use::Query => "query",
        Use::Bulk => "bulk",
    }
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!("; did you mean `{nearest}`?")
    })
}

/// The nearest of `names` to `name`, if one is near.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    /// Below this, two names have nothing to do with each other.
    const ALIKE: f64 = 0.8;
    let likeness = |known: &'a str| (strsim::jaro_winkler(name, known), known);
    names
        .map(likeness)
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}
