//! What is told of failures: each as it happens, and how the brain has done on the whole.

use serde::Serialize;

use crate::detectors::Doubt;

/// Something that went wrong, or right again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Second of the plant's clock.
    pub time: f64,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What went wrong, or right again.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum What {
    /// The brain has not answered in time.
    BrainLate,
    /// The brain has died.
    BrainGone {
        /// How one can tell.
        message: String,
    },
    /// The brain answers again.
    BrainBack,
    /// The plant has not answered in time.
    PlantLate,
    /// The plant is lost.
    PlantGone {
        /// How one can tell.
        message: String,
        /// In how many seconds by the wall it is looked for again.
        again_in: f64,
    },
    /// The plant answers again.
    PlantBack,
    /// A signal shows what it was not told.
    Astray {
        /// Its name.
        signal: String,
    },
    /// A signal shows conflicting greens.
    Conflict {
        /// Its name.
        signal: String,
        /// The two movements.
        movements: [String; 2],
    },
    /// A signal shows what it is told again.
    Trusted {
        /// Its name.
        signal: String,
    },
    /// A lane's detector is wrong.
    DetectorWrong {
        /// The lane's name.
        lane: String,
        /// What is wrong with it.
        doubt: Doubt,
    },
    /// A lane's detector makes sense again.
    DetectorRight {
        /// The lane's name.
        lane: String,
    },
}

/// How a brain has failed so far. Times are seconds of the plant's clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BrainFailures {
    /// How often it was late.
    pub late: u64,
    /// How often it died, talked nonsense, or could not be started anew.
    pub died: u64,
    /// When it failed first.
    pub first: Option<f64>,
    /// How one could tell the last time that it died.
    pub message: Option<String>,
    /// Since when it has not answered and all signals have followed their plans; `None` while it
    /// answers.
    pub silent_since: Option<f64>,
    /// For how long it had not answered before that, seconds.
    pub silent: f64,
}

impl BrainFailures {
    /// It has failed, with a message if it has died.
    pub(crate) fn fail(&mut self, now: f64, message: Option<String>) {
        match message {
            Some(message) => {
                self.died += 1;
                self.message = Some(message);
            }
            None => self.late += 1,
        }
        self.first.get_or_insert(now);
        self.silent_since.get_or_insert(now);
    }

    /// It answers again.
    pub(crate) fn end(&mut self, now: f64) {
        if let Some(since) = self.silent_since.take() {
            self.silent += (now - since).max(0.0);
        }
    }
}
