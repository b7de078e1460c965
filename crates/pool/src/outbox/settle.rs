//! Makes keyed state durable in its own files now and then, and trims the outbox after that.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::committer::Message;
use crate::error::Error;
use crate::pool::Inner;
use crate::values;

/// How often.
const EVERY: Duration = Duration::from_secs(5);
/// Entries trimmed in one transaction, so that writes never wait long.
const TRIM: u64 = 500;
const DAY_US: i64 = 86_400_000_000;

/// The thread that settles now and then.
#[derive(Debug)]
pub(crate) struct Settler {
    inner: Arc<Inner>,
    committer: SyncSender<Message>,
}

impl Settler {
    pub(crate) fn new(inner: Arc<Inner>, committer: SyncSender<Message>) -> Self {
        Self { inner, committer }
    }

    /// Settles until it is told to stop.
    pub(crate) fn run(&self, stop: &Receiver<()>) {
        let mut settled = 0;
        while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(EVERY) {
            match settle(&self.inner, &self.committer, settled) {
                Ok(seq) => settled = seq,
                Err(error) => {
                    tracing::error!(%error, "keyed state could not be settled; trying again");
                }
            }
        }
    }
}

/// Settles; nothing has to be synced if `settled` is still the last entry. Says which is.
pub(crate) fn settle(
    inner: &Inner,
    committer: &SyncSender<Message>,
    settled: u64,
) -> Result<u64, Error> {
    let stopped = || Error::Stopped("it is being closed".to_owned());
    let (reply, answer) = sync_channel(1);
    committer
        .send(Message::Note(reply))
        .map_err(|_gone| stopped())?;
    let seq = answer.recv().map_err(|_gone| stopped())??;
    if seq > settled {
        inner
            .options
            .faults
            .pass("settle-before-sync")
            .map_err(Error::io("sync", "state"))?;
        inner.state.make_durable()?;
    }
    inner
        .options
        .faults
        .pass("settle-before-trim")
        .map_err(Error::io("write", "meta.sqlite"))?;
    trim(inner, seq)?;
    Ok(seq)
}

/// Removes entries up to `durable` that everybody has taken, or waited too long to take.
fn trim(inner: &Inner, durable: u64) -> Result<(), Error> {
    let now = inner.clock.now().0;
    let number = |sql: &str| -> Result<Option<u64>, Error> {
        inner
            .meta
            .query(sql, &[])?
            .first()
            .map_or(Ok(None), |row| row.get(0))
    };
    let history = number("SELECT seq FROM consumer WHERE name = 'history'")?.unwrap_or(0);
    let others =
        number("SELECT min(seq) FROM consumer WHERE name <> 'history'")?.unwrap_or(u64::MAX);
    let may_go = durable.min(history);
    let late = now - i64::from(inner.options.subscriber_days) * DAY_US;
    loop {
        let gone = inner.meta.query(
            "SELECT seq, byte_count FROM outbox WHERE seq <= $1 AND (seq <= $2 OR at_us < $3) ORDER BY seq LIMIT $4",
            &values![may_go, others, late, TRIM],
        )?;
        let Some(last) = gone.last() else { break };
        inner.meta.execute(
            "DELETE FROM outbox WHERE seq <= $1",
            &values![last.get::<u64>(0)?],
        )?;
        let bytes = gone
            .iter()
            .map(|row| row.get::<u64>(1))
            .sum::<Result<u64, _>>()?;
        inner.remove_bytes(bytes);
    }
    let forgotten = now - i64::from(inner.options.idempotency_days) * DAY_US;
    let old = inner.meta.query(
        "SELECT 1 FROM idempotency WHERE at_us < $1 LIMIT 1",
        &values![forgotten],
    )?;
    if !old.is_empty() {
        inner.meta.execute(
            "DELETE FROM idempotency WHERE at_us < $1",
            &values![forgotten],
        )?;
    }
    Ok(())
}
