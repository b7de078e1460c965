//! One SQLite file of records.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::TimestampMicrosecondArray;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use rustc_hash::FxHashMap;

use super::change::Change;
use super::rows::Parted;
use super::statements::Rows;
use crate::codec::Columns;
use crate::error::{Error, REBUILD};
use crate::faults::Faults;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record (
    tab INTEGER NOT NULL, subject TEXT NOT NULL, key BLOB NOT NULL,
    from_us INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tab, subject, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS locator (
    tab INTEGER NOT NULL, key BLOB NOT NULL, subject TEXT NOT NULL,
    PRIMARY KEY (tab, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (tab INTEGER PRIMARY KEY, records INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS loaded (seq INTEGER PRIMARY KEY, replaced INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS settled (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, shards INTEGER NOT NULL);
";

/// Bytes of a page. Large ones hold more sorted rows under fewer parents.
const PAGE_BYTES: u32 = 8_192;
/// Kibibytes of pages that the writing connection keeps.
const CACHE_KIB: u32 = 16_384;
/// How long to wait for another process.
const BUSY: Duration = Duration::from_secs(10);
/// Bytes to which a write-ahead log is cut once it has been moved into the file.
const LOG_BYTES_KEPT: u32 = 1 << 20;
/// A write-ahead log of more bytes than this is cut, though writers wait for that.
const LOG_BYTES_MAX: u64 = 256 << 20;

/// Numbers of records, by table.
pub(super) type Tallies = FxHashMap<u32, i64>;

/// One file, one connection that writes and some that read.
#[derive(Debug)]
pub(super) struct Shard {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Vec<Mutex<Connection>>,
    next: AtomicUsize,
    /// The last batch applied.
    applied: AtomicU64,
    /// All entries up to this one have been applied.
    settled: AtomicU64,
}

impl Shard {
    /// Opens the file, and tells the shards and the tallies in it.
    pub(super) fn open(
        path: &Path,
        shards: u32,
        readers: usize,
    ) -> Result<(Self, FxHashMap<u32, i64>), Error> {
        let fault = |source| fault(path, "open", source);
        let writer = Connection::open(path).map_err(fault)?;
        writer.busy_timeout(BUSY).map_err(fault)?;
        let pragmas = format!(
            "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {LOG_BYTES_KEPT}; PRAGMA cache_size = -{CACHE_KIB}; PRAGMA temp_store = MEMORY;"
        );
        writer.execute_batch(&pragmas).map_err(fault)?;
        writer.execute_batch(SCHEMA).map_err(fault)?;
        writer
            .execute(
                "INSERT INTO progress (one, seq, shards) VALUES (1, 0, ?1) ON CONFLICT DO NOTHING",
                [shards],
            )
            .map_err(fault)?;
        writer
            .execute("INSERT INTO settled (one, seq) SELECT 1, seq FROM progress WHERE true ON CONFLICT DO NOTHING", [])
            .map_err(fault)?;
        let progress = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, u32>(1)?,
                row.get::<_, i64>(2)?,
            ))
        };
        let (applied, found, settled) = writer
            .query_row(
                "SELECT progress.seq, shards, settled.seq FROM progress, settled",
                [],
                progress,
            )
            .map_err(fault)?;
        if found != shards {
            return Err(Error::Shards {
                found,
                wanted: shards,
            });
        }
        let tallies = tallies(&writer).map_err(fault)?;
        let readers = (0..readers)
            .map(|_| reader(path).map(Mutex::new))
            .collect::<Result<_, _>>()
            .map_err(fault)?;
        let shard = Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers,
            next: AtomicUsize::new(0),
            applied: AtomicU64::new(applied.cast_unsigned()),
            settled: AtomicU64::new(settled.cast_unsigned()),
        };
        Ok((shard, tallies))
    }

    pub(super) fn settled(&self) -> u64 {
        self.settled.load(Ordering::SeqCst)
    }

    pub(super) fn applied(&self) -> u64 {
        self.applied.load(Ordering::SeqCst)
    }

    pub(super) fn fault(&self, what: &'static str) -> impl Fn(rusqlite::Error) -> Error {
        move |source| fault(&self.path, what, source)
    }

    /// Applies its part of the changes in one transaction. Says for each how many records it
    /// found, and by how much each table grew.
    pub(super) fn apply(
        &self,
        part: usize,
        changes: &[Change],
        parted: &[Parted],
        faults: &Faults,
    ) -> Result<(Vec<u64>, FxHashMap<u32, i64>), Error> {
        let writer = lock(&self.writer);
        let mut growth = FxHashMap::default();
        let mut replaced = vec![0; changes.len()];
        let from = self.applied.load(Ordering::SeqCst);
        writer
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(self.fault("begin a transaction"))?;
        let done = (|| {
            for (at, (change, parted)) in changes.iter().zip(parted).enumerate() {
                if change.bulk
                    && let Some(found) = loaded(&writer, change.seq).map_err(self.fault("read"))?
                {
                    replaced[at] = found;
                } else if change.bulk || (change.seq > from && parted.touches(part)) {
                    let grown = growth.entry(change.codec.table.id.0).or_insert(0);
                    replaced[at] = self.apply_one(&writer, part, change, parted, grown)?;
                    if parted.touches(part) {
                        faults
                            .pass("shard-middle")
                            .map_err(Error::io("write", &self.path))?;
                    }
                }
            }
            let batches = changes.iter().filter(|change| !change.bulk);
            let last = batches
                .map(|change| change.seq)
                .max()
                .unwrap_or(0)
                .max(from);
            Self::finish(&writer, last, &growth).map_err(self.fault("commit"))?;
            Ok(last)
        })();
        match done {
            Ok(last) => self.applied.store(last, Ordering::SeqCst),
            Err(error) => {
                if !writer.is_autocommit() {
                    writer
                        .execute_batch("ROLLBACK")
                        .map_err(self.fault("roll back"))?;
                }
                return Err(error);
            }
        }
        faults
            .pass("shard-committed")
            .map_err(Error::io("write", &self.path))?;
        Ok((replaced, growth))
    }

    fn finish(
        writer: &Connection,
        last: u64,
        growth: &FxHashMap<u32, i64>,
    ) -> rusqlite::Result<()> {
        for (tab, grown) in growth.iter().filter(|(_, grown)| **grown != 0) {
            let tally = "INSERT INTO tally (tab, records) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET records = records + excluded.records";
            writer.prepare_cached(tally)?.execute((tab, grown))?;
        }
        writer
            .prepare_cached("UPDATE progress SET seq = ?1")?
            .execute([last.cast_signed()])?;
        writer.execute_batch("COMMIT")
    }

    fn apply_one(
        &self,
        writer: &Connection,
        part: usize,
        change: &Change,
        parted: &Parted,
        grown: &mut i64,
    ) -> Result<u64, Error> {
        let columns = Columns::new(&change.codec, &change.batch)?;
        let mut rows = Rows::new(writer, change).map_err(self.fault("prepare"))?;
        let mut run = || -> rusqlite::Result<u64> {
            let mut replaced = 0;
            for at in &parted.moved[part] {
                let (row, before) = &change.moved[*at];
                let gone = rows.delete(&columns, *row, before)?;
                replaced += gone;
                *grown -= gone.cast_signed();
            }
            let mut new = 0;
            for row in &parted.rows[part] {
                if change.is_delete(*row) {
                    let gone = rows.delete(&columns, *row, columns.subject(*row as usize))?;
                    replaced += gone;
                    *grown -= gone.cast_signed();
                } else if rows.put(&columns, *row)? {
                    new += 1;
                } else {
                    replaced += 1;
                }
            }
            *grown += new;
            for location in &parted.locations[part] {
                let subject = (!change.is_delete(location.row))
                    .then(|| columns.subject(location.row as usize));
                rows.locate(&parted.keys[location.key.clone()], subject)?;
            }
            Ok(replaced)
        };
        let replaced = run().map_err(self.fault("write"))?;
        if change.bulk {
            let note = "INSERT INTO loaded (seq, replaced) VALUES (?1, ?2)";
            let numbers = (change.seq.cast_signed(), replaced.cast_signed());
            writer
                .prepare_cached(note)
                .and_then(|mut note| note.execute(numbers))
                .map_err(self.fault("write"))?;
        }
        Ok(replaced)
    }

    /// How many records a load found here, if it has been applied here.
    pub(super) fn loaded(&self, seq: u64) -> Result<Option<u64>, Error> {
        self.read(|reader| loaded(reader, seq).map_err(self.fault("read")))
    }

    /// Notes that entries up to `seq` have been applied.
    pub(super) fn note(&self, seq: u64) -> Result<(), Error> {
        let writer = lock(&self.writer);
        let note = || {
            writer
                .prepare_cached("UPDATE progress SET seq = ?1 WHERE seq < ?1")?
                .execute([seq.cast_signed()])?;
            writer
                .prepare_cached("UPDATE settled SET seq = ?1 WHERE seq < ?1")?
                .execute([seq.cast_signed()])?;
            writer
                .prepare_cached("DELETE FROM loaded WHERE seq <= ?1")?
                .execute([seq.cast_signed()])
        };
        note().map_err(self.fault("note progress"))?;
        self.applied.fetch_max(seq, Ordering::SeqCst);
        self.settled.fetch_max(seq, Ordering::SeqCst);
        Ok(())
    }

    /// Syncs the log, and moves it into the file.
    pub(super) fn make_durable(&self) -> Result<(), Error> {
        let log = self.path.with_extension("sqlite-wal");
        let sync = || -> std::io::Result<u64> {
            let file = File::open(&log)?;
            file.sync_data()?;
            Ok(file.metadata()?.len())
        };
        let bytes = sync().map_err(Error::io("sync", &log))?;
        let how = if bytes > LOG_BYTES_MAX {
            "PRAGMA wal_checkpoint(TRUNCATE)"
        } else {
            "PRAGMA wal_checkpoint(PASSIVE)"
        };
        let checkpoint = |connection: &Connection| connection.query_row(how, [], |_| Ok(()));
        // Not the writer's connection: a checkpoint beside it lets writes go on.
        self.read(|reader| checkpoint(reader).map_err(self.fault("checkpoint")))
    }

    /// Runs `run` with a connection that reads.
    pub(super) fn read<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let count = self.readers.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |at: usize| &self.readers[(first + at) % count];
        let free = (0..count).find_map(|at| turn(at).try_lock().ok());
        run(&free.unwrap_or_else(|| lock(turn(0))))
    }

    /// Looks for damage.
    pub(super) fn check(&self) -> Result<(), Error> {
        let verdict = self.read(|reader| {
            reader
                .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
                .map_err(self.fault("check"))
        })?;
        if verdict != "ok" {
            return Err(damaged(&self.path, verdict));
        }
        let (counted, tallied) = self.recount()?;
        let tabs = counted.keys().chain(tallied.keys());
        let number = |of: &Tallies, tab: &u32| of.get(tab).copied().unwrap_or(0);
        let differs = |tab: &&u32| number(&counted, tab) != number(&tallied, tab);
        match tabs.filter(differs).min() {
            None => Ok(()),
            Some(tab) => Err(damaged(
                &self.path,
                format!(
                    "table {tab} has {} records, and its tally says {}",
                    number(&counted, tab),
                    number(&tallied, tab)
                ),
            )),
        }
    }

    /// How many records of each table there are: counted one by one, and as tallied.
    fn recount(&self) -> Result<(Tallies, Tallies), Error> {
        self.read(|reader| {
            let count = || {
                let mut counts = FxHashMap::default();
                let mut statement =
                    reader.prepare("SELECT tab, count(*) FROM record GROUP BY tab")?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    counts.insert(row.get(0)?, row.get(1)?);
                }
                Ok((counts, tallies(reader)?))
            };
            count().map_err(self.fault("count"))
        })
    }

    /// Takes records of history, each in force since its moment in `from`; those that belong to
    /// part `part`. Says how many.
    pub(super) fn fill(
        &self,
        part: usize,
        change: &Change,
        parted: &Parted,
        from: &TimestampMicrosecondArray,
    ) -> Result<u64, Error> {
        let writer = lock(&self.writer);
        let fault = self.fault("fill");
        let run = || -> rusqlite::Result<u64> {
            writer.execute_batch("BEGIN IMMEDIATE")?;
            let mut grown = 0;
            {
                let columns = Columns::new(&change.codec, &change.batch)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                let mut rows = Rows::new(&writer, change)?;
                for row in &parted.rows[part] {
                    rows.since(from.value(*row as usize))?;
                    grown += u64::from(rows.put(&columns, *row)?);
                }
                for location in &parted.locations[part] {
                    let key = &parted.keys[location.key.clone()];
                    rows.locate(key, Some(columns.subject(location.row as usize)))?;
                }
            }
            let tab = change.codec.table.id.0;
            let growth = FxHashMap::from_iter([(tab, grown.cast_signed())]);
            Self::finish(&writer, self.applied(), &growth)?;
            Ok(grown)
        };
        run().map_err(fault)
    }

    /// Ends a rebuilding: it has all entries up to `head`, and all of `loads`, of which history
    /// had the records.
    pub(super) fn has_all(&self, head: u64, loads: &[u64]) -> Result<(), Error> {
        let writer = lock(&self.writer);
        let run = || -> rusqlite::Result<()> {
            for seq in loads {
                let note =
                    "INSERT INTO loaded (seq, replaced) VALUES (?1, 0) ON CONFLICT DO NOTHING";
                writer.prepare_cached(note)?.execute([seq.cast_signed()])?;
            }
            for table in ["progress", "settled"] {
                writer.execute(
                    &format!("UPDATE {table} SET seq = ?1"),
                    [head.cast_signed()],
                )?;
            }
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        run().map_err(self.fault("note progress"))?;
        let file = File::open(&self.path).and_then(|file| file.sync_all());
        file.map_err(Error::io("sync", &self.path))
    }
}

fn loaded(connection: &Connection, seq: u64) -> rusqlite::Result<Option<u64>> {
    let mut statement = connection.prepare_cached("SELECT replaced FROM loaded WHERE seq = ?1")?;
    let found = statement.query_row([seq.cast_signed()], |row| row.get::<_, i64>(0));
    Ok(found.optional()?.map(i64::cast_unsigned))
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags)?;
    reader.busy_timeout(BUSY)?;
    reader.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA mmap_size = 2147418112; PRAGMA cache_size = -512;",
    )?;
    Ok(reader)
}

fn tallies(connection: &Connection) -> rusqlite::Result<FxHashMap<u32, i64>> {
    let mut statement = connection.prepare("SELECT tab, records FROM tally")?;
    let mut rows = statement.query([])?;
    let mut tallies = FxHashMap::default();
    while let Some(row) = rows.next()? {
        tallies.insert(row.get(0)?, row.get(1)?);
    }
    Ok(tallies)
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn damaged(path: &Path, detail: String) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        detail,
        remedy: REBUILD,
    }
}

fn fault(path: &Path, what: &str, source: rusqlite::Error) -> Error {
    let code = source.sqlite_error_code();
    if let Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) = code {
        return damaged(path, source.to_string());
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    Error::Sql {
        database: name.to_string_lossy().into_owned(),
        what: what.to_owned(),
        source: Box::new(source),
    }
}
