//! Whoever decides, seen from the side that must go on without them: a controller on a thread of
//! its own here, a process elsewhere ([`crate::lines::ProcessBrain`]). Neither can hold the signals
//! up by taking long, hanging, or dying.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use signals::{Controller, Detail, Observation, Wishes};

use crate::clock::Deadline;
use crate::error::Error;

/// Decides, perhaps.
pub trait Brain: Send {
    /// Its name.
    fn name(&self) -> String;

    /// How much it wants to see.
    fn detail(&self) -> Detail;

    /// Seconds between two decisions; `None` for the protocol's action interval.
    fn interval(&self) -> Option<f64>;

    /// Whether it is to be asked every tick, so that its silence is noticed at once.
    fn every_tick(&self) -> bool {
        false
    }

    /// Shows it the city and waits for its wishes, `patience` at most.
    ///
    /// # Errors
    /// [`Error::Late`] when it has not answered yet; anything else when it never will.
    fn ask(
        &mut self,
        seen: &Observation,
        wishes: &mut Wishes,
        patience: Duration,
    ) -> Result<(), Error>;

    /// Starts it anew.
    ///
    /// # Errors
    /// When it cannot be started.
    fn restart(&mut self) -> Result<(), Error>;
}

/// Builds a controller, again and again.
pub type Build = Box<dyn FnMut() -> Result<Box<dyn Controller>, signals::Error> + Send>;

/// How many threads that hang may be left behind. Each holds a controller's memory.
const ABANDONED_MAX: u32 = 8;

/// A controller on a thread of its own.
pub struct ThreadBrain {
    build: Build,
    name: &'static str,
    detail: Detail,
    interval: Option<f64>,
    worker: Worker,
    abandoned: u32,
}

struct Worker {
    to: SyncSender<Observation>,
    from: Receiver<Wishes>,
    /// It has been asked and has not answered.
    busy: bool,
}

impl ThreadBrain {
    /// Builds the controller and starts its thread.
    ///
    /// # Errors
    /// When the controller or the thread cannot be made.
    pub fn new(mut build: Build) -> Result<Self, Error> {
        let controller = build()?;
        Ok(Self {
            name: controller.name(),
            detail: controller.detail(),
            interval: controller.interval(),
            worker: Worker::start(controller)?,
            abandoned: 0,
            build,
        })
    }

    fn gone(&self, message: &str) -> Error {
        Error::Gone {
            who: format!("the controller {}", self.name),
            message: message.to_owned(),
        }
    }

    fn late(&self, waited: Duration) -> Error {
        Error::Late {
            who: format!("the controller {}", self.name),
            waited,
        }
    }
}

impl Worker {
    fn start(mut controller: Box<dyn Controller>) -> Result<Self, Error> {
        let (to, inbox) = sync_channel::<Observation>(1);
        let (outbox, from) = sync_channel::<Wishes>(1);
        let work = move || {
            while let Ok(seen) = inbox.recv() {
                let mut wishes = Wishes::new(seen.phase.len());
                wishes.clear(seen.time);
                // A panic ends the thread, which the other side sees; it need not be told of twice.
                let decide = || controller.decide(&seen, &mut wishes);
                if catch_unwind(AssertUnwindSafe(decide)).is_err() || outbox.send(wishes).is_err() {
                    break;
                }
            }
        };
        std::thread::Builder::new()
            .name("controller".to_owned())
            .spawn(work)
            .map_err(|source| Error::Start {
                program: "a thread for the controller".to_owned(),
                source,
            })?;
        Ok(Self {
            to,
            from,
            busy: false,
        })
    }
}

impl Brain for ThreadBrain {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn detail(&self) -> Detail {
        self.detail
    }

    fn interval(&self) -> Option<f64> {
        self.interval
    }

    fn ask(
        &mut self,
        seen: &Observation,
        wishes: &mut Wishes,
        patience: Duration,
    ) -> Result<(), Error> {
        let deadline = Deadline::after(patience);
        if self.worker.busy {
            // The answer to an old question is of no use any more.
            match self.worker.from.recv_timeout(patience) {
                Ok(_) => self.worker.busy = false,
                Err(RecvTimeoutError::Timeout) => return Err(self.late(deadline.waited())),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.gone("its thread has ended"));
                }
            }
        }
        if self.worker.to.send(seen.clone()).is_err() {
            return Err(self.gone("its thread has ended"));
        }
        self.worker.busy = true;
        let left = deadline.left().unwrap_or_default();
        match self.worker.from.recv_timeout(left) {
            Ok(answer) => {
                self.worker.busy = false;
                *wishes = answer;
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => Err(self.late(deadline.waited())),
            Err(RecvTimeoutError::Disconnected) => Err(self.gone("its thread has ended")),
        }
    }

    fn restart(&mut self) -> Result<(), Error> {
        if self.worker.busy {
            if self.abandoned >= ABANDONED_MAX {
                return Err(self.gone("too many of its threads hang"));
            }
            self.abandoned += 1;
        }
        self.worker = Worker::start((self.build)()?)?;
        Ok(())
    }
}
