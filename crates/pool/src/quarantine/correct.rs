//! Out of the quarantine into the pool: corrected by hand, or all at once when a rule has changed.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::store::{get, list, settle};
use super::{Filter, Held, State};
use crate::clock::Moment;
use crate::ingest::{Batch, Cells, Duplicates, Error, Fault, Validator, Writer, look_at_raw};
use crate::pool::Pool;
use crate::sources::file::{Keys, TextBlock};
use crate::table::Table;
use crate::value::Value;

/// Records that are tried at once.
const BATCH_RECORDS: usize = 1_000;

/// What became of a correction.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Correction {
    /// It is in the pool.
    Taken {
        /// The entry of the outbox.
        seq: u64,
    },
    /// It is still not right.
    Wrong {
        /// All that is wrong with it now.
        faults: Vec<Fault>,
    },
    /// The pool has a newer record with the same key.
    Outdated {
        /// Since when.
        since: Moment,
    },
}

/// What became of records that were tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// In the pool now.
    pub taken: u64,
    /// Still not right.
    pub wrong: u64,
    /// The pool has newer records with the same keys.
    pub outdated: u64,
    /// No fields can be told from what came: they must be corrected by hand.
    pub unreadable: u64,
}

/// Takes `json`, an object, in the place of a record that waits. With `force` it is taken although
/// the pool has a newer record with the same key.
///
/// # Errors
/// When there is no such record, or it does not wait any more.
pub fn correct(
    pool: &Arc<Pool>,
    id: u64,
    json: &str,
    note: &str,
    force: bool,
) -> Result<Correction, Error> {
    let missing = || Error::Quarantine(format!("there is no quarantined record {id}"));
    let held = get(pool.meta(), id)?.ok_or_else(missing)?;
    if held.state != State::Waiting {
        let state = held.state.word();
        return Err(Error::Quarantine(format!(
            "the quarantined record {id} is {state} already"
        )));
    }
    let table = pool.table(&held.dataset)?;
    let validator = Validator::new(&table, None)?;
    let line = json.replace(['\r', '\n'], " "); // pretty JSON on one line
    let mut tried = Try {
        pool,
        table: &table,
        validator,
        force,
        note,
    };
    let (mut taken, mut correction) = (Vec::new(), None);
    tried.batch(&[(&held, line)], &mut |held, outcome| {
        if matches!(outcome, Correction::Taken { .. }) {
            taken.push(held.id);
        }
        correction = Some(outcome);
    })?;
    settle(
        pool.meta(),
        &taken,
        State::Corrected,
        pool.clock().now(),
        note,
    )?;
    correction.ok_or_else(missing)
}

/// Tries all records again that a filter means and that wait.
///
/// # Errors
/// When the pool refuses; what was taken before stays taken.
pub fn replay(pool: &Arc<Pool>, filter: &Filter, note: &str) -> Result<Replayed, Error> {
    let mut replayed = Replayed::default();
    let mut filter = Filter {
        state: Some(State::Waiting),
        ..filter.clone()
    };
    loop {
        let some = list(pool.meta(), &filter, BATCH_RECORDS)?;
        let Some(last) = some.last() else {
            return Ok(replayed);
        };
        filter.after = last.id;
        let mut from = 0;
        while let Some(first) = some.get(from) {
            let same = some
                .iter()
                .skip(from)
                .take_while(|held| held.dataset == first.dataset);
            let of_one: Vec<&Held> = same.collect();
            from += of_one.len();
            replay_some(pool, &of_one, note, &mut replayed)?;
        }
    }
}

fn replay_some(
    pool: &Arc<Pool>,
    held: &[&Held],
    note: &str,
    replayed: &mut Replayed,
) -> Result<(), Error> {
    let Some(first) = held.first() else {
        return Ok(());
    };
    let table = pool.table(&first.dataset)?;
    let validator = Validator::new(&table, None)?;
    let mut lines = Vec::with_capacity(held.len());
    for held in held {
        match &held.record {
            Some(record) => lines.push((*held, record.to_string())),
            // What was no record may be one now that lines of it are read otherwise.
            None if held.raw.starts_with('{') => lines.push((*held, held.raw.clone())),
            None => replayed.unreadable += 1,
        }
    }
    let mut taken = Vec::new();
    let mut tried = Try {
        pool,
        table: &table,
        validator,
        force: false,
        note,
    };
    tried.batch(&lines, &mut |held, outcome| match outcome {
        Correction::Taken { .. } => {
            replayed.taken += 1;
            taken.push(held.id);
        }
        Correction::Wrong { .. } => replayed.wrong += 1,
        Correction::Outdated { .. } => replayed.outdated += 1,
    })?;
    settle(
        pool.meta(),
        &taken,
        State::Corrected,
        pool.clock().now(),
        note,
    )?;
    Ok(())
}

struct Try<'a> {
    pool: &'a Arc<Pool>,
    table: &'a Arc<Table>,
    validator: Validator,
    force: bool,
    note: &'a str,
}

impl Try<'_> {
    /// Tries records, each as one line of JSON, and tells of each what came of it.
    fn batch(
        &mut self,
        lines: &[(&Held, String)],
        tell: &mut dyn FnMut(&Held, Correction),
    ) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        let raw = Keys::of(self.table).read(self.table, &block(lines));
        // Two with the same key: the one that came later is what is true now.
        let mut batch = look_at_raw(&self.validator, &raw, Duplicates::LastWins)?;
        for bad in &batch.bad {
            if let Some((held, _)) = lines.get(bad.place as usize) {
                tell(
                    held,
                    Correction::Wrong {
                        faults: bad.faults.clone(),
                    },
                );
            }
        }
        if !self.force {
            batch = self.not_outdated(lines, batch, tell)?;
        }
        if batch.good.num_rows() == 0 {
            return Ok(());
        }
        let ids: Vec<String> = lines.iter().map(|(held, _)| held.id.to_string()).collect();
        let load = format!("quarantine/{}", ids.join("+"));
        let source = if self.note.is_empty() {
            "quarantine"
        } else {
            self.note
        };
        let writer = Writer {
            pool: self.pool,
            table: self.table,
            source,
            load: &load,
            quarantine_bytes_max: u64::MAX,
            named_by_sender: false,
        };
        let written = writer.upsert(&batch, &format!("{:016x}", content(lines)))?;
        for place in &batch.places {
            if let Some((held, _)) = lines.get(*place as usize) {
                tell(held, Correction::Taken { seq: written.seq });
            }
        }
        Ok(())
    }

    /// Leaves those records of whose key the pool has nothing newer.
    fn not_outdated(
        &self,
        lines: &[(&Held, String)],
        batch: Batch,
        tell: &mut dyn FnMut(&Held, Correction),
    ) -> Result<Batch, Error> {
        let columns = batch.good.columns().to_vec();
        let cells = Cells::all(&columns);
        let mut keep = Vec::with_capacity(batch.good.num_rows());
        for (row, place) in batch.places.iter().enumerate() {
            let value = |at: &usize| cells.get(*at).map_or(Value::Null, |cells| cells.value(row));
            let key: Vec<Value> = self.table.key.iter().map(value).collect();
            let there = self.pool.get(self.table, &key)?;
            let came = lines.get(*place as usize).map(|(held, _)| held.at);
            let newer = there.filter(|there| came.is_some_and(|came| there.from > came));
            if let (Some(newer), Some((held, _))) = (&newer, lines.get(*place as usize)) {
                tell(held, Correction::Outdated { since: newer.from });
            }
            keep.push(newer.is_none());
        }
        batch.keep(&keep)
    }
}

/// Lines as a block whose line numbers are their places in the list, from 0.
fn block(lines: &[(&Held, String)]) -> TextBlock {
    let mut text = Vec::new();
    let mut block = TextBlock::default();
    for (at, (_, line)) in lines.iter().enumerate() {
        let from = text.len() as u32;
        text.extend_from_slice(line.as_bytes());
        block.spans.push((from, text.len() as u32));
        block.lines.push(at as u64);
        text.push(b'\n');
    }
    block.text = Bytes::from(text);
    block
}

fn content(lines: &[(&Held, String)]) -> u64 {
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    for (_, line) in lines {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hash.digest()
}
