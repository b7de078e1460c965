//! Changes as they come from a database's log or from messages: new and changed records, and
//! deletes, in one order, written at once.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringBuilder, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};

use crate::ingest::raw::{Origin, Raw, RowFault};
use crate::ingest::{
    Batch, Code, Counts, Duplicates, Error, Validator, Writer, look_at_raw, with_subjects,
};
use crate::pool::Pool;
use crate::quarantine::BYTES_MAX;
use crate::table::Table;

/// A value as a source has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cell {
    /// There is none.
    Null,
    /// As text.
    Text(String),
    /// The source did not say, and nobody knows.
    Unknown,
}

/// Rows of text, one cell for each field of a table.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Vec<Cell>>,
    pub(crate) places: Vec<u64>,
}

impl Rows {
    /// Adds a row, which is the `place`-th change.
    pub(crate) fn push(&mut self, place: u64, row: Vec<Cell>) {
        self.rows.push(row);
        self.places.push(place);
    }

    /// Its raw form.
    pub(crate) fn raw(&self, table: &Table) -> Raw {
        let fields = table.definition.fields.len();
        let mut faults = Vec::new();
        let mut columns = Vec::with_capacity(fields);
        for at in 0..fields {
            let mut cells = StringBuilder::new();
            for (row, values) in self.rows.iter().enumerate() {
                match values.get(at) {
                    Some(Cell::Text(text)) => cells.append_value(text),
                    Some(Cell::Unknown) => {
                        let value = "unchanged and not sent".into();
                        let code = Code::Missing;
                        faults.push(RowFault {
                            row: row as u32,
                            field: at as u16,
                            code,
                            value,
                        });
                        cells.append_null();
                    }
                    Some(Cell::Null) | None => cells.append_null(),
                }
            }
            columns.push(Some(Arc::new(cells.finish()) as ArrayRef));
        }
        let origin = Origin::Changes(self.places.clone());
        Raw {
            columns,
            rows: self.rows.len(),
            origin,
            faults,
            ..Raw::default()
        }
    }
}

/// Writes changes of one table.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    pub(crate) pool: &'a Arc<Pool>,
    pub(crate) table: &'a Arc<Table>,
    pub(crate) upserts: Validator,
    pub(crate) deletes: Validator,
    /// What the source is called.
    pub(crate) source: String,
}

impl<'a> Changes<'a> {
    pub(crate) fn of(
        pool: &'a Arc<Pool>,
        table: &'a Arc<Table>,
        source: String,
        zone: Option<i32>,
    ) -> Result<Self, Error> {
        let upserts = Validator::new(table, zone)?;
        let deletes = Validator::new(table, zone)?.keys_only();
        Ok(Self {
            pool,
            table,
            upserts,
            deletes,
            source,
        })
    }

    /// Writes changes under a name that is theirs alone, and says what was counted.
    pub(crate) fn write(&self, upserts: &Raw, deletes: &Raw, name: &str) -> Result<Counts, Error> {
        let upserts = look_at_raw(&self.upserts, upserts, Duplicates::LastWins)?;
        let mut deletes = look_at_raw(&self.deletes, deletes, Duplicates::LastWins)?;
        let writer = self.writer(name);
        writer.quarantine(&upserts)?;
        writer.quarantine(&deletes)?;
        if deletes.good.num_rows() > 0 {
            let (good, places) =
                with_subjects(self.pool, self.table, deletes.good.clone(), &deletes.places)?;
            deletes.good = good;
            deletes.places = places;
        }
        let mut counts = upserts.counts.clone();
        counts.add(&deletes.counts);
        let (batch, flags) = self.in_order(&upserts, &deletes)?;
        if batch.num_rows() > 0 {
            writer.changes(batch, flags, name.to_owned())?;
        }
        Ok(counts)
    }

    /// A writer under a name.
    pub(crate) fn writer<'b>(&'b self, name: &'b str) -> Writer<'b> {
        Writer {
            pool: self.pool,
            table: self.table,
            source: &self.source,
            load: name,
            quarantine_bytes_max: BYTES_MAX,
            named_by_sender: false,
        }
    }

    /// Puts both sorts of change into the order in which they came.
    fn in_order(
        &self,
        upserts: &Batch,
        deletes: &Batch,
    ) -> Result<(RecordBatch, BooleanArray), Error> {
        let all = concat_batches(&self.table.columns, [&upserts.good, &deletes.good])?;
        let first_delete = upserts.good.num_rows() as u32;
        let places = upserts.places.iter().chain(&deletes.places);
        let mut order: Vec<(u64, u32)> = places.copied().zip(0..).collect();
        order.sort_unstable();
        let rows: UInt32Array = order.iter().map(|(_, row)| Some(*row)).collect();
        let flags = order
            .iter()
            .map(|(_, row)| Some(*row >= first_delete))
            .collect();
        debug_assert_eq!(rows.len(), all.num_rows(), "each row has its place");
        Ok((take_record_batch(&all, &rows)?, flags))
    }

    /// Deletes all records of the table.
    pub(crate) fn truncate(&self, name: &str) -> Result<u64, Error> {
        let columns = self.table.columns.fields().len();
        let mut batches = Vec::new();
        for batch in self.pool.scan(self.table)? {
            let own = batch?.columns().iter().take(columns).cloned().collect();
            batches.push(RecordBatch::try_new(Arc::clone(&self.table.columns), own)?);
        }
        let mut deleted = 0;
        for batch in batches {
            deleted += self.writer(name).delete(&batch, "truncate")?.deleted;
        }
        Ok(deleted)
    }
}
