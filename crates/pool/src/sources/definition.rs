//! What a source file says: where a department's records are and how they are followed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::ingest::{Error, scalar};

/// Rows that are fetched at once, unless the file says otherwise.
const BATCH: u32 = 10_000;
/// Most rows that are fetched at once.
const BATCH_MAX: u32 = 50_000;

/// A source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Definition {
    /// Rows of a query, asked for again and again.
    PostgresQuery(QuerySource),
    /// Changes of a table, as PostgreSQL's log has them.
    PostgresReplication(ReplicationSource),
    /// Messages of a NATS JetStream subject.
    Nats(NatsSource),
}

/// Rows of a query on a department's PostgreSQL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct QuerySource {
    /// The dataset that the records are of.
    pub dataset: String,
    /// `postgres://user:password@host/database`
    pub url: String,
    /// What gives the rows; or `table`.
    pub query: Option<String>,
    /// The table that has the rows; or `query`.
    pub table: Option<String>,
    /// The column by which new and changed rows are known: it never goes back.
    pub cursor: String,
    /// Which column each field is in, where the names differ.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// A boolean column that says that a row is deleted.
    pub deleted: Option<String>,
    /// Rows whose cursor is a time within the last so many seconds are left for later, because
    /// transactions that began earlier may still add to them.
    #[serde(default)]
    pub settle: f64,
    /// Rows that are fetched at once.
    #[serde(default = "batch")]
    pub batch: u32,
    /// The offset from UTC of moments without one, `+08:00`.
    pub zone: Option<String>,
}

/// Changes of a table of a department's PostgreSQL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReplicationSource {
    /// The dataset that the records are of.
    pub dataset: String,
    /// `postgres://user:password@host/database`; the user may replicate.
    pub url: String,
    /// The table, with its schema if that is not `public`.
    pub table: String,
    /// The replication slot, which is made if it is not there; `citybrain_<dataset>` if left out.
    pub slot: Option<String>,
    /// The publication, which is made if it is not there; named like the slot if left out.
    pub publication: Option<String>,
    /// Which column each field is in, where the names differ.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// Changes that are fetched at once; a transaction is fetched whole.
    #[serde(default = "batch")]
    pub batch: u32,
    /// The offset from UTC of moments without one, `+08:00`.
    pub zone: Option<String>,
}

/// Messages of a JetStream subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NatsSource {
    /// The dataset that the records are of.
    pub dataset: String,
    /// `nats://host:4222`
    pub url: String,
    /// The stream.
    pub stream: String,
    /// The subject within the stream; wildcards are allowed.
    pub subject: String,
    /// The durable consumer, which is made if it is not there; `citybrain-<dataset>` if left out.
    pub consumer: Option<String>,
    /// Messages that are taken at once.
    #[serde(default = "batch")]
    pub batch: u32,
    /// The offset from UTC of moments without one, `+08:00`.
    pub zone: Option<String>,
}

fn batch() -> u32 {
    BATCH
}

impl Definition {
    /// The dataset that the records are of.
    pub fn dataset(&self) -> &str {
        match self {
            Self::PostgresQuery(source) => &source.dataset,
            Self::PostgresReplication(source) => &source.dataset,
            Self::Nats(source) => &source.dataset,
        }
    }

    /// The name under which is remembered how far the source has been followed: it changes when the
    /// source is another one.
    pub fn name(&self) -> String {
        let (kind, what) = match self {
            Self::PostgresQuery(source) => {
                let rows = source.query.as_ref().or(source.table.as_ref());
                let rows = rows.map_or("", String::as_str);
                (
                    "query",
                    format!(
                        "{}\0{rows}\0{}",
                        without_password(&source.url),
                        source.cursor
                    ),
                )
            }
            Self::PostgresReplication(source) => {
                let slot = source.slot();
                (
                    "replication",
                    format!(
                        "{}\0{}\0{slot}",
                        without_password(&source.url),
                        source.table
                    ),
                )
            }
            Self::Nats(source) => {
                let consumer = source.consumer();
                (
                    "nats",
                    format!(
                        "{}\0{}\0{}\0{consumer}",
                        source.url, source.stream, source.subject
                    ),
                )
            }
        };
        format!(
            "{kind}/{}/{:016x}",
            self.dataset(),
            xxh3_64(what.as_bytes())
        )
    }

    /// Checks what no type can.
    ///
    /// # Errors
    /// The first thing that is wrong, and what would be right. `file` is the source file's name.
    pub fn check(&self, file: &str) -> Result<(), Error> {
        let wrong = |detail: String| {
            Err(Error::Definition {
                file: file.to_owned(),
                detail,
            })
        };
        let (batch, zone, needs) = match self {
            Self::PostgresQuery(source) => {
                let one = source.query.is_some() != source.table.is_some();
                (source.batch, &source.zone, one)
            }
            Self::PostgresReplication(source) => (source.batch, &source.zone, true),
            Self::Nats(source) => (source.batch, &source.zone, true),
        };
        if !needs {
            return wrong("give either `table` or `query`".to_owned());
        }
        if !(1..=BATCH_MAX).contains(&batch) {
            return wrong(format!(
                "`batch` is {batch}, and goes from 1 to {BATCH_MAX}"
            ));
        }
        match zone {
            Some(zone) if scalar::offset(zone.as_bytes()).is_none() => wrong(format!(
                "`zone` is `{zone}`; write an offset from UTC: `+08:00`"
            )),
            _ => Ok(()),
        }
    }
}

impl ReplicationSource {
    /// The slot's name.
    pub fn slot(&self) -> String {
        let named = || format!("citybrain_{}", self.dataset.replace('-', "_"));
        self.slot.clone().unwrap_or_else(named)
    }

    /// The publication's name.
    pub fn publication(&self) -> String {
        self.publication.clone().unwrap_or_else(|| self.slot())
    }
}

impl NatsSource {
    /// The consumer's name.
    pub fn consumer(&self) -> String {
        self.consumer
            .clone()
            .unwrap_or_else(|| format!("citybrain-{}", self.dataset))
    }
}

/// The offset of a zone, in seconds.
pub(crate) fn offset(zone: Option<&String>) -> Option<i32> {
    zone.and_then(|zone| scalar::offset(zone.as_bytes()))
}

/// An address without what stands for the password: it may change, and stands in no message.
pub(crate) fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) => {
            let _ = url.set_password(None); // addresses without a host have none
            url.to_string()
        }
        Err(_) => "the database".to_owned(),
    }
}
