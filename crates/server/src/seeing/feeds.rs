//! Positions that come another way than by posts: a door for whoever brings them, and what became
//! of all that came through it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use observe::live::ProbePoint;
use serde::Serialize;
use tokio::sync::watch;

use super::records::{self, POINTS_MAX};
use super::{POST_BYTES_MAX, Refusal, Seeing};
use crate::error::Error;
use crate::problem::Problem;

/// Refused records that are kept to look at.
const KEPT_MAX: usize = 20;
/// How often somebody who rests looks whether the server stops.
const LOOK: Duration = Duration::from_millis(100);

/// Brings positions from somewhere.
pub trait Feed: Send + Sync {
    /// Where from, for people; without a password.
    fn name(&self) -> String;

    /// Brings them through the door until the server stops ([`Door::is_stopping`]). Called once, on
    /// a thread of its own. It says itself whether it is [connected](Door::connected).
    fn run(&self, door: &Door);
}

/// Positions that came together.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its number where it comes from, if it has one.
    pub number: Option<u64>,
    /// JSON lines, as in a post.
    pub body: &'a [u8],
}

/// Where a feed hands in what it brings.
pub struct Door {
    seeing: Arc<Seeing>,
    stopping: watch::Receiver<bool>,
    report: Arc<Mutex<FeedReport>>,
}

/// Whether positions can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FeedState {
    /// Nothing comes until it is connected; it tries.
    Connecting,
    /// They come.
    Connected,
    /// It has failed for good.
    Failed,
}

/// A record, or a whole message, that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Refused {
    /// Number of the message.
    message: Option<u64>,
    /// Line in it; `null` for the message as a whole.
    line: Option<usize>,
    /// What is wrong and what would be right.
    reason: String,
}

/// A feed, and what became of what it brought since the server started.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FeedReport {
    /// Where positions come from.
    name: String,
    /// Whether they can come.
    state: FeedState,
    /// Why it is not connected.
    error: Option<String>,
    /// Messages that came.
    messages: u64,
    /// Messages that were lost before they could be taken: at least so many.
    lost: u64,
    /// Records in them.
    received: u64,
    /// Positions that were taken.
    accepted: u64,
    /// Positions that had come before.
    repeated: u64,
    /// Records that were refused.
    refused: u64,
    /// The newest of these with their reasons, the newest last.
    quarantine: VecDeque<Refused>,
}

impl FeedReport {
    fn new(name: String) -> Self {
        Self {
            name,
            state: FeedState::Connecting,
            error: None,
            messages: 0,
            lost: 0,
            received: 0,
            accepted: 0,
            repeated: 0,
            refused: 0,
            quarantine: VecDeque::new(),
        }
    }

    /// Notes that `records` were refused for a reason.
    fn refuse(&mut self, records: u64, refused: Refused) {
        self.refused += records;
        if self.quarantine.len() == KEPT_MAX {
            self.quarantine.pop_front();
        }
        self.quarantine.push_back(refused);
    }
}

/// What is right of some messages.
#[derive(Default)]
struct Batch {
    points: Vec<ProbePoint>,
    /// Of each message: its number, and how many of the points are its.
    messages: Vec<(Option<u64>, usize)>,
}

impl Door {
    /// Whether the server stops, and the feed is to end.
    pub fn is_stopping(&self) -> bool {
        // Whoever would say so may be gone.
        *self.stopping.borrow() || self.stopping.has_changed().is_err()
    }

    /// Rests, for so long or until the server stops.
    pub fn rest(&self, time: Duration) {
        let mut left = time;
        while !left.is_zero() && !self.is_stopping() {
            let step = left.min(LOOK);
            std::thread::sleep(step);
            left -= step;
        }
    }

    /// Says that positions can come.
    pub fn connected(&self) {
        let mut report = self.report();
        report.state = FeedState::Connected;
        report.error = None;
    }

    /// Says that none can come until it is connected again, and why.
    pub fn disconnected(&self, why: &str) {
        let mut report = self.report();
        report.state = FeedState::Connecting;
        report.error = Some(why.to_owned());
    }

    /// Says that so many more messages were lost before they could be taken.
    pub fn lost(&self, messages: u64) {
        self.report().lost += messages;
    }

    /// Takes messages, and waits as long as that takes: each record is then in the index, or
    /// refused with its reason, and none of them need come again.
    pub fn take(&self, messages: &[Message<'_>]) {
        let mut batch = Batch::default();
        for message in messages {
            if batch.points.len() >= POINTS_MAX {
                self.match_all(&std::mem::take(&mut batch));
            }
            self.read(message, &mut batch);
        }
        self.match_all(&batch);
    }

    /// Sorts a message's records.
    fn read(&self, message: &Message<'_>, batch: &mut Batch) {
        let (number, body) = (message.number, message.body);
        let whole = |reason: String| Refused {
            message: number,
            line: None,
            reason,
        };
        let mut report = self.report();
        report.messages += 1;
        if body.len() > POST_BYTES_MAX {
            report.received += 1; // nobody has counted its records
            let reason = format!(
                "{} bytes; a message has at most {POST_BYTES_MAX}",
                body.len()
            );
            report.refuse(1, whole(reason));
            return;
        }
        let count = records::lines(body).take(POINTS_MAX + 1).count();
        report.received += count as u64;
        if count > POINTS_MAX {
            let reason = format!("more than {POINTS_MAX} positions; send less at once");
            report.refuse(count as u64, whole(reason));
            return;
        }
        drop(report);
        let before = batch.points.len();
        for record in records::read(&self.seeing.network, body) {
            match record {
                Ok(point) => batch.points.push(point),
                Err(fault) => {
                    let refused = Refused {
                        message: number,
                        line: Some(fault.line),
                        reason: fault.told(),
                    };
                    self.report().refuse(1, refused);
                }
            }
        }
        let count = batch.points.len() - before;
        batch.messages.push((number, count));
    }

    /// Has positions matched; if the matcher fails at them, message by message, to take what can be
    /// taken.
    fn match_all(&self, batch: &Batch) {
        if batch.points.is_empty() {
            return;
        }
        match self.seeing.take_points(&batch.points) {
            Ok(accepted) => self.note(accepted),
            Err(_) => {
                let mut rest = batch.points.as_slice();
                for &(number, count) in &batch.messages {
                    let (points, others) = rest.split_at(count);
                    rest = others;
                    self.match_one(number, points);
                }
            }
        }
    }

    fn match_one(&self, number: Option<u64>, points: &[ProbePoint]) {
        match self.seeing.take_points(points) {
            Ok(accepted) => self.note(accepted),
            Err(refusal) => {
                let reason = match refusal {
                    Refusal::Failed => "the matcher failed at its positions".to_owned(),
                    other => Problem::from(other).detail,
                };
                tracing::error!(message = number, reason, "positions are not taken");
                let refused = Refused {
                    message: number,
                    line: None,
                    reason,
                };
                self.report().refuse(points.len() as u64, refused);
            }
        }
    }

    fn note(&self, accepted: observe::live::Accepted) {
        let mut report = self.report();
        report.accepted += accepted.received - accepted.repeated - accepted.refused;
        report.repeated += accepted.repeated;
        if accepted.refused > 0 {
            let refused = Refused {
                message: None,
                line: None,
                reason:
                    "times an hour ahead of all others or a day behind, or places that are none"
                        .to_owned(),
            };
            report.refuse(accepted.refused, refused);
        }
    }

    fn report(&self) -> MutexGuard<'_, FeedReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All feeds of a server.
pub(crate) struct Feeds {
    all: Vec<(Arc<dyn Feed>, Arc<Mutex<FeedReport>>)>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Feeds {
    /// None of them begins yet.
    pub(crate) fn new(feeds: Vec<Arc<dyn Feed>>) -> Self {
        let all = feeds.into_iter().map(|feed| {
            let report = FeedReport::new(feed.name());
            (feed, Arc::new(Mutex::new(report)))
        });
        Self {
            all: all.collect(),
            threads: Mutex::default(),
        }
    }

    /// Lets all of them begin.
    pub(crate) fn start(
        &self,
        seeing: &Arc<Seeing>,
        stopping: &watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for (feed, report) in &self.all {
            let feed = Arc::clone(feed);
            let door = Door {
                seeing: Arc::clone(seeing),
                stopping: stopping.clone(),
                report: Arc::clone(report),
            };
            let thread = std::thread::Builder::new()
                .name("positions".to_owned())
                .spawn(move || serve(&*feed, &door))
                .map_err(Error::Thread)?;
            threads.push(thread);
        }
        Ok(())
    }

    /// What became of what each has brought.
    pub(crate) fn reports(&self) -> Vec<FeedReport> {
        let report = |report: &Arc<Mutex<FeedReport>>| {
            let report = report.lock().unwrap_or_else(PoisonError::into_inner);
            report.clone()
        };
        self.all.iter().map(|(_, one)| report(one)).collect()
    }

    /// Waits until all have seen that the server stops; call it where blocking is allowed.
    pub(crate) fn join(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // It tells of its panics itself.
            let _ = thread.join();
        }
    }
}

fn serve(feed: &dyn Feed, door: &Door) {
    if catch_unwind(AssertUnwindSafe(|| feed.run(door))).is_err() {
        tracing::error!(feed = feed.name(), "it panicked; no positions come from it");
        let mut report = door.report();
        report.state = FeedState::Failed;
        report.error = Some("it panicked; start the server again".to_owned());
    }
}
