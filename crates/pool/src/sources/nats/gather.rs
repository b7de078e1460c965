//! Messages that come together: of a consumer as many as are asked for, of a plain subject what is
//! there.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::PullConsumer;
use bytes::Bytes;
use futures::{FutureExt, StreamExt};

/// Waits this long for messages to come together.
pub(super) const GATHER: Duration = Duration::from_millis(300);
/// Most messages that are handed out together.
pub(super) const BATCH: usize = 1_000;
/// Most bytes of them, unless a single one is larger.
const BATCH_BYTES: usize = 8 << 20;
/// How a server says that the next message is larger than what was asked for.
const TOO_LARGE: &str = "MaxBytes";

/// A message.
#[derive(Debug)]
pub struct Received {
    /// Its number in the stream, if it is of one.
    pub sequence: Option<u64>,
    /// What it says.
    pub body: Bytes,
    /// What is acknowledged.
    pub(super) message: Option<Message>,
}

/// So many messages of a consumer, or what has come of them after a while.
pub(super) async fn fetch(
    consumer: &PullConsumer,
    most: usize,
    wait: Duration,
) -> Result<Vec<Received>, String> {
    match fetch_within(consumer, most, BATCH_BYTES, wait).await {
        Err(error) if error.contains(TOO_LARGE) => fetch_within(consumer, 1, 0, wait).await,
        fetched => fetched,
    }
}

/// The same, of so many bytes; of any size for 0.
async fn fetch_within(
    consumer: &PullConsumer,
    most: usize,
    bytes: usize,
    wait: Duration,
) -> Result<Vec<Received>, String> {
    let fetch = consumer.fetch().max_messages(most).max_bytes(bytes);
    let mut stream = fetch
        .expires(wait)
        .messages()
        .await
        .map_err(|error| error.to_string())?;
    let mut fetched = Vec::new();
    while let Some(message) = stream.next().await {
        match message {
            Ok(message) => {
                let info = message.info().map_err(|error| error.to_string())?;
                fetched.push(Received {
                    sequence: Some(info.stream_sequence),
                    body: message.payload.clone(),
                    message: Some(message),
                });
            }
            // What has come is handed out; the error is back with the next call.
            Err(_) if !fetched.is_empty() => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(fetched)
}

/// What a plain subject has brought.
pub(super) async fn gather(subscriber: &mut async_nats::Subscriber) -> Vec<Received> {
    let mut gathered = Vec::new();
    let mut bytes = 0;
    let mut next = tokio::time::timeout(GATHER, subscriber.next())
        .await
        .ok()
        .flatten();
    while let Some(message) = next.take() {
        bytes += message.payload.len();
        gathered.push(Received {
            sequence: None,
            body: message.payload,
            message: None,
        });
        if gathered.len() < BATCH && bytes < BATCH_BYTES {
            next = subscriber.next().now_or_never().flatten();
        }
    }
    gathered
}
