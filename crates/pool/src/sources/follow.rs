//! Follows a source: step by step until there is nothing new, or for ever; waits and tries again when
//! a server is away.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::definition::Definition;
use super::nats::NatsFollower;
use super::postgres::{QueryFollower, ReplicationFollower};
use crate::ingest::{Counts, Error};
use crate::pool::Pool;
use crate::quality::{self, Sample};
use crate::table::Table;

/// Waits after a first failure.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest wait between two tries.
const RETRY_MAX: Duration = Duration::from_mins(1);
/// Waits when a source has nothing new.
const IDLE: Duration = Duration::from_millis(500);
/// Longest wait without a look at whether to stop.
const NAP: Duration = Duration::from_millis(100);

/// One step along a source.
pub(super) struct Step {
    /// What was counted.
    pub(super) counts: Counts,
    /// Whether there is more to be had at once.
    pub(super) more: bool,
}

/// A source that is being followed.
pub(super) trait Follower {
    /// Takes what is next. What it takes is in the pool or in the quarantine when it returns, and
    /// will not come again.
    fn step(&mut self) -> Result<Step, Error>;
}

/// How to follow a source.
pub struct Follow<'a> {
    /// Stop when there is nothing new.
    pub once: bool,
    /// Whether to stop now.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Told after each step.
    pub progress: &'a (dyn Fn(&Pulled) + Sync),
}

impl std::fmt::Debug for Follow<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow")
            .field("once", &self.once)
            .finish_non_exhaustive()
    }
}

/// What came from a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pulled {
    /// `department/dataset`
    pub dataset: String,
    /// Where from.
    pub source: String,
    /// What was counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// How often the server was away.
    pub retries: u64,
}

/// Follows `definition` until it is to stop; with `once`, until there is nothing new.
///
/// # Errors
/// When the source is wrong or the pool refuses; with `once` also when the server is away.
pub fn follow(
    pool: &Arc<Pool>,
    definition: &Definition,
    options: &Follow<'_>,
) -> Result<Pulled, Error> {
    let table = pool.table(definition.dataset())?;
    let mut pulled = Pulled {
        dataset: table.name(),
        source: definition.name(),
        ..Pulled::default()
    };
    let mut wait = RETRY_FIRST;
    while !(options.stop)() {
        let before = pulled.counts.records;
        match along(pool, &table, definition, options, &mut pulled) {
            Ok(()) => break,
            Err(error) if error.is_passing() && !options.once => {
                if pulled.counts.records > before {
                    wait = RETRY_FIRST;
                }
                pulled.retries += 1;
                tracing::warn!(%error, wait_seconds = wait.as_secs(), "a source is away; it is tried again");
                rest(wait, options);
                wait = (wait * 2).min(RETRY_MAX);
            }
            Err(error) => return Err(error),
        }
    }
    if pulled.counts.records > 0 {
        quality::note(
            pool,
            &table,
            &pulled.counts,
            &Sample::default(),
            &pulled.source,
        )?;
    }
    Ok(pulled)
}

fn along(
    pool: &Arc<Pool>,
    table: &Arc<Table>,
    definition: &Definition,
    options: &Follow<'_>,
    pulled: &mut Pulled,
) -> Result<(), Error> {
    let name = definition.name();
    let mut follower: Box<dyn Follower + '_> = match definition {
        Definition::PostgresQuery(source) => {
            Box::new(QueryFollower::open(pool, table, source, name)?)
        }
        Definition::PostgresReplication(source) => {
            Box::new(ReplicationFollower::open(pool, table, source, name)?)
        }
        Definition::Nats(source) => Box::new(NatsFollower::open(pool, table, source, name)?),
    };
    while !(options.stop)() {
        let step = follower.step()?;
        pulled.counts.add(&step.counts);
        (options.progress)(pulled);
        if step.more {
            continue;
        }
        if options.once {
            return Ok(());
        }
        rest(IDLE, options);
    }
    Ok(())
}

/// Waits, and looks now and then whether to stop.
fn rest(time: Duration, options: &Follow<'_>) {
    let mut left = time;
    while !left.is_zero() && !(options.stop)() {
        let nap = left.min(NAP);
        std::thread::sleep(nap);
        left -= nap;
    }
}
