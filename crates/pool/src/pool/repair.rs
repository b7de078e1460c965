//! Repairing a pool whose keyed state is damaged: history has the records in force as of an entry,
//! and the outbox has what came after, so both together make the damaged part anew. History is
//! `lake`'s, which is above the pool, so its records are handed in.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{RecordBatch, TimestampMicrosecondArray};
use city::City;
use rustc_hash::FxHashMap;

use super::catalogue::Catalogue;
use super::open::lock;
use super::options::Options;
use crate::clock::Clock;
use crate::error::Error;
use crate::history_files::Place;
use crate::outbox::{Kind, brought_to, cursor, decoded, head, stored_after};
use crate::runtime::Runtime;
use crate::sql::Sql;
use crate::state::{Damage, PostgresState, Rebuild, State, inspect};
use crate::table::{Table, TableId, Tables};

/// Entries of one step.
const ENTRIES: usize = 256;

/// A pool whose keyed state is looked through while nobody uses it.
pub struct Repair {
    options: Options,
    meta: Sql,
    place: Place,
    catalogue: Catalogue,
    clock: Arc<dyn Clock>,
    head: u64,
    damages: Vec<Damage>,
    rebuild: Rebuild,
    /// Up to which entry history's records are, by table.
    taken: FxHashMap<TableId, u64>,
    records: u64,
    _in_use: File,
}

impl std::fmt::Debug for Repair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repair")
            .field("damages", &self.damages)
            .finish_non_exhaustive()
    }
}

/// What was rebuilt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Records that came from history.
    pub records: u64,
    /// Entries of the outbox that were applied to them.
    pub entries: u64,
    /// The damaged files, where they are now.
    pub set_aside: Vec<PathBuf>,
}

impl Repair {
    /// Looks through all of keyed state: reads every file once.
    ///
    /// # Errors
    /// When another process uses the pool; [`Error::Damaged`] when what is damaged has no other copy.
    pub fn open(options: Options, city: &City, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        options.check()?;
        let in_use = lock(&options.data.join("pool.lock"))?;
        let runtime = Arc::new(Runtime::new()?);
        let meta = Sql::open(&options.state, &options.data, &runtime, clock.now())?;
        let head = head(&meta)?;
        let rows = meta.query("SELECT min(seq) FROM outbox", &[])?;
        let oldest: Option<u64> = rows.first().map_or(Ok(None), |row| row.get(0))?;
        let oldest = oldest.unwrap_or(head + 1);
        let folder = options.data.join("state");
        let damages = match meta.postgres() {
            Some(postgres) => {
                PostgresState::new(postgres, options.faults.clone()).check()?;
                Vec::new()
            }
            None => inspect(&folder, options.shards, (oldest, head))?,
        };
        // Whether there are records is not known of a shard that is damaged.
        let catalogue = Catalogue::of(city, &meta, &|_| Ok(1))?;
        Ok(Self {
            rebuild: Rebuild::begin(&folder, options.shards, &[])?,
            place: Place::open(&options.history, &runtime)?,
            options,
            meta,
            catalogue,
            clock,
            head,
            damages,
            taken: FxHashMap::default(),
            records: 0,
            _in_use: in_use,
        })
    }

    /// What is damaged.
    pub fn damages(&self) -> &[Damage] {
        &self.damages
    }

    /// The tables, as the definitions in force have them.
    pub fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.catalogue.tables)
    }

    /// Begins new files beside the damaged ones. Before that, nothing is written.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn begin(&mut self) -> Result<(), Error> {
        let folder = self.options.data.join("state");
        self.rebuild = Rebuild::begin(&folder, self.options.shards, &self.damages)?;
        Ok(())
    }

    /// History's records in force of a table that follow are those as of entry `seq` of the outbox.
    pub fn as_of(&mut self, table: &Table, seq: u64) {
        self.taken.insert(table.id, seq);
    }

    /// Takes records of history, each in force since its moment in `from`: the table's columns by
    /// name, of which some may be missing.
    pub fn take(
        &mut self,
        table: &Table,
        batch: &RecordBatch,
        from: &TimestampMicrosecondArray,
    ) -> Result<(), Error> {
        let codec = self.catalogue.codec(table.id);
        let codec = codec.ok_or_else(|| Error::NoTable(table.name()))?;
        let batch = brought_to(&codec.table, batch)?;
        self.records += self.rebuild.take(&codec, batch, from)?;
        Ok(())
    }

    /// Applies what the outbox has beyond history, and puts the new shards into their places. The
    /// damaged files are set aside below the data folder.
    pub fn finish(self) -> Result<Repaired, Error> {
        let mut repaired = Repaired {
            records: self.records,
            ..Repaired::default()
        };
        if self.damages.is_empty() {
            return Ok(repaired);
        }
        let consumed = cursor(&self.meta, "history")?;
        if consumed > 0 && self.taken.is_empty() {
            let detail = format!(
                "it has taken entries up to {consumed}, and no table of it was found: give the history that belongs to this pool"
            );
            return Err(Error::garbled("history", detail));
        }
        let mut loads = Vec::new();
        let mut seq = 0;
        loop {
            let entries = stored_after(&self.meta, seq, ENTRIES)?;
            let Some(last) = entries.last() else { break };
            seq = last.seq;
            for entry in entries {
                let Some(codec) = self.catalogue.codec(entry.tab) else {
                    continue; // as replaying it does
                };
                if entry.seq <= self.taken.get(&entry.tab).copied().unwrap_or(0) {
                    if Kind::of(entry.kind)? == Kind::Files {
                        loads.push(entry.seq);
                    }
                    continue;
                }
                self.rebuild.apply(decoded(codec, &self.place, &entry)?)?;
                repaired.entries += 1;
            }
        }
        let at = self.clock.now().seconds().to_string();
        let aside = self.options.data.join("damaged").join(at);
        repaired.set_aside = self.rebuild.finish(self.head, &loads, &aside)?;
        Ok(repaired)
    }
}
