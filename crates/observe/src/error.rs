//! What can be wrong with observations and with questions about them.

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
    /// A record of a file is wrong.
    #[error("{}:{line}: {field} {message}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The field, or what stands in its place.
        field: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A file as a whole is wrong.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be right.
        message: String,
    },
    /// What was asked for is out of range.
    #[error("{what} is {found}; {wanted}")]
    Argument {
        /// Which argument.
        what: &'static str,
        /// Its value.
        found: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// A limit that guards against hostile or mistaken input was passed.
    #[error("{what} is {found}, more than the limit of {limit}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// What was asked for cannot be done now.
    #[error("{what} while {meanwhile}; {remedy}")]
    Order {
        /// What was asked for.
        what: &'static str,
        /// What stands against it.
        meanwhile: &'static str,
        /// What would be right.
        remedy: &'static str,
    },
    /// There is nothing to answer from.
    #[error("{0}")]
    Nothing(String),
}

impl Error {
    /// An [`Error::Argument`].
    pub(crate) fn argument(
        what: &'static str,
        found: impl std::fmt::Display,
        wanted: &'static str,
    ) -> Self {
        Self::Argument {
            what,
            found: found.to_string(),
            wanted,
        }
    }

    /// An [`Error::Record`].
    pub(crate) fn record(
        path: &Path,
        line: u64,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Record {
            path: path.to_owned(),
            line,
            field: field.into(),
            message: message.into(),
        }
    }

    /// An [`Error::File`].
    pub(crate) fn file(path: &Path, message: impl Into<String>) -> Self {
        Self::File {
            path: path.to_owned(),
            message: message.into(),
        }
    }
}
