//! Subscribing to changes: the outbox as one caller may see it, from a cursor on.
//!
//! Whatever was committed after the cursor comes, in order, and the cursor goes on only with what
//! was handed over: whoever comes back with the last one misses nothing. Each record is named by an
//! opaque mark, the same for the same agreement, so that a record that is deleted, or that the
//! agreement's row filter no longer lets through, can be told of without saying which it was to
//! somebody who never had it. What is handed over stands in the ledger first.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use city::kinds::Use;
use rustc_hash::FxHashMap;
use tokio::sync::watch;

use super::calls::{About, Exchange, Prepared, Recorded};
use super::compiled::subject_of;
use super::denial::{Denial, use_word};
use super::disclosure::{write_moment, write_provenance, write_value};
use super::entry::{digits, itoa_buffer, quote};
use super::fields::FieldSet;
use super::grants::{Granted, Offer};
use super::tokens::Caller;
use crate::clock::Moment;
use crate::pool::{Entry, Payload};
use crate::value::Value;

/// Most rows of one event.
pub const EVENT_ROWS_MAX: usize = 500;

/// Entries of the outbox that are read at once.
const ENTRIES_AT_ONCE: usize = 16;

/// How far somebody has come: an entry, and how many of its rows were handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The last entry of which something was handed over.
    pub seq: u64,
    /// How many of its rows; all, if none is said.
    pub rows: Option<u32>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rows {
            Some(rows) => write!(f, "{}.{rows}", self.seq),
            None => write!(f, "{}", self.seq),
        }
    }
}

impl FromStr for Cursor {
    type Err = Denial;

    fn from_str(text: &str) -> Result<Self, Denial> {
        let wrong = || {
            Denial::Request(format!(
                "`{}` is not a cursor; one is the `id` of an event",
                super::tokens::shortened(text)
            ))
        };
        let (seq, rows) = match text.split_once('.') {
            Some((seq, rows)) => (seq, Some(rows.parse().or(Err(wrong()))?)),
            None => (text, None),
        };
        Ok(Self {
            seq: seq.parse().or(Err(wrong()))?,
            rows,
        })
    }
}

/// What is handed over at once.
#[derive(Clone, Debug)]
pub struct Event {
    /// The cursor after it.
    pub cursor: Cursor,
    /// Which dataset.
    pub offer: Arc<Offer>,
    /// On which ground, and which fields.
    pub granted: Granted,
    /// When the change was committed.
    pub committed: Moment,
    /// When it was handed over.
    pub at: Moment,
    /// For what.
    pub purpose: Box<str>,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// For a bulk load: how many records it wrote. They are not handed over one by one; take the
    /// dataset anew, or read the subjects that matter.
    pub loaded: Option<u64>,
    /// The first ledger entry about it, if something was disclosed.
    pub entry: Option<u64>,
}

/// A change of one record.
#[derive(Clone, Debug)]
pub struct Change {
    /// The record's mark.
    pub record: String,
    /// Its values now; of a record that is gone, its key.
    pub values: Vec<(usize, Value)>,
    /// Whether it is gone, for this caller at least.
    pub gone: bool,
}

/// Somebody who follows a dataset.
pub struct Changes {
    exchange: Arc<Exchange>,
    caller: Caller,
    dataset: String,
    fields: Option<Vec<String>>,
    cursor: Cursor,
    newest: watch::Receiver<u64>,
}

impl Event {
    /// The event's data, on one line.
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(256 + self.changes.len() * 256);
        out.extend_from_slice(br#"{"changes":["#);
        for (at, change) in self.changes.iter().enumerate() {
            out.extend_from_slice(if at > 0 {
                br#",{"record":"#
            } else {
                br#"{"record":"#
            });
            quote(&mut out, &change.record);
            out.extend_from_slice(if change.gone {
                br#","gone":true,"values":{"#
            } else {
                br#","gone":false,"values":{"#
            });
            for (count, (at, value)) in change.values.iter().enumerate() {
                if count > 0 {
                    out.push(b',');
                }
                if let Some(name) = self.offer.names.get(*at) {
                    out.extend_from_slice(name.as_bytes());
                }
                write_value(&mut out, value);
            }
            out.extend_from_slice(b"}}");
        }
        out.extend_from_slice(br#"],"committed_at":""#);
        write_moment(&mut out, self.committed);
        out.extend_from_slice(b"\",");
        if let Some(loaded) = self.loaded {
            out.extend_from_slice(br#""loaded":"#);
            out.extend_from_slice(digits(&mut itoa_buffer(), loaded.cast_signed()));
            out.push(b',');
        }
        write_provenance(&mut out, &self.offer, &self.granted, &self.purpose, self.at);
        if let Some(entry) = self.entry {
            out.extend_from_slice(br#","ledger":{"entry":"#);
            out.extend_from_slice(digits(&mut itoa_buffer(), entry.cast_signed()));
            out.push(b'}');
        }
        out.push(b'}');
        // Everything that was written is UTF-8.
        String::from_utf8(out).unwrap_or_default()
    }
}

impl Recorded for Event {
    fn recorded(&mut self, first: u64) {
        self.entry = Some(first);
    }
}

impl Exchange {
    /// Follows a dataset from `cursor` on, or from now.
    ///
    /// # Errors
    /// Why that is not allowed, or that the cursor stands before what is kept.
    pub async fn changes(
        self: &Arc<Self>,
        caller: Caller,
        dataset: &str,
        fields: Option<Vec<String>>,
        cursor: Option<Cursor>,
    ) -> Result<Changes, Denial> {
        let newest = self.pool.newest();
        let cursor = cursor.unwrap_or(Cursor {
            seq: *newest.borrow(),
            rows: None,
        });
        let changes = Changes {
            exchange: Arc::clone(self),
            caller,
            dataset: dataset.to_owned(),
            fields,
            cursor,
            newest,
        };
        let allowed = changes.allowed(self.clock.now()).map(|_| Started);
        let prepared = match allowed {
            Ok(started) => Prepared::of(Ok(started), Vec::new()),
            Err(denial) => changes.refused(denial),
        };
        self.record(prepared).await?;
        // Whether the cursor can still be served is known at once, and not in the stream.
        changes.read().await?;
        Ok(changes)
    }
}

struct Started;

impl Recorded for Started {
    fn recorded(&mut self, _first: u64) {}
}

impl Changes {
    /// The cursor after what was handed over last.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The next event, once there is one and the ledger has it on the disk. Asked again after an
    /// error, it goes on where it stood. Nothing is lost if it is dropped while waiting.
    ///
    /// # Errors
    /// That the agreement no longer allows it, or something failed.
    pub async fn next(&mut self) -> Result<Event, Denial> {
        loop {
            // Marked before reading, so that what comes meanwhile wakes us.
            self.newest.mark_unchanged();
            let entries = self.read().await?;
            let mut seen = None;
            for entry in &entries {
                seen = Some(entry.seq);
                let done = self.cursor.seq == entry.seq && self.cursor.rows.is_none();
                let Some(prepared) = (!done).then(|| self.prepare(entry)).flatten() else {
                    continue;
                };
                let event = self.exchange.record(prepared).await?;
                self.cursor = event.cursor;
                return Ok(event);
            }
            if let Some(seq) = seen {
                self.cursor = self.cursor.max(Cursor { seq, rows: None });
                if self.cursor.seq == seq {
                    self.cursor.rows = None;
                }
                continue;
            }
            if self.newest.changed().await.is_err() {
                return Err(Denial::Busy {
                    limit: "the server stops",
                });
            }
        }
    }

    async fn read(&self) -> Result<Vec<Entry>, Denial> {
        let after = match self.cursor.rows {
            Some(_) => self.cursor.seq.saturating_sub(1),
            None => self.cursor.seq,
        };
        let exchange = Arc::clone(&self.exchange);
        let read = tokio::task::spawn_blocking(move || {
            exchange.pool.entries_after(after, ENTRIES_AT_ONCE)
        })
        .await;
        match read {
            Ok(Ok(entries)) => Ok(entries),
            Ok(Err(crate::Error::Trimmed { oldest, .. })) => Err(Denial::Gone {
                cursor: self.cursor.seq,
                oldest,
                newest: *self.newest.borrow(),
            }),
            Ok(Err(error)) => Err(Denial::Storage(error.to_string())),
            Err(error) => Err(Denial::Storage(error.to_string())),
        }
    }

    fn allowed(&self, now: Moment) -> Result<(Arc<Offer>, Granted), Denial> {
        let compiled = self.exchange.compiled();
        let fields = self.fields.as_deref();
        compiled.authorised(&self.caller, &self.dataset, fields, Use::Subscribe, now)
    }

    fn refused<T>(&self, denial: Denial) -> Prepared<T> {
        let about = About {
            way: use_word(Use::Subscribe),
            dataset: Some(&self.dataset),
            subject: None,
        };
        let entries = self
            .exchange
            .denied(Some(&self.caller), None, &denial, about);
        Prepared::of(Err(denial), entries)
    }

    /// The next event out of an entry; `None` if the entry is of another table.
    fn prepare(&self, entry: &Entry) -> Option<Prepared<Event>> {
        let now = self.exchange.clock.now();
        let (offer, granted) = match self.allowed(now) {
            Ok(allowed) => allowed,
            Err(denial) => return Some(self.refused(denial)),
        };
        if entry.table.id != offer.table.id {
            return None;
        }
        let event = Event {
            cursor: Cursor {
                seq: entry.seq,
                rows: None,
            },
            offer,
            granted,
            committed: entry.at,
            at: now,
            purpose: self.caller.purpose.clone(),
            changes: Vec::new(),
            loaded: None,
            entry: None,
        };
        Some(match &entry.payload {
            Payload::Files(files) => {
                let loaded = Some(files.iter().map(|file| file.rows).sum());
                Prepared::of(Ok(Event { loaded, ..event }), Vec::new())
            }
            Payload::Batch { batch, deletes } => self.hand_over(event, batch, deletes),
        })
    }

    fn hand_over(
        &self,
        mut event: Event,
        batch: &RecordBatch,
        deletes: &BooleanArray,
    ) -> Prepared<Event> {
        let begin = if self.cursor.seq == event.cursor.seq {
            self.cursor.rows.unwrap_or(0) as usize
        } else {
            0
        };
        let end = (begin + EVENT_ROWS_MAX).min(batch.num_rows());
        if end < batch.num_rows() {
            event.cursor.rows = u32::try_from(end).ok();
        }
        let mut whose: FxHashMap<String, usize> = FxHashMap::default();
        let mut order = Vec::new();
        for row in begin..end {
            let values: Vec<Value> = batch
                .columns()
                .iter()
                .map(|column| value_at(column, row))
                .collect();
            let deleted = deletes.is_valid(row) && deletes.value(row);
            let hidden = !deleted
                && event
                    .granted
                    .basis
                    .rows()
                    .is_some_and(|rows| !rows.admit(&values));
            let filtered = event.granted.basis.rows().is_some();
            let shown = match (deleted, hidden) {
                (_, true) => FieldSet::default(),
                // Whether the caller ever had it is not known, so its key may not be told.
                (true, _) if filtered => FieldSet::default(),
                (true, _) => event
                    .offer
                    .table
                    .key
                    .iter()
                    .copied()
                    .filter(|at| event.granted.fields.contains(*at))
                    .collect(),
                (false, _) => event.granted.fields,
            };
            event.changes.push(Change {
                record: self.mark(&event, &values),
                values: shown
                    .iter()
                    .filter_map(|at| Some((at, values.get(at)?.clone())))
                    .collect(),
                gone: deleted || hidden,
            });
            if !shown.is_empty() || (deleted && !filtered) {
                let subject = subject_of(&event.offer.table, &values).into_owned();
                *whose.entry(subject.clone()).or_insert_with(|| {
                    order.push(subject);
                    0
                }) += 1;
            }
        }
        let compiled = self.exchange.compiled();
        if let Err(denial) = compiled.charge_records(&event.granted.basis, end - begin, event.at) {
            return self.refused(denial);
        }
        let way = use_word(Use::Subscribe);
        let entry = |subject: &String| {
            let count = whose.get(subject).copied().unwrap_or_default();
            self.exchange.entry(
                &self.caller,
                &event.offer,
                &event.granted,
                Some(subject),
                count,
                way,
                event.at,
            )
        };
        let entries = order.iter().map(entry).collect();
        Prepared::of(Ok(event), entries)
    }

    /// What stands for a record, the same for all events under one agreement.
    fn mark(&self, event: &Event, values: &[Value]) -> String {
        let kind = format!(
            "record/{}/{}/{}",
            self.caller.client.department,
            event.granted.basis.name(),
            event.offer.name
        );
        let key: Vec<String> = event
            .offer
            .table
            .key
            .iter()
            .map(|&at| values.get(at).map(ToString::to_string).unwrap_or_default())
            .collect();
        self.exchange
            .subjects
            .token(&kind, &key.join("\u{1f}"))
            .to_string()
    }
}

/// The value in a row of a column of one of the pool's types.
fn value_at(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).into()),
        DataType::Int64 => Value::Integer(column.as_primitive::<Int64Type>().value(row)),
        DataType::Decimal128(_, scale) => Value::Decimal {
            digits: column.as_primitive::<Decimal128Type>().value(row),
            scale: scale.cast_unsigned(),
        },
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(..) => {
            Value::Datetime(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        // A table has no others.
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_as_they_are_written() {
        for text in ["0", "7", "7.500"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        for text in ["", "x", "7.", "-1", "7.x"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
