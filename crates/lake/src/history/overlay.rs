//! Changes that the pool has taken and history has not: they are laid over history's files when a
//! question is asked, and carried into the files by a refresh.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray,
};
use arrow::compute::{cast, interleave_record_batch};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use pool::{Moment, Table};

use super::files::{bucket_in, bucket_of};
use super::stored_schema;

/// Changes of one table, of one run of entries.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The entries.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// The table's columns, `_from`, `_to` (null).
    pub(crate) rows: RecordBatch,
    pub(crate) deletes: BooleanArray,
    /// Hashes of the subjects that its records had before, if they had another then.
    pub(crate) moved: Vec<u64>,
}

/// Encodes keys so that equal keys have equal bytes.
#[derive(Debug)]
pub(crate) struct Keys(RowConverter);

impl Keys {
    /// For tables with the key of `table`.
    pub(crate) fn new(table: &Table) -> Result<Self, ArrowError> {
        Self::of_types(Self::types(table))
    }

    /// For keys of these types.
    pub(crate) fn of_types(types: Vec<DataType>) -> Result<Self, ArrowError> {
        let fields = types.into_iter().map(SortField::new).collect();
        Ok(Self(RowConverter::new(fields)?))
    }

    /// The types of the key of `table`, as they are stored.
    pub(crate) fn types(table: &Table) -> Vec<DataType> {
        let kind = |at: &usize| table.columns.field(*at).data_type().clone();
        table.key.iter().map(kind).collect()
    }

    /// The keys of rows, whose key columns are handed in, in the key's order.
    pub(crate) fn encode(&self, columns: &[ArrayRef]) -> Result<arrow::row::Rows, ArrowError> {
        self.0.convert_columns(columns)
    }

    /// The keys of rows that have all of the table's columns.
    pub(crate) fn of(
        &self,
        table: &Table,
        rows: &RecordBatch,
    ) -> Result<arrow::row::Rows, ArrowError> {
        let columns: Vec<ArrayRef> = table
            .key
            .iter()
            .map(|at| Arc::clone(rows.column(*at)))
            .collect();
        self.encode(&columns)
    }
}

/// A version of a record in an overlay: its layer and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) layer: usize,
    pub(crate) row: usize,
}

/// What an overlay does to history's files.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// Keys whose rows in the files are void.
    pub(crate) void: HashMap<Box<[u8]>, Spot>,
    /// Buckets in which such rows may lie.
    pub(crate) buckets: BTreeSet<u32>,
    /// The rows to be read instead.
    pub(crate) rows: Vec<RecordBatch>,
}

/// All layers of a table, oldest first. It does not change; a new layer makes a new overlay.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) layers: Vec<Arc<Layer>>,
    /// In how many buckets the files are that it is laid over.
    pub(crate) buckets: u32,
    now: OnceLock<Arc<Effect>>,
}

impl Overlay {
    /// With these layers, over files in so many buckets.
    pub(crate) fn new(layers: Vec<Arc<Layer>>, buckets: u32) -> Self {
        Self {
            layers,
            buckets,
            now: OnceLock::new(),
        }
    }

    /// With one more layer.
    pub(crate) fn with(&self, layer: Layer) -> Self {
        let mut layers = self.layers.clone();
        layers.push(Arc::new(layer));
        Self::new(layers, self.buckets)
    }

    /// Without layers up to entry `seq`, over files in so many buckets.
    pub(crate) fn after(&self, seq: u64, buckets: u32) -> Self {
        let layers = self.layers.iter().filter(|layer| layer.last > seq);
        Self::new(layers.cloned().collect(), buckets)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// How many changes it holds.
    pub(crate) fn rows(&self) -> usize {
        self.layers.iter().map(|layer| layer.rows.num_rows()).sum()
    }

    /// All versions of each key that it holds, oldest first.
    pub(crate) fn versions(
        &self,
        table: &Table,
        keys: &Keys,
    ) -> Result<HashMap<Box<[u8]>, Vec<Spot>>, ArrowError> {
        let mut versions: HashMap<Box<[u8]>, Vec<Spot>> = HashMap::new();
        for (at, layer) in self.layers.iter().enumerate() {
            for (row, key) in keys.of(table, &layer.rows)?.iter().enumerate() {
                versions
                    .entry(key.data().into())
                    .or_default()
                    .push(Spot { layer: at, row });
            }
        }
        Ok(versions)
    }

    /// What it does to questions about now, or as of a moment.
    pub(crate) fn effect(
        &self,
        table: &Table,
        keys: &Keys,
        as_of: Option<Moment>,
    ) -> Result<Arc<Effect>, ArrowError> {
        if as_of.is_none()
            && let Some(effect) = self.now.get()
        {
            return Ok(Arc::clone(effect));
        }
        let effect = Arc::new(self.work_out(table, keys, as_of)?);
        if as_of.is_none() {
            return Ok(Arc::clone(self.now.get_or_init(|| effect)));
        }
        Ok(effect)
    }

    fn work_out(
        &self,
        table: &Table,
        keys: &Keys,
        as_of: Option<Moment>,
    ) -> Result<Effect, ArrowError> {
        let mut void: HashMap<Box<[u8]>, Spot> = HashMap::new();
        let mut buckets = BTreeSet::new();
        for (at, layer) in self.layers.iter().enumerate() {
            let from = self.from(at);
            let subjects = subjects(table, &layer.rows)?;
            let subjects = subjects.as_string::<i32>();
            for (row, key) in keys.of(table, &layer.rows)?.iter().enumerate() {
                if as_of.is_some_and(|moment| from.value(row) > moment.0) {
                    continue;
                }
                void.insert(key.data().into(), Spot { layer: at, row });
                buckets.insert(bucket_of(subjects.value(row), self.buckets));
            }
            let moved = layer.moved.iter();
            buckets.extend(moved.map(|hash| bucket_in(*hash, self.buckets)));
        }
        let mut live: Vec<Spot> = void
            .values()
            .copied()
            .filter(|spot| !self.deleted(*spot))
            .collect();
        live.sort_unstable_by_key(|spot| (spot.layer, spot.row));
        let rows = if live.is_empty() {
            Vec::new()
        } else {
            vec![self.gather(table, &live)?]
        };
        Ok(Effect {
            void,
            buckets,
            rows,
        })
    }

    /// The moments of a layer's rows.
    pub(crate) fn from(&self, layer: usize) -> &TimestampMicrosecondArray {
        let rows = &self.layers[layer].rows;
        rows.column(rows.num_columns() - 2).as_primitive()
    }

    /// Whether a version says that the record is no more.
    pub(crate) fn deleted(&self, spot: Spot) -> bool {
        self.layers[spot.layer].deletes.value(spot.row)
    }

    /// Some versions' rows, as they are stored.
    pub(crate) fn gather(&self, table: &Table, spots: &[Spot]) -> Result<RecordBatch, ArrowError> {
        if spots.is_empty() {
            return Ok(RecordBatch::new_empty(stored_schema(table)));
        }
        let batches: Vec<&RecordBatch> = self.layers.iter().map(|layer| &layer.rows).collect();
        let spots: Vec<(usize, usize)> = spots.iter().map(|spot| (spot.layer, spot.row)).collect();
        interleave_record_batch(&batches, &spots)
    }
}

/// The subjects of rows, as text.
pub(crate) fn subjects(table: &Table, rows: &RecordBatch) -> Result<ArrayRef, ArrowError> {
    let column = rows.column(table.subject);
    if column.data_type() == &DataType::Utf8 {
        return Ok(Arc::clone(column));
    }
    cast(column, &DataType::Utf8)
}
