//! Loads a file: read, looked at and written at the same time, in batches that the pool
//! acknowledges one by one. A load that is stopped, however roughly, goes on behind the last batch
//! that was acknowledged; a batch whose acknowledgement was lost is known by its name.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::Error;
use super::batch::{Batch, Duplicates, look};
use super::job::{self, JobState, NewJob};
use super::limits::BATCH_BLOCKS;
use super::snapshot::{self, Snapshot};
use super::validate::{Counts, Validator};
use super::write::{Writer, Written};
use crate::pool::Pool;
use crate::quality::{self, Sample};
use crate::quarantine::BYTES_MAX;
use crate::sources::file::{self, Block, Input, Source};
use crate::table::Table;

/// What a file's records do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They are new, or take the place of those with the same keys.
    #[default]
    Upsert,
    /// They are new; those whose keys are there already are quarantined.
    Insert,
    /// Records with their keys are deleted.
    Delete,
    /// They are all that there is: what the file does not have is deleted.
    Snapshot,
}

impl Mode {
    /// The word it is written with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Upsert => "upsert",
            Self::Insert => "insert",
            Self::Delete => "delete",
            Self::Snapshot => "snapshot",
        }
    }
}

/// Hundredths of a table that a snapshot may delete without being told so.
const SNAPSHOT_DELETES_PERCENT: f64 = 10.0;

/// How to load a file.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// What its records do.
    pub mode: Mode,
    /// How to read it.
    pub file: file::Options,
    /// The offset from UTC, in seconds, of moments that name no zone.
    pub zone: Option<i32>,
    /// Load it although it was loaded before.
    pub again: bool,
    /// A snapshot may delete as much as it will.
    pub allow_deletes: bool,
    /// Hundredths of the table that a snapshot may delete otherwise.
    pub deletes_percent_max: f64,
    /// Most bytes that may wait in the quarantine.
    pub quarantine_bytes_max: u64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            mode: Mode::Upsert,
            file: file::Options::default(),
            zone: None,
            again: false,
            allow_deletes: false,
            deletes_percent_max: SNAPSHOT_DELETES_PERCENT,
            quarantine_bytes_max: BYTES_MAX,
        }
    }
}

/// How far a load is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Records so far.
    pub records: u64,
    /// Of them quarantined.
    pub quarantined: u64,
    /// All records, where the file says it.
    pub total: Option<u64>,
}

/// What came of a load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The load's name.
    pub load: String,
    /// `department/dataset`
    pub dataset: String,
    /// The file.
    pub source: String,
    /// What its records do.
    pub mode: Mode,
    /// What was counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// Accepted records that took the place of others.
    pub replaced: u64,
    /// Accepted records that were there already just so.
    pub unchanged: u64,
    /// Records that were deleted.
    pub deleted: u64,
    /// Records to delete that were not there.
    pub absent: u64,
    /// Batches that the pool has acknowledged.
    pub batches: u64,
    /// Batches of these that an earlier run of the same load had done.
    pub resumed: u64,
    /// The last entry of the outbox that it made.
    pub seq: u64,
    /// Nothing was done, because the file had been loaded.
    pub already: bool,
    /// Microseconds from beginning to end.
    pub microseconds: i64,
}

/// Loads `source` into `table`.
///
/// # Errors
/// When the file cannot be read (further), the quarantine is full, a snapshot would delete too much,
/// or the pool refuses. What was acknowledged stays, and the next call goes on behind it.
pub fn load(
    pool: &Arc<Pool>,
    table: &Arc<Table>,
    source: &Source,
    options: &LoadOptions,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<Summary, Error> {
    let began = pool.clock().now();
    let id = name(pool, table, source, options)?;
    let mut state = job::begin(
        pool.meta(),
        &NewJob {
            id: &id,
            dataset: &table.dataset,
            source: &source.name,
            mode: options.mode,
            bytes: source.identity.bytes,
            content: &source.identity.content,
            now: began,
        },
    )?;
    if state.finished.is_some() {
        return Ok(Summary {
            already: true,
            ..state.summary
        });
    }
    let mut validator = Validator::new(table, options.zone)?;
    let mut file_options = options.file.clone();
    if options.mode == Mode::Delete {
        validator = validator.keys_only();
        file_options.keys_only = true;
    }
    let open = || source.open(table, &file_options);
    let input = open().inspect_err(|_| {
        // A file that cannot be read at all is no load that waits to go on.
        let _ = if state.batches == 0 {
            job::forget(pool.meta(), &id)
        } else {
            Ok(())
        };
    })?;
    state.summary.load.clone_from(&id);
    state.summary.dataset = table.name();
    state.summary.source.clone_from(&source.name);
    state.summary.mode = options.mode;
    state.summary.resumed = state.batches;
    let snapshot = match options.mode {
        Mode::Snapshot => Some(snapshot::begin(pool, &validator, open, source, options)?),
        _ => None,
    };
    let writer = Writer {
        pool,
        table,
        source: &source.name,
        load: &format!("load/{id}"),
        quarantine_bytes_max: options.quarantine_bytes_max,
        named_by_sender: false,
    };
    let sample = Sample::of(table);
    let mut run = Run {
        writer,
        state,
        snapshot,
        sample,
        total: input.total(),
        mode: options.mode,
        id: &id,
    };
    run.all(input, &validator, progress)?;
    run.finish(began)
}

/// The load's name: by what is loaded, into what and how, and the how many-eth time that is.
fn name(
    pool: &Pool,
    table: &Table,
    source: &Source,
    options: &LoadOptions,
) -> Result<String, Error> {
    let mut hash = Xxh3::new();
    let bytes = source.identity.bytes.to_string();
    let parts = [
        &table.dataset,
        &source.name,
        &bytes,
        &source.identity.content,
        options.mode.word(),
    ];
    for part in parts {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    let name = format!("{:016x}", hash.digest());
    let earlier = pool.meta().query(
        "SELECT finished FROM load_job WHERE id LIKE $1 ORDER BY started DESC, id DESC",
        &crate::values![format!("{name}-%")],
    )?;
    let finished = match earlier.first() {
        Some(row) => row.get::<Option<i64>>(0)?.is_some(),
        None => false,
    };
    let times = earlier.len().max(1) + usize::from(options.again && finished);
    Ok(format!("{name}-{times}"))
}

/// A load that runs.
struct Run<'a> {
    writer: Writer<'a>,
    state: JobState,
    snapshot: Option<Snapshot>,
    sample: Sample,
    total: Option<u64>,
    mode: Mode,
    id: &'a str,
}

type Numbered<T> = Result<(u64, T), Error>;

impl Run<'_> {
    /// One thread reads, one looks (and has others help), this one writes.
    fn all(
        &mut self,
        input: Input,
        validator: &Validator,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<(), Error> {
        let skip = self.state.batches;
        let (to_look, from_read) = sync_channel::<Numbered<Vec<Block>>>(1);
        let (to_write, from_look) = sync_channel::<Numbered<Batch>>(1);
        std::thread::scope(|scope| {
            scope.spawn(move || read(input, skip, &to_look));
            scope.spawn(move || look_at_all(validator, &from_read, &to_write));
            for batch in from_look {
                let (number, batch) = batch?;
                self.batch(number, batch)?;
                progress(&Progress {
                    records: self.state.summary.counts.records,
                    quarantined: self.state.summary.counts.quarantined,
                    total: self.total,
                });
            }
            Ok(())
        })
    }

    fn batch(&mut self, number: u64, mut batch: Batch) -> Result<(), Error> {
        if self.mode == Mode::Insert || self.snapshot.is_some() {
            batch = match &mut self.snapshot {
                Some(snapshot) => snapshot.changed(batch)?,
                None => snapshot::new_ones(&self.writer, batch)?,
            };
            // Those that are accepted and need not be written.
            self.state.summary.unchanged += batch.counts.accepted - batch.good.num_rows() as u64;
        }
        self.writer.quarantine(&batch)?;
        let written = match self.mode {
            Mode::Delete => self.writer.delete(&batch.good, &number.to_string())?,
            _ => self.writer.upsert(&batch, &number.to_string())?,
        };
        if self.mode != Mode::Delete {
            self.sample.take(&batch.good);
        }
        self.state.summary.counts.add(&batch.counts);
        self.acknowledged(written);
        self.state.batches = number + 1;
        self.state.summary.batches = number + 1;
        job::save(self.writer.pool.meta(), self.id, &self.state)
    }

    fn acknowledged(&mut self, written: Written) {
        let summary = &mut self.state.summary;
        summary.seq = summary.seq.max(written.seq);
        summary.replaced += written.replaced;
        summary.deleted += written.deleted;
        summary.absent += written.absent;
    }

    fn finish(mut self, began: crate::Moment) -> Result<Summary, Error> {
        if let Some(snapshot) = self.snapshot.take() {
            let written = snapshot.delete_the_rest(&self.writer)?;
            self.acknowledged(written);
        }
        let pool = self.writer.pool;
        let now = pool.clock().now();
        self.state.finished = Some(now);
        self.state.summary.microseconds += now.0 - began.0;
        if self.mode != Mode::Delete {
            quality::record(pool, self.writer.table, &self.state.summary, &self.sample)?;
        }
        job::save(pool.meta(), self.id, &self.state)?;
        Ok(self.state.summary)
    }
}

fn read(mut input: Input, skip: u64, to: &SyncSender<Numbered<Vec<Block>>>) {
    for number in 0_u64.. {
        let mut blocks = Vec::with_capacity(BATCH_BLOCKS);
        while blocks.len() < BATCH_BLOCKS {
            match input.next_block() {
                Ok(Some(block)) => blocks.push(block),
                Ok(None) => break,
                Err(error) => {
                    // What was read before stays unread: the batch is not whole, and its number
                    // must mean the same records the next time.
                    let _ = to.send(Err(error));
                    return;
                }
            }
        }
        if blocks.is_empty() || (number >= skip && to.send(Ok((number, blocks))).is_err()) {
            return;
        }
    }
}

fn look_at_all(
    validator: &Validator,
    from: &Receiver<Numbered<Vec<Block>>>,
    to: &SyncSender<Numbered<Batch>>,
) {
    for blocks in from {
        let looked = blocks.and_then(|(number, blocks)| {
            Ok((number, look(validator, &blocks, Duplicates::Quarantine)?))
        });
        let failed = looked.is_err();
        if to.send(looked).is_err() || failed {
            return;
        }
    }
}
