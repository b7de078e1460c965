//! Records that are not right: kept as they came, with all that is wrong with them, until somebody
//! corrects or discards them. Nothing is dropped in silence: when it is full, sources must wait.

mod correct;
mod store;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::ingest::{Code, Fault};

pub use correct::{Correction, Replayed, correct, replay};
pub use store::{counts, discard, get, list, put};

/// Most bytes that may wait, unless another limit is set.
pub const BYTES_MAX: u64 = 2 << 30;
/// From this many hundredths of the limit on there is an alarm.
pub const ALARM_PERCENT: u64 = 80;

/// Where quarantined records come from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The dataset's id.
    pub dataset: &'a str,
    /// By which load, push or pull they came; with their places it tells them from all others.
    pub load: &'a str,
    /// The file, client or server.
    pub source: &'a str,
    /// When they came.
    pub at: Moment,
    /// Most bytes that may wait.
    pub bytes_max: u64,
}

/// What has become of a quarantined record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing yet.
    Waiting,
    /// It is in the pool now, corrected or because the rules have changed.
    Corrected,
    /// Nobody wants it.
    Discarded,
}

impl State {
    /// The word it is written with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Corrected => "corrected",
            Self::Discarded => "discarded",
        }
    }

    /// The state with this word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Corrected, Self::Discarded]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// A quarantined record.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// Its number.
    pub id: u64,
    /// The dataset's id.
    pub dataset: String,
    /// By which load, push or pull it came.
    pub load: String,
    /// The file, client or server.
    pub source: String,
    /// Its line or row there.
    pub place: u64,
    /// What stood there, as text.
    pub raw: String,
    /// Its fields, where it has any: an object.
    pub record: Option<serde_json::Value>,
    /// All that is wrong with it.
    pub faults: Vec<Fault>,
    /// When it came.
    pub at: Moment,
    /// What has become of it.
    pub state: State,
    /// When that was.
    pub settled: Option<Moment>,
    /// Who did it and why.
    pub note: Option<String>,
}

/// Which records are meant.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of one dataset.
    pub dataset: Option<String>,
    /// Those of one load.
    pub load: Option<String>,
    /// Those whose first fault is of this sort.
    pub code: Option<Code>,
    /// Those in this state.
    pub state: Option<State>,
    /// Those with greater numbers.
    pub after: u64,
}

/// How many records of a dataset wait, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The dataset's id.
    pub dataset: String,
    /// What has become of them.
    pub state: String,
    /// The sort of their first fault.
    pub code: String,
    /// How many.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}
