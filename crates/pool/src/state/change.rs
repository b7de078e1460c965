//! The rows of one entry, checked and ready to be applied.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use rustc_hash::FxHashMap;

use crate::clock::Moment;
use crate::codec::{Columns, TableCodec};
use crate::error::Error;
use crate::pool::{KEY_BYTES_MAX, SUBJECT_BYTES_MAX};
use crate::table::Table;

/// The rows of one entry.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) seq: u64,
    pub(crate) at: Moment,
    pub(crate) codec: Arc<TableCodec>,
    pub(crate) batch: RecordBatch,
    pub(crate) deletes: Option<BooleanArray>,
    /// The rows that count, in the order in which they are applied: no key twice.
    pub(crate) rows: Arc<Vec<u32>>,
    /// Rows whose record had another subject before, and that subject.
    pub(crate) moved: Arc<Vec<(u32, String)>>,
    /// Whether the number of records found is to be remembered with the state.
    pub(crate) bulk: bool,
}

impl Change {
    /// Whether a row is a delete.
    #[inline]
    pub(crate) fn is_delete(&self, row: u32) -> bool {
        self.deletes
            .as_ref()
            .is_some_and(|deletes| is_set(deletes, row as usize))
    }
}

pub(crate) fn is_set(flags: &BooleanArray, row: usize) -> bool {
    flags.is_valid(row) && flags.value(row)
}

/// The batch with the table's own schema, or what is wrong with it. Columns may say that they
/// can be null; key and subject must not be, nor what the definition requires.
pub(crate) fn checked(
    table: &Table,
    batch: &RecordBatch,
    deletes: Option<&BooleanArray>,
) -> Result<(), Error> {
    let (wanted, found) = (&table.columns, batch.schema());
    for at in 0..wanted.fields().len().max(found.fields().len()) {
        let plain = |schema: &arrow::datatypes::Schema| {
            let field = schema
                .fields()
                .get(at)
                .map(|field| (field.name().clone(), field.data_type().clone()));
            field.map_or_else(
                || "nothing".to_owned(),
                |(name, kind)| format!("`{name}`, {kind}"),
            )
        };
        let (wanted, found) = (wanted.fields().get(at), found.fields().get(at));
        let same = wanted.zip(found).is_some_and(|(one, other)| {
            one.name() == other.name() && one.data_type() == other.data_type()
        });
        if !same {
            return Err(Error::Columns {
                table: table.name(),
                at,
                found: plain(&batch.schema()),
                wanted: plain(&table.columns),
            });
        }
    }
    if let Some(deletes) = deletes.filter(|deletes| deletes.len() != batch.num_rows()) {
        return Err(Error::garbled(
            "a batch",
            format!(
                "{} rows, and {} say whether they are deletes",
                batch.num_rows(),
                deletes.len()
            ),
        ));
    }
    for (at, field) in table
        .columns
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| !field.is_nullable())
    {
        let column = batch.column(at);
        if column.null_count() == 0 {
            continue;
        }
        let always = at == table.subject || table.key.contains(&at);
        let missing = |row: &usize| {
            column.is_null(*row)
                && (always || !deletes.is_some_and(|deletes| is_set(deletes, *row)))
        };
        if let Some(row) = (0..batch.num_rows()).find(missing) {
            return Err(Error::Missing {
                table: table.name(),
                row,
                field: field.name().clone(),
            });
        }
    }
    subjects_fit(table, batch)
}

fn subjects_fit(table: &Table, batch: &RecordBatch) -> Result<(), Error> {
    let subjects = batch
        .column(table.subject)
        .as_any()
        .downcast_ref::<StringArray>();
    let subjects =
        subjects.ok_or_else(|| Error::garbled("a batch", "the subject is not a text"))?;
    let longest = subjects
        .value_offsets()
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap_or(0);
    match usize::try_from(longest) {
        Ok(longest) if longest > SUBJECT_BYTES_MAX => Err(Error::TooLarge {
            what: "bytes of a subject",
            size: longest as u64,
            limit: SUBJECT_BYTES_MAX as u64,
        }),
        _ => Ok(()),
    }
}

pub(crate) fn key_fits(length: usize) -> Result<(), Error> {
    if length <= KEY_BYTES_MAX {
        return Ok(());
    }
    Err(Error::TooLarge {
        what: "bytes of a key",
        size: length as u64,
        limit: KEY_BYTES_MAX as u64,
    })
}

/// The last row of each key, in order of rows.
pub(crate) fn last_of_each(codec: &TableCodec, batch: &RecordBatch) -> Result<Vec<u32>, Error> {
    let columns = Columns::new(codec, batch)?;
    let with_subject = codec.table.key_begins_with_subject();
    let mut last: FxHashMap<Box<[u8]>, u32> = FxHashMap::default();
    let mut key = Vec::new();
    for row in 0..batch.num_rows() {
        key.clear();
        columns.put_key(row, &mut key);
        key_fits(key.len())?;
        if with_subject {
            let subject = columns.subject(row).as_bytes();
            key.extend_from_slice(subject);
            key.extend_from_slice(&(subject.len() as u32).to_le_bytes()); // so that no two pairs are alike
        }
        match last.get_mut(key.as_slice()) {
            Some(last) => *last = row as u32,
            None => drop(last.insert(key.as_slice().into(), row as u32)),
        }
    }
    let mut rows: Vec<u32> = last.into_values().collect();
    rows.sort_unstable();
    Ok(rows)
}
