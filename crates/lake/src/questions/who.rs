//! Who asks, and what others let them see.

/// Who asks, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The department.
    pub department: String,
    /// The purpose, `analysis/<id>` or the like. Tokens of identifiers are the same within one.
    pub purpose: String,
    /// The system or person that asks, as it stands in the ledger.
    pub client: String,
    /// Whether the session is the bureau's own: it sees all datasets' public and internal fields
    /// and identifiers as tokens.
    pub admin: bool,
}

/// What an agreement lets a session see of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableGrant {
    /// The dataset's id, or `department/id`.
    pub table: String,
    /// The fields, by name.
    pub fields: Vec<String>,
    /// Which rows: a condition in SQL over the table's fields (`decide` makes it from FEEL); all,
    /// if there is none.
    pub rows: Option<String>,
    /// The agreement.
    pub agreement: String,
}
