//! The hidden part of a plan: history's files and the overlay, as streams of stored rows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{
    FileGroup, FileGroupPartitioner, FileScanConfigBuilder, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::logical_expr::{Expr, lit};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use pool::{Moment, Table};

use super::sight::read_type;
use crate::history::place::{INSIDE, Place};
use crate::history::{FROM, Held, HistoryFile, TO, View, conform};

/// Files smaller than this are not divided between threads.
const DIVIDE_BYTES_MIN: usize = 1 << 20;

/// A stream of rows: one partition of a source.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) plan: Arc<dyn ExecutionPlan>,
    pub(crate) partition: usize,
    /// Whether rows of keys that the overlay has must be left out.
    pub(crate) covered: bool,
    /// The same for another process, which makes a plan of its own.
    pub(crate) holds: Holds,
}

/// What a source reads.
#[derive(Clone, Debug)]
pub(crate) enum Holds {
    /// Files of history, or parts of them.
    Files(FileGroup),
    /// Rows of the overlay, with the columns that are read.
    Rows(Vec<RecordBatch>),
}

/// How a source is read.
pub(crate) struct Way {
    /// What files hold: [`file_schema`].
    pub(crate) schema: SchemaRef,
    /// The columns to read, as positions in that.
    pub(crate) columns: Vec<usize>,
    /// A condition over that which lets files and pages be skipped.
    pub(crate) skip: Option<Arc<dyn PhysicalExpr>>,
}

impl Way {
    /// Files, one partition for each group.
    pub(crate) fn files(
        &self,
        groups: Vec<FileGroup>,
        objects: Arc<dyn ObjectStore>,
        footers: Arc<FileMetadataCache>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let readers = CachedParquetFileReaderFactory::new(objects, footers);
        let mut source = ParquetSource::new(Arc::clone(&self.schema))
            .with_parquet_file_reader_factory(Arc::new(readers))
            .with_enable_page_index(true)
            .with_bloom_filter_on_read(true);
        if let Some(skip) = &self.skip {
            source = source.with_predicate(Arc::clone(skip));
        }
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::parse(INSIDE)?, Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(Some(self.columns.clone()))?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// Rows that have the columns to read and no others.
    pub(crate) fn rows(&self, rows: Vec<RecordBatch>) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::new(self.schema.project(&self.columns)?);
        let plan = MemorySourceConfig::try_new_exec(&[rows], schema, None)?;
        Ok(plan)
    }
}

/// What a table's files hold, in the types in which they are read.
pub(crate) fn file_schema(table: &Table) -> SchemaRef {
    let stored = crate::history::stored_schema(table);
    let field = |field: &Arc<Field>| Field::new(field.name(), read_type(field.data_type()), true);
    Arc::new(Schema::new(
        stored.fields().iter().map(field).collect::<Vec<_>>(),
    ))
}

/// What is read, and how.
pub(crate) struct Scan<'a> {
    pub(crate) place: &'a Place,
    pub(crate) held: &'a Held,
    pub(crate) view: &'a View,
    /// Whether to read files of buckets that the overlay does not touch.
    pub(crate) free: bool,
    pub(crate) as_of: Option<Moment>,
    pub(crate) way: &'a Way,
    pub(crate) partitions: usize,
    pub(crate) footers: Arc<FileMetadataCache>,
}

impl Scan<'_> {
    /// The sources, which together hold each record once. At least one.
    pub(crate) fn sources(&self) -> Result<Vec<Source>> {
        let table = &self.held.table;
        let effect = self
            .view
            .overlay
            .effect(table, &self.held.keys, self.as_of)?;
        let wanted = |file: &&HistoryFile| file.current || self.as_of.is_some();
        let (covered, free): (Vec<&HistoryFile>, Vec<&HistoryFile>) = self
            .view
            .files
            .iter()
            .filter(wanted)
            .partition(|file| effect.buckets.contains(&file.bucket));
        let mut sources = Vec::new();
        let free = if self.free { free } else { Vec::new() };
        for (files, covered) in [(free, false), (covered, true)] {
            if files.is_empty() {
                continue;
            }
            let groups = self.groups(&files);
            let objects = Arc::clone(&self.place.objects);
            let footers = Arc::clone(&self.footers);
            let plan = self.way.files(groups.clone(), objects, footers)?;
            let source = |(partition, group)| Source {
                plan: Arc::clone(&plan),
                partition,
                covered,
                holds: Holds::Files(group),
            };
            sources.extend(groups.into_iter().enumerate().map(source));
        }
        if !effect.rows.is_empty() || sources.is_empty() {
            let rows = self.memory(&effect.rows)?;
            sources.push(Source {
                plan: self.way.rows(rows.clone())?,
                partition: 0,
                covered: false,
                holds: Holds::Rows(rows),
            });
        }
        Ok(sources)
    }

    fn groups(&self, files: &[&HistoryFile]) -> Vec<FileGroup> {
        let folder = Place::path(&self.held.table);
        let file = |file: &&HistoryFile| {
            PartitionedFile::new_from_meta(ObjectMeta {
                location: Path::from(format!("{folder}/{}", file.path)),
                last_modified: chrono::DateTime::from_timestamp_millis(file.modified_ms)
                    .unwrap_or_default(),
                size: file.bytes,
                e_tag: None,
                version: None,
            })
        };
        let all = vec![FileGroup::new(files.iter().map(file).collect())];
        FileGroupPartitioner::new()
            .with_target_partitions(self.partitions)
            .with_repartition_file_min_size(DIVIDE_BYTES_MIN)
            .repartition_file_groups(&all)
            .unwrap_or(all)
    }

    /// The overlay's rows.
    fn memory(&self, rows: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
        let rows = rows.iter().map(|rows| {
            let rows = conform(rows, &self.way.schema)?;
            rows.project(&self.way.columns)
        });
        Ok(rows.collect::<Result<_, ArrowError>>()?)
    }
}

/// The condition that a version was in force at a moment.
pub(crate) fn in_force(as_of: Moment) -> Expr {
    let at = || {
        lit(ScalarValue::TimestampMicrosecond(
            Some(as_of.0),
            Some("UTC".into()),
        ))
    };
    let column = |name: &str| Expr::Column(Column::from_name(name));
    column(FROM)
        .lt_eq(at())
        .and(column(TO).is_null().or(column(TO).gt(at())))
}
