//! The bounded queue between callers and the threads that write: a group takes all that waits.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::hash::Hash;
use crate::log::Receipt;
use crate::ticket::Promise;

/// Most bytes of entries in one group: one write, one sync.
const GROUP_BYTES_MAX: usize = 8 << 20;

/// Who is told where the entries went.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The caller of `append`.
    One(Promise<Receipt>),
    /// The caller of `append_many`.
    Many(Promise<Vec<Receipt>>),
}

impl Answer {
    /// Tells it.
    pub(crate) fn resolve(self, first: u64, leaves: &[Hash]) {
        let receipt = |(place, leaf): (u64, &Hash)| Receipt {
            index: first + place,
            leaf_hash: *leaf,
        };
        let mut receipts = (0..).zip(leaves).map(receipt);
        match self {
            Self::One(promise) => promise.resolve(receipts.next().ok_or(Error::Closed)),
            Self::Many(promise) => promise.resolve(Ok(receipts.collect())),
        }
    }

    /// Tells it that nothing was stored.
    pub(crate) fn refuse(self, error: Error) {
        match self {
            Self::One(promise) => promise.resolve(Err(error)),
            Self::Many(promise) => promise.resolve(Err(error)),
        }
    }
}

/// Entries that become durable together.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) leaves: Vec<Hash>,
    pub(crate) answer: Answer,
}

impl Request {
    fn bytes(&self) -> usize {
        self.entries.iter().map(Vec::len).sum()
    }
}

#[derive(Debug, Default)]
struct Waiting {
    requests: Vec<Request>,
    entries: usize,
    closed: bool,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    news: Condvar,
    room: Condvar,
    entries_max: usize,
}

impl Queue {
    /// A queue that holds so many entries.
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            news: Condvar::new(),
            room: Condvar::new(),
            entries_max,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Every change leaves a whole queue, so a panic elsewhere has not broken it.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request at the end, or refuses it when there is no room. With `wait`, waits for
    /// room.
    pub(crate) fn push(&self, request: Request, wait: bool) {
        let mut waiting = self.waiting();
        let count = request.entries.len();
        // A request larger than the queue goes alone.
        while !waiting.closed && waiting.entries > 0 && waiting.entries + count > self.entries_max {
            if !wait {
                let error = Error::Busy {
                    waiting: waiting.entries,
                    most: self.entries_max,
                };
                drop(waiting);
                return request.answer.refuse(error);
            }
            waiting = self
                .room
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.closed {
            drop(waiting);
            return request.answer.refuse(Error::Closed);
        }
        let was_empty = waiting.requests.is_empty();
        waiting.entries += count;
        waiting.requests.push(request);
        drop(waiting);
        if was_empty {
            self.news.notify_one();
        }
    }

    /// All that waits, or as much of it as makes a group; waits until there is something. `None`
    /// once the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<Vec<Request>> {
        let mut waiting = self.waiting();
        while waiting.requests.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting = self
                .news
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let mut bytes = 0;
        let mut count = 0;
        for request in &waiting.requests {
            bytes += request.bytes();
            if count > 0 && bytes > GROUP_BYTES_MAX {
                break;
            }
            count += 1;
        }
        let group = if count == waiting.requests.len() {
            std::mem::take(&mut waiting.requests)
        } else {
            waiting.requests.drain(..count).collect()
        };
        let entries: usize = group.iter().map(|request| request.entries.len()).sum();
        waiting.entries -= entries;
        drop(waiting);
        self.room.notify_all();
        Some(group)
    }

    /// Takes no more; what waits is still written.
    pub(crate) fn close(&self) {
        self.waiting().closed = true;
        self.news.notify_all();
        self.room.notify_all();
    }
}
