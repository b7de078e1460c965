//! Messages of a subject for somebody who keeps what they say in memory only, as the congestion
//! index does: in the order of the stream, acknowledged once they are taken, and read again after a
//! start, so that what was in memory before is there again.
//!
//! Order matters: of a vehicle's positions, one that comes after a newer one counts as repeated.
//! What was delivered and not acknowledged would be delivered again only after [`ACK_WAIT`], behind
//! newer messages. So the durable consumer is made anew behind what was acknowledged, as for the
//! pool's records. Where that would lose messages (in a stream that keeps them only as long as
//! somebody waits for them) that part is read with a consumer of its own first ([`Pass`]), and so is
//! what was acknowledged and is wanted once more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use async_nats::jetstream::stream::{self, RetentionPolicy, Stream};
use async_nats::{ConnectOptions, Event};
use futures::{FutureExt, TryFutureExt};

use super::connect::Connection;
use super::gather::{BATCH, GATHER, Received, fetch, gather};
use crate::ingest::Error;

/// Waits this long for messages that are known to be there.
const RETURN: Duration = Duration::from_secs(10);
/// Messages of a plain subject that wait to be handed out; more are lost, and counted.
const WAITING_MAX: usize = 4_096;
/// The server delivers again what is not acknowledged in this time.
const ACK_WAIT: Duration = Duration::from_mins(2);
/// Messages that may wait for their acknowledgement: two batches.
const UNACKNOWLEDGED_MAX: i64 = 2_000;
/// The server forgets a consumer of a pass that nobody has asked for so long.
const PASS_IDLE: Duration = Duration::from_mins(5);
/// Bounds of a stream that is made: the oldest messages go first.
const STREAM_BYTES_MAX: i64 = 2 << 30;
/// As above.
const STREAM_AGE_MAX: Duration = Duration::from_hours(24);

/// What is listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// `nats://host:4222`, or `tls://…`.
    pub url: String,
    /// The subject; wildcards are allowed.
    pub subject: String,
    /// The stream that keeps its messages. Without one messages are lost that come while nobody
    /// listens, or faster than they are taken.
    pub durable: Option<Durable>,
}

/// A stream, and how far it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durable {
    /// The stream, which is made if it is not there.
    pub stream: String,
    /// The consumer by which the server remembers how far it was taken; made if it is not there.
    pub consumer: String,
    /// How much of what was acknowledged before is read again at the start.
    pub replay: Duration,
}

impl Subscription {
    /// The server's address, without a password.
    pub fn server(&self) -> String {
        crate::sources::definition::without_password(&self.url)
    }
}

/// Listens.
pub struct Subscriber {
    form: Form,
    interrupted: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
    /// Last, so that its runtime outlives what uses it.
    connection: Connection,
}

enum Form {
    Plain(async_nats::Subscriber),
    Kept(Box<Kept>),
}

/// A stream that is listened to.
struct Kept {
    stream: Stream,
    subject: String,
    passes: VecDeque<Pass>,
    consumer: PullConsumer,
}

/// A part of the stream that is read before what is new.
struct Pass {
    from: DeliverPolicy,
    until: u64,
    /// Its consumer, and how many messages that has still to give.
    open: Option<(PullConsumer, u64)>,
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscriber")
            .field("server", &self.connection.server)
            .finish_non_exhaustive()
    }
}

impl Subscriber {
    /// Connects. `begins` says that what was taken before is gone from memory, as when the process
    /// has just started.
    ///
    /// # Errors
    /// When the server is away or refuses.
    pub fn open(subscription: &Subscription, begins: bool) -> Result<Self, Error> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let dropped = Arc::new(AtomicU64::new(0));
        let seen = (Arc::clone(&interrupted), Arc::clone(&dropped));
        let options = ConnectOptions::new()
            .subscription_capacity(WAITING_MAX)
            .event_callback(move |event| {
                match event {
                    Event::Disconnected => seen.0.store(true, Ordering::Relaxed),
                    Event::SlowConsumer(_) => {
                        seen.1.fetch_add(1, Ordering::Relaxed);
                    }
                    _ => {}
                }
                std::future::ready(())
            });
        let connection = Connection::open_with(&subscription.url, options)?;
        let subject = subscription.subject.clone();
        let form = match &subscription.durable {
            None => Form::Plain(connection.wait(
                "listen to the subject",
                connection.client.subscribe(subject),
            )?),
            Some(durable) => connection.wait(
                "listen to the stream",
                Kept::open(&connection.stream, subject, durable, begins).map_ok(Form::Kept),
            )?,
        };
        Ok(Self {
            form,
            interrupted,
            dropped,
            connection,
        })
    }

    /// The messages that come next; none when none has come for a moment.
    ///
    /// # Errors
    /// When the server is away or refuses: then it is to be opened anew, which leaves nothing out.
    pub fn receive(&mut self) -> Result<Vec<Received>, Error> {
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        if let Form::Plain(subscriber) = &mut self.form {
            let gathered = gather(subscriber).map(Ok::<_, String>);
            let gathered = self.connection.wait("listen", gathered)?;
            if !gathered.is_empty() || !interrupted {
                return Ok(gathered);
            }
        }
        match &mut self.form {
            Form::Kept(kept) if !interrupted => {
                self.connection.wait("fetch messages", kept.receive())
            }
            Form::Kept(_) | Form::Plain(_) => {
                let lost = Err("the connection was lost");
                self.connection.wait("listen", std::future::ready(lost))
            }
        }
    }

    /// Says that these messages are taken: they do not come again.
    ///
    /// # Errors
    /// When the server does not confirm it; then they come again.
    pub fn acknowledge(&self, messages: &[Received]) -> Result<(), Error> {
        let mut kept = messages.iter().filter_map(|one| one.message.as_ref());
        let Some(last) = kept.next_back() else {
            return Ok(());
        };
        self.connection.wait("acknowledge messages", async {
            for message in kept {
                message.ack().await?;
            }
            // The server takes them in order: with the last all are confirmed.
            last.double_ack().await
        })
    }

    /// How many messages of a plain subject were lost since they came faster than they were taken.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Whether something that was delivered before is still to be read again.
    pub fn is_behind(&self) -> bool {
        matches!(&self.form, Form::Kept(kept) if !kept.passes.is_empty())
    }
}

impl Kept {
    /// The stream and its durable consumer, and what is read before.
    async fn open(
        context: &Context,
        subject: String,
        durable: &Durable,
        begins: bool,
    ) -> Result<Box<Self>, String> {
        let explained = |error: &dyn std::fmt::Display| error.to_string();
        let config = stream::Config {
            name: durable.stream.clone(),
            subjects: vec![subject.clone()],
            max_bytes: STREAM_BYTES_MAX,
            max_age: STREAM_AGE_MAX,
            ..stream::Config::default()
        };
        let stream = context.get_or_create_stream(config).await;
        let stream = stream.map_err(|error| format!("the stream {}: {error}", durable.stream))?;
        let info = stream.get_info().await.map_err(|error| explained(&error))?;
        let (consumer, taken, delivered) =
            durable_consumer(&stream, &info, &subject, durable).await?;
        let mut passes = VecDeque::new();
        let keeps_all = info.config.retention == RetentionPolicy::Limits;
        if begins && keeps_all && taken > 0 && info.state.messages > 0 && !durable.replay.is_zero()
        {
            passes.push_back(Pass {
                from: DeliverPolicy::ByStartTime {
                    start_time: info.state.last_timestamp - durable.replay,
                },
                until: taken,
                open: None,
            });
        }
        if delivered > taken {
            passes.push_back(Pass {
                from: DeliverPolicy::ByStartSequence {
                    start_sequence: taken + 1,
                },
                until: delivered,
                open: None,
            });
        }
        Ok(Box::new(Self {
            stream,
            subject,
            passes,
            consumer,
        }))
    }

    /// The messages that come next.
    async fn receive(&mut self) -> Result<Vec<Received>, String> {
        while let Some(pass) = self.passes.front_mut() {
            let (messages, over) = pass.read(&self.stream, &self.subject).await?;
            if over {
                self.passes.pop_front();
            }
            if !messages.is_empty() {
                return Ok(messages);
            }
        }
        fetch(&self.consumer, BATCH, GATHER).await
    }
}

/// The durable consumer; up to which message of the stream everything is acknowledged, and up to
/// which one it goes on behind.
async fn durable_consumer(
    stream: &Stream,
    info: &stream::Info,
    subject: &str,
    durable: &Durable,
) -> Result<(PullConsumer, u64, u64), String> {
    let name = &durable.consumer;
    let create = async |deliver_policy| {
        let config = Config {
            durable_name: Some(name.clone()),
            filter_subject: subject.to_owned(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: UNACKNOWLEDGED_MAX,
            deliver_policy,
            ..Config::default()
        };
        let consumer = stream.create_consumer(config).await;
        consumer.map_err(|error| format!("the consumer {name}: {error}"))
    };
    let Ok(known) = stream.get_consumer::<Config>(name).await else {
        return Ok((create(DeliverPolicy::All).await?, 0, 0));
    };
    let consumer = known.cached_info();
    if consumer.config.filter_subject != subject {
        return Err(format!(
            "the consumer {name} of the stream {} listens to {}, not to {subject}: name another consumer, or delete this one",
            durable.stream, consumer.config.filter_subject
        ));
    }
    let (taken, delivered) = (
        consumer.ack_floor.stream_sequence,
        consumer.delivered.stream_sequence,
    );
    let from = match info.config.retention {
        _ if delivered <= taken => return Ok((known, taken, taken)),
        RetentionPolicy::Interest => return Ok((known, taken, delivered)),
        RetentionPolicy::WorkQueue => DeliverPolicy::All, // it has no others any more
        RetentionPolicy::Limits => DeliverPolicy::ByStartSequence {
            start_sequence: taken + 1,
        },
    };
    let deleted = stream.delete_consumer(name).await;
    deleted.map_err(|error| format!("the consumer {name}: {error}"))?;
    Ok((create(from).await?, taken, taken))
}

impl Pass {
    /// The next messages of it, and whether it is at its end.
    async fn read(
        &mut self,
        stream: &Stream,
        subject: &str,
    ) -> Result<(Vec<Received>, bool), String> {
        if self.open.is_none() {
            let config = Config {
                filter_subject: subject.to_owned(),
                ack_policy: AckPolicy::None,
                deliver_policy: self.from,
                inactive_threshold: PASS_IDLE,
                ..Config::default()
            };
            let consumer = stream.create_consumer(config).await;
            let consumer = consumer.map_err(|error| error.to_string())?;
            let left = consumer.cached_info().num_pending;
            self.open = Some((consumer, left));
        }
        let Some((consumer, left)) = &mut self.open else {
            return Ok((Vec::new(), true));
        };
        if *left == 0 {
            return Ok((Vec::new(), true));
        }
        let most = BATCH.min(usize::try_from(*left).unwrap_or(BATCH));
        let mut messages = fetch(consumer, most, RETURN).await?;
        *left = left.saturating_sub(messages.len() as u64);
        let last = messages.last().and_then(|last| last.sequence);
        let over = *left == 0 || last.is_none_or(|last| last >= self.until);
        messages.retain(|one| one.sequence.is_some_and(|at| at <= self.until));
        for one in &mut messages {
            one.message = None; // this consumer waits for no acknowledgement
        }
        Ok((messages, over))
    }
}
