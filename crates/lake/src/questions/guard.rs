//! A table as a session sees it.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use pool::Moment;

use super::barrier::{BarrierExec, Column, Shield};
use super::pushdown::harmless;
use super::scan::{Scan, Way, file_schema};
use super::sight::{Form, Sight};
use super::token::Tokens;
use crate::history::{Held, Keys, View};
use crate::lake::Lake;

/// A guarded table.
pub(crate) struct Guard {
    pub(crate) lake: Arc<Lake>,
    pub(crate) held: Arc<Held>,
    pub(crate) sight: Sight,
    /// The parts' row filters, understood; each over the columns of the table's files.
    pub(crate) filters: Vec<Option<Expr>>,
    pub(crate) in_force: Option<Expr>,
    pub(crate) as_of: Option<Moment>,
    pub(crate) tokens: Tokens,
    pub(crate) schema: SchemaRef,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("table", &self.sight.table.name())
            .finish_non_exhaustive()
    }
}

impl Guard {
    fn free(&self, name: &str) -> bool {
        let column = self.sight.columns.iter().find(|column| column.name == name);
        column.is_some_and(|column| self.sight.unmasked(column))
    }

    /// The rows that all parts together show, as one condition; none, if it is all rows.
    fn any_part(&self) -> Option<Expr> {
        let filters: Option<Vec<Expr>> = self.filters.iter().cloned().collect();
        filters?.into_iter().reduce(Expr::or)
    }

    /// How many rows there are, for those who see all.
    fn rows(&self, view: &View) -> Precision<usize> {
        if !self.sight.whole() || self.as_of.is_some() {
            return Precision::Absent;
        }
        let rows: u64 = view
            .files
            .iter()
            .filter(|file| file.current)
            .map(|file| file.rows)
            .sum();
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        if view.overlay.is_empty() {
            Precision::Exact(rows)
        } else {
            Precision::Inexact(rows)
        }
    }
}

/// The columns that are read from files, by position in the files' schema, in order; and how an
/// expression over them is made.
struct Reading<'a> {
    session: &'a dyn Session,
    files: SchemaRef,
    columns: Vec<usize>,
    read: DFSchemaRef,
}

impl<'a> Reading<'a> {
    fn new(session: &'a dyn Session, files: SchemaRef, wanted: &BTreeSet<usize>) -> Result<Self> {
        let columns: Vec<usize> = wanted.iter().copied().collect();
        let read = DFSchema::try_from(files.project(&columns)?)?;
        Ok(Self {
            session,
            files,
            columns,
            read: Arc::new(read),
        })
    }

    fn at(&self, column: usize) -> usize {
        self.columns.partition_point(|at| *at < column)
    }

    fn condition(&self, expression: &Expr) -> Result<Arc<dyn PhysicalExpr>> {
        self.session
            .create_physical_expr(expression.clone(), &self.read)
    }

    fn over_files(&self, expression: Expr) -> Result<Arc<dyn PhysicalExpr>> {
        let schema = DFSchema::try_from(self.files.as_ref().clone())?;
        self.session.create_physical_expr(expression, &schema)
    }
}

#[async_trait]
impl TableProvider for Guard {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let free = |name: &str| self.free(name);
        let how = |filter: &&Expr| {
            if harmless(filter, &free) {
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(how).collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.sight.columns.len()).collect();
        self.barrier(
            session,
            projection.unwrap_or(&all),
            filters,
            &self.held.view(),
            true,
        )
    }
}

impl Guard {
    /// The plan that shows columns, by position, of `view`. Without `free` it shows only the rows
    /// in buckets that the overlay touches.
    pub(crate) fn barrier(
        &self,
        session: &dyn Session,
        shown: &[usize],
        filters: &[Expr],
        view: &View,
        free: bool,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = file_schema(&self.sight.table);
        let effect = view
            .overlay
            .effect(&self.sight.table, &self.held.keys, self.as_of)?;

        let mut wanted: BTreeSet<usize> =
            shown.iter().map(|at| self.sight.columns[*at].at).collect();
        let own = self.filters.iter().flatten().chain(&self.in_force);
        for column in own.clone().flat_map(|filter| filter.column_refs()) {
            wanted.insert(files.index_of(&column.name)?);
        }
        if !effect.void.is_empty() {
            wanted.extend(self.sight.table.key.iter().copied());
        }
        let reading = Reading::new(session, Arc::clone(&files), &wanted)?;

        // Only comparisons that cannot fail, for skipping; the question's own filter stays above.
        let unmasked = |name: &str| self.free(name);
        let asked = filters
            .iter()
            .filter(|filter| harmless(filter, &unmasked))
            .cloned();
        let skip = conjunction(asked.chain(self.any_part()).chain(self.in_force.clone()));
        let skip = skip.map(|skip| reading.over_files(skip)).transpose()?;

        let way = Way {
            schema: files,
            columns: reading.columns.clone(),
            skip,
        };
        let scan = Scan {
            place: self.lake.place(),
            held: &self.held,
            view,
            free,
            as_of: self.as_of,
            way: &way,
            partitions: session.config().target_partitions(),
            footers: session
                .runtime_env()
                .cache_manager
                .get_file_metadata_cache(),
        };
        let sources = scan.sources()?;
        let column = |at: &usize| {
            let shown = &self.sight.columns[*at];
            let everywhere = shown.parts.len() == self.sight.parts.len();
            Column {
                at: reading.at(shown.at),
                token: shown.form == Form::Token,
                parts: (!everywhere).then(|| shown.parts.clone()),
            }
        };
        let shield = Shield {
            keys: Arc::clone(&self.held.keys),
            key_types: Keys::types(&self.sight.table),
            key: self
                .sight
                .table
                .key
                .iter()
                .map(|at| reading.at(*at))
                .collect(),
            effect,
            in_force: self
                .in_force
                .as_ref()
                .map(|filter| reading.condition(filter))
                .transpose()?,
            parts: self
                .filters
                .iter()
                .map(|part| {
                    part.as_ref()
                        .map(|filter| reading.condition(filter))
                        .transpose()
                })
                .collect::<Result<_>>()?,
            columns: shown.iter().map(column).collect(),
            tokens: self.tokens,
            schema: Arc::new(self.schema.project(shown)?),
        };
        let rows = if free {
            self.rows(view)
        } else {
            Precision::Absent
        };
        Ok(Arc::new(BarrierExec::new(
            self.sight.table.name(),
            sources,
            way,
            shield,
            rows,
        )))
    }
}
