//! Why a source cannot be taken in at all. What is wrong with single records is no error: it goes
//! to the quarantine.

/// Why a load, a pull or a push could not be done, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A column whose type can hold no value of its field.
    #[error(
        "column `{field}` holds {found}, from which no {wanted} can be made: write it as {wanted} or as text"
    )]
    ColumnType {
        /// The field.
        field: String,
        /// The column's type.
        found: String,
        /// The type of the pool's column.
        wanted: String,
    },
    /// Moments without a time zone.
    #[error(
        "the moments in column `{field}` do not say in which time zone: write them in UTC, or name the source's zone"
    )]
    ColumnZone {
        /// The field.
        field: String,
    },
    /// A field that every record must have, and that the source has not.
    #[error("{source_name} has no column `{field}`, which every record of {dataset} must have{}", hint(.nearest.as_deref()))]
    ColumnMissing {
        /// The file or source.
        source_name: String,
        /// The field.
        field: String,
        /// The dataset.
        dataset: String,
        /// The nearest column that there is and that is none of the fields.
        nearest: Option<String>,
    },
    /// A file or stream that cannot be read, or not further.
    #[error("{source_name}: {detail} ({place}); {remedy}")]
    Unreadable {
        /// The file or source.
        source_name: String,
        /// Where in it.
        place: String,
        /// What is wrong there.
        detail: String,
        /// What to do.
        remedy: String,
    },
    /// A file could not be opened.
    #[error("{source_name} cannot be opened; {remedy}")]
    Open {
        /// The file or source.
        source_name: String,
        /// What to do.
        remedy: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something of the source that is larger than it may be.
    #[error("{source_name}: {what} is more than {limit}; {remedy}")]
    Limit {
        /// The file or source.
        source_name: String,
        /// What is too large.
        what: String,
        /// How large it may be.
        limit: u64,
        /// What to do.
        remedy: String,
    },
    /// The name of a file or source says nothing about how to read it.
    #[error(
        "the format of {source_name} cannot be told from its name: it should end in .csv, .jsonl, .parquet or .arrow, with .gz or .zst behind it if it is compressed"
    )]
    Format {
        /// The file.
        source_name: String,
    },
    /// A dataset that the city does not have.
    #[error("there is no dataset `{name}`{}", hint(.nearest.as_deref()))]
    Dataset {
        /// What was asked for.
        name: String,
        /// The nearest that there is.
        nearest: Option<String>,
    },
    /// A snapshot that would delete too much to be right.
    #[error(
        "{source_name} has {missing} of the {there} records of {dataset} no more, {percent:.1} %: more than {most:.0} % are deleted only if deletes are allowed in so many words (--allow-deletes)"
    )]
    Deletes {
        /// The file.
        source_name: String,
        /// The dataset.
        dataset: String,
        /// How many records are there.
        there: u64,
        /// How many of them the snapshot has not.
        missing: u64,
        /// That in hundredths.
        percent: f64,
        /// How many hundredths may be deleted.
        most: f64,
    },
    /// A snapshot some of whose records cannot be told.
    #[error(
        "{source_name}: the keys of {unknown} records cannot be read, so nobody can say which records of {dataset} are gone: mend them, or allow deletes in so many words (--allow-deletes)"
    )]
    UnknownKeys {
        /// The file.
        source_name: String,
        /// The dataset.
        dataset: String,
        /// How many.
        unknown: u64,
    },
    /// The quarantine is full.
    #[error(
        "the quarantine holds {held} bytes, and its limit is {limit}: correct or discard what waits there (`citybrain pool quarantine`), so that nothing is lost"
    )]
    QuarantineFull {
        /// How many bytes are in it.
        held: u64,
        /// How many may be.
        limit: u64,
    },
    /// A quality rule that cannot be worked out.
    #[error("{dataset}: the quality rule `{rule}` cannot be used: {detail}")]
    Rule {
        /// The dataset.
        dataset: String,
        /// The rule's id.
        rule: String,
        /// Why not.
        detail: String,
    },
    /// A description of a source that is wrong.
    #[error("{file}: {detail}")]
    Definition {
        /// The file.
        file: String,
        /// What is wrong, and what would be right.
        detail: String,
    },
    /// A quarantined record that is not there or not in the right state.
    #[error("{0}")]
    Quarantine(String),
    /// A department's database or message server refused.
    #[error("{server}: could not {what}: {detail}")]
    Server {
        /// Which.
        server: String,
        /// What was tried, as a verb.
        what: String,
        /// Why not.
        detail: String,
    },
    /// Columns could not be worked on.
    #[error("columns could not be worked on: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The pool refused.
    #[error(transparent)]
    Pool(#[from] crate::Error),
}

fn hint(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

impl Error {
    /// A source that cannot be read.
    pub(crate) fn unreadable(
        source_name: &str,
        place: impl std::fmt::Display,
        detail: impl std::fmt::Display,
        remedy: &str,
    ) -> Self {
        Self::Unreadable {
            source_name: source_name.to_owned(),
            place: place.to_string(),
            detail: detail.to_string(),
            remedy: remedy.to_owned(),
        }
    }

    /// For `map_err`: a server that refused.
    pub(crate) fn server<E: std::fmt::Display>(
        server: &str,
        what: &str,
    ) -> impl FnOnce(E) -> Self + use<E> {
        let (server, what) = (server.to_owned(), what.to_owned());
        move |error| Self::Server {
            server,
            what,
            detail: error.to_string(),
        }
    }

    /// Whether it is worth while to try again: what failed is outside and may be mended.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Server { .. })
    }
}

/// The nearest of `names` to `name`.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    let best = names
        .into_iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.75).then(|| best.to_owned())
}
