//! The one thread that commits: takes what waits, makes all of it durable at once, applies it,
//! and answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use arrow::array::{BooleanArray, RecordBatch};
use tokio::sync::watch;

use super::replay::{note_replaced, replay};
use crate::clock::Moment;
use crate::codec::TableCodec;
use crate::error::Error;
use crate::pool::{Inner, Receipt};
use crate::sql::Transaction;
use crate::state::{Change, Failure};
use crate::values;

/// Most writes of one commit.
const GROUP_MAX: usize = 512;
/// Writes of more bytes than this together are not grouped.
const GROUP_BYTES: usize = 32 << 20;

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rows, as Arrow IPC.
    Batch,
    /// Names of files.
    Files,
}

impl Kind {
    fn number(self) -> i64 {
        match self {
            Self::Batch => 1,
            Self::Files => 2,
        }
    }

    pub(crate) fn of(number: i64) -> Result<Self, Error> {
        match number {
            1 => Ok(Self::Batch),
            2 => Ok(Self::Files),
            other => Err(Error::garbled("an entry", format!("kind {other}"))),
        }
    }
}

/// A write, ready to be committed.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) codec: Arc<TableCodec>,
    pub(crate) batch: RecordBatch,
    pub(crate) deletes: Option<BooleanArray>,
    pub(crate) rows: Arc<Vec<u32>>,
    pub(crate) doubled: u64,
    pub(crate) source: String,
    /// Idempotency key and hash of the content.
    pub(crate) key: Option<(String, [u8; 16])>,
    pub(crate) kind: Kind,
    pub(crate) payload: Vec<u8>,
    /// When; the time of the commit if left out.
    pub(crate) at: Option<Moment>,
    /// Rows that had another subject before, if the sender has looked; else the committer looks.
    pub(crate) moved: Option<Arc<Vec<(u32, String)>>>,
}

/// Where the answer goes.
pub(crate) type Reply<T> = SyncSender<Result<T, Error>>;

/// What the committer is asked.
#[derive(Debug)]
pub(crate) enum Message {
    /// To commit a write.
    Write(Box<Draft>, Reply<Receipt>),
    /// That a load, which was committed, has been applied, and how many records it found.
    Loaded(u64, u64, Reply<()>),
    /// That a load, which was committed, could not be applied, and why.
    LoadFailed(u64, String),
    /// To note in every part of the state that it has all entries; the answer is the last one.
    Note(Reply<u64>),
    /// To end.
    Stop,
}

/// The committer.
#[derive(Debug)]
pub(crate) struct Committer {
    inner: Arc<Inner>,
    head: u64,
    newest: watch::Sender<u64>,
    /// Why keyed state lacks entries that are in the outbox, if it does.
    behind: Option<String>,
    /// Loads that are committed and being applied by their senders.
    loading: BTreeSet<u64>,
    /// Those of them that failed.
    failed: Vec<u64>,
}

type Waiting = (Box<Draft>, Reply<Receipt>);

impl Committer {
    /// `head` is the last entry, applied.
    pub(crate) fn new(inner: Arc<Inner>, head: u64, newest: watch::Sender<u64>) -> Self {
        Self {
            inner,
            head,
            newest,
            behind: None,
            loading: BTreeSet::new(),
            failed: Vec::new(),
        }
    }

    /// Commits until it is told to stop, or nobody is left to tell it.
    pub(crate) fn run(mut self, messages: &Receiver<Message>) {
        let mut left_over = None;
        while let Some(message) = left_over.take().or_else(|| messages.recv().ok()) {
            match message {
                Message::Stop => break,
                Message::Note(reply) => {
                    let noted = self.catch_up().and_then(|()| {
                        let applied = self.applied();
                        self.inner.state.note(applied).map(|()| applied)
                    });
                    drop(reply.send(noted));
                }
                Message::Loaded(seq, replaced, reply) => {
                    drop(reply.send(self.loaded(seq, replaced)));
                }
                Message::LoadFailed(seq, detail) => self.load_failed(seq, detail),
                Message::Write(draft, reply) => {
                    let mut group = vec![(draft, reply)];
                    while let Ok(message) = messages.try_recv() {
                        match message {
                            Message::Write(draft, reply) if fits(&group, &draft) => {
                                group.push((draft, reply));
                            }
                            other => {
                                left_over = Some(other);
                                break;
                            }
                        }
                    }
                    self.commit(group);
                }
            }
        }
    }

    /// Applies what an earlier fault left unapplied.
    fn catch_up(&mut self) -> Result<(), Error> {
        if self.behind.is_some() {
            self.head = replay(&self.inner)?;
            self.behind = None;
            for seq in self.failed.drain(..) {
                self.loading.remove(&seq);
            }
            self.tell();
        }
        Ok(())
    }

    /// The entries up to this one have been applied.
    fn applied(&self) -> u64 {
        self.loading.first().map_or(self.head, |oldest| oldest - 1)
    }

    fn tell(&self) {
        let applied = self.applied();
        self.newest.send_if_modified(|newest| {
            let later = applied > *newest;
            *newest = applied.max(*newest);
            later
        });
    }

    fn loaded(&mut self, seq: u64, replaced: u64) -> Result<(), Error> {
        if let Err(error) = note_replaced(&self.inner, seq, replaced) {
            let detail = error.chain();
            self.load_failed(seq, detail.clone());
            return Err(Error::Unapplied(detail));
        }
        self.loading.remove(&seq);
        self.tell();
        Ok(())
    }

    fn load_failed(&mut self, seq: u64, detail: String) {
        tracing::error!(seq, %detail, "a load could not be applied; keyed state will be brought up to the outbox");
        self.behind = Some(detail);
        self.failed.push(seq);
    }

    fn commit(&mut self, group: Vec<Waiting>) {
        if self.catch_up().is_err() {
            let detail = self.behind.clone().unwrap_or_default();
            for (_, reply) in group {
                drop(reply.send(Err(Error::Stopped(format!(
                    "keyed state is behind the outbox: {detail}"
                )))));
            }
            return;
        }
        let mut fresh: Vec<Waiting> = Vec::new();
        for (draft, reply) in group {
            match self.receipt_before(&draft) {
                Ok(None) => fresh.push((draft, reply)),
                Ok(Some(receipt)) => drop(reply.send(Ok(receipt))),
                Err(error) => drop(reply.send(Err(error))),
            }
        }
        if fresh.is_empty() {
            return;
        }
        let drafts: Vec<&Draft> = fresh.iter().map(|(draft, _)| draft.as_ref()).collect();
        match self.commit_all(&drafts) {
            Ok(receipts) => {
                for ((_, reply), receipt) in fresh.iter().zip(receipts) {
                    drop(reply.send(Ok(receipt)));
                }
            }
            // One by one, so that each has its own fate.
            Err(Failure::Outbox(_)) if fresh.len() > 1 => {
                for one in fresh {
                    self.commit(vec![one]);
                }
            }
            Err(Failure::Outbox(error)) => {
                if let Some((_, reply)) = fresh.into_iter().next() {
                    drop(reply.send(Err(error)));
                }
            }
            Err(Failure::State(error)) => {
                let detail = error.chain();
                tracing::error!(
                    error = detail,
                    "keyed state could not be written; it will be brought up to the outbox"
                );
                self.behind = Some(detail.clone());
                for (_, reply) in fresh {
                    drop(reply.send(Err(Error::Unapplied(detail.clone()))));
                }
            }
        }
    }

    /// The receipt of an earlier write with the same idempotency key.
    fn receipt_before(&self, draft: &Draft) -> Result<Option<Receipt>, Error> {
        draft
            .key
            .as_ref()
            .map_or(Ok(None), |key| self.inner.receipt_of(key))
    }

    fn commit_all(&mut self, drafts: &[&Draft]) -> Result<Vec<Receipt>, Failure> {
        let mut changes = Vec::with_capacity(drafts.len());
        let mut last_at = self.inner.last_at();
        for (seq, draft) in (self.head + 1..).zip(drafts) {
            // A load's files say since when its records are in force.
            let at = draft
                .at
                .unwrap_or_else(|| last_at.max(self.inner.clock.now()));
            last_at = last_at.max(at);
            changes.push(self.change(seq, at, draft).map_err(Failure::Outbox)?);
        }
        let head = self.head + drafts.len() as u64;
        let mut insert = |tx: &mut Transaction<'_>| {
            for (draft, change) in drafts.iter().zip(&changes) {
                insert(tx, draft, change)?;
            }
            let head = values![head, last_at];
            tx.execute("UPDATE outbox_head SET seq = $1, at_us = $2", &head)?;
            Ok(())
        };
        // A load is alone in its group.
        let apart = self.inner.state.loads_apart() && changes.iter().any(|change| change.bulk);
        let now: &[Change] = if apart { &[] } else { &changes };
        let done = self.inner.state.commit(&self.inner.meta, &mut insert, now);
        if !matches!(done, Err(Failure::Outbox(_))) {
            self.head = head;
            self.inner.note_last_at(last_at);
            let bytes = drafts.iter().map(|draft| draft.payload.len() as u64);
            self.inner.add_bytes(bytes.sum());
        }
        let replaced = done?;
        if apart {
            self.loading.insert(head);
        }
        let receipt = |(at, (change, draft)): (usize, (&Change, &&Draft))| Receipt {
            seq: change.seq,
            rows: change.rows.len() as u64,
            replaced: replaced.get(at).copied().unwrap_or(0),
            doubled: draft.doubled,
            repeated: false,
        };
        let both = changes.iter().zip(drafts).enumerate();
        let receipts: Vec<Receipt> = both.map(receipt).collect();
        for (receipt, draft) in receipts.iter().zip(drafts).filter(|_| !apart) {
            if draft.kind == Kind::Files || (draft.key.is_some() && receipt.replaced > 0) {
                let (seq, replaced) = (receipt.seq, receipt.replaced);
                note_replaced(&self.inner, seq, replaced).map_err(Failure::State)?;
            }
        }
        self.tell();
        Ok(receipts)
    }

    fn change(&self, seq: u64, at: Moment, draft: &Draft) -> Result<Change, Error> {
        let mut change = Change {
            seq,
            at,
            codec: Arc::clone(&draft.codec),
            batch: draft.batch.clone(),
            deletes: draft.deletes.clone(),
            rows: Arc::clone(&draft.rows),
            moved: draft.moved.clone().unwrap_or_default(),
            bulk: draft.kind == Kind::Files,
        };
        if draft.moved.is_none() && !draft.codec.table.key_begins_with_subject() {
            change.moved = Arc::new(self.inner.state.moved(&change)?);
        }
        Ok(change)
    }
}

/// Whether a write can be committed together with those before it.
fn fits(group: &[Waiting], draft: &Draft) -> bool {
    let bytes: usize = group.iter().map(|(other, _)| other.payload.len()).sum();
    let small = group.len() < GROUP_MAX && bytes + draft.payload.len() <= GROUP_BYTES;
    let apart = |other: &Draft| {
        // Where a record was before is looked up before the group is applied, and so are keys.
        let same_table = other.codec.table.id == draft.codec.table.id;
        let same_key = other
            .key
            .as_ref()
            .zip(draft.key.as_ref())
            .is_some_and(|(one, other)| one.0 == other.0);
        (!same_table || draft.codec.table.key_begins_with_subject())
            && !same_key
            && other.kind == Kind::Batch
    };
    small && draft.kind == Kind::Batch && group.iter().all(|(other, _)| apart(other))
}

fn insert(tx: &mut Transaction<'_>, draft: &Draft, change: &Change) -> Result<(), Error> {
    let moved = if change.moved.is_empty() {
        None
    } else {
        Some(
            serde_json::to_vec(change.moved.as_ref())
                .map_err(|fault| Error::garbled("an entry", fault))?,
        )
    };
    tx.execute(
        "INSERT INTO outbox (seq, tab, at_us, source, kind, payload, moved, row_count, byte_count)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &values![
            change.seq,
            change.codec.table.id.0,
            change.at,
            &draft.source,
            draft.kind.number(),
            draft.payload.as_slice(),
            moved,
            change.rows.len(),
            draft.payload.len(),
        ],
    )?;
    if let Some((key, content)) = &draft.key {
        tx.execute(
            "INSERT INTO idempotency (key, content, seq, row_count, replaced, doubled, at_us) VALUES ($1, $2, $3, $4, 0, $5, $6)",
            &values![key, content.as_slice(), change.seq, change.rows.len(), draft.doubled, change.at],
        )?;
    }
    Ok(())
}
