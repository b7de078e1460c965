//! References of some records, to see whether they lead anywhere. Every so many-eth record is taken,
//! so that the same load gives the same sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;

use super::References;
use crate::ingest::{Cells, Error};
use crate::pool::Pool;
use crate::table::Table;
use crate::value::Value;

/// Most references of one field that are looked up for one load.
const SAMPLE_MAX: usize = 2_000;
/// Of each batch this many.
const BATCH_SAMPLE: usize = 200;

/// References that are to be looked up.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    fields: Vec<(usize, Vec<Value>)>,
}

impl Sample {
    /// An empty sample of the fields of a table that are references.
    pub(crate) fn of(table: &Table) -> Self {
        let fields = table.definition.fields.iter().enumerate();
        let fields = fields.filter(|(_, field)| field.references.is_some());
        Self {
            fields: fields.map(|(at, _)| (at, Vec::new())).collect(),
        }
    }

    /// Takes some of the records of a batch.
    pub(crate) fn take(&mut self, batch: &RecordBatch) {
        let step = batch.num_rows() / BATCH_SAMPLE + 1;
        for (at, values) in &mut self.fields {
            let Some(cells) = batch.columns().get(*at).and_then(Cells::of) else {
                continue;
            };
            let room = SAMPLE_MAX.saturating_sub(values.len());
            let some = (0..batch.num_rows())
                .step_by(step)
                .map(|row| cells.value(row));
            values.extend(some.filter(|value| *value != Value::Null).take(room));
        }
    }

    /// Looks them up.
    pub(crate) fn measure(
        &self,
        pool: &Pool,
        table: &Table,
    ) -> Result<BTreeMap<String, References>, Error> {
        let mut measured = BTreeMap::new();
        for (at, values) in &self.fields {
            let Some(field) = table.field(*at) else {
                continue;
            };
            let Some(reference) = &field.references else {
                continue;
            };
            let Ok(target) = pool.table(reference.dataset.id()) else {
                continue;
            };
            let mut references = References::default();
            for value in values {
                references.sampled += 1;
                references.found +=
                    u64::from(leads_somewhere(pool, &target, &reference.field, value)?);
            }
            if references.sampled > 0 {
                measured.insert(field.name.clone(), references);
            }
        }
        Ok(measured)
    }
}

/// Whether a record of `target` has `value` in `field`, which is its whole key or its subject.
fn leads_somewhere(
    pool: &Pool,
    target: &Arc<Table>,
    field: &str,
    value: &Value,
) -> Result<bool, Error> {
    let named = |at: usize| target.field(at).is_some_and(|found| found.name == field);
    if let [only] = target.key.as_slice()
        && named(*only)
    {
        return Ok(pool.get(target, std::slice::from_ref(value))?.is_some());
    }
    let subject = value.to_string();
    Ok(!pool.of_subject(target, &subject, 1)?.is_empty())
}
