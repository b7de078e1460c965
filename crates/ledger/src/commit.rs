//! Group commit: the threads that make entries durable. Each takes all that waits, writes it at
//! the end of the segment, syncs, and answers. While one syncs the next may write and sync after
//! it, so that no group waits for the disk twice.
//!
//! What fails is cut off again before anybody is told, so that a refused entry is not there; the
//! next group tries anew.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use crate::error::Error;
use crate::hash::Hash;
use crate::queue::{Answer, Queue, Request};
use crate::segment::{self, FRAME_BYTES, Segment};
use crate::storage::Storage;

/// Where the log ends on the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// The next entry's index.
    pub(crate) next: u64,
    /// Where its frame will begin in the segment.
    pub(crate) offset: u64,
    /// The checksum it runs on from.
    pub(crate) sum: u32,
}

/// A group that was written and is not yet known to be durable.
struct Group {
    end: End,
    answers: Vec<(u64, Vec<Hash>, Answer)>,
}

struct Tail {
    segment: Arc<Segment>,
    /// All before is durable.
    durable: End,
    /// All before is written.
    written: End,
    groups: VecDeque<Group>,
    /// Threads that sync just now.
    syncing: usize,
    /// Why a group failed: nothing is written before the end is mended.
    failed: Option<Failure>,
}

#[derive(Clone)]
struct Failure {
    what: String,
    error: Arc<io::Error>,
}

/// What became of a group that was taken from the queue.
enum Taken {
    /// It is written up to there; to be synced.
    Written(Arc<Segment>, End),
    /// It was refused.
    Refused,
    /// There was none, and there will be none.
    Closed,
}

/// Counts since the log was opened.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) groups: AtomicU64,
    pub(crate) refused: AtomicU64,
}

/// The end of the log, shared by those who write and those who read.
pub(crate) struct Committer {
    pub(crate) queue: Queue,
    pub(crate) counts: Counts,
    /// The segments that are there, in order; the last is written to.
    pub(crate) segments: RwLock<Vec<Arc<Segment>>>,
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    segment_bytes: u64,
    threads: usize,
    tail: Mutex<Tail>,
    /// Somebody has done syncing, or has mended the end.
    settled: Condvar,
    /// Held while a group is taken and written: groups are written in the order they were taken.
    turn: Mutex<()>,
    durable: AtomicU64,
    on_durable: Box<dyn Fn(u64) + Send + Sync>,
    on_refused: Box<dyn Fn(Option<&Error>) + Send + Sync>,
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Committer({} durable)", self.durable())
    }
}

/// What a committer begins with.
pub(crate) struct Start {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) folder: PathBuf,
    pub(crate) segment_bytes: u64,
    /// Threads that will run.
    pub(crate) threads: usize,
    pub(crate) queue_entries: usize,
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) end: End,
    /// Told the number of durable entries when it grows.
    pub(crate) on_durable: Box<dyn Fn(u64) + Send + Sync>,
    /// Told when a group was refused, and `None` when one has been stored again.
    pub(crate) on_refused: Box<dyn Fn(Option<&Error>) + Send + Sync>,
}

impl Committer {
    /// The committer of a log whose last segment is writable up to `end`.
    pub(crate) fn new(start: Start) -> Result<Self, Error> {
        let Some(last) = start.segments.last().cloned() else {
            return Err(Error::damaged(segment::FOLDER, "there is no segment"));
        };
        last.open_syncers(&*start.storage, start.threads)
            .map_err(|error| Error::file("open", last.path(), &error))?;
        Ok(Self {
            threads: start.threads,
            queue: Queue::new(start.queue_entries),
            counts: Counts::default(),
            segments: RwLock::new(start.segments),
            storage: start.storage,
            folder: start.folder,
            segment_bytes: start.segment_bytes,
            tail: Mutex::new(Tail {
                segment: last,
                durable: start.end,
                written: start.end,
                groups: VecDeque::new(),
                syncing: 0,
                failed: None,
            }),
            settled: Condvar::new(),
            turn: Mutex::new(()),
            durable: AtomicU64::new(start.end.next),
            on_durable: start.on_durable,
            on_refused: start.on_refused,
        })
    }

    /// Entries that are durable.
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, tail: MutexGuard<'a, Tail>) -> MutexGuard<'a, Tail> {
        self.settled
            .wait(tail)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes groups until the queue is closed and empty: the body of thread number `thread`.
    pub(crate) fn run(&self, thread: usize) {
        let mut buffer = Vec::new();
        loop {
            match self.write_next(&mut buffer) {
                Taken::Written(segment, target) => self.sync(thread, &segment, target),
                Taken::Refused => {}
                Taken::Closed => return,
            }
        }
    }

    /// Takes a group and writes it.
    fn write_next(&self, buffer: &mut Vec<u8>) -> Taken {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(requests) = self.queue.take() else {
            return Taken::Closed;
        };
        let mut tail = self.tail();
        // Whoever failed mends the end when the others have done syncing.
        while tail.failed.is_some() && tail.syncing > 0 {
            tail = self.wait(tail);
        }
        if tail.failed.is_some() && self.mend(&mut tail).is_err() {
            let error = self.refusal(tail.failed.as_ref());
            drop(tail);
            self.refuse(requests, &error);
            return Taken::Refused;
        }
        if tail.written.offset >= self.segment_bytes {
            tail = match self.roll(tail) {
                Ok(tail) => tail,
                Err(error) => {
                    self.refuse(requests, &error);
                    return Taken::Refused;
                }
            };
        }
        self.write(tail, requests, buffer)
    }

    fn write(
        &self,
        mut tail: MutexGuard<'_, Tail>,
        requests: Vec<Request>,
        buffer: &mut Vec<u8>,
    ) -> Taken {
        buffer.clear();
        let mut end = tail.written;
        let mut starts = Vec::new();
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            let first = end.next;
            for entry in &request.entries {
                starts.push(end.offset as u32);
                end.sum = segment::push_frame(buffer, end.sum, entry);
                end.offset += (FRAME_BYTES + entry.len()) as u64;
                end.next += 1;
            }
            answers.push((first, request.leaves, request.answer));
        }
        let segment = Arc::clone(&tail.segment);
        let written = segment.file.write_at(buffer, tail.written.offset);
        segment.grown(&starts, end.offset);
        tail.written = end;
        tail.groups.push_back(Group { end, answers });
        if let Err(error) = written {
            self.fail(&mut tail, &segment, error);
            while tail.syncing > 0 {
                tail = self.wait(tail);
            }
            // The last of those that synced may have given up already, for all.
            if !tail.groups.is_empty() {
                self.give_up(tail);
            }
            return Taken::Refused;
        }
        tail.syncing += 1;
        Taken::Written(segment, end)
    }

    /// Syncs, and answers all whose entries are durable by it.
    fn sync(&self, thread: usize, segment: &Arc<Segment>, target: End) {
        let synced = segment.sync(thread);
        let mut tail = self.tail();
        tail.syncing -= 1;
        match synced {
            Ok(()) => {
                if target.next > tail.durable.next {
                    tail.durable = target;
                    self.durable.store(target.next, Ordering::Release);
                }
            }
            // Another sync that began later may have covered this group.
            Err(error) if target.next > tail.durable.next => {
                self.fail(&mut tail, segment, error);
            }
            Err(_) => {}
        }
        let durable = tail.durable.next;
        let count = tail
            .groups
            .iter()
            .take_while(|group| group.end.next <= durable)
            .count();
        let done: Vec<Group> = tail.groups.drain(..count).collect();
        let give_up = tail.failed.is_some() && tail.syncing == 0;
        if give_up {
            self.give_up(tail);
        } else {
            drop(tail);
        }
        self.settled.notify_all();
        if done.is_empty() {
            return;
        }
        self.counts
            .groups
            .fetch_add(done.len() as u64, Ordering::Relaxed);
        for (first, leaves, answer) in done.into_iter().flat_map(|group| group.answers) {
            answer.resolve(first, &leaves);
        }
        (self.on_durable)(durable);
        if !give_up {
            (self.on_refused)(None);
        }
    }

    fn fail(&self, tail: &mut Tail, segment: &Segment, error: io::Error) {
        let what = segment.path();
        tracing::warn!(file = %self.folder.join(&what).display(), %error, "ledger: a group failed");
        tail.failed = Some(Failure {
            what,
            error: Arc::new(error),
        });
    }

    /// Cuts off what is not durable and tells whose entries it was. Nobody syncs.
    fn give_up(&self, mut tail: MutexGuard<'_, Tail>) {
        let error = self.refusal(tail.failed.as_ref());
        let error = match self.mend(&mut tail) {
            Ok(()) => error,
            Err(failed) => Error::Unsure {
                file: self.folder.join(tail.segment.path()),
                reason: failed.to_string(),
            },
        };
        let groups = std::mem::take(&mut tail.groups);
        drop(tail);
        self.settled.notify_all();
        let answers = groups.into_iter().flat_map(|group| group.answers);
        self.refuse_answers(
            answers.map(|(_, leaves, answer)| (leaves.len(), answer)),
            &error,
        );
    }

    /// Cuts the segment to what is durable. Nobody syncs.
    fn mend(&self, tail: &mut Tail) -> io::Result<()> {
        let end = tail.durable;
        tail.written = end;
        tail.segment.shrunk(end.next, end.offset);
        tail.segment.cut(&*self.storage, end.offset, self.threads)?;
        tail.failed = None;
        Ok(())
    }

    /// Closes the segment and begins the next.
    fn roll<'a>(&self, mut tail: MutexGuard<'a, Tail>) -> Result<MutexGuard<'a, Tail>, Error> {
        while tail.syncing > 0 {
            tail = self.wait(tail);
        }
        if tail.failed.is_some() {
            self.mend(&mut tail)
                .map_err(|error| self.refused(&tail.segment.path(), &error))?;
        }
        let first = tail.written.next;
        let segment = Segment::create(&*self.storage, first, self.threads)
            .map_err(|error| self.refused(&segment::path(first), &error))?;
        let segment = Arc::new(segment);
        let end = End {
            next: first,
            offset: segment::HEADER_BYTES as u64,
            sum: segment::first_sum(first),
        };
        tail.segment = Arc::clone(&segment);
        tail.written = end;
        tail.durable = end;
        let mut segments = self
            .segments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        segments.push(segment);
        Ok(tail)
    }

    fn refusal(&self, failure: Option<&Failure>) -> Error {
        match failure {
            Some(failure) => self.refused(&failure.what, &failure.error),
            None => Error::Closed,
        }
    }

    fn refused(&self, file: &str, error: &io::Error) -> Error {
        Error::Refused {
            file: self.folder.join(file),
            reason: error.to_string(),
            full: matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
        }
    }

    fn refuse(&self, requests: Vec<Request>, error: &Error) {
        let answers = requests
            .into_iter()
            .map(|request| (request.entries.len(), request.answer));
        self.refuse_answers(answers, error);
    }

    fn refuse_answers(&self, answers: impl Iterator<Item = (usize, Answer)>, error: &Error) {
        let mut any = false;
        for (count, answer) in answers {
            any = true;
            self.counts
                .refused
                .fetch_add(count as u64, Ordering::Relaxed);
            answer.refuse(error.clone());
        }
        if any {
            (self.on_refused)(Some(error));
        }
    }

    /// The segment that holds entry `index`; `None` when it has been removed, or none does.
    pub(crate) fn segment_of(&self, index: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first <= index);
        after
            .checked_sub(1)
            .map(|place| Arc::clone(&segments[place]))
    }
}
