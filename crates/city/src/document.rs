//! One definition file on its way from bytes to a definition.

use std::ops::Range;
use std::path::Path;

use crate::fault::{Code, Fault};
use crate::kind::KindEntry;
use crate::source::{ContentHash, Source};
use crate::tree::{Content, Node};

/// A definition file that has been read: what [`Kind::check`](crate::Kind::check) points into.
#[derive(Debug)]
pub struct Document {
    pub(crate) kind: &'static KindEntry,
    /// Path from the city folder, with `/`.
    pub(crate) inside: String,
    pub(crate) source: Source,
    pub(crate) hash: ContentHash,
    /// The id that the path gives it, if its kind has one.
    pub(crate) id: Option<String>,
    pub(crate) department: Option<String>,
    pub(crate) root: Option<Node>,
    /// See [`crate::tree::Tree::partial`].
    pub(crate) partial: bool,
}

impl Document {
    /// The path from the city folder, such as `departments/parks/department.yaml`.
    pub fn path(&self) -> &str {
        &self.inside
    }

    /// The id of the department in whose folder the file is, if it is in one.
    pub fn department(&self) -> Option<&str> {
        self.department.as_deref()
    }

    /// The file as messages show it: the city folder's path as given, and [`Self::path`].
    pub fn shown(&self) -> &Path {
        &self.source.shown
    }

    /// A fault at the value that JSON pointer `pointer` names, such as
    /// `/calendar/holidays/3/to`; if there is no such value, at the nearest one around it.
    pub fn fault(&self, code: Code, pointer: &str, message: impl Into<String>) -> Fault {
        Fault::at(code, &self.source, &self.span(pointer), message)
    }

    /// As [`Self::fault`], at bytes `part` of the text that `pointer` names; at the whole of it
    /// if it is written over several lines or with escapes.
    pub fn fault_within(
        &self,
        code: Code,
        pointer: &str,
        part: Range<usize>,
        message: impl Into<String>,
    ) -> Fault {
        let span = self.span(pointer);
        let written = self.source.text().get(span.clone()).unwrap_or_default();
        let inner = match self.node(pointer).map(|node| &node.content) {
            Some(Content::Scalar { text, .. }) if text == written => Some(span.start),
            Some(Content::Scalar { text, .. })
                if written
                    .strip_prefix(['"', '\''])
                    .is_some_and(|rest| rest.strip_suffix(['"', '\'']) == Some(text)) =>
            {
                Some(span.start + 1)
            }
            _ => None,
        };
        let at = inner.map_or(span, |start| start + part.start..start + part.end);
        Fault::at(code, &self.source, &at, message)
    }

    /// As [`Self::fault`], with the value at `first` pointed out as `first here`.
    pub fn duplicate(&self, pointer: &str, first: &str, message: impl Into<String>) -> Fault {
        self.fault(Code::Duplicate, pointer, message)
            .also(&self.span(first), "first here")
    }

    /// One fault for each of `names` that stands more than once in the list at `list`; `key` is
    /// the key of each entry that holds the name, or empty if the entry itself does.
    pub fn repeated<T: PartialEq + std::fmt::Display>(
        &self,
        list: &str,
        key: &str,
        names: &[T],
    ) -> Vec<Fault> {
        let place = |index: usize| match key {
            "" => format!("{list}/{index}"),
            key => format!("{list}/{index}/{key}"),
        };
        let repeats = names.iter().enumerate().filter_map(|(index, name)| {
            let first = names.iter().take(index).position(|other| other == name)?;
            let message = format!("`{name}` is in the list already");
            let fault = self.duplicate(&place(index), &place(first), message);
            Some(fault.help("remove one, or change it"))
        });
        repeats.collect()
    }

    /// The value that `pointer` names.
    fn node(&self, pointer: &str) -> Option<&Node> {
        let mut parts = pointer.split('/').skip(1);
        parts.try_fold(self.root.as_ref()?, |node, part| match &node.content {
            Content::Mapping(entries) => {
                let entry = entries.iter().find(|entry| entry.key == part)?;
                Some(&entry.value)
            }
            Content::Sequence(items) => items.get(part.parse::<usize>().ok()?),
            Content::Scalar { .. } | Content::Refused => None,
        })
    }

    /// The bytes of the value that `pointer` names. A list or mapping is pointed at by its key.
    fn span(&self, pointer: &str) -> Range<usize> {
        let Some(mut node) = self.root.as_ref() else {
            return 0..0;
        };
        let mut span = node.span.clone();
        for part in pointer.split('/').skip(1) {
            let (next, at) = match &node.content {
                Content::Mapping(entries) => match entries.iter().find(|entry| entry.key == part) {
                    Some(entry) => (&entry.value, Some(&entry.key_span)),
                    None => break,
                },
                Content::Sequence(items) => {
                    match part
                        .parse::<usize>()
                        .ok()
                        .and_then(|index| items.get(index))
                    {
                        Some(item) => (item, None),
                        None => break,
                    }
                }
                Content::Scalar { .. } | Content::Refused => break,
            };
            node = next;
            span = match (&node.content, at) {
                (Content::Scalar { .. }, _) | (_, None) => node.span.clone(),
                (_, Some(key)) => key.clone(),
            };
        }
        span
    }
}
