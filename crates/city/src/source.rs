//! One file's text: where it came from, what its bytes hash to, and which line an offset is on.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The SHA-256 of a definition file's bytes. What runs under a definition (a case, a claim, an
/// agreement in force) is pinned to this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash that these bytes are, as [`Self::as_bytes`] gave them.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A file's text with what is needed to point into it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The path as the reader gave it: the city folder joined with the path inside it.
    pub(crate) shown: PathBuf,
    text: Arc<str>,
}

impl Source {
    pub(crate) fn new(shown: &Path, text: &str) -> Self {
        Self {
            shown: shown.to_owned(),
            text: Arc::from(text),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The line and column, both from 1 and the column in characters, of a byte offset.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text().get(..offset).unwrap_or(self.text());
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        (line, column)
    }

    /// `span` kept within the text and cut at the end of its first line, so that a label does not
    /// cover a page.
    pub(crate) fn clip(&self, span: &Range<usize>) -> Range<usize> {
        let text = self.text();
        let start = floor(text, span.start);
        let end = floor(text, span.end.max(start));
        let slice = text.get(start..end).unwrap_or_default();
        let length = slice.find(['\n', '\r']).unwrap_or(slice.len());
        start..start + length
    }
}

/// As a string's, but columns count characters: miette's count bytes, which no editor does.
impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text.read_span(span, lines_before, lines_after)?;
        let (_, column) = self.position(contents.span().offset());
        let contents = MietteSpanContents::new_named(
            self.shown.display().to_string(),
            contents.data(),
            *contents.span(),
            contents.line(),
            column - 1,
            contents.line_count(),
        );
        Ok(Box::new(contents.with_language("yaml")))
    }
}

/// The nearest character boundary of `text` at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = Source::new(Path::new("x.yaml"), "zh: 公安局\nen: Police");
        assert_eq!(source.position(4), (1, 5));
        assert_eq!(source.position(10), (1, 7));
        assert_eq!(source.position(14), (2, 1));
        assert_eq!(source.position(99_999), (2, 11));
    }

    #[test]
    fn reports_count_columns_as_we_do() {
        let source = Source::new(Path::new("x.yaml"), "zh: 公安局\nzh: 公安局, en: 局");
        let span = SourceSpan::from(33..36);
        let contents = source.read_span(&span, 0, 0).unwrap();
        assert_eq!(source.position(33), (2, 14));
        assert_eq!((contents.line() + 1, contents.column() + 1), (2, 14));
        assert_eq!(contents.name(), Some("x.yaml"));
    }

    #[test]
    fn a_label_stays_on_its_first_line() {
        let source = Source::new(Path::new("x.yaml"), "a: |\n  b\n");
        assert_eq!(source.clip(&(3..9)), 3..4);
        assert_eq!(source.clip(&(50..90)), 9..9);
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(
            ContentHash::of(b"abc").to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
