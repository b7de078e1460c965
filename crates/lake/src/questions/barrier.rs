//! The leaf of every plan over a table: it hides files, row filters and masks from all that is
//! above it. It has no children, so no rule of the optimizer reaches in; it takes no filters, tells
//! no statistics of hidden rows, and its errors say nothing of what was read.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{cast, filter_record_batch, nullif, or};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;

use super::scan::{Source, Way};
use super::token::Tokens;
use crate::error::Error;
use crate::history::{Effect, Keys};

/// What becomes of a batch that was read.
pub(crate) struct Shield {
    /// Where the key's columns are in what is read; only needed if something is covered.
    pub(crate) key: Vec<usize>,
    /// The types of those columns, as they are stored.
    pub(crate) key_types: Vec<DataType>,
    pub(crate) keys: Arc<Keys>,
    /// Keys whose rows are void in covered sources.
    pub(crate) effect: Arc<Effect>,
    /// The condition of being in force at the session's moment.
    pub(crate) in_force: Option<Arc<dyn PhysicalExpr>>,
    /// The parts' row filters; `None` lets all rows pass.
    pub(crate) parts: Vec<Option<Arc<dyn PhysicalExpr>>>,
    /// What is shown.
    pub(crate) columns: Vec<Column>,
    pub(crate) tokens: Tokens,
    pub(crate) schema: SchemaRef,
}

/// A column that is shown.
pub(crate) struct Column {
    /// Where it is in what is read.
    pub(crate) at: usize,
    pub(crate) token: bool,
    /// The parts in which it is seen, if not in all.
    pub(crate) parts: Option<Vec<usize>>,
}

impl fmt::Debug for Shield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shield")
    }
}

impl Shield {
    fn apply(&self, mut batch: RecordBatch, covered: bool) -> Result<RecordBatch> {
        if covered {
            batch = filter_record_batch(&batch, &self.not_void(&batch)?)?;
        }
        if let Some(in_force) = &self.in_force {
            batch = filter_record_batch(&batch, &holds(in_force, &batch)?)?;
        }
        let seen = if self.parts.iter().all(Option::is_some)
            || self.columns.iter().any(|column| column.parts.is_some())
        {
            let (kept, seen) = self.part_by_part(&batch)?;
            batch = kept;
            seen
        } else {
            HashMap::new()
        };
        let column = |(column, field): (&Column, &FieldRef)| {
            let values = self.column(&batch, column, &seen)?;
            if values.data_type() == field.data_type() {
                return Ok(values);
            }
            Ok(cast(&values, field.data_type())?)
        };
        let columns = self
            .columns
            .iter()
            .zip(self.schema.fields())
            .map(column)
            .collect::<Result<Vec<_>>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &rows,
        )?)
    }

    /// The rows that some part lets be seen, and for each part whether it does.
    fn part_by_part(
        &self,
        batch: &RecordBatch,
    ) -> Result<(RecordBatch, HashMap<usize, BooleanArray>)> {
        let all = || BooleanArray::from(vec![true; batch.num_rows()]);
        let part = |part: &Option<Arc<dyn PhysicalExpr>>| match part {
            Some(filter) => holds(filter, batch),
            None => Ok(all()),
        };
        let parts = self.parts.iter().map(part).collect::<Result<Vec<_>>>()?;
        let none = BooleanArray::from(vec![false; batch.num_rows()]);
        let any = parts.iter().try_fold(none, |any, part| or(&any, part))?;
        let kept = filter_record_batch(batch, &any)?;
        let mut seen = HashMap::new();
        for (at, part) in parts.iter().enumerate() {
            let part = arrow::compute::filter(part, &any)?;
            seen.insert(at, arrow::array::AsArray::as_boolean(&part).clone());
        }
        Ok((kept, seen))
    }

    fn column(
        &self,
        batch: &RecordBatch,
        column: &Column,
        seen: &HashMap<usize, BooleanArray>,
    ) -> Result<ArrayRef> {
        let mut values = Arc::clone(batch.column(column.at));
        if column.token {
            values = self.tokens.column(&values)?;
        }
        if let Some(parts) = &column.parts {
            let none = BooleanArray::from(vec![false; batch.num_rows()]);
            let shown = parts
                .iter()
                .filter_map(|part| seen.get(part))
                .try_fold(none, |any, part| or(&any, part))?;
            values = nullif(&values, &arrow::compute::not(&shown)?)?;
        }
        Ok(values)
    }

    /// What is read of a source, with what is not to be seen taken away.
    pub(super) fn over(
        self: &Arc<Self>,
        name: &str,
        covered: bool,
        rows: impl FnOnce() -> Result<SendableRecordBatchStream>,
    ) -> Result<SendableRecordBatchStream> {
        let (shield, table) = (Arc::clone(self), name.to_owned());
        let rows = rows().map_err(|error| hidden(name, &error))?;
        let rows = rows.map(move |batch| {
            batch
                .and_then(|batch| shield.apply(batch, covered))
                .map_err(|error| hidden(&table, &error))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            rows,
        )))
    }

    /// Whether each row's key is none that the overlay has.
    fn not_void(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let column = |(at, stored): (&usize, &DataType)| {
            let values = batch.column(*at);
            if values.data_type() == stored {
                Ok(Arc::clone(values))
            } else {
                cast(values, stored)
            }
        };
        let columns = self
            .key
            .iter()
            .zip(&self.key_types)
            .map(column)
            .collect::<Result<Vec<_>, _>>()?;
        let keys = self.keys.encode(&columns)?;
        Ok(keys
            .iter()
            .map(|key| Some(!self.effect.void.contains_key(key.data())))
            .collect())
    }
}

/// Where a condition holds; where it is unknown, it does not.
fn holds(condition: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<BooleanArray> {
    let values = condition.evaluate(batch)?.into_array(batch.num_rows())?;
    if values.data_type() != &DataType::Boolean {
        return Err(DataFusionError::Internal(
            "a row filter is no condition".to_owned(),
        ));
    }
    let values = arrow::array::AsArray::as_boolean(&values);
    Ok(if values.null_count() == 0 {
        values.clone()
    } else {
        arrow::compute::prep_null_mask_filter(values)
    })
}

/// A table, as a session sees it, within a plan.
pub(crate) struct BarrierExec {
    pub(super) name: String,
    pub(super) sources: Vec<Source>,
    pub(super) way: Way,
    pub(super) shield: Arc<Shield>,
    /// How many rows there are, if the session sees all of them.
    pub(super) rows: Precision<usize>,
    properties: Arc<PlanProperties>,
}

impl BarrierExec {
    pub(crate) fn new(
        name: String,
        sources: Vec<Source>,
        way: Way,
        shield: Shield,
        rows: Precision<usize>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&shield.schema)),
            Partitioning::UnknownPartitioning(sources.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            name,
            sources,
            way,
            shield: Arc::new(shield),
            rows,
            properties: Arc::new(properties),
        }
    }
}

impl fmt::Debug for BarrierExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierExec")
            .field("table", &self.name)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for BarrierExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BarrierExec: table={}", self.name)
    }
}

impl ExecutionPlan for BarrierExec {
    fn name(&self) -> &'static str {
        "BarrierExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let source = self
            .sources
            .get(partition)
            .ok_or_else(|| DataFusionError::Internal("no such partition".to_owned()))?;
        self.shield.over(&self.name, source.covered, || {
            source.plan.execute(source.partition, context)
        })
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.shield.schema);
        if args.partition().is_none() {
            statistics.num_rows = self.rows;
        }
        statistics.column_statistics =
            vec![ColumnStatistics::new_unknown(); self.shield.schema.fields().len()];
        Ok(Arc::new(statistics))
    }
}

/// What an asker is told when the hidden part fails.
pub(super) fn hidden(table: &str, error: &DataFusionError) -> DataFusionError {
    if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
        return DataFusionError::ResourcesExhausted(
            "the question needs more memory than it may have".to_owned(),
        );
    }
    tracing::error!(table, %error, "history cannot be read");
    Error::away(table)
}
