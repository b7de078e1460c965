//! `pool.records`: how many records each dataset holds, by status. Counting is done where the
//! files are read, on their dictionaries' codes, so that a hundred million records are counted in
//! the time of reading one narrow column; the counts of a file are kept, since files do not change.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;

use super::catalogue::{Common, Entry};
use super::counts::spread;
use crate::error::Error;
use crate::history::place::Place;
use crate::history::{HistoryFile, Reader};
use crate::lake::Lake;

/// The field that says how a record stands.
pub(super) const STATUS: &str = "status";
/// Most files whose counts are kept.
const COUNTS_MAX: usize = 100_000;
/// Rows of one batch, as they are counted.
const BATCH_ROWS: usize = 65_536;

/// Records by status.
type Counts = BTreeMap<Option<String>, u64>;

/// The counts of files that were counted before.
#[derive(Debug, Default)]
pub(crate) struct StatusCounts(Mutex<HashMap<String, Arc<Counts>>>);

impl StatusCounts {
    fn get(&self, path: &str) -> Option<Arc<Counts>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(path)
            .cloned()
    }

    fn keep(&self, path: String, counts: Arc<Counts>) {
        let mut all = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if all.len() >= COUNTS_MAX {
            all.clear();
        }
        all.insert(path, counts);
    }

    /// Forgets all, so that the next question reads the files.
    pub(crate) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clear();
    }
}

/// The view.
#[derive(Debug)]
pub(crate) struct Records {
    common: Common,
    entries: Arc<Vec<Entry>>,
    schema: SchemaRef,
}

impl Records {
    pub(crate) fn new(common: Common, entries: Arc<Vec<Entry>>) -> Self {
        Self {
            common,
            entries,
            schema: Arc::new(schema()),
        }
    }

    /// What is to be counted of a table.
    async fn job(&self, session: &dyn Session, entry: &Entry) -> Result<Job> {
        let guard = self.common.guard(entry).await?;
        let sight = &entry.sight;
        let status = sight
            .columns
            .iter()
            .position(|column| column.name == STATUS);
        let free = status.is_none_or(|at| sight.unmasked(&sight.columns[at]));
        let by_file = sight.whole() && free && self.common.as_of.is_none();
        let view = guard.held.view();
        let effect = view.overlay.effect(&sight.table, &guard.held.keys, None)?;
        let counted =
            |file: &&HistoryFile| by_file && file.current && !effect.buckets.contains(&file.bucket);
        let files = view.files.iter().filter(counted).cloned().collect();
        let rest = if by_file && effect.void.is_empty() {
            None
        } else {
            let shown: Vec<usize> = status.into_iter().collect();
            Some(guard.barrier(session, &shown, &[], &view, !by_file)?)
        };
        Ok(Job {
            department: sight.table.department.clone(),
            dataset: sight.table.dataset.clone(),
            folder: Place::path(&sight.table),
            status: status.is_some(),
            files,
            rest,
        })
    }
}

/// Its columns.
pub(super) fn schema() -> Schema {
    Schema::new(vec![
        Field::new("department", DataType::Utf8, false),
        Field::new("dataset", DataType::Utf8, false),
        Field::new(STATUS, DataType::Utf8, true),
        Field::new("records", DataType::Int64, false),
    ])
}

#[async_trait]
impl TableProvider for Records {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.common.spread {
            return spread(&self.common, &self.entries, session, projection).await;
        }
        let mut jobs = Vec::new();
        for entry in self.entries.iter() {
            jobs.push(self.job(session, entry).await?);
        }
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let projection = projection.cloned().unwrap_or(all);
        let schema = Arc::new(self.schema.project(&projection)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        let counter = Counter {
            lake: Arc::clone(&self.common.lake),
            jobs,
            full: Arc::clone(&self.schema),
            projection,
            threads: session.config().target_partitions(),
        };
        Ok(Arc::new(RecordsExec {
            counter: Arc::new(counter),
            properties: Arc::new(properties),
        }))
    }
}

/// What is to be counted of one table.
struct Job {
    department: String,
    dataset: String,
    folder: String,
    status: bool,
    /// Files all of whose rows count.
    files: Vec<HistoryFile>,
    /// The rows that must be looked at one by one.
    rest: Option<Arc<dyn ExecutionPlan>>,
}

struct Counter {
    lake: Arc<Lake>,
    jobs: Vec<Job>,
    full: SchemaRef,
    projection: Vec<usize>,
    threads: usize,
}

impl Counter {
    async fn count(&self, context: Arc<TaskContext>) -> Result<RecordBatch> {
        let mut counts: Vec<Counts> = vec![Counts::new(); self.jobs.len()];
        let mut unread = Vec::new();
        for (at, job) in self.jobs.iter().enumerate() {
            for file in &job.files {
                let path = format!("{}/{}", job.folder, file.path);
                match self.lake.counts().get(&path) {
                    _ if !job.status => *counts[at].entry(None).or_default() += file.rows,
                    Some(known) => add(&mut counts[at], &known),
                    None => unread.push((at, path, file.bytes)),
                }
            }
        }
        let objects = Arc::clone(&self.lake.place().objects);
        let read = |(at, path, bytes): (usize, String, u64)| {
            let reader = Reader::new(&objects, &Path::from(path.as_str()), bytes);
            let task = tokio::spawn(count_file(reader));
            async move { (at, path, task.await) }
        };
        let mut read = futures::stream::iter(unread.into_iter().map(read))
            .buffer_unordered(self.threads.max(1));
        while let Some((at, path, counted)) = read.next().await {
            let counted = counted.map_err(|error| DataFusionError::External(error.into()))?;
            let counted = Arc::new(counted.map_err(|error| self.hidden(at, &error))?);
            add(&mut counts[at], &counted);
            self.lake.counts().keep(path, counted);
        }
        for (at, job) in self.jobs.iter().enumerate() {
            if let Some(rest) = &job.rest {
                for partition in 0..rest.properties().partitioning.partition_count() {
                    let mut rows = rest.execute(partition, Arc::clone(&context))?;
                    while let Some(batch) = rows.try_next().await? {
                        count_batch(&mut counts[at], &batch)?;
                    }
                }
            }
        }
        self.batch(&counts)
    }

    fn hidden(&self, at: usize, error: &parquet::errors::ParquetError) -> DataFusionError {
        let table = &self.jobs[at].folder;
        tracing::error!(table, %error, "history cannot be read");
        Error::away(table)
    }

    fn batch(&self, counts: &[Counts]) -> Result<RecordBatch> {
        let rows = || {
            self.jobs.iter().zip(counts).flat_map(|(job, counts)| {
                counts
                    .iter()
                    .map(move |(status, count)| (job, status, *count))
            })
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(
                rows()
                    .map(|(job, ..)| Some(job.department.as_str()))
                    .collect::<StringArray>(),
            ),
            Arc::new(
                rows()
                    .map(|(job, ..)| Some(job.dataset.as_str()))
                    .collect::<StringArray>(),
            ),
            Arc::new(
                rows()
                    .map(|(_, status, _)| status.as_deref())
                    .collect::<StringArray>(),
            ),
            Arc::new(
                rows()
                    .map(|(.., count)| i64::try_from(count).ok())
                    .collect::<Int64Array>(),
            ),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&self.full), columns)?;
        Ok(batch.project(&self.projection)?)
    }
}

fn add(all: &mut Counts, more: &Counts) {
    for (status, count) in more {
        *all.entry(status.clone()).or_default() += count;
    }
}

/// Counts rows whose only column, if there is one, is the status.
fn count_batch(counts: &mut Counts, batch: &RecordBatch) -> Result<()> {
    if batch.num_columns() == 0 {
        *counts.entry(None).or_default() += batch.num_rows() as u64;
        return Ok(());
    }
    let texts = cast(batch.column(0), &DataType::Utf8)?;
    for text in texts.as_string::<i32>() {
        *counts.entry(text.map(str::to_owned)).or_default() += 1;
    }
    Ok(())
}

/// Counts a file by status, on the codes of its dictionaries.
async fn count_file(mut reader: Reader) -> parquet::errors::Result<Counts> {
    let metadata = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::new()).await?;
    let coded = |field: &Arc<Field>| {
        if field.name() == STATUS {
            let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(Field::new(STATUS, kind, field.is_nullable()))
        } else {
            Arc::clone(field)
        }
    };
    let schema = Schema::new(
        metadata
            .schema()
            .fields()
            .iter()
            .map(coded)
            .collect::<Vec<_>>(),
    );
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)?;
    let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata)
        .with_batch_size(BATCH_ROWS);
    let mask = parquet::arrow::ProjectionMask::columns(builder.parquet_schema(), [STATUS]);
    let mut batches = builder.with_projection(mask).build()?;
    let mut counts = Counts::new();
    while let Some(batch) = batches.try_next().await? {
        let Some(column) = batch.columns().first() else {
            *counts.entry(None).or_default() += batch.num_rows() as u64; // written before there was a status
            continue;
        };
        count_codes(&mut counts, column.as_dictionary::<Int32Type>());
    }
    Ok(counts)
}

fn count_codes(counts: &mut Counts, column: &DictionaryArray<Int32Type>) {
    let words = column.values().as_string::<i32>();
    let mut by_code = vec![0_u64; words.len() + 1];
    let none = words.len();
    if column.null_count() == 0 {
        for code in column.keys().values() {
            by_code[usize::try_from(*code).map_or(none, |code| code.min(none))] += 1;
        }
    } else {
        for code in column.keys() {
            by_code[code
                .and_then(|code| usize::try_from(code).ok())
                .map_or(none, |code| code.min(none))] += 1;
        }
    }
    for (code, count) in by_code
        .into_iter()
        .enumerate()
        .filter(|(_, count)| *count > 0)
    {
        let word = (code < none).then(|| words.value(code).to_owned());
        *counts.entry(word).or_default() += count;
    }
}

/// The view within a plan.
struct RecordsExec {
    counter: Arc<Counter>,
    properties: Arc<PlanProperties>,
}

impl fmt::Debug for RecordsExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordsExec")
    }
}

impl DisplayAs for RecordsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordsExec")
    }
}

impl ExecutionPlan for RecordsExec {
    fn name(&self) -> &'static str {
        "RecordsExec"
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

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let counter = Arc::clone(&self.counter);
        let stream = futures::stream::once(async move { counter.count(context).await });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            stream,
        )))
    }
}
