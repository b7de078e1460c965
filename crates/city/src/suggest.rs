//! The nearest right word to a wrong one.

use crate::limits::WORD_BYTES_MAX;

/// How alike two words must be for one to be suggested for the other; found by trying.
const LIKENESS_MIN: f64 = 0.72;

/// The candidate most like `word`, if one is like it enough to be meant.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.is_empty() || word.len() > WORD_BYTES_MAX {
        return None;
    }
    let plain = fold(word);
    candidates
        .into_iter()
        .map(|candidate| (likeness(&plain, &fold(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` with the nearest candidate, or the whole list when it is short.
pub(crate) fn remedy<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    const LISTED_MAX: usize = 12;
    if let Some(near) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<String> = candidates
        .into_iter()
        .take(LISTED_MAX + 1)
        .map(|name| format!("`{name}`"))
        .collect();
    match all.len() {
        0 => None,
        1 => Some(format!("the only one is {}", all.join(""))),
        2..=LISTED_MAX => Some(format!("one of {}", all.join(", "))),
        _ => None,
    }
}

/// Case, and the signs between parts of a name, are what people mistake most; they count little.
fn fold(word: &str) -> String {
    word.chars()
        .map(|letter| {
            if matches!(letter, '_' | ' ' | '.') {
                '-'
            } else {
                letter
            }
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// How alike two words are, 0 to 1: a few wrong letters, or the same beginning.
fn likeness(a: &str, b: &str) -> f64 {
    let letters = strsim::normalized_damerau_levenshtein(a, b);
    let beginning = if b.len() >= 3 && a.len() >= 3 && (a.starts_with(b) || b.starts_with(a)) {
        0.76
    } else {
        0.0
    };
    let jaro = strsim::jaro_winkler(a, b) - 0.1;
    letters.max(jaro).max(beginning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let keys = ["title", "time_zone", "languages", "contact", "systems"];
        assert_eq!(nearest("titel", keys), Some("title"));
        assert_eq!(nearest("time-zone", keys), Some("time_zone"));
        assert_eq!(nearest("timezone", keys), Some("time_zone"));
        assert_eq!(nearest("Contact", keys), Some("contact"));
        assert_eq!(nearest("language", keys), Some("languages"));
        assert_eq!(nearest("budget", keys), None);
        assert_eq!(nearest(&"title".repeat(1000), keys), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn lists_a_few_and_never_many() {
        assert_eq!(remedy("q", ["a", "b"]).as_deref(), Some("one of `a`, `b`"));
        assert_eq!(remedy("q", std::iter::repeat_n("a", 500)), None);
    }
}
