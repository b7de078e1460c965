//! Records out of messages: one or several on lines of JSON in each.
//!
//! Exactly once: the pool, not the server, remembers up to which message of the stream everything is
//! taken; the consumer is made anew behind it whenever a run begins. Which messages are written
//! together is noted before they are, so that after a stop the same ones are written under the same
//! name. Acknowledgements go to the server after the pool's, for its monitors and for work queues.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::OPERATION;
use super::connect::Connection;
use crate::ingest::raw::Raw;
use crate::ingest::{Counts, Error};
use crate::pool::Pool;
use crate::sources::changes::Changes;
use crate::sources::definition::{NatsSource, offset};
use crate::sources::file::{Keys, TextBlock};
use crate::sources::follow::{Follower, Step};
use crate::sources::state;
use crate::table::Table;

/// Waits this long for messages to come together.
const GATHER: Duration = Duration::from_millis(300);
/// Waits this long for messages that are known to be there.
const RETURN: Duration = Duration::from_secs(10);
/// Most bytes of messages that are written together.
const BATCH_BYTES: usize = 16 << 20;

/// How far a stream has been followed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Position {
    /// Up to this message of the stream everything is in the pool.
    applied: u64,
    /// Up to this one they are being written together.
    pending: Option<u64>,
}

/// Follows a subject.
pub(in crate::sources) struct NatsFollower<'a> {
    connection: Connection,
    consumer: PullConsumer,
    changes: Changes<'a>,
    keys: Keys,
    name: String,
    position: Position,
    batch: usize,
}

/// Messages in the order of the stream.
struct Gathered {
    messages: Vec<(u64, Message)>,
}

impl<'a> NatsFollower<'a> {
    pub(in crate::sources) fn open(
        pool: &'a Arc<Pool>,
        table: &'a Arc<Table>,
        source: &NatsSource,
        name: String,
    ) -> Result<Self, Error> {
        let position: Position = state::load(pool, &name)?;
        let connection = Connection::open(&source.url)?;
        let config = Config {
            durable_name: Some(source.consumer()),
            filter_subject: source.subject.clone(),
            ack_policy: AckPolicy::All,
            deliver_policy: match position.applied {
                0 => DeliverPolicy::All,
                applied => DeliverPolicy::ByStartSequence {
                    start_sequence: applied + 1,
                },
            },
            max_ack_pending: i64::from(source.batch) * 2,
            ..Config::default()
        };
        let consumer = connection.wait("make the consumer", async {
            let explained = |error: &dyn std::fmt::Display| error.to_string();
            let stream = connection
                .stream
                .get_stream(&source.stream)
                .await
                .map_err(|error| explained(&error))?;
            // Where it stood is the server's business; where to begin is ours.
            let _ = stream.delete_consumer(&source.consumer()).await;
            stream
                .create_consumer(config)
                .await
                .map_err(|error| explained(&error))
        })?;
        Ok(Self {
            changes: Changes::of(
                pool,
                table,
                connection.server.clone(),
                offset(source.zone.as_ref()),
            )?,
            keys: Keys::of(table),
            batch: source.batch as usize,
            connection,
            consumer,
            name,
            position,
        })
    }

    /// The messages that come next; those of a batch that was not finished, if there is one.
    fn gather(&self) -> Result<Gathered, Error> {
        let mut messages: Vec<(u64, Message)> = Vec::new();
        let mut bytes = 0;
        loop {
            let (wanted, wait) = match self.position.pending {
                Some(_) => (self.batch, RETURN),
                None => (self.batch.saturating_sub(messages.len()), GATHER),
            };
            let fetched = self.connection.wait("fetch messages", async {
                let fetch = self
                    .consumer
                    .fetch()
                    .max_messages(wanted)
                    .max_bytes(BATCH_BYTES)
                    .expires(wait);
                let mut fetched = Vec::new();
                let mut stream = fetch.messages().await.map_err(|error| error.to_string())?;
                while let Some(message) = stream.next().await {
                    let message = message.map_err(|error| error.to_string())?;
                    let sequence = message
                        .info()
                        .map_err(|error| error.to_string())?
                        .stream_sequence;
                    fetched.push((sequence, message));
                }
                Ok::<_, String>(fetched)
            })?;
            let count = fetched.len();
            for (sequence, message) in fetched {
                // What comes a second time because an acknowledgement was late is known by its number.
                if sequence
                    > messages
                        .last()
                        .map_or(self.position.applied, |(last, _)| *last)
                {
                    bytes += message.payload.len();
                    messages.push((sequence, message));
                }
            }
            let there = self
                .position
                .pending
                .is_none_or(|last| messages.last().is_some_and(|(at, _)| *at >= last));
            let full = self.position.pending.is_none()
                && (messages.len() >= self.batch || bytes >= BATCH_BYTES);
            if count == 0 || there || full {
                break;
            }
        }
        if let Some(last) = self.position.pending {
            messages.retain(|(sequence, _)| *sequence <= last);
        }
        Ok(Gathered { messages })
    }

    fn raw(&self, run: &[(u64, Message)]) -> Raw {
        let mut text = Vec::new();
        let mut block = TextBlock::default();
        for (_, message) in run {
            for line in message.payload.split(|byte| *byte == b'\n') {
                if !line.iter().all(u8::is_ascii_whitespace) {
                    let from = text.len() as u32;
                    text.extend_from_slice(line);
                    block.spans.push((from, text.len() as u32));
                    block.lines.push(block.lines.len() as u64 + 1);
                    text.push(b'\n');
                }
            }
        }
        block.text = Bytes::from(text);
        self.keys.read(self.changes.table, &block)
    }

    fn note(&mut self, position: Position) -> Result<(), Error> {
        state::save(self.changes.pool, &self.name, &position)?;
        self.position = position;
        Ok(())
    }
}

impl Follower for NatsFollower<'_> {
    fn step(&mut self) -> Result<Step, Error> {
        let gathered = self.gather()?;
        let (Some((first, _)), Some((last, newest))) =
            (gathered.messages.first(), gathered.messages.last())
        else {
            // A batch that was to be finished and whose messages the stream has dropped since.
            if self.position.pending.is_some() {
                self.note(Position {
                    pending: None,
                    ..self.position.clone()
                })?;
            }
            return Ok(Step {
                counts: Counts::default(),
                more: false,
            });
        };
        let (first, last) = (*first, *last);
        self.note(Position {
            pending: Some(last),
            ..self.position.clone()
        })?;
        let mut counts = Counts::default();
        let nothing = Raw {
            columns: vec![None; self.changes.table.definition.fields.len()],
            ..Raw::default()
        };
        for (at, (deletes, run)) in runs(&gathered).into_iter().enumerate() {
            let raw = self.raw(run);
            let name = format!("{}/{first}-{last}/{at}", self.name);
            let (upserts, deletes) = if deletes {
                (&nothing, &raw)
            } else {
                (&raw, &nothing)
            };
            counts.add(&self.changes.write(upserts, deletes, &name)?);
        }
        self.note(Position {
            applied: last,
            pending: None,
        })?;
        self.connection
            .wait("acknowledge messages", newest.ack_with(AckKind::Ack))?;
        Ok(Step {
            counts,
            more: gathered.messages.len() >= self.batch,
        })
    }
}

/// Messages that do the same, one after another.
fn runs(gathered: &Gathered) -> Vec<(bool, &[(u64, Message)])> {
    let deletes = |(_, message): &(u64, Message)| {
        let headers = message.headers.as_ref();
        headers
            .and_then(|headers| headers.get(OPERATION))
            .is_some_and(|word| word.as_str() == "delete")
    };
    let runs = gathered.messages.chunk_by(|a, b| deletes(a) == deletes(b));
    runs.filter_map(|run| Some((deletes(run.first()?), run)))
        .collect()
}
