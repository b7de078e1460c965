//! What can go wrong with history and with questions.

use datafusion::error::DataFusionError;

/// Why history could not be kept or a question not be answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The place of history cannot be used.
    #[error("history cannot be kept at {place}: {reason}; give a folder, or s3://bucket/prefix")]
    Place {
        /// The folder or address, without keys.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A table of history cannot be read or written.
    #[error("history of {table}: {action} failed: {source}")]
    Table {
        /// `department/dataset`.
        table: String,
        /// What was being done.
        action: &'static str,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The pool did not answer.
    #[error("the pool: {0}")]
    Pool(#[from] pool::Error),
    /// There is no such dataset.
    #[error("there is no dataset `{name}`; those of a department are listed by `citybrain pool`")]
    NoTable {
        /// The name asked for.
        name: String,
    },
    /// A statement that is not a question.
    #[error(
        "{what} is refused: only questions (SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES) are answered"
    )]
    Refused {
        /// What it is.
        what: String,
    },
    /// The question is wrong.
    #[error("{message}")]
    Question {
        /// What is wrong and what would be right.
        message: String,
    },
    /// A limit was passed.
    #[error("{message} (limit {name})")]
    Limit {
        /// The limit's name.
        name: &'static str,
        /// What passed it.
        message: String,
    },
    /// An answer that whoever accounts for it does not let out.
    #[error(transparent)]
    Withheld(Box<dyn std::error::Error + Send + Sync>),
    /// A bulk export cannot be written or read.
    #[error("an export of {table} cannot be {action}: {source}")]
    Export {
        /// `department/dataset`.
        table: String,
        /// What was being done.
        action: &'static str,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// An agreement's row filter cannot be understood.
    #[error("the row filter of agreement `{agreement}` on {table} cannot be used: {reason}")]
    Rows {
        /// The agreement.
        agreement: String,
        /// The dataset.
        table: String,
        /// What is wrong.
        reason: String,
    },
    /// A table's history is damaged or away; the log says how.
    #[error("{table} cannot be read at the moment; the server's log says why")]
    Away {
        /// `department/dataset`.
        table: String,
    },
    /// Something of ours failed; the details are in the log and not here, because they could
    /// name what the asker may not see.
    #[error("the question could not be answered; the server's log says why")]
    Hidden,
    /// The cluster did not take the question, or lost it.
    #[error(
        "the cluster does not answer; see that its scheduler and at least one executor run (the log says more)"
    )]
    ClusterAway,
    /// A file of keys cannot be read or written.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: String,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Something failed on a table.
    pub(crate) fn table(
        table: &pool::Table,
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let (table, source) = (table.name(), source.into());
        Self::Table {
            table,
            action,
            source,
        }
    }

    /// As DataFusion carries it.
    pub(crate) fn away(table: impl Into<String>) -> DataFusionError {
        let table = table.into();
        DataFusionError::External(Box::new(Self::Away { table }))
    }

    /// What an asker may know of what DataFusion says. Messages about the question and about
    /// values that the question itself worked out pass; those about files and our own parts do not.
    pub(crate) fn asked(error: &DataFusionError) -> Self {
        let root = error.find_root();
        match root {
            DataFusionError::External(inner) => {
                if let Some(Self::Limit { name, message }) = inner.downcast_ref::<Self>() {
                    return Self::Limit {
                        name,
                        message: message.clone(),
                    };
                }
                if let Some(Self::Away { table }) = inner.downcast_ref::<Self>() {
                    return Self::Away {
                        table: table.clone(),
                    };
                }
                if let Some(Self::Refused { what }) = inner.downcast_ref::<Self>() {
                    return Self::Refused { what: what.clone() };
                }
                if let Some(Self::Question { message }) = inner.downcast_ref::<Self>() {
                    let message = message.clone();
                    return Self::Question { message };
                }
                // A pattern that is none: the question's own, or a value that it may see.
                if let Some(error) = inner.downcast_ref::<regex::Error>() {
                    let message = error.to_string();
                    return Self::Question { message };
                }
                if let Some(Self::ClusterAway) = inner.downcast_ref::<Self>() {
                    return Self::ClusterAway;
                }
                tracing::error!(%error, "a question failed");
                Self::Hidden
            }
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            // An option or a format that the question names.
            | DataFusionError::Configuration(_)
            | DataFusionError::ArrowError(..)
            | DataFusionError::Execution(_) => Self::Question {
                message: root.strip_backtrace(),
            },
            DataFusionError::ResourcesExhausted(_) => Self::Limit {
                name: "MEMORY_BYTES_MAX",
                message: "the question needs more memory than it may have; narrow it".to_owned(),
            },
            _ => {
                tracing::error!(%error, "a question failed");
                Self::Hidden
            }
        }
    }
}
