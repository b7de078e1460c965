//! Keyed state in SQLite files, records divided over them by hash of the subject.

use std::path::Path;
use std::sync::PoisonError;
use std::sync::RwLock;

use rayon::prelude::*;
use rusqlite::{OptionalExtension, params};
use rustc_hash::FxHashMap;

use super::change::Change;
use super::rows::{Location, Parted, part_of};
use super::shard::Shard;
use super::{Each, Failure, State};
use crate::codec::Columns;
use crate::error::Error;
use crate::faults::Faults;
use crate::sql::{Sql, Transaction};
use crate::table::TableId;

/// Connections to each file that read.
const READERS: usize = 4;
/// Fewer rows than this are applied by one thread.
const PARALLEL_ROWS: usize = 2_000;

const GET: &str = "SELECT from_us, body FROM record WHERE tab = ?1 AND subject = ?2 AND key = ?3";
const OF_SUBJECT: &str =
    "SELECT key, from_us, body FROM record WHERE tab = ?1 AND subject = ?2 ORDER BY key LIMIT ?3";
const LOCATE: &str = "SELECT subject FROM locator WHERE tab = ?1 AND key = ?2";
const FIRST_PAGE: &str = "SELECT subject, key, from_us, body FROM record WHERE tab = ?1 AND ?2 IS NOT ?3 ORDER BY subject, key LIMIT ?4";
const PAGE: &str = "SELECT subject, key, from_us, body FROM record WHERE tab = ?1 AND (subject, key) > (?2, ?3) ORDER BY subject, key LIMIT ?4";

/// The name of a shard's file.
pub(super) fn file(number: u32) -> String {
    format!("shard-{number:03}.sqlite")
}

/// The files.
#[derive(Debug)]
pub(crate) struct SqliteState {
    shards: Vec<Shard>,
    counts: RwLock<FxHashMap<u32, i64>>,
    faults: Faults,
}

impl SqliteState {
    /// Opens the files in `folder`, or makes them.
    pub(crate) fn open(folder: &Path, shards: u32, faults: Faults) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        let mut counts = FxHashMap::default();
        let mut open = |number: u32| {
            let (shard, tallies) = Shard::open(&folder.join(file(number)), shards, READERS)?;
            for (tab, records) in tallies {
                *counts.entry(tab).or_insert(0) += records;
            }
            Ok(shard)
        };
        let shards = (0..shards).map(&mut open).collect::<Result<_, Error>>()?;
        Ok(Self {
            shards,
            counts: RwLock::new(counts),
            faults,
        })
    }

    fn shard(&self, bytes: &[u8]) -> &Shard {
        &self.shards[part_of(bytes, self.shards.len() as u32) as usize]
    }

    fn apply(&self, changes: &[Change]) -> Result<Vec<u64>, Error> {
        let parts = self.shards.len() as u32;
        let parted = changes
            .iter()
            .map(|change| Parted::of(change, parts))
            .collect::<Result<Vec<_>, _>>()?;
        let touched = |part: &usize| {
            let mut both = parted.iter().zip(changes);
            both.any(|(parted, change)| change.bulk || parted.touches(*part))
        };
        let touched: Vec<usize> = (0..self.shards.len()).filter(touched).collect();
        let apply = |part: &usize| self.shards[*part].apply(*part, changes, &parted, &self.faults);
        let rows: usize = changes.iter().map(|change| change.rows.len()).sum();
        let done: Vec<_> = if rows < PARALLEL_ROWS {
            touched.iter().map(apply).collect()
        } else {
            touched.par_iter().map(apply).collect()
        };
        let mut total = vec![0; changes.len()];
        let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
        let mut failed = None;
        for part in done {
            match part {
                Ok((replaced, growth)) => {
                    total
                        .iter_mut()
                        .zip(replaced)
                        .for_each(|(total, replaced)| *total += replaced);
                    for (tab, grown) in growth {
                        *counts.entry(tab).or_insert(0) += grown;
                    }
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(total), Err)
    }
}

impl State for SqliteState {
    fn commit(
        &self,
        meta: &Sql,
        outbox: &mut dyn FnMut(&mut Transaction<'_>) -> Result<(), Error>,
        changes: &[Change],
    ) -> Result<Vec<u64>, Failure> {
        let pass = |point| {
            self.faults
                .pass(point)
                .map_err(Error::io("write", "meta.sqlite"))
        };
        pass("outbox-before-commit").map_err(Failure::Outbox)?;
        meta.transaction(|tx| outbox(tx)).map_err(Failure::Outbox)?;
        pass("outbox-committed").map_err(Failure::State)?;
        let replaced = self.apply(changes).map_err(Failure::State)?;
        pass("shards-committed").map_err(Failure::State)?;
        Ok(replaced)
    }

    fn replay(&self, changes: &[Change]) -> Result<Vec<u64>, Error> {
        self.apply(changes)
    }

    fn settled(&self) -> Result<u64, Error> {
        Ok(self.shards.iter().map(Shard::settled).min().unwrap_or(0))
    }

    fn newest(&self) -> Result<u64, Error> {
        Ok(self.shards.iter().map(Shard::applied).max().unwrap_or(0))
    }

    fn loads_apart(&self) -> bool {
        true
    }

    fn loaded(&self, seq: u64) -> Result<Option<u64>, Error> {
        let found = self.shards.iter().map(|shard| shard.loaded(seq));
        let found = found.collect::<Result<Option<Vec<u64>>, Error>>()?;
        Ok(found.map(|found| found.iter().sum()))
    }

    fn get(
        &self,
        tab: TableId,
        subject: &str,
        key: &[u8],
        each: &mut Each<'_>,
    ) -> Result<bool, Error> {
        let shard = self.shard(subject.as_bytes());
        shard.read(|reader| {
            let fault = shard.fault("look up");
            let mut statement = reader.prepare_cached(GET).map_err(&fault)?;
            let mut rows = statement
                .query(params![tab.0, subject, key])
                .map_err(&fault)?;
            let Some(row) = rows.next().map_err(&fault)? else {
                return Ok(false);
            };
            let from = row.get(0).map_err(&fault)?;
            each(subject, key, from, blob(row, 1).map_err(&fault)?)?;
            Ok(true)
        })
    }

    fn locate(&self, tab: TableId, key: &[u8]) -> Result<Option<String>, Error> {
        let shard = self.shard(key);
        shard.read(|reader| {
            let find = || {
                reader
                    .prepare_cached(LOCATE)?
                    .query_row(params![tab.0, key], |row| row.get(0))
                    .optional()
            };
            find().map_err(shard.fault("look up"))
        })
    }

    fn moved(&self, change: &Change) -> Result<Vec<(u32, String)>, Error> {
        let tab = change.codec.table.id;
        if self.count(tab)? == 0 {
            return Ok(Vec::new());
        }
        let parted = Parted::of(change, self.shards.len() as u32)?;
        let columns = Columns::new(&change.codec, &change.batch)?;
        let part = |(shard, locations): (&Shard, &Vec<Location>)| {
            shard.read(|reader| {
                let find = || {
                    let mut moved = Vec::new();
                    let mut statement = reader.prepare_cached(LOCATE)?;
                    for location in locations {
                        let mut rows =
                            statement.query(params![tab.0, &parted.keys[location.key.clone()]])?;
                        let Some(row) = rows.next()? else { continue };
                        let before = row.get_ref(0)?.as_str()?;
                        if before != columns.subject(location.row as usize) {
                            moved.push((location.row, before.to_owned()));
                        }
                    }
                    Ok(moved)
                };
                find().map_err(shard.fault("look up"))
            })
        };
        let moved = if change.rows.len() < PARALLEL_ROWS {
            let parts = self.shards.iter().zip(&parted.locations);
            let parts = parts.filter(|(_, locations)| !locations.is_empty());
            parts.map(part).collect::<Result<Vec<_>, Error>>()?
        } else {
            let parts = self.shards.par_iter().zip(&parted.locations);
            parts.map(part).collect::<Result<Vec<_>, Error>>()?
        };
        Ok(moved.concat())
    }

    fn of_subject(
        &self,
        tab: TableId,
        subject: &str,
        limit: usize,
        each: &mut Each<'_>,
    ) -> Result<(), Error> {
        let shard = self.shard(subject.as_bytes());
        shard.read(|reader| {
            let fault = shard.fault("look up");
            let mut statement = reader.prepare_cached(OF_SUBJECT).map_err(&fault)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = statement
                .query(params![tab.0, subject, limit])
                .map_err(&fault)?;
            while let Some(row) = rows.next().map_err(&fault)? {
                let from = row.get(1).map_err(&fault)?;
                each(
                    subject,
                    blob(row, 0).map_err(&fault)?,
                    from,
                    blob(row, 2).map_err(&fault)?,
                )?;
            }
            Ok(())
        })
    }

    fn count(&self, tab: TableId) -> Result<u64, Error> {
        let counts = self.counts.read().unwrap_or_else(PoisonError::into_inner);
        Ok(counts
            .get(&tab.0)
            .copied()
            .unwrap_or(0)
            .max(0)
            .cast_unsigned())
    }

    fn parts(&self) -> usize {
        self.shards.len()
    }

    fn page(
        &self,
        tab: TableId,
        part: usize,
        after: Option<(&str, &[u8])>,
        limit: usize,
        each: &mut Each<'_>,
    ) -> Result<(), Error> {
        let shard = &self.shards[part];
        let sql = if after.is_some() { PAGE } else { FIRST_PAGE };
        let (subject, key) = after.unwrap_or(("", b""));
        shard.read(|reader| {
            let fault = shard.fault("read");
            let mut statement = reader.prepare_cached(sql).map_err(&fault)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = statement
                .query(params![tab.0, subject, key, limit])
                .map_err(&fault)?;
            while let Some(row) = rows.next().map_err(&fault)? {
                let subject = row
                    .get_ref(0)
                    .and_then(|value| Ok(value.as_str()?))
                    .map_err(&fault)?;
                let from = row.get(2).map_err(&fault)?;
                each(
                    subject,
                    blob(row, 1).map_err(&fault)?,
                    from,
                    blob(row, 3).map_err(&fault)?,
                )?;
            }
            Ok(())
        })
    }

    fn note(&self, seq: u64) -> Result<(), Error> {
        self.shards
            .iter()
            .filter(|shard| shard.settled() < seq)
            .try_for_each(|shard| shard.note(seq))
    }

    fn make_durable(&self) -> Result<(), Error> {
        self.shards.iter().try_for_each(Shard::make_durable)
    }

    fn check(&self) -> Result<(), Error> {
        self.shards.iter().try_for_each(Shard::check)
    }
}

fn blob<'a>(row: &'a rusqlite::Row<'_>, at: usize) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(at)?.as_bytes()?)
}
