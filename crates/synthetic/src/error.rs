//! What can go wrong.

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The population asked for is too small or too large.
    #[error("a population of {persons} cannot be made; ask for {min} to {max} persons")]
    Persons {
        /// How many were asked for.
        persons: u64,
        /// Fewest.
        min: u64,
        /// Most.
        max: u64,
    },
    /// Too many people of one place share a birthday: citizen numbers have no more room.
    #[error(
        "more than 500 people of one sex born in area {area} on one day; ask for fewer persons"
    )]
    NumbersUsedUp {
        /// The area code.
        area: String,
    },
    /// A dataset's definition does not fit what the generator makes for it.
    #[error("{dataset}: the field `{field}` is {defined}, but the generator makes {made}")]
    Field {
        /// The dataset.
        dataset: String,
        /// The field.
        field: String,
        /// Its type by the definition.
        defined: String,
        /// The type of the values made.
        made: String,
    },
    /// A dataset's key or subject is none of its fields.
    #[error("{dataset}: no field `{field}`, which the key or the subject names")]
    Key {
        /// The dataset.
        dataset: String,
        /// The name.
        field: String,
    },
    /// A quality rule cannot be read.
    #[error("{dataset}: the rule `{rule}` cannot be read: {reason}")]
    Rule {
        /// The dataset.
        dataset: String,
        /// The rule's id.
        rule: String,
        /// Why not.
        reason: String,
    },
    /// There is no such dataset.
    #[error("there is no dataset `{name}`")]
    Dataset {
        /// The name asked for.
        name: String,
    },
    /// Columns do not fit together: a fault of the generator.
    #[error("{dataset}: columns do not fit together")]
    Arrow {
        /// The dataset.
        dataset: String,
        /// What Arrow says.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// Records cannot be written.
    #[error("cannot write records of {dataset}")]
    Write {
        /// The dataset.
        dataset: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
