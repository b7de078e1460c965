//! Carries the outbox into history: files by their names, batches through overlays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, BooleanArray, RecordBatch, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::concat_batches;
use deltalake::kernel::Action;
use pool::{DataFile, Entry, Moment, Payload, Table};
use tokio::sync::watch;

use super::files::{self, moment_type, stored_schema};
use super::held::Held;
use super::log::{self, HistoryFile};
use super::maintain::MaintainOptions;
use super::overlay::Layer;
use super::refresh;
use crate::error::Error;
use crate::feed::Feed;
use crate::history::place::Place;
use crate::lake::Lake;

/// When overlays are carried into files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeeperOptions {
    /// An overlay with more changes than this is carried over at once.
    pub overlay_rows_max: usize,
    /// An overlay is carried over when its oldest change is as old as this.
    pub refresh_every: Duration,
    /// Most entries read from the outbox at once.
    pub entries_max: usize,
    /// How often upkeep is done, when there is nothing else to do.
    pub maintain_every: Duration,
    /// How far it goes in one round.
    pub maintain: MaintainOptions,
}

impl Default for KeeperOptions {
    fn default() -> Self {
        Self {
            overlay_rows_max: 200_000,
            refresh_every: Duration::from_mins(5),
            entries_max: 1_000,
            maintain_every: Duration::from_hours(1),
            maintain: MaintainOptions::default(),
        }
    }
}

/// How long the keeper waits for news before it looks whether an overlay has come of age.
const WAIT: Duration = Duration::from_secs(1);
/// How long it waits after a failure.
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Carries the outbox into history. There is one for a pool.
pub struct Keeper {
    lake: Arc<Lake>,
    feed: Arc<dyn Feed>,
    options: KeeperOptions,
    /// The last entry that was looked at.
    seen: u64,
    /// The last entry the pool was told that history has.
    told: u64,
    /// Since when the overlay of a table, by name, has changes.
    waiting: BTreeMap<String, Moment>,
}

impl Keeper {
    /// Begins where history is. Overlays are built up again from the outbox.
    pub fn new(
        lake: Arc<Lake>,
        feed: Arc<dyn Feed>,
        options: KeeperOptions,
    ) -> Result<Self, Error> {
        let seen = feed.cursor()?;
        Ok(Self {
            lake,
            feed,
            options,
            seen,
            told: seen,
            waiting: BTreeMap::new(),
        })
    }

    /// Works until `stop` turns true. Failures are logged and tried again.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut newest = self.feed.newest();
        let mut maintained = tokio::time::Instant::now();
        while !*stop.borrow() {
            let worked = match self.step().await {
                Ok(worked) => worked,
                Err(error) => {
                    tracing::error!(%error, "history falls behind");
                    tokio::select! {
                        _ = stop.changed() => {}
                        () = tokio::time::sleep(WAIT_AFTER_FAILURE) => {}
                    }
                    false
                }
            };
            if worked {
                continue;
            }
            if maintained.elapsed() >= self.options.maintain_every {
                self.lake
                    .maintain(&self.options.maintain, self.feed.now())
                    .await;
                maintained = tokio::time::Instant::now();
            }
            tokio::select! {
                _ = stop.changed() => {}
                _ = tokio::time::timeout(WAIT, newest.changed()) => {}
            }
        }
    }

    /// Takes what is new, and carries over what has come of age. Tells whether there may be more.
    pub async fn step(&mut self) -> Result<bool, Error> {
        let (feed, seen, limit) = (Arc::clone(&self.feed), self.seen, self.options.entries_max);
        let entries = blocking(move || feed.entries_after(seen, limit)).await?;
        let more = !entries.is_empty();
        self.take(entries).await?;
        let now = self.feed.now();
        let every = i64::try_from(self.options.refresh_every.as_micros()).unwrap_or(i64::MAX);
        let old = |(name, since): (&String, &Moment)| {
            (now.0.saturating_sub(since.0) >= every).then(|| name.clone())
        };
        let mut due: BTreeSet<String> = self.waiting.iter().filter_map(old).collect();
        for name in self.waiting.keys() {
            if self.lake.held(name).await?.view().overlay.rows() > self.options.overlay_rows_max {
                due.insert(name.clone());
            }
        }
        for name in due {
            self.refresh(&name).await?;
        }
        self.tell().await?;
        Ok(more)
    }

    /// Takes all that is there and carries all of it into files.
    pub async fn flush(&mut self) -> Result<(), Error> {
        while self.step().await? {}
        for name in self.waiting.keys().cloned().collect::<Vec<_>>() {
            self.refresh(&name).await?;
        }
        self.tell().await
    }

    async fn refresh(&mut self, name: &str) -> Result<(), Error> {
        let held = self.lake.held(name).await?;
        let done = refresh::refresh(self.lake.place(), &held, self.feed.now()).await?;
        tracing::debug!(
            table = name,
            buckets = done.buckets,
            rows = done.rows_written,
            "history is refreshed"
        );
        self.waiting.remove(name);
        Ok(())
    }

    /// Takes entries: runs of batches of one table become one layer each.
    async fn take(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        let mut runs: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        // What fails is taken again, so what was read counts as seen only when all of it is taken.
        let last = entries.last().map_or(self.seen, |entry| entry.seq);
        for entry in entries {
            let name = entry.table.name();
            if matches!(entry.payload, Payload::Batch { .. }) {
                runs.entry(name).or_default().push(entry);
                continue;
            }
            if let Some(run) = runs.remove(&name) {
                self.lay(&name, run).await?;
            }
            self.add_files(&name, entry).await?;
        }
        for (name, run) in runs {
            self.lay(&name, run).await?;
        }
        self.seen = last;
        Ok(())
    }

    /// Lays a run of batches over a table.
    async fn lay(&mut self, name: &str, run: Vec<Entry>) -> Result<(), Error> {
        let held = self.lake.held(name).await?;
        let view = held.view();
        self.belongs(&held, view.taken)?;
        let known = view.newest();
        let run: Vec<Entry> = run.into_iter().filter(|entry| entry.seq > known).collect();
        let Some(first) = run.first() else {
            return Ok(()); // a replay
        };
        self.waiting.entry(name.to_owned()).or_insert(first.at);
        let layer = layer(&held.table, &run)?;
        held.lay(layer);
        Ok(())
    }

    /// Takes a bulk load: its files as they are if they replace nothing, else row by row.
    async fn add_files(&mut self, name: &str, entry: Entry) -> Result<(), Error> {
        let held = self.lake.held(name).await?;
        self.belongs(&held, held.view().taken)?;
        if entry.seq <= held.view().taken {
            return Ok(()); // a replay
        }
        if !held.view().overlay.is_empty() {
            self.refresh(name).await?;
            if entry.seq <= held.view().taken {
                return Ok(()); // it was laid over before, and the refresh failed then
            }
        }
        let Payload::Files(parts) = &entry.payload else {
            return Ok(()); // the caller hands in files
        };
        let place = self.lake.place();
        let table_buckets = entry.table.buckets;
        let empty = held.view().files.iter().all(|file| !file.current);
        // Files that are divided otherwise than the table (the definition has changed between) are
        // taken row by row.
        let divided = |part: &DataFile| match part.buckets {
            0 => table_buckets, // written by a program that did not note it
            buckets => buckets,
        };
        let alike = parts.iter().all(|part| divided(part) == held.buckets());
        if !alike || (entry.replaced != Some(0) && !empty) {
            self.merge(&held, &entry, parts).await?;
            return Ok(());
        }
        let mut guard = held.delta.lock().await;
        let mut delta = held.log(place, guard.take()).await?;
        let adds: Vec<Action> = parts
            .iter()
            .map(|part| history_file(part, entry.at).add(&held.table, true))
            .collect();
        let (buckets, seq) = (held.buckets(), Some(entry.seq));
        let committed = log::commit(&mut delta, &held.table, adds, buckets, seq).await;
        if let Err(error) = committed {
            *guard = held.reread(place).await;
            return Err(error);
        }
        let shown = held.show_committed(&delta, buckets, seq);
        *guard = Some(delta);
        shown
    }

    /// A table cannot have entries that the outbox has not given yet: it would take the next ones
    /// for a replay, and lose them.
    fn belongs(&self, held: &Held, taken: u64) -> Result<(), Error> {
        let newest = *self.feed.newest().borrow();
        if taken <= newest {
            return Ok(());
        }
        let reason = format!(
            "its log has entries up to {taken}, and the outbox ends with {newest}: this history belongs to another pool, or the outbox has lost its end; restore both from one backup"
        );
        Err(Error::table(&held.table, "take changes", reason))
    }

    /// Takes a bulk load that replaces records: a refresh with its rows as the overlay.
    async fn merge(&self, held: &Held, entry: &Entry, parts: &[DataFile]) -> Result<(), Error> {
        let (table, place) = (&held.table, self.lake.place());
        let schema = stored_schema(table);
        let mut rows = Vec::new();
        for part in parts {
            let path =
                object_store::path::Path::from(format!("{}/{}", Place::path(table), part.path));
            let batches = files::read(&place.objects, &path, part.bytes, &schema).await;
            rows.extend(batches.map_err(|error| Error::table(table, "read a loaded file", error))?);
        }
        let rows = concat_batches(&schema, &rows)
            .map_err(|error| Error::table(table, "read a loaded file", error))?;
        let deletes = BooleanArray::from(vec![false; rows.num_rows()]);
        held.lay(Layer {
            first: entry.seq,
            last: entry.seq,
            rows,
            deletes,
            moved: moved(entry).collect(),
        });
        refresh::refresh(place, held, self.feed.now()).await?;
        // The loaded files were read and written anew; nothing refers to them any more.
        for part in parts {
            let path =
                object_store::path::Path::from(format!("{}/{}", Place::path(table), part.path));
            if let Err(error) =
                object_store::ObjectStoreExt::delete(place.objects.as_ref(), &path).await
            {
                tracing::warn!(%error, "a loaded file could not be removed");
            }
        }
        Ok(())
    }

    /// Tells the pool up to which entry all is in history.
    async fn tell(&mut self) -> Result<(), Error> {
        let mut upto = self.seen;
        for name in self.waiting.keys() {
            let held = self.lake.held(name).await?;
            if let Some(first) = held.view().overlay.layers.first() {
                upto = upto.min(first.first.saturating_sub(1));
            }
        }
        if upto <= self.told {
            return Ok(());
        }
        let feed = Arc::clone(&self.feed);
        blocking(move || feed.consumed(upto)).await?;
        self.told = upto;
        Ok(())
    }
}

/// One layer of a run of batches.
fn layer(table: &Arc<Table>, run: &[Entry]) -> Result<Layer, Error> {
    let wrong = |error: arrow::error::ArrowError| Error::table(table, "take changes", error);
    let schema = stored_schema(table);
    let (mut rows, mut deletes) = (Vec::new(), Vec::new());
    for entry in run {
        let Payload::Batch {
            batch,
            deletes: deleted,
        } = &entry.payload
        else {
            continue;
        };
        let count = batch.num_rows();
        let from = TimestampMicrosecondArray::from(vec![entry.at.0; count]).with_timezone("UTC");
        let batch = files::conform(batch, &table.columns).map_err(wrong)?;
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns.push(Arc::new(from));
        columns.push(new_null_array(&moment_type(), count));
        rows.push(RecordBatch::try_new(Arc::new(relaxed(&schema)), columns).map_err(wrong)?);
        deletes.extend((0..count).map(|row| deleted.value(row)));
    }
    let schema = Arc::new(relaxed(&schema));
    let rows = concat_batches(&schema, &rows).map_err(wrong)?;
    let (first, last) = (
        run.first().map_or(0, |entry| entry.seq),
        run.last().map_or(0, |entry| entry.seq),
    );
    let moved = run.iter().flat_map(moved).collect();
    Ok(Layer {
        first,
        last,
        rows,
        deletes: BooleanArray::from(deletes),
        moved,
    })
}

/// The hashes of the subjects that an entry's records had before, as far as they had another then.
fn moved(entry: &Entry) -> impl Iterator<Item = u64> + '_ {
    let before = entry.moved.iter();
    before.map(|(_, subject)| files::hash_of(subject))
}

/// The same columns, all of which may be null: a delete has only key and subject.
fn relaxed(schema: &arrow::datatypes::Schema) -> arrow::datatypes::Schema {
    let field = |field: &Arc<arrow::datatypes::Field>| field.as_ref().clone().with_nullable(true);
    arrow::datatypes::Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

fn history_file(part: &DataFile, at: Moment) -> HistoryFile {
    HistoryFile {
        path: part.path.clone(),
        current: true,
        bucket: part.bucket,
        rows: part.rows,
        bytes: part.bytes,
        modified_ms: at.0.div_euclid(1_000),
        subjects: Some((part.subject_min.clone(), part.subject_max.clone())),
    }
}

/// Runs what blocks away from the threads that must not.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a blocking call of history did not end");
            Err(Error::Hidden)
        }
    }
}
