//! What can be wrong with a network, a demand file or a request for a route.

use std::fmt;
use std::path::{Path, PathBuf};

/// Everything that can go wrong in this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not well-formed.
    #[error("{}{}: {message}", path.display(), Place(*line, *column))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1; 0 when the format has no lines.
        line: usize,
        /// Column, from 1; 0 when unknown.
        column: usize,
        /// What is wrong and what would be right.
        message: String,
    },
    /// An element of the network or demand is wrong.
    #[error("{kind} {id:?} {message}")]
    Element {
        /// What kind of element: `link`, `lane`, `junction`, `turn`, `signal`, `flow`, …
        kind: &'static str,
        /// Its name in the file.
        id: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A limit that guards against hostile or mistaken files was passed.
    #[error("{what} is {found}, more than the limit of {limit}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// One of the other errors, with the file it was found in.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<Error>,
    },
    /// The file's kind could not be told from its name or contents.
    #[error("{}: {message}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Which kinds there are.
        message: String,
    },
}

/// Line and column as they stand behind a file's name: as much of them as is known.
struct Place(usize, usize);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(0, _) => Ok(()),
            Self(line, 0) => write!(f, ":{line}"),
            Self(line, column) => write!(f, ":{line}:{column}"),
        }
    }
}

impl Error {
    /// An [`Error::Element`].
    pub fn element(kind: &'static str, id: &str, message: impl Into<String>) -> Self {
        Self::Element {
            kind,
            id: id.to_owned(),
            message: message.into(),
        }
    }

    /// Names the file, unless the error does so already.
    #[must_use]
    pub fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Element { .. } | Self::Limit { .. } => Self::InFile {
                path: path.to_owned(),
                source: Box::new(self),
            },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_as_much_of_the_place_as_is_known() {
        let text = |line, column| {
            let error = Error::Syntax {
                path: PathBuf::from("a.xml"),
                line,
                column,
                message: "is wrong".to_owned(),
            };
            error.to_string()
        };
        assert_eq!(text(0, 0), "a.xml: is wrong");
        assert_eq!(text(7, 0), "a.xml:7: is wrong");
        assert_eq!(text(7, 3), "a.xml:7:3: is wrong");
    }
}
