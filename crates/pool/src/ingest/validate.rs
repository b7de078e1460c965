//! Raw records to records that are right, column by column, and every fault of those that are not.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, RecordBatch, RecordBatchOptions,
};
use arrow::compute::filter;
use serde_json::{Map, Value as Json};

use super::cells::{Cells, key_hashes};
use super::column::{Column, Reading};
use super::fault::{Code, Fault};
use super::raw::{Raw, RowFault};
use super::rules::Rules;
use super::text::TextChecks;
use super::{Error, explain};
use crate::table::Table;

/// Checks records of one table. Made once, used by many threads.
#[derive(Debug)]
pub struct Validator {
    table: Arc<Table>,
    texts: Vec<Option<TextChecks>>,
    rules: Rules,
    /// The offset from UTC, in seconds, of moments that name no zone.
    zone: Option<i32>,
    /// Only the key matters: the records are to be deleted.
    keys_only: bool,
}

/// Records that were looked at.
#[derive(Debug)]
pub struct Checked {
    /// Those that are right, with exactly the table's columns.
    pub good: RecordBatch,
    /// A hash of each right record's key.
    pub keys: Vec<u128>,
    /// The line or row of each right record.
    pub places: Vec<u64>,
    /// Those that are not.
    pub bad: Vec<Bad>,
    /// What was counted on the way.
    pub counts: Counts,
}

/// A record that is not right.
#[derive(Clone, Debug)]
pub struct Bad {
    /// What stands in the source.
    pub raw: Vec<u8>,
    /// Its fields, where the source has fields.
    pub record: Option<Map<String, Json>>,
    /// Its line or row, from 1.
    pub place: u64,
    /// Its key's hash, where the key is right.
    pub key: Option<u128>,
    /// All that is wrong with it.
    pub faults: Vec<Fault>,
}

/// What was counted while records were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Records.
    pub records: u64,
    /// Those that are right.
    pub accepted: u64,
    /// Those that are not.
    pub quarantined: u64,
    /// Missing values by field, of all records that are rows.
    pub missing: BTreeMap<String, u64>,
    /// Faults by their code.
    pub faults: BTreeMap<Code, u64>,
    /// Broken rules that only warn.
    pub warnings: BTreeMap<String, u64>,
    /// Columns of the source that are none of the dataset's.
    pub unknown: BTreeMap<String, u64>,
}

impl Counts {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        fn sum<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
            for (key, count) in from {
                *into.entry(key.clone()).or_default() += count;
            }
        }
        self.records += other.records;
        self.accepted += other.accepted;
        self.quarantined += other.quarantined;
        sum(&mut self.missing, &other.missing);
        sum(&mut self.faults, &other.faults);
        sum(&mut self.warnings, &other.warnings);
        sum(&mut self.unknown, &other.unknown);
    }
}

impl Checked {
    /// The key of a right record.
    pub(crate) fn key_values(&self, table: &Table, row: usize) -> Option<Vec<crate::Value>> {
        if row >= self.good.num_rows() {
            return None;
        }
        let cell = |at: &usize| Some(Cells::of(self.good.columns().get(*at)?)?.value(row));
        table.key.iter().map(cell).collect()
    }
}

impl Validator {
    /// A validator of a table's records; `zone` is the offset from UTC of moments that name none.
    ///
    /// # Errors
    /// [`Error::Rule`] if a quality rule cannot be used.
    pub fn new(table: &Arc<Table>, zone: Option<i32>) -> Result<Self, Error> {
        let text = |field: &city::kinds::Field| {
            (field.kind == city::kinds::FieldType::Text).then(|| TextChecks::of(field))
        };
        Ok(Self {
            table: Arc::clone(table),
            texts: table.definition.fields.iter().map(text).collect(),
            rules: Rules::of(table)?,
            zone,
            keys_only: false,
        })
    }

    /// The same for records that are to be deleted: only their keys are looked at.
    #[must_use]
    pub fn keys_only(mut self) -> Self {
        self.keys_only = true;
        self.rules = Rules::default();
        self
    }

    /// The table.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// Looks at records.
    ///
    /// # Errors
    /// When a column is of a type that can hold no value of its field.
    pub fn check(&self, raw: &Raw) -> Result<Checked, Error> {
        let mut counts = Counts::default();
        let mut faults = raw.faults.clone();
        if self.keys_only {
            let of_key = |fault: &RowFault| self.table.key.contains(&usize::from(fault.field));
            faults.retain(of_key);
        }
        let mut columns = Vec::with_capacity(self.texts.len());
        for at in 0..self.texts.len() {
            let column = self.column(raw, at, &mut faults)?;
            if !self.keys_only && column.null_count() > 0 {
                let name = self.table.columns.field(at).name().clone();
                counts.missing.insert(name, column.null_count() as u64);
            }
            columns.push(column);
        }
        for name in &raw.unknown {
            counts.unknown.insert(name.clone(), raw.rows as u64);
        }
        let mut bad_rows = by_row(faults);
        let mut reasons: BTreeMap<u32, Vec<Fault>> = BTreeMap::new();
        for broken in self
            .rules
            .judge(&columns, raw.rows, |row| bad_rows.contains_key(&row))
        {
            if broken.rule.is_error {
                reasons.entry(broken.row).or_default().push(broken.fault);
            } else {
                *counts.warnings.entry(broken.rule.id.clone()).or_default() += 1;
            }
        }
        for row in reasons.keys() {
            bad_rows.entry(*row).or_default();
        }
        let key_columns: Vec<ArrayRef> = self
            .table
            .key
            .iter()
            .filter_map(|at| columns.get(*at).cloned())
            .collect();
        let keys = key_hashes(&Cells::all(&key_columns), raw.rows);
        let bad = self.bad(raw, &bad_rows, reasons, &keys);
        let good = self.good(columns, raw.rows, &bad_rows)?;
        let is_good = |row: &usize| bad_rows.is_empty() || !bad_rows.contains_key(&(*row as u32));
        let (keys, places) = (0..raw.rows)
            .filter(is_good)
            .map(|row| (keys[row], raw.place(row)))
            .unzip();
        for fault in bad.iter().flat_map(|bad| &bad.faults) {
            *counts.faults.entry(fault.code).or_default() += 1;
        }
        counts.records = (raw.rows + raw.broken.len()) as u64;
        counts.accepted = good.num_rows() as u64;
        counts.quarantined = bad.len() as u64;
        debug_assert_eq!(
            counts.records,
            counts.accepted + counts.quarantined,
            "no record is lost"
        );
        Ok(Checked {
            good,
            keys,
            places,
            bad,
            counts,
        })
    }

    /// The column of the field at `at`, in its type.
    fn column(&self, raw: &Raw, at: usize, faults: &mut Vec<RowFault>) -> Result<ArrayRef, Error> {
        let kind = self.table.columns.field(at).data_type();
        let is_key = self.table.key.contains(&at);
        let wanted = is_key || (!self.keys_only && !self.table.columns.field(at).is_nullable());
        let source = raw.columns.get(at).and_then(Option::as_ref);
        let (Some(field), Some(source)) = (self.table.field(at), source) else {
            let missing = |row| RowFault {
                row,
                field: at as u16,
                code: Code::Missing,
                value: "".into(),
            };
            if wanted {
                faults.extend((0..raw.rows as u32).map(missing));
            }
            return Ok(arrow::array::new_null_array(kind, raw.rows));
        };
        if self.keys_only && !is_key && at != self.table.subject {
            return Ok(arrow::array::new_null_array(kind, raw.rows));
        }
        let reading = Reading {
            field,
            at: at as u16,
            zone: self.zone,
        };
        let Column {
            array,
            faults: mut found,
        } = reading.read(source)?;
        if let (Some(checks), Some(text)) = (
            self.texts.get(at).and_then(Option::as_ref),
            array.as_string_opt(),
        ) {
            checks.check(at as u16, text, &mut found);
        }
        if wanted && array.null_count() > 0 {
            let known: Vec<u32> = found.iter().map(|fault| fault.row).collect();
            let here = faults.iter().filter(|fault| usize::from(fault.field) == at);
            let mut said: Vec<u32> = here.map(|fault| fault.row).collect();
            said.sort_unstable();
            let missing = (0..raw.rows as u32)
                .filter(|row| array.is_null(*row as usize))
                .filter(|row| {
                    known.binary_search(row).is_err() && said.binary_search(row).is_err()
                });
            let missing: Vec<RowFault> = missing
                .map(|row| RowFault {
                    row,
                    field: at as u16,
                    code: Code::Missing,
                    value: "".into(),
                })
                .collect();
            found.extend(missing);
        }
        faults.extend(found);
        Ok(array)
    }

    /// The rows without faults.
    fn good(
        &self,
        columns: Vec<ArrayRef>,
        rows: usize,
        bad: &BTreeMap<u32, Vec<RowFault>>,
    ) -> Result<RecordBatch, Error> {
        let columns = if bad.is_empty() {
            columns
        } else {
            let mut keep = BooleanBufferBuilder::new(rows);
            keep.append_n(rows, true);
            for row in bad.keys() {
                keep.set_bit(*row as usize, false);
            }
            let keep = BooleanArray::new(keep.finish(), None);
            columns
                .iter()
                .map(|column| filter(column, &keep))
                .collect::<Result<_, _>>()?
        };
        let columns = if self.keys_only {
            self.filled(columns)?
        } else {
            columns
        };
        let rows = rows - bad.len();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.table.columns),
            columns,
            &options,
        )?)
    }

    /// Of deletes, fields that a record must have and that do not matter are filled with anything.
    fn filled(&self, columns: Vec<ArrayRef>) -> Result<Vec<ArrayRef>, Error> {
        let fill = |(at, column): (usize, ArrayRef)| {
            let field = self.table.columns.field(at);
            if field.is_nullable() || column.null_count() == 0 {
                return Ok(column);
            }
            super::deletes::filled(&column)
        };
        columns.into_iter().enumerate().map(fill).collect()
    }

    fn bad(
        &self,
        raw: &Raw,
        rows: &BTreeMap<u32, Vec<RowFault>>,
        mut reasons: BTreeMap<u32, Vec<Fault>>,
        keys: &[u128],
    ) -> Vec<Bad> {
        let mut all: Vec<Bad> = raw
            .broken
            .iter()
            .map(|broken| Bad {
                raw: broken.raw.clone(),
                record: None,
                place: broken.place,
                key: None,
                faults: vec![broken.fault.clone()],
            })
            .collect();
        for (row, faults) in rows {
            let at = *row as usize;
            let of_key = |fault: &RowFault| self.table.key.contains(&usize::from(fault.field));
            let key = if faults.iter().any(of_key) {
                None
            } else {
                keys.get(at).copied()
            };
            let explained = |fault: &RowFault| {
                let field = self.table.field(usize::from(fault.field))?;
                Some(explain::fault(field, fault.code, &fault.value))
            };
            let mut faults: Vec<Fault> = faults.iter().filter_map(explained).collect();
            faults.extend(reasons.remove(row).unwrap_or_default());
            all.push(Bad {
                raw: raw.source(&self.table, at),
                record: Some(raw.record(&self.table, at)),
                place: raw.place(at),
                key,
                faults,
            });
        }
        all.sort_by_key(|bad| bad.place);
        all
    }
}

fn by_row(faults: Vec<RowFault>) -> BTreeMap<u32, Vec<RowFault>> {
    let mut rows: BTreeMap<u32, Vec<RowFault>> = BTreeMap::new();
    for fault in faults {
        rows.entry(fault.row).or_default().push(fault);
    }
    rows
}
