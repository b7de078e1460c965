//! The live run: a thread of its own that owns the world and moves it, and the handle by which the
//! asynchronous side reads and steers it. Nothing ever waits for a client: what is published is
//! the newest state, and commands come through a queue of bounded length.

pub mod demand;
pub mod report;

mod answers;
pub(crate) mod closures;
pub(crate) mod comparison;
pub(crate) mod comparisons;
pub(crate) mod corridor;
pub(crate) mod counters;
mod driver;
pub(crate) mod encode;
mod figures;
mod fleet;
pub(crate) mod heads;
pub(crate) mod interpolate;
pub(crate) mod mission;
pub(crate) mod missions;
mod pace;
pub(crate) mod run;
pub(crate) mod snapshot;
mod state;
pub(crate) mod tracks;
mod watching;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use roads::{LaneId, LinkId, SignalId};
use tokio::sync::{oneshot, watch};

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use closures::Closures;
use comparison::{Forked, HalfPlans};
use corridor::{CorridorQuery, CorridorReport};
use counters::Counters;
use mission::Sending;
use missions::{MissionFacts, Missions};
use report::{History, LinkReport, SignalReport, Status};
use run::{Change, FRAME, Published, Run};

/// Panics of ticks after which the run is given up.
const PANICS_MAX: u32 = 5;

type Reply<T> = oneshot::Sender<T>;

/// Says that the run answers for as long as it exists, even if its thread panics.
struct Alive(Arc<Counters>);

impl Alive {
    fn new(counters: &Arc<Counters>) -> Self {
        counters.alive.store(true, Ordering::Relaxed);
        Self(Arc::clone(counters))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.store(false, Ordering::Relaxed);
    }
}

/// What the asynchronous side asks of the run.
enum Command {
    Change(Change, Reply<Result<Arc<Status>, Error>>),
    Link(LinkId, Reply<LinkReport>),
    Signal(SignalId, Reply<SignalReport>),
    History(Reply<History>),
    Fork(HalfPlans, Option<Sending>, Reply<Result<Forked, Error>>),
    Corridor(CorridorQuery, Reply<Result<CorridorReport, Error>>),
    Closure(Option<(LaneId, bool)>, Reply<Result<Closures, Error>>),
    Dispatch(Sending, bool, Reply<Result<MissionFacts, Error>>),
    EndMission(u64, Reply<Option<MissionFacts>>),
    Stop,
}

impl Command {
    /// Whether it leaves the run as it is.
    const fn only_asks(&self) -> bool {
        match self {
            Self::Link(..)
            | Self::Signal(..)
            | Self::History(..)
            | Self::Fork(..)
            | Self::Closure(None, _)
            | Self::Stop => true,
            Self::Change(..)
            | Self::Corridor(..)
            | Self::Closure(Some(_), _)
            | Self::Dispatch(..)
            | Self::EndMission(..) => false,
        }
    }
}

/// The handle of the live run.
pub(crate) struct Live {
    commands: SyncSender<Command>,
    commands_max: usize,
    timeout: Duration,
    published: watch::Receiver<Arc<Published>>,
    tracks: Arc<tracks::Tracks>,
    pub(crate) counters: Arc<Counters>,
    seen: Arc<Mutex<observe::live::Live>>,
    incidents: Arc<Mutex<observe::incident::Detection>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Live {
    /// Starts the run in a thread of its own.
    pub(crate) fn start(
        config: Config,
        roads: Arc<observe::Roads>,
        districts: Vec<observe::areas::Group>,
    ) -> Result<Self, Error> {
        let counters = Arc::new(Counters::default());
        let (commands_max, timeout) = (config.limits.commands_max, config.limits.request_timeout);
        let clock = Arc::clone(&config.clock);
        let network = &config.scenario.network;
        let watch = watching::Watch::new(network, roads, districts, config.scenario.day_start)?;
        let (run, published) = Run::new(config, Arc::clone(&counters), watch)?;
        let tracks = run.tracks();
        let (seen, incidents) = (run.seen(), run.incidents());
        let (commands, receiver) = sync_channel(commands_max);
        let alive = Alive::new(&counters);
        let thread = std::thread::Builder::new()
            .name("live-run".to_owned())
            .spawn({
                let counters = Arc::clone(&counters);
                move || {
                    let _alive = alive;
                    drive(run, &receiver, &*clock, &counters);
                }
            })
            .map_err(Error::Thread)?;
        Ok(Self {
            commands,
            commands_max,
            timeout,
            published,
            tracks,
            counters,
            seen,
            incidents,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The newest state, and a way to wait for the next.
    pub(crate) fn published(&self) -> watch::Receiver<Arc<Published>> {
        self.published.clone()
    }

    /// The paths, to translate a client's view, or to share.
    pub(crate) const fn tracks(&self) -> &Arc<tracks::Tracks> {
        &self.tracks
    }

    /// The index of the run's own traffic.
    pub(crate) fn seen(&self) -> Arc<Mutex<observe::live::Live>> {
        Arc::clone(&self.seen)
    }

    /// The incidents in the run's traffic.
    pub(crate) fn incidents(&self) -> MutexGuard<'_, observe::incident::Detection> {
        let locked = self.incidents.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    /// The figures of the moment.
    pub(crate) fn status(&self) -> Arc<Status> {
        Arc::clone(&self.published.borrow().status)
    }

    /// Whether the run answers.
    pub(crate) fn is_alive(&self) -> bool {
        self.counters.alive.load(Ordering::Relaxed)
    }

    /// Changes the run.
    pub(crate) async fn change(&self, change: Change) -> Result<Arc<Status>, Error> {
        self.ask(|reply| Command::Change(change, reply)).await?
    }

    /// A link and its traffic.
    pub(crate) async fn link(&self, link: LinkId) -> Result<LinkReport, Error> {
        self.ask(|reply| Command::Link(link, reply)).await
    }

    /// A signal as it stands.
    pub(crate) async fn signal(&self, signal: SignalId) -> Result<SignalReport, Error> {
        self.ask(|reply| Command::Signal(signal, reply)).await
    }

    /// The figures of each minute.
    pub(crate) async fn history(&self) -> Result<History, Error> {
        self.ask(Command::History).await
    }

    /// Two worlds that go on from this second, each under a controller of its own.
    pub(crate) async fn fork(
        &self,
        halves: HalfPlans,
        sending: Option<Sending>,
    ) -> Result<Forked, Error> {
        self.ask(|reply| Command::Fork(halves, sending, reply))
            .await?
    }

    /// What has happened along a corridor; recording begins when it is first asked for.
    pub(crate) async fn corridor(&self, query: CorridorQuery) -> Result<CorridorReport, Error> {
        self.ask(|reply| Command::Corridor(query, reply)).await?
    }

    /// Closes or opens a lane, if one is given; answers what is closed.
    pub(crate) async fn closures(&self, change: Option<(LaneId, bool)>) -> Result<Closures, Error> {
        self.ask(|reply| Command::Closure(change, reply)).await?
    }

    /// The missions of the running world as last published.
    pub(crate) fn missions(&self) -> Arc<Missions> {
        Arc::clone(&self.published.borrow().missions)
    }

    /// Sends a unit through the running world, with signals that clear its way or without.
    pub(crate) async fn dispatch(
        &self,
        sending: Sending,
        priority: bool,
    ) -> Result<MissionFacts, Error> {
        self.ask(|reply| Command::Dispatch(sending, priority, reply))
            .await?
    }

    /// Ends a mission, if there is one of this number.
    pub(crate) async fn end_mission(&self, id: u64) -> Result<Option<MissionFacts>, Error> {
        self.ask(|reply| Command::EndMission(id, reply)).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        match self.commands.try_send(command(reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                let limit = self.commands_max;
                return Err(Error::Busy { limit });
            }
            Err(TrySendError::Disconnected(_)) => return Err(Error::Unanswered),
        }
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            // The run goes on, and yet the answer was dropped.
            Ok(Err(_)) if self.is_alive() => Err(Error::Panicked),
            Ok(Err(_)) | Err(_) => Err(Error::Unanswered),
        }
    }

    /// Stops the run and waits for its thread; call it where blocking is allowed.
    pub(crate) fn stop(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // A run that has ended by itself has no queue any more, and needs no telling.
            let _ = self.commands.send(Command::Stop);
            if thread.join().is_err() {
                tracing::error!("the live run panicked");
            }
        }
    }
}

/// Ticks ten times a second and answers commands in between, until told to stop.
fn drive(mut run: Run, commands: &Receiver<Command>, clock: &dyn Clock, counters: &Counters) {
    let mut next = clock.elapsed();
    let mut panics_left = PANICS_MAX;
    loop {
        let now = clock.elapsed();
        if now >= next {
            if !tick_safely(&mut run, now, counters, &mut panics_left) {
                return;
            }
            next += FRAME;
            if next <= clock.elapsed() {
                next = clock.elapsed(); // late: the next tick is due at once, not a burst of them
            }
        }
        loop {
            let wait = next.saturating_sub(clock.elapsed());
            match commands.recv_timeout(wait) {
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(command) => {
                    if !answer_safely(&mut run, command, counters) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
    }
}

/// A tick that survives a fault of the engine or of a controller by starting the run again.
fn tick_safely(run: &mut Run, now: Duration, counters: &Counters, panics_left: &mut u32) -> bool {
    if catch_unwind(AssertUnwindSafe(|| run.tick(now))).is_ok() {
        return true;
    }
    let panics = counters.panics.fetch_add(1, Ordering::Relaxed) + 1;
    tracing::error!(panics, "the live run panicked; it starts again");
    if *panics_left == 0 {
        return false; // as it would for ever
    }
    *panics_left -= 1;
    begin_afresh(run)
}

/// An answer that survives a panic: whoever asked is told, and all others notice at most that the
/// run starts again, which it need not after a question.
fn answer_safely(run: &mut Run, command: Command, counters: &Counters) -> bool {
    let only_asked = command.only_asks();
    if catch_unwind(AssertUnwindSafe(|| answer(run, command))).is_ok() {
        return true;
    }
    let panics = counters.panics.fetch_add(1, Ordering::Relaxed) + 1;
    tracing::error!(panics, only_asked, "the live run panicked at a command");
    only_asked || begin_afresh(run)
}

/// A panic may leave the state half changed, which is why the run is built afresh after it.
fn begin_afresh(run: &mut Run) -> bool {
    let begun = catch_unwind(AssertUnwindSafe(|| run.restart_as_it_was()));
    begun.is_ok_and(|begun| begun.is_ok())
}

fn answer(run: &mut Run, command: Command) {
    // Whoever asked may have gone; then the answer is dropped.
    match command {
        Command::Change(change, reply) => drop(reply.send(run.change(&change))),
        Command::Link(link, reply) => drop(reply.send(run.link(link))),
        Command::Signal(signal, reply) => drop(reply.send(run.signal(signal))),
        Command::History(reply) => drop(reply.send(run.history())),
        Command::Fork(halves, sending, reply) => {
            drop(reply.send(run.fork(&halves, sending.as_ref())));
        }
        Command::Corridor(query, reply) => drop(reply.send(run.corridor(query))),
        Command::Closure(change, reply) => drop(reply.send(run.closures(change))),
        Command::Dispatch(sending, priority, reply) => {
            drop(reply.send(run.dispatch(&sending, priority)));
        }
        Command::EndMission(id, reply) => drop(reply.send(run.end_mission(id))),
        Command::Stop => {}
    }
}
