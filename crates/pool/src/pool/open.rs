//! Opening a pool.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{self, JoinHandle};

use city::City;
use tokio::sync::watch;

use super::Pool;
use super::catalogue::Catalogue;
use super::inner::Inner;
use super::options::Options;
use crate::clock::Clock;
use crate::error::Error;
use crate::history_files::{Names, Place};
use crate::outbox::{Committer, Settler, replay};
use crate::runtime::Runtime;
use crate::sql::Sql;
use crate::state::{PostgresState, SqliteState, State};

impl Pool {
    /// Opens the pool, or makes it: migrates the database, applies what the outbox holds and
    /// keyed state does not have yet, and begins to take writes.
    pub fn open(options: Options, city: &City, clock: Arc<dyn Clock>) -> Result<Arc<Self>, Error> {
        options.check()?;
        fs::create_dir_all(&options.data).map_err(Error::io("make the folder", &options.data))?;
        let in_use = lock(&options.data.join("pool.lock"))?;
        let runtime = Arc::new(Runtime::new()?);
        let meta = Sql::open(&options.state, &options.data, &runtime, clock.now())?;
        let state: Box<dyn State> = match meta.postgres() {
            Some(postgres) => Box::new(PostgresState::new(postgres, options.faults.clone())),
            None => Box::new(SqliteState::open(
                &options.data.join("state"),
                options.shards,
                options.faults.clone(),
            )?),
        };
        let catalogue = Catalogue::of(city, &meta, &|tab| state.count(tab))?;
        let number = |sql: &str| -> Result<i64, Error> {
            meta.query(sql, &[])?
                .first()
                .map_or(Ok(0), |row| row.get(0))
        };
        let bytes = number("SELECT CAST(COALESCE(sum(byte_count), 0) AS BIGINT) FROM outbox")?;
        let last_at = number("SELECT at_us FROM outbox_head")?;
        meta.execute("UPDATE pool_boot SET number = number + 1", &[])?;
        let boot = number("SELECT number FROM pool_boot")?;
        let inner = Arc::new(Inner {
            place: Place::open(&options.history, &runtime)?,
            names: Names::new(boot.cast_unsigned()),
            catalogue: RwLock::new(Arc::new(catalogue)),
            bytes: AtomicU64::new(bytes.cast_unsigned()),
            last_at: AtomicI64::new(last_at),
            options,
            meta,
            state,
            clock,
        });
        start(inner, in_use).map(Arc::new)
    }
}

fn start(inner: Arc<Inner>, in_use: File) -> Result<Pool, Error> {
    let head = replay(&inner)?;
    let (tell, newest) = watch::channel(head);
    let (committer, messages) = sync_channel(inner.options.queue.max(1));
    let (stop_settling, stop) = channel();
    let work = Committer::new(Arc::clone(&inner), head, tell);
    let settler = Settler::new(Arc::clone(&inner), committer.clone());
    let threads = vec![
        spawn("pool-commit", move || work.run(&messages))?,
        spawn("pool-settle", move || settler.run(&stop))?,
    ];
    Ok(Pool {
        inner,
        committer,
        newest,
        loads: Mutex::default(),
        stop_settling,
        threads,
        _in_use: in_use,
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(Error::io("start the thread", name))
}

/// Makes this process the only one that uses the folder, until the file is closed.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(Error::io("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path)(error)),
    }
}
