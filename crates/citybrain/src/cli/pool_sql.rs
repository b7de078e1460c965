//! `citybrain pool sql`.

use clap::{Args, ValueEnum};

use super::pool::Place;

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// A table
    Table,
    /// A JSON array of objects
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// An Arrow IPC stream
    Arrow,
}

/// `citybrain pool sql`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain pool sql \"SELECT status, count(*) FROM vehicles GROUP BY status\" --as transport --purpose analysis/fleet
  citybrain pool sql --as housing --purpose policy/first-home
  citybrain pool sql \"SELECT department, status, sum(records) FROM pool.records GROUP BY 1, 2\"
  citybrain pool sql \"SELECT status, count(*) FROM vehicles GROUP BY status\" --as transport --cluster http://127.0.0.1:50050
  citybrain pool sql \"SELECT * FROM vehicles LIMIT 5\" --as transport --purpose analysis/fleet --format csv --as-of 2026-11-01T00:00:00Z

A department sees its own datasets (department.dataset, with _ for each -), what is shared with
all, and what agreements with the use `query` grant for the purpose, with identifiers as tokens.
Without --as it is the bureau that asks: all datasets, but no personal fields other than tokens.
Without a question, questions are read from standard input, each up to a semicolon.")]
pub(crate) struct SqlArgs {
    /// The question
    #[arg(value_name = "SQL")]
    pub(crate) question: Option<String>,
    /// The department that asks (default: the bureau)
    #[arg(long = "as", value_name = "DEPARTMENT")]
    pub(crate) department: Option<String>,
    /// For what: matter/…, policy/…, operation/… or analysis/…
    #[arg(long, value_name = "PURPOSE", default_value = "analysis/console")]
    pub(crate) purpose: String,
    /// How to print the answer (default: table; json with --json)
    #[arg(long, value_enum)]
    pub(crate) format: Option<AnswerFormat>,
    /// Read records as they were at this moment, e.g. 2026-11-01T00:00:00Z
    #[arg(long, value_name = "MOMENT")]
    pub(crate) as_of: Option<String>,
    /// The scheduler of the cluster that answers (default: option pool.cluster)
    #[arg(long, value_name = "URL")]
    pub(crate) cluster: Option<String>,
    /// Where the city and its data are.
    #[command(flatten)]
    pub(crate) place: Place,
}
