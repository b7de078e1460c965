//! What schemes refuse, with the facts to mend it.

/// Why a scheme cannot be read or applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A definition is not one.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line, from 1; 0 where it is not known.
        line: u64,
        /// Column, from 1; 0 where it is not known.
        column: u64,
        /// What is wrong.
        message: String,
    },
    /// Something is named that the network does not have.
    #[error("there is no {what} {name:?} in the network")]
    Unknown {
        /// `link`, `signal`, …
        what: &'static str,
        /// The name given.
        name: String,
    },
    /// A value is out of range.
    #[error("{field}: {message}")]
    Value {
        /// Which value, as the definition names it.
        field: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A value that stands somewhere in a file is out of range, or names what the network does not
    /// have.
    #[error("{}{field}: {message}", place(*line, *column))]
    Field {
        /// Line, from 1; 0 where it stands in no file.
        line: u64,
        /// Column, from 1; 0 where it stands in no file.
        column: u64,
        /// Which value, as the definition names it.
        field: String,
        /// What is wrong and what would be right.
        message: String,
        /// The name that is not known, if that is what is wrong.
        name: Option<String>,
    },
    /// The world refused.
    #[error(transparent)]
    World(#[from] sim::Error),
    /// The signals refused.
    #[error(transparent)]
    Signals(#[from] signals::Error),
}

fn place(line: u64, column: u64) -> String {
    match line {
        0 => String::new(),
        _ => format!("line {line}, column {column}: "),
    }
}

impl Error {
    /// An [`Error::Value`].
    pub(crate) fn value(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Value {
            field: field.into(),
            message: message.into(),
        }
    }

    /// An [`Error::Syntax`] out of what the YAML reader says.
    pub(crate) fn syntax(error: &serde_saphyr::Error) -> Self {
        let (line, column) = error
            .location()
            .map_or((0, 0), |place| (place.line(), place.column()));
        Self::Syntax {
            line,
            column,
            message: error.to_string(),
        }
    }
}
