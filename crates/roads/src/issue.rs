//! What a reader or a writer had to leave out or change, so that nothing is lost in silence.

use std::fmt;

use rustc_hash::FxHashMap;
use serde::Serialize;

/// One kind of loss: all elements that were left out or changed for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// What kind of element: `vehicle`, `lane`, `turn`, …
    pub element: &'static str,
    /// The first of them.
    pub first: String,
    /// How many there are.
    pub count: u64,
    /// What happened to them and why.
    pub message: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            element,
            first,
            count,
            message,
        } = self;
        match (count, first.as_str()) {
            (1, _) => write!(f, "{element} {first:?}: {message}"),
            (_, "") => write!(f, "{count} {element}s: {message}"),
            _ => write!(f, "{count} {element}s (first {first:?}): {message}"),
        }
    }
}

/// Collects issues and counts those of the same kind together.
#[derive(Debug, Default)]
pub struct Issues {
    found: Vec<Issue>,
    place: FxHashMap<(&'static str, String), usize>,
}

impl Issues {
    /// Counts one element.
    pub fn add(&mut self, element: &'static str, id: &str, message: impl Into<String>) {
        self.add_many(element, id, 1, message);
    }

    /// Counts several elements at once.
    pub fn add_many(
        &mut self,
        element: &'static str,
        id: &str,
        count: u64,
        message: impl Into<String>,
    ) {
        let message = message.into();
        if let Some(&place) = self.place.get(&(element, message.clone())) {
            if let Some(issue) = self.found.get_mut(place) {
                issue.count += count;
            }
            return;
        }
        self.place
            .insert((element, message.clone()), self.found.len());
        self.found.push(Issue {
            element,
            first: id.to_owned(),
            count,
            message,
        });
    }

    /// All issues, in the order in which they were first met.
    pub fn into_vec(self) -> Vec<Issue> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_reason_is_told_once_with_a_count() {
        let mut issues = Issues::default();
        issues.add("vehicle", "a", "is a bicycle");
        issues.add("vehicle", "b", "is a bicycle");
        issues.add("vehicle", "c", "is a tram");
        let issues = issues.into_vec();
        assert_eq!(
            issues.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "2 vehicles (first \"a\"): is a bicycle",
                "vehicle \"c\": is a tram"
            ]
        );
    }
}
