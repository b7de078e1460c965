//! The pool's changes as messages on `pool.<department>.<dataset>`, each entry of the outbox once: the
//! server knows a repetition by its `Nats-Msg-Id`.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use async_nats::HeaderMap;
use async_nats::jetstream::stream;
use bytes::Bytes;
use city::kinds::{Sensitivity, Share};

use super::connect::Connection;
use super::{MOMENT, OPERATION, SEQUENCE};
use crate::ingest::{Cells, Error};
use crate::pool::{Entry, Payload, Pool};
use crate::table::Table;

/// The consumer of the outbox.
const CONSUMER: &str = "nats";
/// The stream that holds the messages.
const STREAM: &str = "CITYBRAIN_POOL";
/// Its subjects.
const SUBJECTS: &str = "pool.>";
/// Most bytes of the stream; the oldest messages go first.
const STREAM_BYTES_MAX: i64 = 2 << 30;
/// For how long the server knows repetitions.
const REPETITIONS: Duration = Duration::from_hours(1);
/// Most bytes of one message; servers take a megabyte.
const MESSAGE_BYTES_MAX: usize = 512 << 10;
/// Entries that are published before their acknowledgements are waited for.
const ENTRIES: usize = 100;

/// What messages say of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disclosure {
    /// Of datasets that are shared unconditionally the public and internal fields; of all others
    /// only how many have changed.
    #[default]
    Unconditional,
    /// Everything: for servers of one city that trust each other.
    Everything,
}

/// Publishes the outbox.
pub struct Publisher<'a> {
    pool: &'a Arc<Pool>,
    connection: Connection,
    disclosure: Disclosure,
}

impl std::fmt::Debug for Publisher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher")
            .field("server", &self.connection.server)
            .finish_non_exhaustive()
    }
}

/// A message to be.
struct Draft {
    id: String,
    operation: &'static str,
    body: Bytes,
}

impl<'a> Publisher<'a> {
    /// Connects to `nats://host:4222` and makes the stream, if it is not there.
    ///
    /// # Errors
    /// When the server is away or refuses.
    pub fn open(pool: &'a Arc<Pool>, url: &str, disclosure: Disclosure) -> Result<Self, Error> {
        let connection = Connection::open(url)?;
        let config = stream::Config {
            name: STREAM.to_owned(),
            subjects: vec![SUBJECTS.to_owned()],
            max_bytes: STREAM_BYTES_MAX,
            duplicate_window: REPETITIONS,
            ..stream::Config::default()
        };
        connection.wait(
            "make the stream",
            connection.stream.get_or_create_stream(config),
        )?;
        Ok(Self {
            pool,
            connection,
            disclosure,
        })
    }

    /// Publishes what is new, and says how many entries that were.
    ///
    /// # Errors
    /// When the server is away or refuses; what was published comes again, and is known by its name.
    pub fn step(&self) -> Result<u64, Error> {
        let cursor = self.pool.cursor(CONSUMER)?;
        let entries = self.pool.entries_after(cursor, ENTRIES)?;
        let Some(last) = entries.last() else {
            return Ok(0);
        };
        self.connection.wait("publish changes", async {
            let mut waiting = Vec::new();
            for entry in &entries {
                for draft in drafts(entry, self.disclosure).map_err(|error| error.to_string())? {
                    let subject =
                        format!("pool.{}.{}", entry.table.department, entry.table.dataset);
                    let mut headers = HeaderMap::new();
                    headers.insert("Nats-Msg-Id", draft.id.as_str());
                    headers.insert(OPERATION, draft.operation);
                    headers.insert(SEQUENCE, entry.seq.to_string());
                    headers.insert(MOMENT, entry.at.rfc3339());
                    let sent = self
                        .connection
                        .stream
                        .publish_with_headers(subject, headers, draft.body)
                        .await;
                    waiting.push(sent.map_err(|error| error.to_string())?);
                }
            }
            for acknowledgement in waiting {
                acknowledgement.await.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        })?;
        self.pool.consumed(CONSUMER, last.seq)?;
        Ok(entries.len() as u64)
    }
}

fn drafts(entry: &Entry, disclosure: Disclosure) -> Result<Vec<Draft>, Error> {
    let mut drafts = match &entry.payload {
        Payload::Batch { batch, deletes } => {
            let fields = disclosed(&entry.table, disclosure);
            if fields.is_empty() {
                vec![notice(batch.num_rows() as u64)]
            } else {
                records(batch, deletes, &fields)
            }
        }
        Payload::Files(files) => vec![notice(files.iter().map(|file| file.rows).sum())],
    };
    let several = drafts.len() > 1;
    for (at, draft) in drafts.iter_mut().enumerate() {
        draft.id = if several {
            format!("{}.{at}", entry.seq)
        } else {
            entry.seq.to_string()
        };
    }
    Ok(drafts)
}

/// The fields that may be told, by place.
fn disclosed(table: &Table, disclosure: Disclosure) -> Vec<usize> {
    let all = table.definition.fields.iter().enumerate();
    match disclosure {
        Disclosure::Everything => all.map(|(at, _)| at).collect(),
        Disclosure::Unconditional if table.definition.share != Share::Unconditional => Vec::new(),
        Disclosure::Unconditional => all
            .filter(|(_, field)| field.sensitivity <= Sensitivity::Internal)
            .map(|(at, _)| at)
            .collect(),
    }
}

/// Says only how many records have changed.
fn notice(records: u64) -> Draft {
    let body = serde_json::json!({ "records": records }).to_string().into();
    Draft {
        id: String::new(),
        operation: "changed",
        body,
    }
}

/// Records as lines of JSON; as many messages as it takes, each of one operation.
fn records(batch: &RecordBatch, deletes: &BooleanArray, fields: &[usize]) -> Vec<Draft> {
    let schema = batch.schema();
    let columns: Vec<ArrayRef> = fields
        .iter()
        .filter_map(|at| batch.columns().get(*at).cloned())
        .collect();
    let names: Vec<&String> = fields
        .iter()
        .filter_map(|at| schema.fields().get(*at))
        .map(|field| field.name())
        .collect();
    let cells = Cells::all(&columns);
    let mut drafts: Vec<Draft> = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    let mut operation = "upsert";
    let mut finish = |body: &mut Vec<u8>, operation| {
        if !body.is_empty() {
            drafts.push(Draft {
                id: String::new(),
                operation,
                body: std::mem::take(body).into(),
            });
        }
    };
    for row in 0..batch.num_rows() {
        let now = if deletes.is_valid(row) && deletes.value(row) {
            "delete"
        } else {
            "upsert"
        };
        if now != operation || body.len() > MESSAGE_BYTES_MAX {
            finish(&mut body, operation);
            operation = now;
        }
        let pairs = names.iter().zip(&cells);
        let record: serde_json::Map<String, serde_json::Value> = pairs
            .filter_map(|(name, cells)| {
                Some((
                    (*name).clone(),
                    serde_json::to_value(cells.value(row)).ok()?,
                ))
            })
            .collect();
        body.extend_from_slice(serde_json::Value::Object(record).to_string().as_bytes());
        body.push(b'\n');
    }
    finish(&mut body, operation);
    drafts
}
