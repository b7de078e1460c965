//! A barrier that came, or goes, to another process. Its one child holds the tickets of its sources,
//! one in each partition, because an engine that shares a plan out gives each task some partitions
//! of the leaves that it knows: so a task gets the tickets of its own sources and no others.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures::{StreamExt, TryStreamExt};
use prost::Message;

use super::message::{self, Head, Opened, Ticket};
use crate::history::place::INSIDE;
use crate::questions::barrier::{BarrierExec, hidden};
use crate::questions::scan::Holds;

/// A barrier as it is carried.
pub struct CarriedExec {
    head: Arc<Head>,
    tickets: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    opened: OnceLock<Arc<Opened>>,
}

impl CarriedExec {
    /// A barrier, made ready to leave.
    pub(super) fn of(barrier: &BarrierExec) -> Result<Self> {
        let head = message::head(barrier)?;
        let read = barrier.way.schema.project(&barrier.way.columns)?;
        let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Binary, false)]));
        let ticket = |source: &crate::questions::scan::Source| {
            let ticket = message::ticket(&source.holds, source.covered, &read)?;
            let ticket = Arc::new(BinaryArray::from(vec![ticket.as_slice()]));
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![ticket])?;
            Ok(vec![batch])
        };
        let tickets = barrier
            .sources
            .iter()
            .map(ticket)
            .collect::<Result<Vec<_>>>()?;
        let tickets = MemorySourceConfig::try_new_exec(&tickets, Arc::clone(&schema), None)?;
        Self::new(Arc::new(head), Arc::clone(&barrier.shield.schema), tickets)
    }

    fn new(head: Arc<Head>, shown: SchemaRef, tickets: Arc<dyn ExecutionPlan>) -> Result<Self> {
        let count = tickets.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(shown),
            Partitioning::UnknownPartitioning(count),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            head,
            tickets,
            properties: Arc::new(properties),
            opened: OnceLock::new(),
        })
    }

    /// It as bytes, without its tickets.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.head.encode_to_vec()
    }

    /// Read from bytes, with its tickets.
    pub fn from_bytes(bytes: &[u8], tickets: Arc<dyn ExecutionPlan>) -> Result<Self> {
        let head: Head = message::read(bytes)?;
        let (shown, _) = message::from_ipc(&head.schema)?;
        Self::new(Arc::new(head), shown, tickets)
    }

    fn opened(&self, context: &TaskContext) -> Result<Arc<Opened>> {
        if let Some(opened) = self.opened.get() {
            return Ok(Arc::clone(opened));
        }
        let opened = message::open(&self.head.inside, self.schema(), context);
        let opened = Arc::new(opened.map_err(|error| hidden(&self.head.name, &error))?);
        Ok(Arc::clone(self.opened.get_or_init(|| opened)))
    }
}

impl Opened {
    /// The rows of a ticket's source.
    fn rows(
        self: &Arc<Self>,
        name: &str,
        ticket: &[u8],
        context: &Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let ticket: Result<Ticket> = message::read(ticket);
        let ticket = ticket.map_err(|error| hidden(name, &error))?;
        self.shield.over(name, ticket.covered, || {
            let plan = match ticket.holds()? {
                Holds::Rows(rows) => self.way.rows(rows)?,
                Holds::Files(group) => {
                    let runtime = context.runtime_env();
                    let objects = runtime.object_store(ObjectStoreUrl::parse(INSIDE)?)?;
                    let footers = runtime.cache_manager.get_file_metadata_cache();
                    self.way.files(vec![group], objects, footers)?
                }
            };
            plan.execute(0, Arc::clone(context))
        })
    }
}

/// The tickets of a batch.
fn tickets(batch: &RecordBatch) -> Result<Vec<Vec<u8>>> {
    let column = batch.columns().first().and_then(|column| {
        let tickets = column.as_binary_opt::<i32>()?;
        (tickets.null_count() == 0).then(|| tickets.iter().flatten().map(<[u8]>::to_vec).collect())
    });
    column.ok_or_else(|| DataFusionError::Internal("tickets arrived broken".to_owned()))
}

impl fmt::Debug for CarriedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarriedExec")
            .field("table", &self.head.name)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for CarriedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CarriedExec: table={}", self.head.name)
    }
}

impl ExecutionPlan for CarriedExec {
    fn name(&self) -> &'static str {
        "CarriedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.tickets]
    }

    /// A ticket must stay in its partition.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let tickets = children
            .pop()
            .ok_or_else(|| DataFusionError::Internal("a barrier without tickets".to_owned()))?;
        let carried = Self::new(Arc::clone(&self.head), self.schema(), tickets)?;
        Ok(Arc::new(carried))
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
        let opened = self.opened(&context)?;
        let batches = self.tickets.execute(partition, Arc::clone(&context))?;
        let name = self.head.name.clone();
        let rows = batches
            .map(|batch| batch.and_then(|batch| tickets(&batch)))
            .map_ok(|tickets| futures::stream::iter(tickets.into_iter().map(Ok)))
            .try_flatten()
            .and_then(move |ticket| std::future::ready(opened.rows(&name, &ticket, &context)))
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        if let (None, Some(rows)) = (args.partition(), self.head.rows) {
            statistics.num_rows = Precision::Inexact(usize::try_from(rows).unwrap_or(usize::MAX));
        }
        statistics.column_statistics =
            vec![ColumnStatistics::new_unknown(); self.schema().fields().len()];
        Ok(Arc::new(statistics))
    }
}
