//! An index of the ledger in the meta database: whose records were read, by whom, when and why.
//!
//! The ledger is the truth; this is made from it, behind the answers, and can be made again. It
//! follows in small transactions and rests between them, so that neither writes nor look-ups wait
//! for it; after a restart it goes on where it stood.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use city::kinds::Subject;
use serde::Serialize;

use super::calls::Exchange;
use super::entry::Entry;
use crate::clock::Moment;
use crate::error::Error;
use crate::sql::{Row, SqlValue};
use crate::values;

/// Most transfers that one question answers.
pub const TRANSFERS_MAX: usize = 1_000;
/// Entries that are indexed in one transaction.
const AT_ONCE: u64 = 250;
/// For each unit of work, the index rests so many: it takes a fifth of one core at most.
const REST: u32 = 4;
/// How long the index waits when there is nothing to do.
const IDLE: Duration = Duration::from_millis(200);
/// How often rates and counts are written down.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// A transfer or a denial, as pages and the command line show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenTransfer {
    /// Its entry in the ledger.
    pub entry: u64,
    /// When, RFC 3339.
    pub at: String,
    /// The client that read.
    pub client: String,
    /// Its department.
    pub consumer: String,
    /// The department whose record it was.
    pub provider: String,
    /// The dataset.
    pub dataset: String,
    /// `look-up`, `batch`, `link`, `subscribe` …
    pub way: String,
    /// The fields that were disclosed.
    pub fields: Vec<String>,
    /// The keyed hash of whom it was about.
    pub subject: Option<String>,
    /// For what.
    pub purpose: String,
    /// A case number or the like.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The agreement.
    pub agreement: Option<String>,
    /// How many records.
    pub records: u64,
    /// The kind of denial, if it was denied.
    pub denied: Option<String>,
    /// How many calls it stands for.
    pub times: u64,
}

/// The thread that keeps the index and writes down rates; it ends when this is dropped.
#[derive(Debug)]
pub struct Keeper {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It only ends; what it could not do, it has logged.
            let _ = thread.join();
        }
    }
}

const COLUMNS: &str = "entry, at, client, consumer, provider, dataset, way, fields, subject, purpose, reference, agreement, records, denied, times";

impl Exchange {
    /// Starts the thread that keeps the index of transfers and writes down what is used.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn keeper(self: &Arc<Self>) -> Result<Keeper, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let (exchange, stopped) = (Arc::clone(self), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("exchange-keeper".to_owned())
            .spawn(move || exchange.keep_on(&stopped))
            .map_err(|error| Error::Stopped(format!("the system gives no thread: {error}")))?;
        Ok(Keeper {
            stop,
            thread: Some(thread),
        })
    }

    fn keep_on(&self, stop: &AtomicBool) {
        let mut kept = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            let pause = match self.index_transfers() {
                Ok(0) => IDLE,
                Ok(_) => began.elapsed() * REST,
                Err(error) => {
                    tracing::error!(%error, "the index of transfers stands still");
                    KEEP_EVERY
                }
            };
            if kept.elapsed() >= KEEP_EVERY {
                kept = Instant::now();
                if let Err(error) = self.keep(false) {
                    tracing::error!(%error, "rates could not be written down");
                }
            }
            std::thread::park_timeout(pause);
        }
        if let Err(error) = self.keep(true) {
            tracing::error!(%error, "rates could not be written down");
        }
    }

    /// Indexes the next entries of the ledger, and says how many there were.
    ///
    /// # Errors
    /// When the ledger cannot be read or the meta database not be written.
    pub fn index_transfers(&self) -> Result<u64, Error> {
        let from = self.indexed()?;
        let until = self.ledger.size().min(from + AT_ONCE);
        if until <= from {
            return Ok(0);
        }
        let entries = self
            .ledger
            .entries(from..until)
            .map_err(|error| Error::garbled("the ledger", error))?;
        let count = entries.len() as u64;
        self.pool.meta().transaction(|transaction| {
            for (entry, bytes) in (from..).zip(&entries) {
                if let Some(row) = Entry::of_bytes(bytes).and_then(|read| row(entry, read)) {
                    let sql = format!(
                        "INSERT INTO transfer ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                         ON CONFLICT (entry) DO NOTHING"
                    );
                    transaction.execute(&sql, &row)?;
                }
            }
            transaction.execute(
                "INSERT INTO transfer_cursor (id, entries) VALUES (0, $1)
                 ON CONFLICT (id) DO UPDATE SET entries = excluded.entries",
                &values![from + count],
            )?;
            Ok::<(), Error>(())
        })?;
        Ok(count)
    }

    /// How many of the ledger's entries are in the index.
    ///
    /// # Errors
    /// When the meta database cannot be read.
    pub fn indexed(&self) -> Result<u64, Error> {
        let rows = self
            .pool
            .meta()
            .query("SELECT entries FROM transfer_cursor WHERE id = 0", &[])?;
        rows.first().map_or(Ok(0), |row| row.get(0))
    }

    /// Who has read what of a person, an enterprise, a place or a thing; newest first, before an
    /// entry if one is named.
    ///
    /// # Errors
    /// When the meta database cannot be read.
    pub fn transfers_of_subject(
        &self,
        kind: Subject,
        id: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<SeenTransfer>, Error> {
        let token = self.subject_token(kind, id);
        self.select(
            "subject = $1 AND entry < $2",
            &values![token.as_str(), upper(before)],
            limit,
        )
    }

    /// What a client has read and been denied; newest first.
    ///
    /// # Errors
    /// When the meta database cannot be read.
    pub fn transfers_of_client(
        &self,
        client: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<SeenTransfer>, Error> {
        self.select(
            "client = $1 AND entry < $2",
            &values![client, upper(before)],
            limit,
        )
    }

    /// The newest transfers and denials.
    ///
    /// # Errors
    /// When the meta database cannot be read.
    pub fn recent(&self, before: Option<u64>, limit: usize) -> Result<Vec<SeenTransfer>, Error> {
        self.select("entry < $1", &values![upper(before)], limit)
    }

    fn select(
        &self,
        condition: &str,
        params: &[SqlValue],
        limit: usize,
    ) -> Result<Vec<SeenTransfer>, Error> {
        let limit = limit.min(TRANSFERS_MAX);
        let sql = format!(
            "SELECT {COLUMNS} FROM transfer WHERE {condition} ORDER BY entry DESC LIMIT {limit}"
        );
        self.pool
            .meta()
            .query(&sql, params)?
            .iter()
            .map(seen)
            .collect()
    }
}

fn upper(before: Option<u64>) -> i64 {
    before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX))
}

/// The index's row about an entry; `None` for what is no transfer.
fn row(entry: u64, read: Entry) -> Option<Vec<SqlValue>> {
    let row = match read {
        Entry::Transfer(it) => values![
            entry,
            it.at,
            it.client,
            it.consumer,
            it.provider,
            it.dataset,
            it.way,
            it.fields.join(" "),
            it.subject,
            it.purpose,
            it.reference,
            it.agreement,
            it.records,
            SqlValue::Null,
            1_i64,
        ]
        .to_vec(),
        Entry::Denial(it) => {
            let (provider, dataset) = it
                .dataset
                .as_deref()
                .and_then(|name| name.split_once('/'))
                .unwrap_or_default();
            values![
                entry,
                it.at,
                it.client.unwrap_or_default(),
                it.consumer.unwrap_or_default(),
                provider,
                dataset,
                it.way,
                "",
                it.subject,
                it.purpose.unwrap_or_default(),
                it.reference,
                SqlValue::Null,
                0_i64,
                it.denied,
                it.times,
            ]
            .to_vec()
        }
        Entry::AgreementStep(_) | Entry::Profile(_) => return None,
    };
    Some(row)
}

fn seen(row: &Row) -> Result<SeenTransfer, Error> {
    let (at, fields): (Moment, String) = (row.get(1)?, row.get(7)?);
    Ok(SeenTransfer {
        entry: row.get(0)?,
        at: at.rfc3339(),
        client: row.get(2)?,
        consumer: row.get(3)?,
        provider: row.get(4)?,
        dataset: row.get(5)?,
        way: row.get(6)?,
        fields: fields.split_whitespace().map(str::to_owned).collect(),
        subject: row.get(8)?,
        purpose: row.get(9)?,
        reference: row.get(10)?,
        agreement: row.get(11)?,
        records: row.get(12)?,
        denied: row.get(13)?,
        times: row.get(14)?,
    })
}
