//! A mistake in a rule: where it is, what is wrong, and the nearest right thing.

use std::ops::Range;

use crate::limits::WORD_BYTES_MAX;

/// How alike two words must be for one to be suggested for the other; found by trying.
const LIKENESS_MIN: f64 = 0.72;

/// One mistake in the text of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The bytes of the rule's text where it is.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// The nearest right thing.
    pub help: Option<String>,
}

impl Fault {
    pub(crate) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// `did you mean …?` with the nearest candidate, or the whole list when it is short.
pub(crate) fn remedy<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    const LISTED_MAX: usize = 12;
    if word.len() <= WORD_BYTES_MAX {
        let likeness = |a: &str, b: &str| {
            let letters = strsim::normalized_damerau_levenshtein(a, b);
            let part = b.len() >= 3 && a.len() >= 3 && (a.starts_with(b) || b.starts_with(a));
            letters.max(if part { 0.76 } else { 0.0 })
        };
        let plain = word.to_lowercase();
        let near = candidates
            .clone()
            .into_iter()
            .map(|other| (likeness(&plain, &other.to_lowercase()), other))
            .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
        if let Some((_, near)) = near {
            return Some(format!("did you mean `{near}`?"));
        }
    }
    let some: Vec<String> = candidates
        .into_iter()
        .take(LISTED_MAX + 1)
        .map(|name| format!("`{name}`"))
        .collect();
    match some.len() {
        0 => None,
        1 => Some(format!("the only one is {}", some.join(""))),
        2..=LISTED_MAX => Some(format!("one of {}", some.join(", "))),
        _ => None,
    }
}
