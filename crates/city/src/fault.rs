//! A mistake in a city folder: where it is, what is wrong, and the nearest right thing.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, LabeledSpan, SourceCode};
use serde::Serialize;

pub use miette::Severity;

use crate::source::Source;

/// What sort of mistake a [`Fault`] is. Its kebab-case name is stable, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    /// A file or folder could not be read, or is a link or a device.
    Unreadable,
    /// A file that should be there is not.
    MissingFile,
    /// A file that no kind of definition claims.
    UnknownFile,
    /// The bytes are not UTF-8.
    NotUtf8,
    /// A limit of [`crate::limits`] was passed.
    Limit,
    /// The file is not well-formed YAML, or uses a part of YAML that definitions do without.
    Syntax,
    /// The same key stands twice in one mapping.
    DuplicateKey,
    /// A key that does not belong there.
    UnknownKey,
    /// A key that must be there is not.
    MissingKey,
    /// A text in one of the city's languages is missing or in the wrong language.
    MissingTranslation,
    /// A list where a text should be, and the like.
    WrongType,
    /// A word that is not among those allowed.
    UnknownWord,
    /// A value of the right type that cannot be right: a date that does not exist, …
    BadValue,
    /// The id does not agree with the folder's or file's name.
    IdMismatch,
    /// The same id, title or date twice where each must be its own.
    Duplicate,
    /// The name of a definition that does not exist.
    UnknownReference,
    /// A rule of the kind itself is broken.
    Rule,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{self:?}");
        for (at, letter) in name.char_indices() {
            if letter.is_uppercase() && at > 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", letter.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

/// A place in the same file that helps to see why something is a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Also {
    /// What is there, such as `first here`.
    label: String,
    /// Line, from 1.
    line: usize,
    #[serde(skip)]
    span: Range<usize>,
}

/// One mistake, with everything that is needed to mend it.
///
/// It is a [`miette::Diagnostic`], so miette prints it with its source; it serialises to JSON for
/// scripts; and its [`Display`](fmt::Display) is the message alone.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    /// What sort of mistake it is.
    pub code: Code,
    /// The file or folder, beginning with the city folder's path as it was given.
    pub path: PathBuf,
    /// Line, from 1; 0 when the fault is in no line (a missing file).
    pub line: usize,
    /// Column in characters, from 1; 0 when the fault is in no line.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The nearest right thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    also: Option<Also>,
    #[serde(skip)]
    span: Range<usize>,
    #[serde(skip)]
    source: Option<Source>,
}

impl Fault {
    /// A fault of a file or folder as a whole.
    pub(crate) fn of_file(code: Code, path: &Path, message: impl Into<String>) -> Self {
        Self {
            code,
            path: path.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            help: None,
            also: None,
            span: 0..0,
            source: None,
        }
    }

    /// A fault at bytes `span` of `source`.
    pub(crate) fn at(
        code: Code,
        source: &Source,
        span: &Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let span = source.clip(span);
        let (line, column) = source.position(span.start);
        Self {
            line,
            column,
            span,
            source: Some(source.clone()),
            ..Self::of_file(code, &source.shown, message)
        }
    }

    /// Puts faults in the order of their files and lines: what concerns a file as a whole comes
    /// after its lines.
    pub fn sort(faults: &mut [Self]) {
        let place = |fault: &Self| (fault.line.wrapping_sub(1), fault.column);
        faults.sort_by(|a, b| {
            let order = a.path.cmp(&b.path).then(place(a).cmp(&place(b)));
            order.then(a.code.cmp(&b.code))
        });
    }

    /// The same fault with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same fault with a remedy, if there is one.
    #[must_use]
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// The same fault with a second place of the same file pointed out.
    #[must_use]
    pub(crate) fn also(mut self, span: &Range<usize>, label: &str) -> Self {
        if let Some(source) = &self.source {
            let span = source.clip(span);
            self.also = Some(Also {
                label: label.to_owned(),
                line: source.position(span.start).0,
                span,
            });
        }
        self
    }

    /// `path:line:column`, or the path alone when the fault is in no line.
    pub fn location(&self) -> String {
        if self.line == 0 {
            self.path.display().to_string()
        } else {
            format!("{}:{}:{}", self.path.display(), self.line, self.column)
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl Diagnostic for Fault {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help: Cow<'a, str> = match (&self.help, &self.source) {
            (Some(help), Some(_)) => Cow::from(help.as_str()),
            (Some(help), None) => Cow::from(format!("{}: {help}", self.path.display())),
            (None, Some(_)) => return None,
            (None, None) => self.path.to_string_lossy(),
        };
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        let here = LabeledSpan::new_primary_with_span(Some("here".to_owned()), self.span.clone());
        let also = self
            .also
            .iter()
            .map(|also| LabeledSpan::new_with_span(Some(also.label.clone()), also.span.clone()));
        Some(Box::new(std::iter::once(here).chain(also)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_as_in_json() {
        for code in [Code::NotUtf8, Code::MissingTranslation, Code::Rule] {
            assert_eq!(
                serde_json::to_value(code).unwrap(),
                serde_json::Value::from(code.to_string())
            );
        }
    }

    #[test]
    fn a_fault_is_a_diagnostic_with_its_place() {
        let source = Source::new(Path::new("t/city.yaml"), "id: town\nid: city\n");
        let fault = Fault::at(Code::DuplicateKey, &source, &(9..11), "`id` stands twice")
            .help("keep one")
            .also(&(0..2), "first here");
        assert_eq!(fault.location(), "t/city.yaml:2:1");
        let labels: Vec<_> = fault.labels().unwrap().collect();
        assert_eq!((labels[0].offset(), labels[0].len()), (9, 2));
        assert_eq!(labels[1].label(), Some("first here"));
        assert_eq!(
            serde_json::to_value(&fault).unwrap(),
            serde_json::json!({
                "code": "duplicate-key", "path": "t/city.yaml", "line": 2, "column": 1,
                "message": "`id` stands twice", "help": "keep one",
                "also": {"label": "first here", "line": 1},
            })
        );
    }
}
