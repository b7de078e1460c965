//! The comparisons that there are: how many may run, who drives them, and when they are forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::comparison::{Forked, HalfPlans, Session, Stage};
use super::tracks::Tracks;
use crate::config::Config;
use crate::error::Error;

/// Comparisons kept to look at, running ones included.
const KEPT_MAX: usize = 16;

/// All comparisons since the server started that are not forgotten.
pub(crate) struct Comparisons {
    config: Arc<Config>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    sessions: BTreeMap<u64, Arc<Session>>,
    threads: Vec<JoinHandle<()>>,
}

impl Comparisons {
    /// None yet.
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config: Arc::new(config),
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses when as many run as may.
    pub(crate) fn check_room(&self) -> Result<(), Error> {
        self.room(&mut self.kept())
    }

    fn room(&self, kept: &mut Kept) -> Result<(), Error> {
        self.tidy(kept);
        let limit = self.config.limits.comparisons_max;
        let running = kept.sessions.values();
        if running.filter(|one| one.stage() == Stage::Running).count() < limit {
            return Ok(());
        }
        Err(Error::Limit {
            name: "comparisons_max",
            what: "comparisons run",
            limit,
        })
    }

    /// Forgets what nobody has asked for in a while, the oldest first when there are too many.
    fn tidy(&self, kept: &mut Kept) {
        let now = self.config.clock.elapsed();
        let idle_max = self.config.limits.comparison_idle_max;
        kept.sessions.retain(|_, session| {
            session.stage() == Stage::Running || !session.is_forgotten(now, idle_max)
        });
        while kept.sessions.len() >= KEPT_MAX {
            let mut all = kept.sessions.iter();
            let ended = all.find(|(_, session)| session.stage() != Stage::Running);
            let Some((&oldest, _)) = ended else {
                break;
            };
            kept.sessions.remove(&oldest);
        }
        kept.threads.retain(|thread| !thread.is_finished());
    }

    /// Starts a comparison of two worlds, which goes on for `seconds` at `speed`.
    pub(crate) fn start(
        &self,
        plans: HalfPlans,
        forked: Forked,
        (seconds, speed): (f64, f64),
        tracks: Arc<Tracks>,
    ) -> Result<Arc<Session>, Error> {
        let mut kept = self.kept();
        self.room(&mut kept)?;
        kept.last += 1;
        let id = kept.last;
        let config = Arc::clone(&self.config);
        let pace = (seconds, speed);
        let (session, driver) = Session::new(id, plans, forked, pace, config, tracks);
        let session = Arc::new(session);
        let idle_max = self.config.limits.comparison_idle_max;
        let thread = std::thread::Builder::new()
            .name(format!("comparison-{id}"))
            .spawn({
                let session = Arc::clone(&session);
                move || session.drive(driver, idle_max)
            })
            .map_err(Error::Thread)?;
        kept.threads.push(thread);
        kept.sessions.insert(id, Arc::clone(&session));
        Ok(session)
    }

    /// The comparison of this number; asking for it keeps it.
    pub(crate) fn get(&self, id: u64) -> Option<Arc<Session>> {
        let session = self.kept().sessions.get(&id).cloned()?;
        session.touch(self.config.clock.elapsed());
        Some(session)
    }

    /// All comparisons, in the order of their start.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        let mut kept = self.kept();
        self.tidy(&mut kept);
        kept.sessions.values().cloned().collect()
    }

    /// Ends and forgets a comparison, if there is one.
    pub(crate) fn end(&self, id: u64) {
        let session = self.kept().sessions.remove(&id);
        if let Some(session) = session {
            session.stop();
        }
    }

    /// Ends all and waits for their threads; call it where blocking is allowed.
    pub(crate) fn stop(&self) {
        let threads = {
            let mut kept = self.kept();
            for session in kept.sessions.values() {
                session.stop();
            }
            std::mem::take(&mut kept.threads)
        };
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a comparison panicked");
            }
        }
    }
}
